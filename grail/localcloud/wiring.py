"""Which functions an app has, and what calls them: a plain description, that goes over HTTP as JSON.

Functions are named as in Lambda. On AWS, this is what event source mappings, rules and schedules are made of.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class QueueSource:
    """An SQS queue's messages. `window` is in seconds; `reports_failures` is Lambda's ReportBatchItemFailures."""

    function: str
    queue: str
    batch_size: int = 1
    window: int = 0
    reports_failures: bool = False


@dataclass(frozen=True, kw_only=True)
class StreamSource:
    """A DynamoDB stream's records, from TRIM_HORIZON or LATEST on. `stream` is an ARN."""

    function: str
    stream: str
    batch_size: int = 100
    position: str = "LATEST"


@dataclass(frozen=True, kw_only=True)
class RuleSource:
    """The events on the default bus that a pattern matches."""

    function: str
    rule: str
    pattern: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ScheduleSource:
    """A time, in EventBridge's spelling: `rate(...)` or `cron(...)`."""

    function: str
    rule: str
    expression: str


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """The functions, with their timeouts in seconds, and their sources."""

    functions: Mapping[str, int]
    queues: tuple[QueueSource, ...] = ()
    streams: tuple[StreamSource, ...] = ()
    rules: tuple[RuleSource, ...] = ()
    schedules: tuple[ScheduleSource, ...] = ()

    @classmethod
    def read(cls, described: Mapping[str, Any]) -> "Wiring":
        """Return what `as_json` described."""
        return cls(
            functions=described["functions"],
            queues=tuple(QueueSource(**source) for source in described["queues"]),
            streams=tuple(StreamSource(**source) for source in described["streams"]),
            rules=tuple(RuleSource(**source) for source in described["rules"]),
            schedules=tuple(ScheduleSource(**source) for source in described["schedules"]),
        )

    def as_json(self) -> dict[str, Any]:
        """Return a description that JSON can hold."""
        return asdict(self)
