"""How fast a stage takes requests, whoever sends them; each method has a bucket of its own.

"throttle": {"rate_limit": 200, "burst_limit": 400, "routes": {"POST /inbox": {"rate_limit": 50, "burst_limit": 50}}}
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from grail.errors import GrailError
from grail.localcloud.routes import Resource

_LIMITS = {"rate_limit": "ThrottlingRateLimit", "burst_limit": "ThrottlingBurstLimit"}
_ROUTES = "routes"


def method_settings(setting: Mapping[str, Any], resources: Iterable[Resource]) -> list[dict[str, Any]]:
    """Return the stage's method settings. Raises GrailError for a route that is not there, and for unknown names."""
    known = {f"{method} {resource.path}" for resource in resources for method in resource.routes}
    found = [{"HttpMethod": "*", "ResourcePath": "/*", **_limits(setting, "throttle", {*_LIMITS, _ROUTES})}]
    for route, limits in setting.get(_ROUTES, {}).items():
        _check(route, known, "throttle: there is no route")
        method, _, path = route.partition(" ")
        encoded = "/" + path.replace("/", "~1")  # MethodSetting, "ResourcePath"
        found.append(
            {"HttpMethod": method, "ResourcePath": encoded, **_limits(limits, f"throttle {route}", {*_LIMITS})}
        )
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


def _limits(limits: Mapping[str, Any], place: str, known: set[str]) -> dict[str, Any]:
    for name in limits:
        _check(name, known, f"{place}: unknown")
    for name in _LIMITS:
        if not isinstance(limits.get(name), int | float) or limits[name] <= 0:
            message = f"{place}: {name} must be a number above 0"
            raise GrailError(message)
    return {ours: limits[name] for name, ours in _LIMITS.items()}


def _check(name: str, known: Iterable[str], complaint: str) -> None:
    if name not in set(known):
        near = difflib.get_close_matches(name, sorted(known), n=1)
        message = f"{complaint} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
        raise GrailError(message)
