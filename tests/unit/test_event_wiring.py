"""What a Chalice app declares of event sources."""

import json
from typing import Any

import pytest
from chalice.app import Chalice, Cron, Rate
from chalice.config import Config

from grail.localcloud import chalice_events
from grail.localcloud.wiring import QueueSource, RuleSource, ScheduleSource, StreamSource, Wiring

STREAM = "arn:aws:dynamodb:eu-west-1:123456789012:table/other/stream/1"
PATTERN = {"source": ["aws.s3"], "detail-type": ["Object Created"]}


def app_with_events() -> Chalice:
    """Return an app with an event source of each kind."""
    app = Chalice("shop")

    def function(event: Any) -> Any:
        return event

    app.route("/")(dict)
    app.lambda_function(name="plain")(lambda event, _: event)
    app.authorizer(name="gate")(function)
    arn = "arn:aws:sqs:eu-west-1:123456789012:mails"
    app.on_sqs_message(queue="jobs", name="work", batch_size=5, maximum_batching_window_in_seconds=2)(function)
    app.on_sqs_message(queue_arn=arn, name="mail")(function)
    app.on_dynamodb_record(stream_arn="", name="changed", starting_position="TRIM_HORIZON", batch_size=7)(function)
    app.on_dynamodb_record(stream_arn=STREAM, name="elsewhere")(function)
    app.on_cw_event(PATTERN, name="stored")(function)
    app.schedule(Rate(1, unit=Rate.HOURS), name="sweep")(function)
    app.schedule(Cron(0, 8, "?", "*", "MON-FRI", "*"), name="report")(function)
    app.schedule("rate(2 days)", name="text")(function)
    app.on_s3_event(bucket="files", name="uploaded")(function)
    app.on_sns_message(topic="news", name="told")(function)
    app.on_kinesis_record(stream="clicks", name="clicked")(function)
    return app


@pytest.fixture
def config() -> Config:
    """Return the configuration of a stage."""
    stages = {"dev": {"lambda_functions": {"work": {"lambda_timeout": 5}}}}
    return Config("dev", config_from_disk={"app_name": "shop", "stages": stages, "lambda_timeout": 30})


def test_all_sources_are_read(config: Config) -> None:
    """With the names that Chalice gives functions and rules on AWS, and each function's timeout."""
    wiring = chalice_events.wiring(app_with_events(), config, table_stream="arn:of:the:table")
    assert wiring.queues == (
        QueueSource(function="shop-dev-work", queue="jobs", batch_size=5, window=2),
        QueueSource(function="shop-dev-mail", queue="mails"),
    )
    assert wiring.streams == (
        StreamSource(function="shop-dev-changed", stream="arn:of:the:table", batch_size=7, position="TRIM_HORIZON"),
        StreamSource(function="shop-dev-elsewhere", stream=STREAM),
    )
    assert wiring.rules == (RuleSource(function="shop-dev-stored", rule="shop-dev-stored-event", pattern=PATTERN),)
    assert [(source.function, source.expression) for source in wiring.schedules] == [
        ("shop-dev-sweep", "rate(1 hour)"),
        ("shop-dev-report", "cron(0 8 ? * MON-FRI *)"),
        ("shop-dev-text", "rate(2 days)"),
    ]
    assert wiring.schedules[0] == ScheduleSource(
        function="shop-dev-sweep", rule="shop-dev-sweep-event", expression="rate(1 hour)"
    )
    assert (wiring.functions["shop-dev-work"], wiring.functions["shop-dev-mail"]) == (5, 30)
    assert not any(source.reports_failures for source in wiring.queues)  # Chalice can't declare it


def test_a_wiring_goes_through_json(config: Config) -> None:
    """As it was."""
    wiring = chalice_events.wiring(app_with_events(), config, table_stream=None)
    assert Wiring.read(json.loads(json.dumps(wiring.as_json()))) == wiring


def test_every_function_has_its_name_in_lambda(config: Config) -> None:
    """The API's is the app's and the stage's alone."""
    names = chalice_events.names(app_with_events(), config)
    assert (names["shop-dev"], names["shop-dev-gate"], names["shop-dev-plain"]) == ("api_handler", "gate", "plain")
    assert set(names.values()) >= {"work", "changed", "stored", "sweep"}
    assert "shop-dev" not in chalice_events.names(Chalice("without"), config)


def test_the_schedules_by_name() -> None:
    """As `fire` lists them."""
    found = chalice_events.schedules(app_with_events())
    assert found == {"sweep": "rate(1 hour)", "report": "cron(0 8 ? * MON-FRI *)", "text": "rate(2 days)"}


def test_what_does_not_run_here_is_said() -> None:
    """One line for each function."""
    lines = list(chalice_events.unserved(app_with_events()))
    assert [line.partition(" ")[0] for line in lines] == ["uploaded", "told", "clicked"]
