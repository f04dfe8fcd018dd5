"""One module per verb: NAME, EXAMPLE, arguments(parser), run(arguments) -> exit code."""

from grail.verbs import access, deploy, destroy, dlq, fire, iam, local, pack, sign_in, stack, token

VERBS = (local, token, sign_in, access, fire, dlq, stack, iam, pack, deploy, destroy)
