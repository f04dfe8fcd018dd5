"""`python -m grail dlq`, as a process, on an embedded AWS of an app that has nothing but queues."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from grail.localcloud import services
from grail.localcloud.services import Embedded
from grail.project import Project
from tests.system.conftest import PATIENCE, ROOT, environment

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

APP = """
from chalice import Chalice
app = Chalice("shop")
"""
QUEUES = """
QUEUES = {
    "jobs": {"receives": 3, "visibility_seconds": 30},
    "mail": {"receives": 3, "visibility_seconds": 30},
}
"""
OWNER = """
import os, pathlib
from grail.localcloud import services
from grail.project import Project
services.ensure(Project(pathlib.Path.cwd()), "dev", owner=os.getpid())
print("ready", flush=True)
input()
"""
NOTES = {"error": "ValueError: no", "function": "on_jobs", "message_id": "first", "parked_at": "2026-11-20T10:00:00Z"}


class Stage:
    """The app's stage: its queues, and its command line."""

    def __init__(self, folder: Path, embedded: Embedded) -> None:
        self._folder = folder
        aws = embedded.environment()
        session = boto3.Session(aws["AWS_ACCESS_KEY_ID"], aws["AWS_SECRET_ACCESS_KEY"], region_name=aws["AWS_REGION"])
        self._sqs: SQSClient = session.client("sqs", endpoint_url=embedded.url)

    def grail(self, *arguments: str, code: int = 0) -> str:
        """Run a verb; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "grail", "dlq", *arguments],
            cwd=self._folder, env=environment() | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    def counts(self) -> dict[str, int]:
        """Return how many dead letters there are."""
        rows = json.loads(self.grail("list", "--json"))
        assert all(row["in_flight"] == 0 for row in rows)
        return {row["queue"]: row["messages"] for row in rows}

    def park(self, *bodies: str) -> None:
        """Put dead letters of `jobs` there, as a worker does."""
        for body in bodies:
            self._sqs.send_message(
                QueueUrl=self._url("shop-dev-jobs-dlq"),
                MessageBody=body,
                MessageAttributes={name: {"DataType": "String", "StringValue": text} for name, text in NOTES.items()},
            )

    def received(self) -> list[str]:
        """Receive and delete what is in `jobs`."""
        url = self._url("shop-dev-jobs")
        found = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return sorted(message["Body"] for message in found)

    def _url(self, name: str) -> str:
        return self._sqs.get_queue_url(QueueName=name)["QueueUrl"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Run an embedded AWS for an app of two queues."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "app.py").write_text(APP)
    (folder / "queues.py").write_text(QUEUES)
    (folder / "pyproject.toml").write_text('[tool.grail]\nqueues = "queues:QUEUES"\n')
    (folder / ".chalice").mkdir()
    config = {"version": "2.0", "app_name": "shop", "stages": {"dev": {}}}
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], cwd=folder, env=environment() | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        embedded = services.find(Project(folder), "dev")
        assert embedded is not None
        yield Stage(folder, embedded)
    finally:
        owner.communicate(b"\n")


def test_dead_letters_from_sight_to_end(stage: Stage) -> None:
    """Listed, shown, moved back one and all, dropped."""
    assert stage.counts() == {"jobs": 0, "mail": 0}
    assert stage.grail("show", "jobs") == "jobs has no dead letters\n"
    stage.park('{"order": 1}', "second", "third")
    assert re.search(r"^jobs +3 +0$", stage.grail("list"), re.MULTILINE)
    assert "mail" not in stage.grail("list", "jobs")
    shown = stage.grail("show", "jobs")
    assert 'first, given up 2026-11-20T10:00:00Z by on_jobs\n  ValueError: no\n  {\n    "order"' in shown
    assert [letter["body"] for letter in json.loads(stage.grail("show", "jobs", "--max", "1", "--json"))] != []
    assert stage.grail("redrive", "jobs", "--max", "1") == "1 of 1 moved to shop-dev-jobs\n"
    assert stage.grail("redrive", "jobs") == "2 of 2 moved to shop-dev-jobs\n"
    assert stage.received() == ["second", "third", '{"order": 1}']
    stage.park("a", "b")
    refused = stage.grail("drop", "jobs", code=1)
    assert (refused.count("\n"), stage.counts()["jobs"]) == (1, 2)
    assert stage.grail("drop", "jobs", "--max", "1", "--yes") == "1 of 1 dropped\n"
    assert stage.grail("drop", "jobs", "--yes") == "1 of 1 dropped\n"
    assert stage.grail("drop", "jobs") == "0 of 0 dropped\n"
    assert stage.received() == []


def test_what_can_not_be_says_why_in_one_line(stage: Stage) -> None:
    """A queue that the app does not have; the words name those that it has."""
    for action in ("list", "show", "redrive", "drop"):
        said = stage.grail(action, "nonsense", code=1)
        assert (said.count("\n"), "jobs, mail" in said) == (1, True)
    for arguments in (("redrive",), ("show", "jobs", "--max", "0"), ("show", "jobs", "--max", "x"), ("drop", "--yes")):
        assert stage.grail(*arguments, code=2).count("\n") == 1


def test_help_says_what_an_interrupt_does(stage: Stage) -> None:
    """Who stops it must know whether anything is lost."""
    assert "never lost" in stage.grail("redrive", "--help")
