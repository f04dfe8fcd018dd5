"""JWTs of an identity provider, and its keys."""

import base64
import json
import re
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from chalicelib.access import oidc
from chalicelib.access.oidc import KEYS_LIFE, KEYS_OLDEST, KEYS_PAUSE, Keys, OidcIssuer
from chalicelib.errors import UnauthenticatedError, UnavailableError
from chalicelib.settings import Settings
from tests import identity


class Provider:
    """Serves keys, or fails, and counts; its clock stands still until it is moved."""

    def __init__(self) -> None:
        self.body: bytes | Exception = identity.jwks()
        self.fetched = 0
        self.now = 1_000.0
        self.keys = Keys(identity.KEYS_URL, fetch=self.fetch, now=lambda: self.now)
        self.issuer = OidcIssuer(identity.ISSUER, identity.AUDIENCE, self.keys)

    def fetch(self, url: str) -> bytes:
        """Return the keys."""
        assert url == identity.KEYS_URL
        self.fetched += 1
        if isinstance(self.body, Exception):
            raise self.body
        return self.body


@pytest.fixture
def provider() -> Provider:
    """Return an identity provider whose keys nobody has fetched yet."""
    return Provider()


@pytest.mark.parametrize(
    "token",
    [
        identity.token(),
        identity.token(key=identity.ec_key(), key_id="ec", algorithm="ES256"),
        identity.token(client_id=None, aud=identity.AUDIENCE),
        identity.token(client_id=None, aud=["other", identity.AUDIENCE]),
        identity.token(token_use=None),
        identity.token(nbf=0),
    ],
)
def test_a_token_is_its_subjects(provider: Provider, token: str) -> None:
    """Signed with RS256 or ES256, for our audience by whichever claim."""
    principal, expires = provider.issuer.verify(token)
    assert principal == f"user:{identity.SUBJECT}"
    assert expires > 1_700_000_000


@pytest.mark.parametrize("fault", identity.wrong())
def test_a_wrong_token_is_refused(provider: Provider, fault: str) -> None:
    """Each by one and the same error."""
    with pytest.raises(UnauthenticatedError):
        provider.issuer.verify(identity.wrong()[fault])


DEEP = f"{base64.urlsafe_b64encode(b'[' * 3_000).decode()}.e30.x"
"""A header that no parser which recurses can read."""


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b.c", "\ud800.a.b", "é.é.é", "eyJ.eyJ.x", "W10.e30.", "bnVsbA.e30.", DEEP]
)
def test_what_is_no_token_is_refused(provider: Provider, text: str) -> None:
    """Whatever it is."""
    with pytest.raises(UnauthenticatedError):
        provider.issuer.verify(text)


def test_keys_are_fetched_once(provider: Provider) -> None:
    """And kept as long as they live."""
    for _ in range(5):
        provider.issuer.verify(identity.token())
        provider.now += KEYS_LIFE / 6
    assert provider.fetched == 1
    provider.now += KEYS_LIFE
    provider.issuer.verify(identity.token())
    assert provider.fetched == 2


def test_a_rotated_key_is_found(provider: Provider) -> None:
    """A key id that is new leads to a fetch, and the old key is forgotten with it."""
    provider.issuer.verify(identity.token())
    provider.body = identity.jwks(identity.jwk(identity.rsa_key("new"), "new"))
    provider.now += KEYS_PAUSE
    provider.issuer.verify(identity.token(key=identity.rsa_key("new"), key_id="new"))
    with pytest.raises(UnauthenticatedError):
        provider.issuer.verify(identity.token())


def test_a_flood_of_unknown_keys_does_not_fetch_each_time(provider: Provider) -> None:
    """One fetch in so many seconds, and known tokens pass all the while."""
    for number in range(200):
        with pytest.raises(UnauthenticatedError):
            provider.issuer.verify(identity.token(key_id=f"unknown-{number}"))
        provider.issuer.verify(identity.token())
        provider.now += KEYS_PAUSE / 20
    assert provider.fetched <= 1 + 200 / 20


@pytest.mark.parametrize("body", [OSError("down"), TimeoutError(), b"", b"not json", b"[]", b'{"keys": 1}', b"\xff"])
def test_keys_that_can_not_be_had_leave_the_old_ones(provider: Provider, body: Any) -> None:
    """For a day; from then on it is a failure of ours and not the caller's."""
    provider.issuer.verify(identity.token())
    provider.body = body
    provider.now += KEYS_OLDEST - 1
    provider.issuer.verify(identity.token())
    provider.now += 1
    with pytest.raises(UnavailableError):
        provider.issuer.verify(identity.token())
    provider.body = identity.jwks()
    provider.now += KEYS_PAUSE
    provider.issuer.verify(identity.token())


def test_a_provider_that_is_down_is_not_asked_for_each_token(provider: Provider) -> None:
    """Nobody waits for a timeout again and again."""
    provider.body = OSError("down")
    for _ in range(10):
        with pytest.raises(UnavailableError):
            provider.issuer.verify(identity.token())
    assert provider.fetched == 1


def test_only_keys_that_sign_what_we_take_are_kept() -> None:
    """No shared secrets, no other curves, none for encryption, none without an id, none that is broken."""
    good = identity.jwk(identity.rsa_key(), "good")
    document = identity.jwks(
        good,
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"},
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "okp"},
        identity.jwk(identity.rsa_key(), "enc", use="enc"),
        {name: value for name, value in good.items() if name != "kid"},
        {"kty": "RSA", "n": "!", "e": "AQAB", "kid": "broken"},
        {"kid": "nothing"},
    )
    assert set(oidc.read_keys(document)) == {"good"}


def test_a_key_that_is_too_short_is_refused(provider: Provider) -> None:
    """RFC 7518, 3.3: 2,048 bits at least."""
    short = identity.rsa_key("short", 1024)
    provider.body = identity.jwks(identity.jwk(short, "short"))
    with pytest.warns(match="key"):
        token = identity.token(key=short, key_id="short")
    with pytest.raises(UnauthenticatedError):
        provider.issuer.verify(token)


class _Server(BaseHTTPRequestHandler):
    """Answers with as many bytes as the path says."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * int(self.path.strip("/")))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_a_document_that_is_too_large_is_not_read() -> None:
    """Over a real socket: what is larger than API Gateway itself would take is an error."""
    server = HTTPServer(("127.0.0.1", 0), _Server)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        assert len(oidc.fetch(f"{url}/{oidc.LARGEST_KEYS}")) == oidc.LARGEST_KEYS
        with pytest.raises(ValueError, match="too large"):
            oidc.fetch(f"{url}/{oidc.LARGEST_KEYS + 1}")
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("environment", "fault"),
    [
        ({"OIDC_ISSUER": "https://a"}, "OIDC_AUDIENCE"),
        ({"OIDC_ISSUER": "http://a", "OIDC_AUDIENCE": "b"}, "OIDC_JWKS"),
        ({"OIDC_ISSUER": "https://a", "OIDC_AUDIENCE": "b", "OIDC_JWKS": "http://a"}, "OIDC_JWKS"),
        ({"OIDC_ISSUER": "https://a", "OIDC_AUDIENCE": "b", "OIDC_JWKS": "file:///etc/passwd"}, "OIDC_JWKS"),
        ({"AUTHORIZER": "none"}, "AUTHORIZER"),
        ({"REVOCATION_SECONDS": "-1"}, "REVOCATION_SECONDS"),
    ],
)
def test_settings_that_are_not_safe_are_refused(environment: dict[str, str], fault: str) -> None:
    """At once, and not at the first token."""
    with pytest.raises(ValueError, match=fault):
        Settings.read(environment)


def test_keys_come_from_where_the_issuer_says_unless_told() -> None:
    """An issuer's JWKS stands under its own URL, or elsewhere."""
    assert Settings.read(identity.ENVIRONMENT).oidc_jwks == identity.KEYS_URL
    assert Settings.read({**identity.ENVIRONMENT, "OIDC_JWKS": "https://b/keys"}).oidc_jwks == "https://b/keys"


def test_no_reason_is_logged_that_holds_a_token(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    """What can't be fetched is a line; what a client sent is not."""
    provider.body = OSError("secret of a proxy")
    with pytest.raises(UnavailableError):
        provider.issuer.verify(identity.token())
    assert re.search("the keys at .* can't be had: OSError", caplog.text)
    assert "secret" not in caplog.text
    assert json.dumps(identity.token())[1:20] not in caplog.text
