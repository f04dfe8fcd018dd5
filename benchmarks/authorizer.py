"""Measure what a decision of the authorizer costs: `python -m benchmarks.authorizer`.

CPU time of the whole function, from API Gateway's event to the policy and the context, for a user whose principal has
50 grants, beside PyJWT's verification of the same token alone: the least that any authorizer of a JWT must spend.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from app import gate
from benchmarks import answered, command, turns
from benchmarks.operations import INVOCATION
from chalicelib import bootstrap
from chalicelib.access.oidc import Keys, OidcIssuer
from chalicelib.repositories.attempts import CONFIG
from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.keys import Key
from chalicelib.repositories.marshal import marshal
from chalicelib.repositories.memory import MemoryTable
from chalicelib.repositories.table import Item, Table
from chalicelib.settings import Settings

_RESULTS = Path(__file__).parent / "results" / "authorizer.json"
_LIBRARIES = ("boto3", "cryptography", "pyjwt")
_TABLE = "grail-dev"
_SLOT = 300
"""Decisions per turn."""
_ISSUER, _AUDIENCE = (
    "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_k3q7wmd2z",
    "2gxmplk3q7wmd2zlhgnvxa5c4t",
)
_SUBJECT = "8d7e5a3c-5b1e-4c2f-9a6d-7e8f90a1b2c3"
_PRINCIPAL = f"user:{_SUBJECT}"
_GRANTS = [f"resource-{chr(97 + number)}:{action}" for number in range(24) for action in ("read", "write:own")]
_ITEM: Item = {
    "pk": f"PRINCIPAL#{_PRINCIPAL}",
    "sk": "PRINCIPAL",
    "type": "principal",
    "id": _PRINCIPAL,
    "owner": "admin",
    "version": 3,
    "roles": ["viewer"],
    "grants": [*_GRANTS, "people:write"],
    "denies": ["mocks:write"],
    "created_at": "2026-11-20T00:00:00Z",
    "updated_at": "2026-11-20T00:00:00Z",
}
"""49 direct grants and the role's one."""
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_JWK = {
    **jwt.algorithms.RSAAlgorithm.to_jwk(_KEY.public_key(), as_dict=True),
    "kid": "one",
    "use": "sig",
    "alg": "RS256",
}
_NOW = int(time.time())
_TOKEN = jwt.encode(
    {
        "sub": _SUBJECT,
        "iss": _ISSUER,
        "client_id": _AUDIENCE,
        "origin_jti": "3f0c5a2e-0000-4000-8000-000000000001",
        "event_id": "3f0c5a2e-0000-4000-8000-000000000002",
        "token_use": "access",
        "scope": "aws.cognito.signin.user.admin",
        "auth_time": _NOW,
        "iat": _NOW,
        "exp": _NOW + 86_400,
        "jti": "3f0c5a2e-0000-4000-8000-000000000003",
        "username": _SUBJECT,
    },
    _KEY,
    "RS256",
    headers={"kid": "one"},
)
"""As Cognito makes access tokens."""
_EVENT = {
    "type": "TOKEN",
    "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:k3q7wmd2zl/api/GET/people",
    "authorizationToken": f"Bearer {_TOKEN}",
}


class _Stored(MemoryTable):
    """Answers with the one item at once: what is measured is not the table."""

    def get_all(self, keys: Sequence[Key]) -> list[Item | None]:
        return [_ITEM if key.pk == _ITEM["pk"] else None for key in keys]


def _dynamodb() -> DynamoTable:
    """Return the real table on the real client, whose every request is answered here, as DynamoDB does."""
    body = json.dumps({"Responses": {_TABLE: [marshal(_ITEM)]}, "UnprocessedKeys": {}}).encode()
    return DynamoTable(_TABLE, client=answered.client("BatchGetItem", lambda _: body, CONFIG))


def _contestants() -> dict[str, Callable[[], object]]:
    keys = Keys(f"{_ISSUER}/.well-known/jwks.json", fetch=lambda _: json.dumps({"keys": [_JWK]}).encode())
    issuer = OidcIssuer(_ISSUER, _AUDIENCE, keys)

    def decision(table: Table, *, remembered: int) -> Callable[[], object]:
        settings = Settings.read({"REVOCATION_SECONDS": str(remembered)})
        services = bootstrap.build(settings, table=table, issuer=lambda: issuer)

        def decide() -> object:
            bootstrap.use(services)
            return gate(_EVENT, INVOCATION)

        return decide

    key, options = jwt.PyJWK(_JWK), {"verify_aud": False}
    return {
        "PyJWT verifies": lambda: jwt.decode(_TOKEN, key, ["RS256"], options, issuer=_ISSUER),  # type: ignore[arg-type]
        "a decision, all in the process": decision(_Stored(), remembered=86_400),
        "a decision, one read": decision(_Stored(), remembered=0),
        "a decision, one read through boto3": decision(_dynamodb(), remembered=0),
    }


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; return the exit code."""
    options = command.parser("authorizer", "Measure what a decision costs.", results=_RESULTS).parse_args(arguments)
    try:
        command.check_writable(options.json)
        times = turns.measured(_contestants(), rounds=options.rounds, slot=_SLOT)
    except OSError as error:
        print(f"python -m benchmarks.authorizer: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    grants = len(_ITEM["grants"]) + 1
    document = turns.document(times, rounds=options.rounds, libraries=_LIBRARIES, grants=grants)
    command.report(options.json, document, turns.table(document, base="PyJWT", note=f"{grants} grants"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
