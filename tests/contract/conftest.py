"""One table of each implementation."""

import time
from collections.abc import Iterator

import pytest

from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.memory import MemoryTable
from chalicelib.repositories.table import Table
from grail.localcloud.server import listening
from tests import emulators
from tests.event_sources import Aws, Function


class Clock:
    """A clock that a test moves on; Unix seconds."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return the table's clock."""
    return Clock()


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """Run the embedded AWS of local mode for all tests of a worker."""
    with listening() as url:
        yield url


@pytest.fixture(scope="session")
def ministack_url() -> Iterator[str]:
    """Run ministack for all tests of a worker."""
    with emulators.ministack() as url:
        yield url


@pytest.fixture(params=["memory", "moto", "ministack"])
def table(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Table]:
    """Return an empty table."""
    match request.param:
        case "memory":
            yield MemoryTable(now=clock)
        case emulator:
            url = request.getfixturevalue(f"{emulator}_url")
            yield DynamoTable(emulators.create_table(url), client=emulators.dynamodb(url), now=clock)


@pytest.fixture
def aws(moto_url: str) -> Aws:
    """Return the embedded AWS of local mode, for event sources."""
    return Aws(moto_url)


@pytest.fixture
def function() -> Function:
    """Return a function that succeeds."""
    return Function()
