"""All event sources at work, with an executor in this process."""

import json
import uuid
from collections.abc import Iterator
from queue import Queue as Results
from typing import Any

import pytest

from grail.localcloud.executor import Executor
from grail.localcloud.wiring import QueueSource, RuleSource, ScheduleSource, StreamSource, Wiring
from tests.event_sources import Aws, Function, Jobs, Table

LONG = 120


class Executed:
    """A registered executor, in this process: what its functions got, and what they do."""

    def __init__(self, aws: Aws) -> None:
        self.url = aws.url
        self.got: Results[tuple[str, Any]] = Results()
        self.fails = False

    def start(self, **sources: Any) -> list[str]:
        """Register with some sources; return what does not work."""
        return Executor(self.url, self._run).start(Wiring(functions={"f": 1, "g": 5}, **sources))

    def _run(self, name: str, event: Any) -> Any:
        self.got.put((name, event))
        if self.fails:
            message = "no"
            raise ValueError(message)
        return {"ran": name}

    def next(self) -> tuple[str, Any]:
        """Return what a function got next."""
        return self.got.get(timeout=LONG)

    def key(self) -> str:
        """Return the key of the record that a function got next."""
        return str(self.next()[1]["Records"][0]["dynamodb"]["Keys"]["pk"]["S"])


@pytest.fixture
def executed(aws: Aws) -> Iterator[Executed]:
    """Return an executor, and take its sources away again."""
    found = Executed(aws)
    yield found
    found.start()


def test_all_sources_reach_the_executor(aws: Aws, executed: Executed, function: Function) -> None:
    """A queue's message, a stream's record, an event and a schedule that is due."""
    jobs, table = Jobs(aws, function, visibility=30), Table(aws, function)
    lines = executed.start(
        queues=(jobs.source,),
        streams=(table.source,),
        rules=(RuleSource(function="g", rule=f"rule-{uuid.uuid4().hex}", pattern={"source": ["shop"]}),),
    )
    assert lines == []
    jobs.send("a")
    assert executed.next()[1]["Records"][0]["body"] == "a"
    table.put("b")
    assert executed.key() == "b"
    aws.client("events").put_events(Entries=[{"Source": "shop", "DetailType": "t", "Detail": "{}"}])
    name, event = executed.next()
    assert (name, event["source"]) == ("g", "shop")


def test_a_stream_goes_on_where_it_was_after_a_reload(aws: Aws, executed: Executed, function: Function) -> None:
    """The next executor gets what its predecessor did not finish, and nothing twice."""
    table = Table(aws, function, batch_size=1)
    executed.start(streams=(table.source,))
    table.put("a", "b")
    assert [executed.key(), executed.key()] == ["a", "b"]
    executed.start(streams=(table.source,))
    table.put("c")
    assert executed.key() in {"b", "c"}  # it may not have answered for b when it ended, but it had for a


def test_sources_that_do_not_work_are_said(aws: Aws, executed: Executed, function: Function) -> None:
    """One line each, which names the function."""
    jobs = Jobs(aws, function, visibility=3)
    lines = executed.start(
        queues=(
            QueueSource(function="f", queue="none"),
            QueueSource(function="g", queue=jobs.name),
            QueueSource(function="f", queue=jobs.name),
        ),
        streams=(StreamSource(function="f", stream=""),),
        rules=(RuleSource(function="f", rule="bad", pattern={"source": "shop"}),),
        schedules=(ScheduleSource(function="f", rule="bad", expression="daily"),),
    )
    assert [next(word for word in ("none", "3 s", "stream", "source", "daily") if word in line) for line in lines] == [
        "none",
        "3 s",
        "stream",
        "source",
        "daily",
    ]


def test_invoke(aws: Aws, executed: Executed) -> None:
    """With boto3: the answer, an error, an unknown function, and an event that nobody waits for."""
    executed.start()
    client = aws.client("lambda")
    answer = client.invoke(FunctionName="f", Payload=b'{"a": 1}')
    assert (answer["StatusCode"], json.loads(answer["Payload"].read())) == (200, {"ran": "f"})
    assert executed.next() == ("f", {"a": 1})
    assert client.invoke(FunctionName="g", InvocationType="Event", Payload=b"[2]")["StatusCode"] == 202
    assert executed.next() == ("g", [2])
    executed.fails = True
    answer = client.invoke(FunctionName="f")
    error = json.loads(answer["Payload"].read())
    assert (answer["FunctionError"], error["errorType"], error["errorMessage"]) == ("Unhandled", "ValueError", "no")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="unknown")
