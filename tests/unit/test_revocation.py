"""After a revocation, no call passes later than the stage's `REVOCATION_SECONDS`."""

import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import bootstrap
from chalicelib.access import gates
from chalicelib.models.admission import Admission
from chalicelib.models.caller import Caller
from chalicelib.models.principals import PrincipalNew
from chalicelib.models.roles import RoleNew
from chalicelib.models.tokens import TokenNew
from chalicelib.repositories.memory import MemoryTable
from chalicelib.settings import Settings
from chalicelib.web.api import Api
from chalicelib.web.context import Context
from chalicelib.web.endpoint import endpoint
from tests.front import Front

ADMIN = Caller("admin")
SECONDS = 60
SETTINGS = Settings.read({"REVOCATION_SECONDS": str(SECONDS)})


class Stage:
    """A stage with two gateways that remember, and two processes that remember too; calls meet them in turns."""

    def __init__(
        self,
        settings: Settings = SETTINGS,
        *,
        gateways: Sequence[int] = (0, 1, 0),
        processes: Sequence[int] = (0, 1, 1),
    ) -> None:
        self.now = datetime.now(UTC)
        table = MemoryTable()
        self._processes = [bootstrap.build(settings, table=table, now=self._time) for _ in range(2)]
        self._gateway, self._process = itertools.cycle(gateways), itertools.cycle(processes)
        self.store = self._processes[0]
        self.store.roles.put("reader", RoleNew(permissions=["things:read"]), expected=None, caller=ADMIN)
        self.store.principals.put("bob", PrincipalNew(roles=["reader"]), expected=None, caller=ADMIN)
        made = self.store.tokens.create(TokenNew(principal="bob", roles=["reader"]), once=None, caller=ADMIN)
        self.token, self.token_id = str(made.entity.secret), made.entity.id
        app = self._make_app(settings)
        self._fronts = [Front(app, now=self._seconds) for _ in range(2)]

    def _time(self) -> datetime:
        return self.now

    def _seconds(self) -> float:
        return self.now.timestamp()

    def _make_app(self, settings: Settings) -> Api:
        app = Api("test")

        @gates.authorizer(app, settings)
        def gate(authorization: str) -> Admission:
            """Tell who is calling, by the next process."""
            return self._processes[next(self._process)].credentials.admit(authorization)

        @app.route("/things", authorizer=gate)
        @endpoint("things:read")
        def list_things(ctx: Context) -> None:
            """Do nothing."""
            assert ctx.caller.principal == "bob"

        return app

    def passes(self) -> bool:
        """Call the API."""
        status = self._fronts[next(self._gateway)]("GET", "/things", token=self.token).status
        assert status in {204, 401, 403}
        return status == 204

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


REVOCATIONS: dict[str, Callable[[Stage], object]] = {
    "the token": lambda stage: stage.store.tokens.revoke(stage.token_id, expected=None, caller=ADMIN),
    "the principal's role": lambda stage: stage.store.principals.put(
        "bob", PrincipalNew(), expected=None, caller=ADMIN
    ),
    "the principal": lambda stage: stage.store.principals.delete("bob", expected=None, caller=ADMIN),
    "by a deny": lambda stage: stage.store.principals.put(
        "bob", PrincipalNew(roles=["reader"], denies=["things:*"]), expected=None, caller=ADMIN
    ),
    "the role": lambda stage: stage.store.roles.delete("reader", expected=None, caller=ADMIN),
    "what the role gives": lambda stage: stage.store.roles.put(
        "reader", RoleNew(permissions=["other:read"]), expected=None, caller=ADMIN
    ),
}
waits = st.lists(st.floats(0, SECONDS), max_size=12)


@pytest.mark.parametrize("what", REVOCATIONS)
@given(before=waits, after=waits)
def test_nothing_passes_too_late(what: str, before: list[float], after: list[float]) -> None:
    """However the calls fall, and whichever process each meets."""
    stage = Stage()
    for seconds in before:
        assert stage.passes()
        stage.wait(seconds)
    REVOCATIONS[what](stage)
    revoked = stage.now
    for seconds in after:
        stage.wait(seconds)
        assert not stage.passes() or stage.now - revoked < timedelta(seconds=SECONDS)
    stage.wait(SECONDS)
    assert not stage.passes()


@pytest.mark.parametrize("what", REVOCATIONS)
def test_with_nothing_remembered_it_is_at_once(what: str) -> None:
    """Where a stage asks the store each time."""
    stage = Stage(Settings.read({"REVOCATION_SECONDS": "0"}))
    assert stage.passes()
    REVOCATIONS[what](stage)
    assert not stage.passes()


def test_both_memories_add_up() -> None:
    """The bound is no accident of remembering nothing: right before it, an old answer still counts."""
    stage = Stage(gateways=(0, 1, 1, 1), processes=(0,))
    assert stage.passes()  # the process reads
    REVOCATIONS["the token"](stage)
    stage.wait(SECONDS / 2 - 1)
    assert stage.passes()  # another gateway asks, the process remembers
    stage.wait(SECONDS / 2 - 1)
    assert stage.passes()  # that gateway remembers
    stage.wait(2)
    assert not stage.passes()
