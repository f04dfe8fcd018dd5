"""API Gateway's check of a Cognito token.

Source: API Gateway Developer Guide, "Integrate a REST API with a user pool": a method without scopes takes an identity
token, one with scopes an access token that has one of them. Cognito Developer Guide, "Verifying JSON Web Tokens".
"""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from grail.localcloud.exchange import RefusedError
from grail.localcloud.routes import UserPool

_LOG = logging.getLogger(__name__)

_TIMES = {"exp", "iat"}


class UserPools:
    """Verifies tokens with the keys of their pools. `fetch` returns the JWKS of the pool with an id."""

    def __init__(self, fetch: Callable[[str], Mapping[str, Any]]) -> None:
        self._fetch = fetch
        self._keys: dict[str, dict[str | None, RSAPublicKey]] = {}

    def claims(self, token: str, *, pools: Sequence[UserPool], scopes: Sequence[str]) -> dict[str, str]:
        """Return the claims of a token of one of some pools, each as text. Raises RefusedError for any other."""
        token = token.removeprefix("Bearer ")
        try:
            name = jwt.get_unverified_header(token).get("kid")
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
            pool = next((pool for pool in pools if pool.issuer == issuer), None)
            key = self._key(pool, name) if pool else None
            if pool is None or key is None:
                raise RefusedError("UNAUTHORIZED")
            options: Any = {"require": ["exp", "iss", "token_use"], "verify_aud": False}
            claims = jwt.decode(token, key, algorithms=["RS256"], issuer=pool.issuer, options=options)
        except jwt.InvalidTokenError as error:
            raise RefusedError("UNAUTHORIZED") from error
        if not _is_meant(claims, scopes):
            raise RefusedError("UNAUTHORIZED")
        return {name: _text(name, value) for name, value in claims.items()}

    def _key(self, pool: UserPool, name: str | None) -> RSAPublicKey | None:
        """Return a pool's key by its name; None where it has none, after one more look at what it has."""
        if name not in self._keys.get(pool.id, {}):
            try:
                found = jwt.PyJWKSet.from_dict(dict(self._fetch(pool.id))).keys
            except Exception as error:  # whatever fetching raises; and what was fetched may be anything
                _LOG.exception("there are no keys of user pool %s", pool.id)
                raise RefusedError("AUTHORIZER_FAILURE") from error
            self._keys[pool.id] = {key.key_id: key.key for key in found if isinstance(key.key, RSAPublicKey)}
        return self._keys[pool.id].get(name)


def _is_meant(claims: Mapping[str, Any], scopes: Sequence[str]) -> bool:
    """Tell whether a token is of the kind that a method with such scopes takes."""
    kind, granted = claims["token_use"], str(claims.get("scope", "")).split()
    return kind == "access" and not set(scopes).isdisjoint(granted) if scopes else bool(kind == "id")


def _text(name: str, value: Any) -> str:  # noqa: ANN401 - a claim
    """Return a claim as the function gets it; API Gateway spells times out: "Mon Dec 04 23:02:29 UTC 2017"."""
    if name in _TIMES:
        return time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(value))
    if isinstance(value, list):
        return ",".join(_text(name, item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)
