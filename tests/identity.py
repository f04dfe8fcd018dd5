"""An identity provider for tests: keys, their JWKS, and tokens that are right or wrong in one way."""

import base64
import hashlib
import hmac
import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = "https://issuer.example.com/pool"
AUDIENCE = "client-1"
SUBJECT = "8d7e5a3c-0000-4000-8000-000000000001"
KEYS_URL = f"{ISSUER}/.well-known/jwks.json"
ENVIRONMENT = {"OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": AUDIENCE}


@cache
def rsa_key(name: str = "rsa", size: int = 2048) -> rsa.RSAPrivateKey:
    """Return a key by its name."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


@cache
def ec_key(name: str = "ec") -> ec.EllipticCurvePrivateKey:
    """Return a key by its name."""
    assert name
    return ec.generate_private_key(ec.SECP256R1())


def jwk(key: Any, key_id: str, **others: str) -> dict[str, Any]:
    """Return a key's public half, as a JWKS lists it."""
    kind: Any = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": key_id, "use": "sig", **others}


def jwks(*keys: dict[str, Any]) -> bytes:
    """Return a JWKS document; of the two standard keys where none is given."""
    return json.dumps({"keys": list(keys) or [jwk(rsa_key(), "rsa"), jwk(ec_key(), "ec")]}).encode()


def token(
    *, key: Any = None, key_id: str | None = "rsa", algorithm: str = "RS256", without: str = "", **claims: Any
) -> str:
    """Return an access token as Cognito makes them, but for what is said; a claim of None is left out."""
    now = int(time.time())
    payload = {
        "iss": ISSUER,
        "sub": SUBJECT,
        "client_id": AUDIENCE,
        "token_use": "access",
        "iat": now,
        "exp": now + 3600,
        **claims,
    }
    payload = {name: value for name, value in payload.items() if value is not None and name != without}
    headers = {} if key_id is None else {"kid": key_id}
    return jwt.encode(payload, key or rsa_key(), algorithm, headers=headers)


def unsigned() -> str:
    """Return a token of `alg: none`."""
    body = token().split(".")[1]
    return f"{_encoded({'alg': 'none', 'typ': 'JWT', 'kid': 'rsa'})}.{body}."


def signed_with_the_public_key() -> str:
    """Return a token of HS256 whose secret is the RSA key's public half (RFC 8725, 2.1)."""
    body = token().split(".")[1]
    signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': 'rsa'})}.{body}"
    secret = rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def wrong() -> dict[str, str]:
    """Return a token for each way in which one can be wrong."""
    past, future = int(time.time()) - 60, int(time.time()) + 600
    good = token()
    return {
        "malformed": "not.a.token",
        "cut off": good[:-1],
        "tampered": ".".join([good.split(".")[0], token(sub="other").split(".")[1], good.split(".")[2]]),
        "expired": token(exp=past),
        "not yet valid": token(nbf=future),
        "issued in the future": token(iat=future),
        "wrong issuer": token(iss=f"{ISSUER}2"),
        "wrong audience": token(client_id="client-2"),
        "wrong aud": token(aud="client-2"),
        "an ID token": token(client_id=None, aud=AUDIENCE, token_use="id"),
        "alg none": unsigned(),
        "HS256 with the public key": signed_with_the_public_key(),
        "RS512": token(algorithm="RS512"),
        "another algorithm than the key's": token(key=ec_key(), algorithm="ES256"),
        "unknown key": token(key=rsa_key("unknown"), key_id="unknown"),
        "another key under a known id": token(key=rsa_key("other")),
        "no key id": token(key_id=None),
        "no subject": token(without="sub"),
        "no expiry": token(without="exp"),
        "no issuer": token(without="iss"),
        "no audience": token(without="client_id"),
        "a subject that is no name": token(sub="a b"),
        "a subject that is too long": token(sub="a" * 124),
        "a subject that is no text": token(sub=5),
        "too long": token(extra="x" * 9000),
    }


def _encoded(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
