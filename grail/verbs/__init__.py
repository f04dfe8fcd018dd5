"""One module per verb: NAME, EXAMPLE, arguments(parser), run(arguments) -> exit code."""

from grail.verbs import access, bootstrap, dlq, fire, iam, local, pack, pipeline, sign_in, smoke, stack, token

VERBS = (local, token, sign_in, access, fire, dlq, stack, iam, pack, bootstrap, pipeline, smoke)
