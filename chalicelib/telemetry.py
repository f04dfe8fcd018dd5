"""One JSON log line and one set of metrics per request or event: nothing of a body, a token or a person but ids."""

import traceback
from collections.abc import Mapping, Sequence

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

_LAST_CLIENT_ERROR = 499


class Telemetry:
    """Powertools' logger and metrics, made at the first request, since both read the environment."""

    def __init__(self, app: str) -> None:
        self._app = app
        self._logger: Logger | None = None
        self._cold = True

    def request(
        self,
        *,
        request_id: str,
        method: str,
        route: str,
        caller: str | None,
        status: int,
        seconds: float,
        error: Exception | None,
    ) -> None:
        """Report a request that was answered. `error` is what became of it where it has no view."""
        cold, self._cold = self._cold, False
        failed = status > _LAST_CLIENT_ERROR
        fields: dict[str, object] = {
            "request_id": request_id,
            "route": f"{method} {route}",
            "caller": caller,
            "status": int(status),
            "duration_ms": round(seconds * 1000, 3),
            "cold_start": cold,
        }
        if error is not None:
            fields["error"] = type(error).__name__
        if failed and error is not None:
            fields["stack"] = _stack(error)
        log = self._log().error if failed else self._log().info
        log("request", extra=fields)
        self._measure("route", f"{method} {route}", seconds=seconds, failures=int(failed), cold=cold)

    def event(
        self,
        *,
        request_id: str,
        function: str,
        report: Mapping[str, object],
        seconds: float,
        errors: Sequence[Exception],
    ) -> None:
        """Report an event that was handled. `report` is what became of it, `errors` what went wrong on the way."""
        cold, self._cold = self._cold, False
        fields: dict[str, object] = {
            "request_id": request_id,
            "function": function,
            "duration_ms": round(seconds * 1000, 3),
            "cold_start": cold,
            **report,
        }
        if errors:
            fields["error"] = type(errors[0]).__name__
            fields["stack"] = _stack(errors[0])
        if report or errors:  # most of a stream's records mean nothing to anybody
            log = self._log().error if errors else self._log().info
            log("event", extra=fields)
        self._measure("function", function, seconds=seconds, failures=len(errors), cold=cold)

    def _measure(self, dimension: str, name: str, *, seconds: float, failures: int, cold: bool) -> None:
        metrics = EphemeralMetrics(namespace=self._app, service=self._app)  # an instance per request: threads
        metrics.add_dimension(dimension, name)
        metrics.add_metric("Duration", MetricUnit.Milliseconds, seconds * 1000)
        metrics.add_metric("Failures", MetricUnit.Count, failures)
        metrics.add_metric("ColdStarts", MetricUnit.Count, int(cold))
        metrics.flush_metrics()

    def _log(self) -> Logger:
        if self._logger is None:
            self._logger = Logger(service=self._app, use_rfc3339=True, location=None)
        return self._logger


def _stack(error: BaseException) -> list[str]:
    """Return where it happened, innermost last, without the messages: they may quote what a client sent."""
    found: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        found = [f"{type(cause).__name__}: {frame.filename}:{frame.lineno} {frame.name}" for frame in frames] + found
        cause = cause.__cause__
    return found
