"""Run a schedule now; without a name, list the schedules."""

import argparse
import json
import sys
import threading
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

from grail.errors import GrailError
from grail.localcloud import chalice_events, scheduler
from grail.project import Project
from grail.stage import entered

NAME = "fire"
EXAMPLE = "python -m grail fire report_orders --time 2026-12-24T00:30:00Z"

_PATIENCE_SECONDS = 2.0
_LONGEST_SECONDS = 900
"""Lambda quota: function timeout."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("schedule", nargs="?", help="the function's name in app.py")
    parser.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    parser.add_argument(
        "--time",
        type=_time,
        default=None,
        help="what its event says, such as 2026-12-24T00:30:00Z (default: now; UTC unless it says otherwise)",
    )


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a time such as 2026-12-24T06:00:00Z"
        raise argparse.ArgumentTypeError(message) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def run(options: argparse.Namespace) -> int:
    """Invoke the function with its schedule's event, and print what it answers."""
    with entered(options.stage) as project:
        found = chalice_events.schedules(project.app)
        if options.schedule is None and options.time is not None:
            message = f"say which schedule --time is for: {', '.join(found)}"
            raise GrailError(message)
        if options.schedule is None:
            for name, expression in found.items():
                print(f"{name}  {expression}")
            return 0
        if options.schedule not in found:
            there_are = f"there are {', '.join(found)}" if found else "the app has none"
            message = f"there is no schedule {options.schedule!r}; {there_are}"
            raise GrailError(message)
        answer = _invoke(project, options.stage, options.schedule, options.time or datetime.now(UTC))
    if answer is not None:
        print(json.dumps(answer, indent=2))
    return 0


def _invoke(project: Project, stage: str, schedule: str, at: datetime) -> Any:  # noqa: ANN401 - whatever it answers
    """Return what a schedule's function answers. Raises GrailError where it fails."""
    waiting = threading.Timer(_PATIENCE_SECONDS, _say, [f"{schedule} runs ..."])
    client = boto3.client("lambda", config=Config(read_timeout=_LONGEST_SECONDS, retries={"total_max_attempts": 1}))
    rule = scheduler.rule_arn(
        chalice_events.rule_name(project.name, stage, schedule),
        region=client.meta.region_name,
        account=boto3.client("sts").get_caller_identity()["Account"],
    )
    waiting.start()
    try:
        answer = client.invoke(
            FunctionName=chalice_events.lambda_name(project.name, stage, schedule),
            Payload=json.dumps(scheduler.event(rule, at)),
        )
    finally:
        waiting.cancel()
    result = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        message = f"{schedule} failed: {result.get('errorType')}: {result.get('errorMessage')}"
        raise GrailError(message)
    return result


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
