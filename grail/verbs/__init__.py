"""One module per verb: NAME, EXAMPLE, arguments(parser), run(arguments) -> exit code."""

from grail.verbs import local, stack, token

VERBS = (local, token, stack)
