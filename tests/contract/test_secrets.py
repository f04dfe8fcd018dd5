"""What Secrets Manager does with what the app asks of it, and what the app remembers."""

import json
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.errors import UnavailableError
from chalicelib.repositories.secret import REMEMBERED_SECONDS, Secrets
from chalicelib.settings import APP, Settings
from grail.iam import recorder
from grail.iam.requests import needs
from tests import emulators

VALUE = "correct horse battery staple"


@dataclass
class Store:
    """A secret store, its clock, and how it was asked."""

    client: Any
    prefix: str = field(default_factory=lambda: uuid.uuid4().hex)
    now: float = 0.0

    def secrets(self) -> Secrets:
        """Return what the app reads it with."""
        return Secrets(self.name, client=self.client, now=lambda: self.now)

    def name(self, secret: str) -> str:
        """Return a secret's name."""
        return f"{self.prefix}-{secret}"


@pytest.fixture(params=["moto", "ministack"])
def store(request: pytest.FixtureRequest) -> Store:
    """Return a store with one secret."""
    found = Store(emulators.client("secretsmanager", request.getfixturevalue(f"{request.param}_url")))
    found.client.create_secret(Name=found.name("payments"), SecretString=VALUE)
    return found


def test_a_secret_is_read_by_its_name(store: Store) -> None:
    """As it was put."""
    assert store.secrets().read("payments").get_secret_value() == VALUE


def test_a_changed_secret_is_read_again_in_time(store: Store) -> None:
    """Not sooner: until then nothing is asked."""
    secrets = store.secrets()
    secrets.read("payments")
    store.client.put_secret_value(SecretId=store.name("payments"), SecretString="another")
    store.now = REMEMBERED_SECONDS - 1
    assert secrets.read("payments").get_secret_value() == VALUE
    store.now = REMEMBERED_SECONDS
    assert secrets.read("payments").get_secret_value() == "another"


def test_a_secret_that_is_not_there_is_named(store: Store) -> None:
    """It is a mistake of the deployment, and no client's; it is asked for again."""
    secrets = store.secrets()
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            secrets.read("others")
        assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    store.client.create_secret(Name=store.name("others"), SecretString=VALUE)
    assert secrets.read("others").get_secret_value() == VALUE


def test_a_policy_for_it_is_literal(store: Store) -> None:
    """`python -m grail iam` sees the function read it, and names it, up to the six characters that AWS adds."""
    noted: list[recorder.Call] = []
    with recorder.calling("api_handler", noted.append):
        store.secrets().read("payments")
    [need] = {need for call in noted for need in needs(call.request)}
    arn = f"arn:aws:secretsmanager:*:*:secret:{store.name('payments')}-??????"
    assert (need.action, need.resource) == ("secretsmanager:GetSecretValue", arn)


class Broken:
    """A store that fails, each time otherwise, and then answers."""

    def __init__(self, *faults: Exception) -> None:
        self._faults = list(faults)
        self.asked = 0

    def get_secret_value(self, **_: str) -> dict[str, str]:
        """Fail, or answer."""
        self.asked += 1
        if self._faults:
            raise self._faults.pop(0)
        return {"SecretString": VALUE}


def fault(code: str) -> ClientError:
    """Return an error of AWS's."""
    return ClientError({"Error": {"Code": code, "Message": code}}, "GetSecretValue")


@pytest.fixture
def broken() -> Callable[..., tuple[Broken, Secrets]]:
    """Return what makes such a store."""

    def make(*faults: Exception) -> tuple[Broken, Secrets]:
        client: Any = Broken(*faults)
        return client, Secrets(str, client=client, sleep=lambda _: None)

    return make


def test_what_may_pass_is_tried_again(broken: Callable[..., tuple[Broken, Secrets]]) -> None:
    """As with every service; what does not pass is 503, and not remembered."""
    client, secrets = broken(fault("ThrottlingException"))
    assert (secrets.read("payments").get_secret_value(), client.asked) == (VALUE, 2)
    client, secrets = broken(*[fault("ThrottlingException")] * 4)
    with pytest.raises(UnavailableError):
        secrets.read("payments")
    assert secrets.read("payments").get_secret_value() == VALUE


def test_a_secret_shows_itself_to_no_log(
    broken: Callable[..., tuple[Broken, Secrets]], caplog: pytest.LogCaptureFixture
) -> None:
    """Printed, formatted, in a traceback's variables or logged with what holds it."""
    _, secrets = broken()
    value = secrets.read("payments")
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").error("%s %r %s", value, value, vars(secrets))
    assert VALUE not in caplog.text + str(value) + repr(value) + json.dumps({"value": value}, default=str)


def test_its_name_follows_from_app_and_stage() -> None:
    """As every name does, so that a policy can be literal."""
    assert Settings.read({"STAGE": "prod"}).secret_name("payments") == f"{APP}-prod-payments"


def test_nothing_is_asked_before_a_secret_is_wanted(broken: Callable[..., tuple[Broken, Secrets]]) -> None:
    """Neither at import nor at wiring: there it needs no region and no credentials."""
    client, secrets = broken()
    assert client.asked == 0
    secrets.read("payments")
    secrets.read("payments")
    assert client.asked == 1
