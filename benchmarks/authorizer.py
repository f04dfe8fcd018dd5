"""Measure what a decision of the authorizer costs: `python -m benchmarks.authorizer`.

CPU time of the whole function, from API Gateway's event to the policy and the context, for a user whose principal has
50 grants, beside PyJWT's verification of the same token alone: the least that any authorizer of a JWT must spend.
"""

import gc
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
import jwt
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from cryptography.hazmat.primitives.asymmetric import rsa

from app import gate
from benchmarks import command
from benchmarks.operations import INVOCATION
from chalicelib import bootstrap
from chalicelib.access.oidc import Keys, OidcIssuer
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

    def answer(request: Any, **_: Any) -> Any:  # noqa: ANN401 - botocore's own
        made: Any = AWSResponse(request.url, 200, HTTPHeaders(), None)
        made._content = body  # noqa: SLF001 - what it would have read from its connection
        return made

    client = boto3.Session("benchmark", "benchmark", region_name="eu-central-1").client("dynamodb")
    client.meta.events.register("before-send.dynamodb.BatchGetItem", answer)
    return DynamoTable(_TABLE, client=client)


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
        times = _measured(options.rounds)
    except OSError as error:
        print(f"python -m benchmarks.authorizer: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    document = _document(times, options.rounds)
    rows = [
        (
            name,
            f"{row['microseconds']:.1f}",
            f"{row['ratio']['median']:.2f}",
            f"{row['ratio']['least']:.2f} to {row['ratio']['most']:.2f}",
        )
        for name, row in document["results"].items()
    ]
    libraries = ", ".join(f"{name} {number}" for name, number in document["libraries"].items())
    made_with = f"Python {document['python']}, {libraries}; {document['machine']}; {document['date']}."
    caption = f"Median of {options.rounds} rounds, {document['grants']} grants. {made_with}"
    heads = ("contestant", "µs of CPU", "times PyJWT", "least to most")
    command.report(options.json, document, f"{command.table(heads, rows)}\n{caption}\n")
    return 0


def _measured(rounds: int) -> dict[str, list[float]]:
    """Return the microseconds per decision, round by round; the contestants take turns."""
    contestants = _contestants()
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        print(f"\rround {turn} of {rounds}", end="" if turn < rounds else "\n", file=sys.stderr, flush=True)
        for name, contestant in contestants.items():
            gc.collect()
            started = time.process_time_ns()
            for _ in range(_SLOT):
                contestant()
            if turn:  # the first one fills caches
                times[name].append((time.process_time_ns() - started) / 1000 / _SLOT)
    return times


def _document(times: dict[str, list[float]], rounds: int) -> dict[str, Any]:
    floor = next(iter(times.values()))
    results = {}
    for name, found in times.items():
        ratios = [figure / base for figure, base in zip(found, floor, strict=True)]
        results[name] = {
            "microseconds": round(statistics.median(found), 1),
            "ratio": {
                "median": round(statistics.median(ratios), 3),
                "least": round(min(ratios), 3),
                "most": round(max(ratios), 3),
            },
        }
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": command.machine(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "grants": len(_ITEM["grants"]) + 1,
        "rounds": rounds,
        "results": results,
    }


if __name__ == "__main__":
    sys.exit(main())
