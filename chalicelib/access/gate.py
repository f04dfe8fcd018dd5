"""The Lambda authorizer: from a token to a policy, and to what the handler decides by."""

from typing import Any

from chalice.app import AuthRequest

from chalicelib.access.roles import permissions_of
from chalicelib.errors import UnauthenticatedError
from chalicelib.services.tokens import Tokens

_UNAUTHORIZED = "Unauthorized"
"""The one message that API Gateway turns into a 401."""


def decide(request: AuthRequest, tokens: Tokens) -> dict[str, Any]:
    """Return the policy of the token's principal. Raises the exception that API Gateway answers with 401.

    The policy lets a known caller through to every route, and the endpoint decides by the permissions in the context:
    an IAM `*` also matches `/`, so a policy can't say exactly what a permission says.
    """
    scheme, _, credential = request.token.partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise UnauthenticatedError
        token = tokens.recognise(credential.strip())
    except UnauthenticatedError:
        raise Exception(_UNAUTHORIZED) from None  # noqa: TRY002 - API Gateway's rule
    return {
        "principalId": token.principal,
        "context": {"permissions": " ".join(permissions_of(token.roles))},
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": _all_routes(request)}],
        },
    }


def _all_routes(request: AuthRequest) -> str:
    """Return the ARN of every route of the stage: the policy is cached per token, over all of them."""
    api, stage = request.method_arn.split("/")[:2]
    return f"{api}/{stage}/*"
