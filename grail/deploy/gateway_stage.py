"""The settings of an API's stage: limits, tracing, logs."""

from collections.abc import Iterator, Mapping
from typing import Any

_LIMITS = {
    "ThrottlingRateLimit": ("throttling/rateLimit", "throttlingRateLimit"),
    "ThrottlingBurstLimit": ("throttling/burstLimit", "throttlingBurstLimit"),
}
"""A template's names of limits, those of a patch, and those that API Gateway answers with."""


def declared(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the packaged template's settings say of a stage."""
    log = settings.get("AccessLogSetting")
    return {
        "tracing": settings.get("TracingEnabled", False),
        "logs bodies": [],  # never: secrets are in them
        "access log": None if log is None else (log["DestinationArn"], log["Format"]),
        "throttle": {
            _place(limits): {live: float(limits[name]) for name, (_, live) in _LIMITS.items()}
            for limits in settings.get("MethodSettings", ())
        },
    }


def live(stage: Mapping[str, Any]) -> dict[str, Any]:
    """Return what API Gateway says of it, the same way."""
    log = stage.get("accessLogSettings")
    return {
        "tracing": stage.get("tracingEnabled", False),
        "logs bodies": [
            place for place, limits in stage.get("methodSettings", {}).items() if limits.get("dataTraceEnabled")
        ],
        "access log": None if log is None else (log["destinationArn"].removesuffix(":*"), log["format"]),
        "throttle": {
            place: {live: float(limits.get(live, -1)) for _, live in _LIMITS.values()}
            for place, limits in stage.get("methodSettings", {}).items()
        },
    }


def operations(settings: Mapping[str, Any], stage: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield the patch that makes a stage as declared; limits that are declared no more are taken from it."""
    wanted = declared(settings)
    yield replaced("/tracingEnabled", str(wanted["tracing"]).lower())
    if wanted["access log"] is not None:
        target, form = wanted["access log"]
        yield replaced("/accessLogSettings/destinationArn", target)
        yield replaced("/accessLogSettings/format", form)
    places = {_place(limits): limits for limits in settings.get("MethodSettings", ())}
    for place in stage.get("methodSettings", {}):
        if place not in places:
            yield {"op": "remove", "path": f"/{place}"}
    for place, limits in places.items():
        for name, (path, _) in _LIMITS.items():
            yield replaced(f"/{place}/{path}", limits[name])
        yield replaced(f"/{place}/logging/dataTrace", "false")


def replaced(path: str, value: Any) -> dict[str, str]:  # noqa: ANN401 - a number or a text
    """Return the operation of a patch that sets something."""
    return {"op": "replace", "path": path, "value": str(value)}


def _place(limits: Mapping[str, Any]) -> str:
    """Return where limits hold, as API Gateway names it."""
    return f"{limits['ResourcePath']}/{limits['HttpMethod']}".removeprefix("/")
