"""What a Chalice app declares of functions and their event sources, as the engine takes it."""

from collections.abc import Iterator
from typing import TypeVar

from chalice import app as chalice
from chalice.app import Chalice
from chalice.config import Config

from grail.localcloud import functions
from grail.localcloud.gateway import API_HANDLER
from grail.localcloud.wiring import QueueSource, RuleSource, ScheduleSource, StreamSource, Wiring

Source = TypeVar("Source", bound=chalice.BaseEventSourceConfig)

_NOT_HERE: dict[type[chalice.BaseEventSourceConfig], str] = {
    chalice.S3EventConfig: "S3 notifications (use an EventBridge rule on aws.s3)",
    chalice.SNSEventConfig: "SNS",
    chalice.KinesisEventConfig: "Kinesis",
}


def lambda_name(app: str, stage: str, function: str) -> str:
    """Return how Chalice names a function of an app in Lambda."""
    return f"{app}-{stage}" if function == API_HANDLER else f"{app}-{stage}-{function}"


def rule_name(app: str, stage: str, function: str) -> str:
    """Return how Chalice names the rule that calls a function."""
    return f"{app}-{stage}-{function}-event"


def names(app: Chalice, config: Config) -> dict[str, str]:
    """Return an app's functions: their name in Lambda to the name in the app."""
    found = [*app.handler_map, *([API_HANDLER] if app.routes else [])]
    return {lambda_name(config.app_name, config.chalice_stage, name): name for name in found}


def schedules(app: Chalice) -> dict[str, str]:
    """Return an app's schedules: the function's name to the expression."""
    return {source.name: _expression(source) for source in _sources(app, chalice.ScheduledEventConfig)}


def wiring(app: Chalice, config: Config, *, table_stream: str | None) -> Wiring:
    """Return an app's wiring. A stream without an ARN is the table's of the data stack."""
    stage = (str(config.app_name), str(config.chalice_stage))
    return Wiring(
        functions={known: functions.timeout(config, name) for known, name in names(app, config).items()},
        queues=tuple(
            QueueSource(
                function=lambda_name(*stage, source.name),
                queue=source.queue or str(source.queue_arn).rpartition(":")[2],
                batch_size=source.batch_size,
                window=source.maximum_batching_window_in_seconds,
            )
            for source in _sources(app, chalice.SQSEventConfig)
        ),
        streams=tuple(
            StreamSource(
                function=lambda_name(*stage, source.name),
                stream=source.stream_arn or table_stream or "",
                batch_size=source.batch_size,
                position=source.starting_position,
            )
            for source in _sources(app, chalice.DynamoDBEventConfig)
        ),
        rules=tuple(
            RuleSource(
                function=lambda_name(*stage, source.name),
                rule=rule_name(*stage, source.name),
                pattern=source.event_pattern,
            )
            for source in _sources(app, chalice.CloudWatchEventConfig)
        ),
        schedules=tuple(
            ScheduleSource(
                function=lambda_name(*stage, source.name),
                rule=rule_name(*stage, source.name),
                expression=_expression(source),
            )
            for source in _sources(app, chalice.ScheduledEventConfig)
        ),
    )


def unserved(app: Chalice) -> Iterator[str]:
    """Yield a line for each event source that does not run here."""
    for kind, described in _NOT_HERE.items():
        for source in _sources(app, kind):
            yield f"{source.name} gets nothing: {described} does not run locally"


def _sources(app: Chalice, kind: type[Source]) -> list[Source]:
    return [source for source in app.event_sources if isinstance(source, kind)]


def _expression(source: chalice.ScheduledEventConfig) -> str:
    declared = source.schedule_expression
    return declared.to_string() if isinstance(declared, chalice.ScheduleExpression) else declared
