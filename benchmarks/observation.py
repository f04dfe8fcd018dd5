"""Telemetry for the contestants that bring none: the fields of Grail's own, by the same library."""

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from benchmarks.operations import Answer, Event, Handler


class Observer:
    """One log line and one set of metrics per request. Make it where `sys.stdout` is where they shall go."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._logger = Logger(service=service, use_rfc3339=True, location=None)
        self._cold = True

    def report(self, gateway: Mapping[str, Any], *, status: int, seconds: float) -> None:
        """Report an answered request; `gateway` is its event's `requestContext`."""
        cold, self._cold = self._cold, False
        failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        route = f"{gateway['httpMethod']} {gateway['resourcePath']}"
        fields = {
            "request_id": gateway["requestId"],
            "route": route,
            "caller": gateway["authorizer"]["principalId"],
            "status": status,
            "duration_ms": round(seconds * 1000, 3),
            "cold_start": cold,
        }
        log = self._logger.error if failed else self._logger.info
        log("request", extra=fields)
        metrics = EphemeralMetrics(namespace=self._service, service=self._service)
        metrics.add_dimension("route", route)
        metrics.add_metric("Duration", MetricUnit.Milliseconds, seconds * 1000)
        metrics.add_metric("Failures", MetricUnit.Count, int(failed))
        metrics.add_metric("ColdStarts", MetricUnit.Count, int(cold))
        metrics.flush_metrics()


def observed(handler: Handler, service: str) -> Handler:
    """Return the handler with telemetry: the decorator of a Lambda function."""
    observer = Observer(service)

    def answer(event: Event, context: Any) -> Answer:  # noqa: ANN401 - Lambda's context
        started = time.perf_counter()
        answered = handler(event, context)
        observer.report(event["requestContext"], status=answered["statusCode"], seconds=time.perf_counter() - started)
        return answered

    return answer
