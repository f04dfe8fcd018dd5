"""JWTs of an OpenID Connect issuer (RFC 7519, RFC 7517). Only the authorizer imports this: it needs cryptography."""

import base64
import json
import logging
import re
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from threading import Lock
from typing import Any

import jwt

from chalicelib.errors import UnauthenticatedError, UnavailableError
from chalicelib.models.admission import of_user
from chalicelib.models.principals import CHARACTER, LONGEST

ALGORITHMS = ["RS256", "ES256"]
LEEWAY = 5
"""Seconds that the issuer's clock may differ from ours."""
KEYS_LIFE = 3600.0
"""Seconds after which keys are fetched again, so that a withdrawn one is forgotten."""
KEYS_OLDEST = 24 * 3600.0
"""Seconds after which keys are not used any more, if they can't be fetched again."""
KEYS_PAUSE = 15.0
"""Seconds between two fetches, whatever key ids are asked for."""
FETCH_TIMEOUT = 1.5
LARGEST_KEYS = 150_000
"""Seconds, and bytes: what API Gateway's own JWT authorizer allows (quotas of HTTP APIs, "JSON Web Key Set")."""
LONGEST_TOKEN = 8_000
SMALLEST_RSA = 2048
"""Bits (RFC 7518, 3.3)."""
_SUBJECT = re.compile(rf"{CHARACTER}{{1,{LONGEST - len(of_user(''))}}}")
"""What fits into a principal's id."""
_LOG = logging.getLogger(__name__)

Fetch = Callable[[str], bytes]


class Keys:
    """An issuer's keys, kept. Safe to use from several threads."""

    def __init__(self, url: str, *, fetch: Fetch, now: Callable[[], float] = time.time) -> None:
        self._url = url
        self._fetch = fetch
        self._now = now
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched = self._asked = float("-inf")
        self._lock = Lock()

    def get(self, key_id: str) -> jwt.PyJWK | None:
        """Return a key; None for an unknown one. Raises UnavailableError where there are no keys to look in."""
        if key_id not in self._keys or self._age() >= KEYS_LIFE:
            self._refresh()
        if self._age() >= KEYS_OLDEST:
            message = "The identity provider's keys can't be had now."
            raise UnavailableError(message)
        return self._keys.get(key_id)

    def _age(self) -> float:
        return self._now() - self._fetched

    def _refresh(self) -> None:
        """Fetch the keys, unless that was tried a moment ago; what can't be had leaves those we have."""
        with self._lock:
            now = self._now()
            if now - self._asked < KEYS_PAUSE:
                return
            self._asked = now
            try:
                self._keys = read_keys(self._fetch(self._url))
                self._fetched = now
            except (OSError, ValueError) as error:
                _LOG.warning("the keys at %s can't be had: %s", self._url, type(error).__name__)


class OidcIssuer:
    """An issuer, and the audience that its tokens must be for."""

    def __init__(self, issuer: str, audience: str, keys: Keys) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def verify(self, token: str) -> tuple[str, int]:
        """Return the principal and until when the token is good. Raises UnauthenticatedError, UnavailableError.

        An access token, signed by a key of the issuer's with that key's algorithm, for our audience: named by `aud`,
        or by `client_id` as Cognito does.
        """
        try:
            key = self._keys.get(_key_id(token))
            if key is None:
                raise UnauthenticatedError
            claims: Mapping[str, Any] = jwt.decode(
                token, key, algorithms=ALGORITHMS, issuer=self._issuer, leeway=LEEWAY, options=_OPTIONS
            )
            return self._accept(claims)
        except (jwt.PyJWTError, KeyError, ValueError, RecursionError) as error:
            raise UnauthenticatedError from error

    def _accept(self, claims: Mapping[str, Any]) -> tuple[str, int]:
        audience = claims.get("aud", claims.get("client_id"))
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise UnauthenticatedError
        if claims.get("token_use", "access") != "access":  # Cognito's word; an ID token is for its client to read
            raise UnauthenticatedError
        if not _SUBJECT.fullmatch(claims["sub"]):
            raise UnauthenticatedError
        return of_user(claims["sub"]), int(claims["exp"])


_OPTIONS: Any = {"verify_aud": False}  # it may stand in client_id


@lru_cache(maxsize=64)
def _key_id_of(header: str) -> str:
    """Return the `kid` of a JWT's first part; an issuer's tokens share a few of these. Raises ValueError."""
    decoded = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    key_id = decoded.get("kid") if isinstance(decoded, dict) else None
    if not isinstance(key_id, str):
        message = "the token names no key"
        raise ValueError(message)  # noqa: TRY004 - whatever is wrong with a token is one thing
    return key_id


def _key_id(token: str) -> str:
    if len(token) > LONGEST_TOKEN:
        message = "the token is too long"
        raise ValueError(message)
    return _key_id_of(token.partition(".")[0])


def read_keys(body: bytes) -> dict[str, jwt.PyJWK]:
    """Return the keys of a JWKS that can sign what we accept, by their id. Raises ValueError for what is no JWKS."""
    document = json.loads(body)
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        message = "there is no JWKS"
        raise ValueError(message)  # noqa: TRY004 - whatever is wrong with a document is one thing
    found = {}
    for entry in document["keys"]:
        with suppress(jwt.PyJWTError):  # a kind of key that we do not know
            key = jwt.PyJWK(entry)
            is_strong = entry["kty"] != "RSA" or key.key.key_size >= SMALLEST_RSA
            is_signing = key.algorithm_name in ALGORITHMS and entry.get("use") != "enc"
            if is_strong and is_signing and isinstance(entry.get("kid"), str):
                found[entry["kid"]] = key
    return found


def fetch(url: str) -> bytes:
    """GET a document. Raises OSError, ValueError."""
    with urllib.request.urlopen(url, timeout=FETCH_TIMEOUT) as answer:  # noqa: S310 - settings let only https in
        body: bytes = answer.read(LARGEST_KEYS + 1)
    if len(body) > LARGEST_KEYS:
        message = "it is too large"
        raise ValueError(message)
    return body
