"""What differs from stage to stage. The only module that reads the environment, and only when asked."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

APP = "grail"
"""The app's name, as in `.chalice/config.json`: every resource's name starts with it."""

AUTHORIZERS = ("token", "request", "http", "cognito")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One stage's settings, read once.

    `stage` is the Chalice stage. `people_shards` is the number of partitions the list of people is spread over: it
    may only grow, since a person stays on the shard it was written to; `order_shards` is the same of the lists of a
    day's orders and of those pending. `pending_seconds` is how long an order may be pending: longer than it takes to
    mend a worker, or orders expire that a redrive would have confirmed. `stream_arn` is the table's stream's, which
    the data stack's outputs tell: known to Chalice's CLI only. `mocks_in_memory` keeps the `mocks` resource in this
    process, which only makes sense where there is one process.

    `authorizer` is the kind of authorizer in front (`access.gates`). `revocation_seconds` is how long after a change
    of the permission store an answer from before it may still count, in API Gateway and in the authorizer's process
    together. JWTs are those of `oidc_issuer` for `oidc_audience`, signed by a key of `oidc_jwks` (a JWKS URL); without
    an issuer there are service tokens only. `cors_origins` are the origins whose pages may call the API.
    """

    stage: str
    people_shards: int
    order_shards: int
    pending_seconds: int
    stream_arn: str
    mocks_in_memory: bool
    authorizer: str
    revocation_seconds: int
    oidc_issuer: str | None
    oidc_audience: str
    oidc_jwks: str
    user_pool_arn: str
    cors_origins: tuple[str, ...]

    @property
    def table_name(self) -> str:
        """The one DynamoDB table's name; `grail.stack` derives the same from the app's and the stage's name."""
        return f"{APP}-{self.stage}"

    @property
    def bucket_name(self) -> str:
        """The bucket's name, derived as the table's is."""
        return f"{APP}-{self.stage}-files"

    def queue_name(self, queue: str) -> str:
        """Return a queue's name, derived as the table's is; its dead-letter queue's ends with `-dlq`."""
        return f"{APP}-{self.stage}-{queue}"

    def secret_name(self, secret: str) -> str:
        """Return a secret's name, derived as the table's is."""
        return f"{APP}-{self.stage}-{secret}"

    @property
    def gateway_seconds(self) -> int:
        """How long API Gateway remembers an authorizer's answer; the rest is the process's own."""
        return self.revocation_seconds // 2

    @property
    def process_seconds(self) -> int:
        """How long a process remembers what it read of the permission store."""
        return self.revocation_seconds - self.gateway_seconds

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the environment that Chalice fills from `.chalice/config.json`; what is absent has dev's value.

        Raises ValueError for a value that is not what it must be.
        """
        environ = os.environ if environ is None else environ
        stage = environ.get("STAGE", "dev")
        issuer = environ.get("OIDC_ISSUER")
        settings = cls(
            stage=stage,
            people_shards=_number(environ, "PEOPLE_SHARDS", default=1, least=1),
            order_shards=_number(environ, "ORDER_SHARDS", default=1, least=1),
            pending_seconds=_number(environ, "PENDING_SECONDS", default=86_400, least=1),
            stream_arn=environ.get("TABLE_STREAM_ARN", ""),
            mocks_in_memory=stage == "dev",
            authorizer=environ.get("AUTHORIZER", "token"),
            revocation_seconds=_number(environ, "REVOCATION_SECONDS", default=0, least=0),
            oidc_issuer=issuer,
            oidc_audience=environ.get("OIDC_AUDIENCE", ""),
            oidc_jwks=environ.get("OIDC_JWKS", f"{issuer}/.well-known/jwks.json"),
            user_pool_arn=environ.get("USER_POOL_ARN", ""),
            cors_origins=tuple(environ.get("CORS_ORIGINS", "*").replace(",", " ").split()),
        )
        settings.check()
        return settings

    def check(self) -> None:
        """Raise ValueError for settings that don't go together."""
        _demand(self.authorizer in AUTHORIZERS, f"AUTHORIZER must be one of {', '.join(AUTHORIZERS)}")
        if self.oidc_issuer is not None:
            _demand(self.oidc_audience != "", "OIDC_AUDIENCE must say for whom the tokens of OIDC_ISSUER are")
            url = urlsplit(self.oidc_jwks)
            is_safe = url.scheme == "https" or (url.scheme == "http" and url.hostname == "127.0.0.1")
            _demand(is_safe, "OIDC_JWKS must be an https URL")


def _number(environ: Mapping[str, str], name: str, *, default: int, least: int) -> int:
    text = environ.get(name, str(default))
    _demand(text.isdecimal() and int(text) >= least, f"{name} must be a whole number of {least} or more, not {text!r}")
    return int(text)


def _demand(holds: bool, message: str) -> None:  # noqa: FBT001 - it reads as a sentence
    if not holds:
        raise ValueError(message)
