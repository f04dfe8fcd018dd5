"""Event sources under the real `chalice local`: what reaches a plain Chalice app's functions, in its own process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from grail.localcloud import services
from grail.project import Project
from tests.system.conftest import PATIENCE, ROOT, Served, environment, eventually, serving

APP = """
import json
import os
from pathlib import Path
from chalice import Chalice, Rate
app = Chalice("plain")

def note(*line):
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(json.dumps([os.getpid(), *line]) + "\\n")

@app.route("/health")
def health():
    return {}

@app.on_sqs_message(queue="jobs")
def work(event):
    for record in event:
        note("work", record.body, record.to_dict()["attributes"]["ApproximateReceiveCount"])
        if record.body == "bad":
            raise ValueError("this is bad")

@app.on_dynamodb_record(stream_arn="", starting_position="TRIM_HORIZON", batch_size=3)
def changed(event):
    for record in event:
        note("changed", record.keys["pk"]["S"])

@app.on_cw_event({"source": ["shop"]})
def told(event):
    note("told", event.detail)

@app.schedule(Rate(12, unit=Rate.HOURS))
def sweep(event):
    note("sweep", event.to_dict()["time"])
    return {"swept": 3}

@app.schedule("cron(0 8 ? * MON-FRI *)")
def broken(event):
    raise KeyError("nothing to report")

if os.environ.get("AWS_CHALICE_CLI_MODE"):
    from grail.localcloud import attach
"""
TABLE = """
TABLE = {"key": ("pk", "sk"), "indexes": {"by_sk": ("sk", "pk")}, "ttl": "expires", "stream": "KEYS_ONLY"}
"""


@dataclass(frozen=True)
class Running:
    """A running app with its folder, the embedded AWS behind it, and a file where its functions leave notes."""

    served: Served
    folder: Path
    embedded: services.Embedded
    notes: Path

    def client(self, service: str) -> Any:
        """Return a client of the embedded AWS."""
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(service, endpoint_url=self.embedded.url, region_name=services.REGION, **keys)  # type: ignore[call-overload]

    def noted(self, function: str) -> list[list[Any]]:
        """Return what a function noted: the process, and what it got."""
        lines = [json.loads(line) for line in self.notes.read_text().splitlines()] if self.notes.exists() else []
        return [[process, *got] for process, name, *got in lines if name == function]

    def fire(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m grail fire`."""
        command = [sys.executable, "-m", "grail", "fire", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=environment(), capture_output=True, text=True, check=False, timeout=PATIENCE
        )

    def queues(self) -> tuple[str, str]:
        """Create the queue and its dead letters; return their URLs."""
        sqs = self.client("sqs")
        dead = sqs.create_queue(QueueName="jobs-dlq")["QueueUrl"]
        redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:jobs-dlq", "maxReceiveCount": 2}
        attributes = {"VisibilityTimeout": "3", "RedrivePolicy": json.dumps(redrive)}
        return sqs.create_queue(QueueName="jobs", Attributes=attributes)["QueueUrl"], dead

    def put(self, *keys: str) -> None:
        """Put items into the data stack's table."""
        dynamodb = self.client("dynamodb")
        for key in keys:
            dynamodb.put_item(TableName="plain-dev", Item={"pk": {"S": key}, "sk": {"S": "x"}})


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Serve the app."""
    folder, notes = tmp_path / "plain", tmp_path / "notes"
    (folder / ".chalice").mkdir(parents=True)
    stages = {"dev": {"environment_variables": {"NOTES": str(notes)}}}
    config = {"version": "2.0", "app_name": "plain", "lambda_timeout": 1, "stages": stages}
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    (folder / "pyproject.toml").write_text('[tool.grail]\ntable = "table:TABLE"\n')
    (folder / "table.py").write_text(TABLE)
    (folder / "app.py").write_text(APP)
    (folder / "grail").symlink_to(ROOT / "grail")
    with serving(folder, tmp_path / "output") as served:
        embedded = services.find(Project(folder), "dev")
        assert embedded is not None
        yield Running(served, folder, embedded, notes)


def test_messages_reach_their_handler_or_the_dead_letters(running: Running) -> None:
    """One that fails comes again after the visibility timeout, with its traceback in the terminal."""
    assert "no queue jobs" in running.served.printed()
    url, dead = running.queues()
    sqs = running.client("sqs")
    for body in ("good", "bad"):
        sqs.send_message(QueueUrl=url, MessageBody=body)

    def dead_letters() -> list[str]:
        found = sqs.receive_message(QueueUrl=dead, VisibilityTimeout=0).get("Messages", [])
        return [message["Body"] for message in found]

    eventually("the message is a dead letter", lambda: dead_letters() == ["bad"])
    noted = [got for _, *got in running.noted("work")]
    assert sorted(noted) == [["bad", "1"], ["bad", "2"], ["good", "1"]]
    assert running.served.printed().count("ValueError: this is bad") == 2


def test_records_arrive_in_order_after_a_reload_too(running: Running) -> None:
    """While the code is broken they wait, and its mend gets them; what the reload cut short may come once more."""
    running.put("a", "b", "c", "d")
    eventually("the records arrive", lambda: [key for _, key in running.noted("changed")] == list("abcd"))
    app = running.folder / "app.py"
    app.write_text("this is no Python")
    eventually("the app is gone", lambda: "SyntaxError" in running.served.printed())
    running.put("e", "f")
    app.write_text(APP)
    eventually(
        "the rest arrives", lambda: list(dict.fromkeys(key for _, key in running.noted("changed"))) == list("abcdef")
    )
    first, *_, last = [process for process, _ in running.noted("changed")]
    assert first != last


def test_an_event_reaches_the_handler_of_its_rule(running: Running) -> None:
    """Whoever puts it; one that no pattern matches does not."""
    entries = [
        {"Source": source, "DetailType": "t", "Detail": f'{{"from": "{source}"}}'} for source in ("other", "shop")
    ]
    running.client("events").put_events(Entries=entries)
    eventually("the event arrives", lambda: [got for _, got in running.noted("told")] == [{"from": "shop"}])


def test_fire(running: Running) -> None:
    """A schedule runs in the app's process, now or for a time, and its answer is printed; a failure is one line."""
    done = running.fire("sweep", "--time", "2026-12-24T08:00:00+02:00")
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, {"swept": 3}, "")
    ((process, at),) = running.noted("sweep")
    assert at == "2026-12-24T06:00:00Z"
    assert process != running.served.process.pid  # the worker, which is its child
    listed = running.fire()
    assert listed.stdout.split() == ["sweep", "rate(12", "hours)", "broken", "cron(0", "8", "?", "*", "MON-FRI", "*)"]
    for arguments, code, named in (
        (("broken",), 1, "KeyError: 'nothing to report'"),
        (("unknown",), 1, "sweep, broken"),
        (("sweep", "--time", "noon"), 2, "noon"),
        (("sweep", "--stage", "none"), 1, "none"),
    ):
        done = running.fire(*arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done.stderr
        assert named in done.stderr
