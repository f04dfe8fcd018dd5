"""One module per verb: NAME, EXAMPLE, arguments(parser), run(arguments) -> exit code."""

from grail.verbs import (
    access,
    bootstrap,
    deploy,
    destroy,
    dlq,
    fire,
    iam,
    local,
    migrate,
    pack,
    pipeline,
    sign_in,
    smoke,
    stack,
    token,
)

VERBS = (
    local,
    token,
    sign_in,
    access,
    fire,
    dlq,
    migrate,
    stack,
    iam,
    pack,
    deploy,
    destroy,
    bootstrap,
    pipeline,
    smoke,
)
