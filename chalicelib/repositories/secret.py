"""Secrets: what the app has to know and nobody else may, in Secrets Manager: the only module that reads them.

    secrets = Secrets(settings.secret_name)              # once, in bootstrap.build
    key = secrets.read("payments").get_secret_value()    # where it is used, for each use

Nothing of this blueprint's own is one (docs/secrets.md); an app's first is read like this.
"""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from pydantic import SecretStr

from chalicelib.repositories.attempts import CONFIG, Attempts

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

REMEMBERED_SECONDS = 300
"""How long a process may use a value that was changed: a rotation keeps the old one valid for longer."""


class Secrets:
    """A stage's secrets. Safe to use from several threads."""

    def __init__(
        self,
        name_of: Callable[[str], str],
        *,
        client: "SecretsManagerClient | None" = None,
        seconds: float = REMEMBERED_SECONDS,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._name_of = name_of
        self._given = client
        self._seconds = seconds
        self._now = now
        self._attempts = Attempts("secret store", sleep=sleep)
        self._kept: dict[str, tuple[float, SecretStr]] = {}

    def read(self, name: str) -> SecretStr:
        """Return a secret by its short name; it shows itself to nobody but who asks for its value.

        Asked for from AWS once in so many seconds. Raises UnavailableError, and ClientError for a secret that is not
        there or that the function's policy does not name.
        """
        until, kept = self._kept.get(name, (0.0, SecretStr("")))
        if self._now() < until:
            return kept
        found = self._attempts.call(self._client.get_secret_value, SecretId=self._name_of(name))
        value = SecretStr(found["SecretString"])
        self._kept[name] = (self._now() + self._seconds, value)
        return value

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - boto3's
        """The client: made when it is needed."""
        return self._given or boto3.client("secretsmanager", config=CONFIG)
