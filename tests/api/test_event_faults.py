"""Every fault of every call of AWS, in every scenario: what is promised holds when the stage has come to rest."""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from chalicelib import bootstrap
from tests import emulators, invariants
from tests.api.faults import Injected, Taps, enumerated
from tests.conftest import PROVE
from tests.platform import Platform
from tests.scenarios import ENDPOINTS, SCENARIOS, shape

EVERY, MOST = (1, 10**6) if PROVE else (7, 10)
"""Of so many faults one is injected, and of a scenario at most so many; which, differs from scenario to scenario."""


@dataclass
class Count:
    """How much was done."""

    scenarios: int = 0
    calls: int = 0
    faults: int = 0
    possible: int = 0


@pytest.fixture(scope="session")
def count(figure: Callable[[str], None]) -> Iterator[Count]:
    """Count, and print the sum of a worker."""
    count = Count()
    yield count
    figure(
        f"fault enumeration: {count.faults:,} of {count.possible:,} faults injected into {count.calls:,} calls "
        f"of {count.scenarios} scenarios; nothing lost, nothing twice"
    )


@pytest.fixture(scope="session")
def created(_moto: None) -> tuple[str, str]:
    """Create a stage's table, queues and bucket, which each run empties; return its name and its stream's ARN."""
    return emulators.create_stage()


@pytest.fixture(autouse=True)
def _unwired() -> Iterator[None]:
    """Leave no services behind."""
    yield
    bootstrap.use(None)


def run(
    name: str, created: tuple[str, str], injected: Injected | None, *, reports_failures: bool
) -> tuple[Platform, Taps]:
    """Run a scenario to its end, and check what must hold."""
    taps = Taps(injected)
    stage = Platform(created, taps, reports_failures=reports_failures)
    with emulators.on_clock(stage.clock):
        acts = SCENARIOS[name](stage)
        next(acts)
        stage.pump()
        taps.open = False
        invariants.check(stage)
        with pytest.raises(StopIteration):
            next(acts)
    return stage, taps


@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_fails_what_is_promised_holds(name: str, created: tuple[str, str], count: Count) -> None:
    """Each call is throttled, lost, reset, failed, cut short by a crash before and after; once, and for all attempts.

    The event source mappings report batch item failures in one run, and not in the next.
    """
    stage, taps = run(name, created, None, reports_failures=False)
    wanted = shape(stage) if name in ENDPOINTS else None
    calls = taps.calls
    possible = list(enumerate(enumerated(calls)))
    stride = max(EVERY, len(possible) // MOST)
    for number, injected in possible[zlib.crc32(name.encode()) % stride :: stride]:
        try:
            stage, taps = run(name, created, injected, reports_failures=number % 2 == 0)
            assert taps.met[0] == calls[injected.place]
            assert wanted is None or shape(stage) == wanted
        except BaseException as error:
            error.add_note(f"{name}: {injected}, call {calls[injected.place]}")
            raise
        count.faults += 1
    count.scenarios += 1
    count.calls += len(calls)
    count.possible += len(possible)
