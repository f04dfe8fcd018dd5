"""The gateway's check of a Cognito token."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from grail.localcloud.calls import Stage
from grail.localcloud.cognito import UserPools
from grail.localcloud.exchange import RefusedError, Request
from grail.localcloud.gateway import Gateway
from grail.localcloud.routes import Resource, Route, UserPool, UserPoolAuthorizer

POOL = UserPool("eu-west-1", "eu-west-1_one")
OTHER = UserPool("us-east-1", "us-east-1_two")
ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_one"


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """Return a pool's private key."""
    assert name
    return rsa.generate_private_key(65537, 2048)


def jwk(name: str) -> dict[str, Any]:
    """Return the public half of a key, as a JWKS has it."""
    public: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key(name).public_key()))
    return {**public, "kid": name, "alg": "RS256", "use": "sig"}


class Keys:
    """The keys of the pools, and how often they were fetched."""

    def __init__(self) -> None:
        self.of: dict[str, Any] = {POOL.id: {"keys": [jwk("first")]}, OTHER.id: {"keys": [jwk("other")]}}
        self.fetched: list[str] = []

    def __call__(self, pool: str) -> Mapping[str, Any]:
        """Return a pool's JWKS."""
        self.fetched.append(pool)
        found: Mapping[str, Any] = self.of[pool]
        return found


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good identity token; None takes one away."""
    now = int(time.time())
    good = {"sub": "ada", "iss": ISSUER, "aud": "client", "token_use": "id", "iat": now, "exp": now + 60}
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(*, signer: str = "first", kid: str | None = None, **changes: Any) -> str:
    """Return a token with some claims, signed with a key, under its name or another."""
    headers = {"kid": kid or signer}
    return jwt.encode(claims(**changes), key(signer), algorithm="RS256", headers=headers)


def outcome(sent: str, *, scopes: tuple[str, ...] = (), keys: Keys | None = None) -> str:
    """Return the subject that was found, or the kind of the refusal."""
    try:
        return UserPools(keys or Keys()).claims(sent, pools=(POOL, OTHER), scopes=scopes)["sub"]
    except RefusedError as refused:
        return refused.kind


def hs256_with_the_public_key() -> str:
    """Return a token that is signed with what everybody knows, as text: the classic confusion of algorithms."""
    text = b".".join([encoded({"alg": "HS256", "kid": "first"}), encoded(claims())])
    secret = key("first").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signature = base64.urlsafe_b64encode(hmac.new(secret, text, sha256).digest()).rstrip(b"=")
    return (text + b"." + signature).decode()


def test_a_good_token_passes() -> None:
    """Plain, or as a bearer token; of either pool."""
    other = token(signer="other", iss=OTHER.issuer)
    assert [outcome(token()), outcome(f"Bearer {token()}"), outcome(other)] == ["ada"] * 3


def test_the_function_gets_the_claims_as_text() -> None:
    """Lists joined, times spelt out, as API Gateway does."""
    more: dict[str, Any] = {"cognito:groups": ["admin", "staff"], "email_verified": True, "auth_time": 1512428549}
    sent = token(iat=1512428549, **more)
    found = UserPools(Keys()).claims(sent, pools=(POOL,), scopes=())
    assert found.pop("exp").endswith(time.strftime("UTC %Y", time.gmtime()))
    assert found == {
        "sub": "ada",
        "iss": ISSUER,
        "aud": "client",
        "token_use": "id",
        "iat": "Mon Dec 04 23:02:29 UTC 2017",
        "auth_time": "1512428549",
        "cognito:groups": "admin,staff",
        "email_verified": "true",
    }


def encoded(part: object) -> bytes:
    """Return a part of a token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")


def not_signed() -> str:
    """Return a token that says it needs no signature."""
    return b".".join([encoded({"alg": "none", "kid": "first"}), encoded(claims()), b""]).decode()


def with_a_list_for_an_issuer() -> str:
    """Return a token that no library makes."""
    head, _, signature = token().split(".")
    return ".".join([head, encoded(claims(iss=[ISSUER])).decode(), signature])


BAD: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "no token": lambda: "nonsense",
    "only bearer": lambda: "Bearer ",
    "another scheme": lambda: f"bearer {token()}",
    "expired": lambda: token(exp=int(time.time()) - 1),
    "without an end": lambda: token(exp=None),
    "not yet good": lambda: token(nbf=int(time.time()) + 60),
    "of another issuer": lambda: token(iss="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_three"),
    "of no issuer": lambda: token(iss=None),
    "of an issuer that is a list": with_a_list_for_an_issuer,
    "of the other pool's issuer": lambda: token(iss=OTHER.issuer),
    "signed with the other pool's key": lambda: token(signer="other"),
    "signed with the other pool's key, by another name": lambda: token(signer="other", kid="first"),
    "signed with an unknown key": lambda: token(signer="unknown"),
    "without a key's name": lambda: jwt.encode(claims(), key("first"), algorithm="RS256"),
    "of no use": lambda: token(token_use=None),
    "signed with RS512": lambda: jwt.encode(claims(), key("first"), algorithm="RS512", headers={"kid": "first"}),
    "signed with the public key": hs256_with_the_public_key,
    "not signed": not_signed,
    "with its signature cut off": lambda: token().rpartition(".")[0] + ".",
    "for an access": lambda: token(token_use="access"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_token_is_refused(what: str) -> None:
    """Whatever is wrong with it, it is a 401."""
    assert outcome(BAD[what]()) == "UNAUTHORIZED"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"token_use": "access", "scope": "api/read"}, "ada"),
        ({"token_use": "access", "scope": "openid api/write"}, "ada"),
        ({"token_use": "access", "scope": "openid"}, "UNAUTHORIZED"),
        ({"token_use": "access", "scope": "api/reader"}, "UNAUTHORIZED"),
        ({"token_use": "access"}, "UNAUTHORIZED"),
        ({"token_use": "id", "scope": "api/read"}, "UNAUTHORIZED"),
    ],
)
def test_a_method_with_scopes_takes_an_access_token_that_has_one(changes: dict[str, str], expected: str) -> None:
    """And no identity token, which a method without scopes takes."""
    assert outcome(token(**changes), scopes=("api/read", "api/write")) == expected


def test_keys_are_fetched_once() -> None:
    """And again when a token names one that is new, since a pool's keys rotate."""
    keys = Keys()
    pools = UserPools(keys)
    for _ in range(3):
        pools.claims(token(), pools=(POOL,), scopes=())
    assert keys.fetched == [POOL.id]
    keys.of[POOL.id] = {"keys": [jwk("first"), jwk("second")]}
    for signer in ("second", "second", "first"):
        pools.claims(token(signer=signer), pools=(POOL,), scopes=())
    assert keys.fetched == [POOL.id] * 2


def test_a_token_of_another_issuer_fetches_nothing() -> None:
    """Keys are asked for of the authorizer's own pools only."""
    keys = Keys()
    assert outcome(token(iss="https://evil.example"), keys=keys) == "UNAUTHORIZED"
    assert keys.fetched == []


@pytest.mark.parametrize("broken", [None, {}, {"keys": []}, {"keys": [{"kty": "nonsense", "kid": "first"}]}])
def test_without_keys_nobody_can_be_told_from_others(broken: Any) -> None:
    """It is the authorizer's failure, and no reason to refuse a caller for good."""
    keys = Keys()
    keys.of = {} if broken is None else {POOL.id: broken}
    assert outcome(token(), keys=keys) == "AUTHORIZER_FAILURE"


def test_a_key_of_another_type_is_overlooked() -> None:
    """Cognito signs with RSA."""
    public: dict[str, Any] = json.loads(
        jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key())
    )
    keys = Keys()
    keys.of[POOL.id] = {"keys": [{**public, "kid": "first"}]}
    assert outcome(token(), keys=keys) == "UNAUTHORIZED"


@pytest.mark.parametrize(
    ("scopes", "sent", "status"),
    [
        ((), None, 401),
        ((), {}, 200),
        (("api/read",), {"token_use": "access", "scope": "api/read"}, 200),
        (("api/read",), {}, 401),
    ],
)
def test_the_gateway_asks_for_a_token(scopes: tuple[str, ...], sent: dict[str, Any] | None, status: int) -> None:
    """In the authorizer's header; the function sees the claims, and nothing of a policy."""
    asked: list[dict[str, Any]] = []

    def invoke(_: str, event: dict[str, Any]) -> Any:
        asked.append(event)
        return {"statusCode": 200}

    gate = UserPoolAuthorizer(header="Authorization", pools=(POOL,))
    resource = Resource(path="/a", routes={"GET": Route(authorizer=gate, scopes=scopes)})
    stage = Stage(name="api", region="eu-west-1")
    gateway = Gateway([resource], stage=stage, invoke=invoke, user_pools=UserPools(Keys()))
    headers = () if sent is None else (("authorization", f"Bearer {token(**sent)}"),)
    assert gateway.handle(Request("GET", "/a", headers, b"", "203.0.113.7")).status == status
    told = [event["requestContext"]["authorizer"] for event in asked]
    assert [(set(one), one["claims"]["sub"]) for one in told] == [({"claims"}, "ada")] * (status == 200)
