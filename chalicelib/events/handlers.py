"""What every event handler has: the invocation's deadline for its retries, and one line in the log."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib import deadline
from chalicelib.events.consumer import BatchError, Outcome
from chalicelib.telemetry import Telemetry

Handle = Callable[[Any], Outcome | Mapping[str, Any]]
"""Handles one of Chalice's events, and returns what became of it."""


class HandlerError(Exception):
    """A handler failed; named by the kind of error only, since Lambda logs what it says."""


def observed(
    handle: Handle, *, function: str, is_batch: bool, telemetry: Telemetry | None
) -> Callable[[Any], Mapping[str, Any] | None]:
    """Return the handler that Chalice calls.

    A batch is answered with nothing: any other answer could be taken for a list of failures.
    """

    def observe(event: Any) -> Mapping[str, Any] | None:  # noqa: ANN401 - any of Chalice's events
        started = time.perf_counter()
        began = deadline.begin(event.context.get_remaining_time_in_millis)
        report: Mapping[str, object] = {}
        errors: list[Exception] = []
        try:
            answer = handle(event)
            if isinstance(answer, Outcome):
                report, errors = answer.report(), [*answer.parked.values()]
            else:
                report = answer
        except BatchError as failed:
            report, errors = failed.outcome.report(), [*failed.outcome.failed.values()]
            raise
        except Exception as error:
            errors = [error]
            raise HandlerError(type(error).__name__) from error
        finally:
            deadline.end(began)
            if telemetry is not None:
                telemetry.event(
                    request_id=event.context.aws_request_id,
                    function=function,
                    report=report,
                    seconds=time.perf_counter() - started,
                    errors=errors,
                )
        return None if is_batch else report

    return observe
