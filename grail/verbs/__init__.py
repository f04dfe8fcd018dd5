"""One module per verb: NAME, EXAMPLE, arguments(parser), run(arguments) -> exit code."""

from grail.verbs import access, dlq, fire, iam, local, migrate, pack, sign_in, stack, token

VERBS = (local, token, sign_in, access, fire, dlq, migrate, stack, iam, pack)
