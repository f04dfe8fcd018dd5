"""How fast a stage takes requests, whoever sends them; each method has a bucket of its own.

"throttle": {"rate_limit": 200, "burst_limit": 400, "routes": {"POST /inbox": {"rate_limit": 50, "burst_limit": 50}}}
"""

from collections.abc import Iterable, Mapping
from typing import Any

from grail.errors import GrailError, did_you_mean
from grail.localcloud.routes import Resource

_LIMITS = {"rate_limit": "ThrottlingRateLimit", "burst_limit": "ThrottlingBurstLimit"}
_KINDS: dict[str, set[type]] = {"rate_limit": {int, float}, "burst_limit": {int}}
_ROUTES = "routes"


def check(setting: Any) -> None:  # noqa: ANN401 - what stands in a file
    """Raise GrailError for a setting that can't be, whatever the API."""
    _check_object(setting, "throttle")
    _check_limits(setting, "throttle", {*_LIMITS, _ROUTES})
    _check_object(setting.get(_ROUTES, {}), f"throttle {_ROUTES}")
    for route, limits in setting.get(_ROUTES, {}).items():
        _check_object(limits, f"throttle of {route}")
        _check_limits(limits, f"throttle of {route}", {*_LIMITS})


def method_settings(setting: Mapping[str, Any], resources: Iterable[Resource]) -> list[dict[str, Any]]:
    """Return the stage's method settings. Raises GrailError for a route that is not there, and for unknown names."""
    check(setting)
    known = {f"{method} {resource.path}" for resource in resources for method in resource.routes}
    found = [{"HttpMethod": "*", "ResourcePath": "/*", **_limits(setting)}]
    for route, limits in setting.get(_ROUTES, {}).items():
        _check_known(route, known, "throttle names no route of the API:")
        method, _, path = route.partition(" ")
        encoded = "/" + path.replace("/", "~1")  # MethodSetting, "ResourcePath"
        found.append({"HttpMethod": method, "ResourcePath": encoded, **_limits(limits)})
    return found


def route_settings(setting: Mapping[str, Any], resources: Iterable[Resource]) -> dict[str, Any]:
    """Return an HTTP API's settings of the stage, for all routes and for some. Raises GrailError, as above."""
    everywhere, *others = method_settings(setting, resources)
    routes = dict(zip(setting.get(_ROUTES, {}), others, strict=True))
    limits = set(_LIMITS.values())
    return {
        "DefaultRouteSettings": {name: value for name, value in everywhere.items() if name in limits},
        "RouteSettings": {
            route: {name: value for name, value in found.items() if name in limits} for route, found in routes.items()
        },
    }


def _limits(limits: Mapping[str, Any]) -> dict[str, Any]:
    return {ours: limits[name] for name, ours in _LIMITS.items()}


def _check_limits(limits: Mapping[str, Any], place: str, known: set[str]) -> None:
    for name in limits:
        _check_known(name, known, f"{place} has an unknown")
    for name, kinds in _KINDS.items():
        if type(limits.get(name)) not in kinds or limits[name] <= 0:
            number = "number" if float in kinds else "whole number"
            message = f"{place} has {name} {limits.get(name)!r}, not a {number} above 0"
            raise GrailError(message)


def _check_object(value: object, place: str) -> None:
    if not isinstance(value, Mapping):
        message = f"{place} is {value!r}, not an object"
        raise GrailError(message)


def _check_known(name: str, known: Iterable[str], complaint: str) -> None:
    if name not in set(known):
        message = f"{complaint} {name!r}{did_you_mean(name, known)}"
        raise GrailError(message)
