"""AWS's part between an event and a function: mappings, rules, schedules and asynchronous invocations.

It knows an app's wiring, and the executor that fetches invocations; it outlives both.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from grail.localcloud import event_bus, moto_state
from grail.localcloud.asynchronous import Asynchronous
from grail.localcloud.invocations import Invocations
from grail.localcloud.queue_mapping import QueueMapping
from grail.localcloud.scheduler import Scheduler
from grail.localcloud.stream_mapping import StreamMapping
from grail.localcloud.wiring import QueueSource, RuleSource, Wiring
from grail.localcloud.work import Part


class Engine:
    """The event sources of a stage. `client` makes boto3 clients by their services' names."""

    def __init__(self, client: Callable[[str], Any], *, region: str) -> None:
        self.invocations = Invocations()
        self.functions: Mapping[str, int] = {}
        self.asynchronous = Asynchronous(invoke=self.invocations.invoke, say=self.invocations.say)
        self._scheduler = Scheduler(self.asynchronous.put, region=region, account=moto_state.ACCOUNT)
        self._client = client
        self._region = region
        self._queues: list[QueueMapping] = []
        self._streams: dict[tuple[str, str], StreamMapping] = {}
        self._rules: set[str] = set()
        self._lock = threading.Lock()
        event_bus.deliver_to(self.asynchronous.put)

    def parts(self) -> list[Part]:
        """Return what is to be kept at work: nothing without an executor, but for the clock."""
        if not self.invocations.attached:
            return [self._scheduler]
        return [self._scheduler, self.asynchronous, *self._queues, *self._streams.values()]

    def register(self, wiring: Wiring) -> tuple[str, list[str]]:
        """Take an app's wiring and let its process take over as executor; return its id.

        With it comes a line for each source that does not work. Streams go on from where they are, and timers go on.
        """
        with self._lock:
            self.functions = wiring.functions
            lines = [*self._map_queues(wiring), *self._map_streams(wiring), *self._put_rules(wiring)]
            lines += self._scheduler.set(wiring.schedules)
            return self.invocations.attach(), lines

    def close(self) -> None:
        """Do without an executor from now on."""
        self.invocations.detach(self.invocations.executor)

    def _map_queues(self, wiring: Wiring) -> Iterator[str]:
        if wiring.queues:
            sqs = self._client("sqs")
            self._queues = [QueueMapping(source, sqs=sqs, invoke=self.invocations.invoke) for source in wiring.queues]
            for source in wiring.queues:
                yield from _faults(source, sqs, timeout=wiring.functions[source.function])
        else:
            self._queues = []

    def _map_streams(self, wiring: Wiring) -> Iterator[str]:
        before, self._streams = self._streams, {}
        streams = self._client("dynamodbstreams") if wiring.streams else None
        for source in wiring.streams:
            if not moto_state.is_stream(source.stream):
                yield f"{source.function} gets nothing: there is no stream {source.stream}"
                continue
            key = (source.stream, source.function)
            mapping = before.get(key) or StreamMapping(source, streams=streams, invoke=self.invocations.invoke)
            mapping.source = source
            mapping.hurry()
            self._streams[key] = mapping

    def _put_rules(self, wiring: Wiring) -> Iterator[str]:
        if not wiring.rules and not self._rules:
            return
        events = self._client("events")
        for gone in self._rules - {source.rule for source in wiring.rules}:
            events.remove_targets(Rule=gone, Ids=["1"])
            events.delete_rule(Name=gone)
        self._rules = set()
        for source in wiring.rules:
            try:
                self._put_rule(source, events)
            except ClientError as error:
                yield f"{source.function} gets nothing: {error.response['Error']['Message']}"
            else:
                self._rules.add(source.rule)

    def _put_rule(self, source: RuleSource, events: Any) -> None:  # noqa: ANN401 - boto3's client
        arn = f"arn:aws:lambda:{self._region}:{moto_state.ACCOUNT}:function:{source.function}"
        events.put_rule(Name=source.rule, EventPattern=json.dumps(source.pattern))
        events.put_targets(Rule=source.rule, Targets=[{"Id": "1", "Arn": arn}])


def _faults(source: QueueSource, sqs: Any, *, timeout: int) -> Iterator[str]:  # noqa: ANN401 - boto3's client
    """Yield what is wrong with a queue: a shorter visibility timeout than the function's, Lambda refuses to map."""
    try:
        url = sqs.get_queue_url(QueueName=source.queue)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        yield f"{source.function} gets nothing as long as there is no queue {source.queue}"
        return
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    visibility = int(found["VisibilityTimeout"])
    if visibility < timeout:
        yield (
            f"AWS will not call {source.function} for {source.queue}: "
            f"the queue's visibility timeout ({visibility} s) is shorter than the function's ({timeout} s)"
        )
