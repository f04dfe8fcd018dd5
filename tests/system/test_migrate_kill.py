"""Real processes that apply a migration and end at one of their AWS calls, as by SIGKILL, and one that goes on.

tests/api/test_migrate_kills.py does the same at every call with an exception, in no time.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from grail.localcloud.server import listening
from tests import emulators
from tests.conftest import PROVE
from tests.migrations import World, user
from tests.system.conftest import PATIENCE, ROOT, environment

USERS = [user(number) for number in range(1, 24)]
SAMPLE = (8,)
"""The calls, from 0, at which a process ends in `make test`: somewhere among the batches."""
VICTIM = """
import json, os, sys
import boto3
from tests import emulators
from tests.migrations import World, cents, nick
from grail.migrate.layout import Layout

url, layout, name, direction, place, when = sys.argv[1:]
client = emulators.dynamodb(url)
world = World(client, Layout(**{**json.loads(layout), "key": tuple(json.loads(layout)["key"])}))
calls = 0

def before(**_):
    global calls
    calls += 1
    if when == "before" and calls > int(place):
        os._exit(9)

def after(**_):
    if when == "after" and calls > int(place):
        os._exit(9)

client.meta.events.register_first("before-send.dynamodb", before)
client.meta.events.register_first("before-parse.dynamodb", after)
migration = {"nick": nick, "cents": cents}[name]()
world.migrate(migration, direction, segments=1, ledger=world.ledger(now=lambda: float(os.environ["NOW"])))
print(calls)
"""


def run(world: World, url: str, *arguments: str, now: int) -> subprocess.CompletedProcess[str]:
    """Run a process that migrates; times are in seconds."""
    layout = json.dumps(vars(world.layout))
    return subprocess.run(
        [sys.executable, "-c", VICTIM, url, layout, *arguments], cwd=ROOT, env=environment() | {"NOW": str(now)},
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


def fresh(url: str) -> World:
    """Return a table with users."""
    world = World(emulators.dynamodb(url))
    world.put(*USERS)
    return world


EMULATORS: dict[str, Callable[[], AbstractContextManager[str]]] = {"moto": listening, "ministack": emulators.ministack}


@pytest.mark.parametrize(
    ("name", "emulator"),
    [("nick", "moto"), ("cents", "ministack"), *([("nick", "ministack"), ("cents", "moto")] if PROVE else [])],
)
def test_a_process_that_ends_at_any_call_can_be_followed_by_another(name: str, emulator: str) -> None:
    """The table is as if it had not ended, item for item; and rolled back, as if nothing had been."""
    with EMULATORS[emulator]() as url:
        undisturbed = fresh(url)
        done = run(undisturbed, url, name, "up", "1000000", "never", now=0)
        assert done.returncode == 0, done.stderr
        calls = int(done.stdout)
        wanted = undisturbed.items()
        for place in range(calls) if PROVE else SAMPLE:
            for when in ("before", "after"):
                world = fresh(url)
                assert run(world, url, name, "up", str(place), when, now=0).returncode == 9
                resumed = run(world, url, name, "up", "1000000", "never", now=100)
                is_over = "applied already" in resumed.stderr
                assert resumed.returncode == 0 or is_over, resumed.stderr
                assert world.items() == wanted, f"{when} call {place} of {calls}"
        rolled_back = run(world, url, name, "down", "1000000", "never", now=200)
        assert rolled_back.returncode == 0, rolled_back.stderr
        assert world.items() == {item["id"]: {**item, "rev": 3} for item in USERS}
