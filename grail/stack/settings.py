"""A stage's settings that are not Chalice's, which stand beside them in `.chalice/config.json` (docs/stack.md).

A stage's goes before the one for all stages, as with Chalice's; null takes away the one for all. Those of a function
may stand in `lambda_functions` too.
"""

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from grail.errors import GrailError, did_you_mean
from grail.project import Project
from grail.stack import http_limits, table_key
from grail.stack.known_settings import ALL_AT_ONCE, HTTP, REST, Level, check

SNAP_START_SINCE = (3, 12)
"""The first Python that Lambda starts from a snapshot."""

_FILE = ".chalice/config.json"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a stage has; `grail.stack.known_settings` says what may stand there, docs/stack.md what it does."""

    alarms: bool | str = False
    api_kind: str = REST
    deployment: str = ALL_AT_ONCE
    edge: Mapping[str, Any] | None = None
    gateway_log_role: bool = False
    log_days: int = 30
    permissions_boundary: bool = False
    table_key: str = table_key.OWNED
    throttle: Mapping[str, Any] | None = None
    usage_plan: Mapping[str, Any] | None = None
    user_pool: bool = False


@dataclass(frozen=True, kw_only=True)
class FunctionSettings:
    """What a function has."""

    provisioned_concurrency: int | None = None
    snap_start: bool = False


def read(project: Project, stage: str) -> Settings:
    """Return a stage's settings. Raises GrailError for what can't be, at any place that reaches the stage."""
    for place, level, found in _places(project.config, stage):
        for name, value in found.items():
            check(name, value, place=place, level=level)
    chosen = {field.name: project.setting(stage, field.name) for field in fields(Settings)}
    settings = Settings(**{name: value for name, value in chosen.items() if value is not None})
    if settings.deployment != ALL_AT_ONCE and settings.alarms is False:
        message = f"{_FILE}, stage {stage}: deployment {settings.deployment} needs alarms, to roll back on"
        raise GrailError(message)
    if settings.api_kind == HTTP:
        for name in http_limits.SETTINGS:
            reason = http_limits.refusal(name, project.setting(stage, name))
            if reason is not None:
                message = f"{_FILE}, stage {stage}: an HTTP API can't have {name}: {reason}; null takes it away"
                raise GrailError(message)
    return settings


def check_functions(project: Project, stage: str, known: Collection[str]) -> None:
    """Raise GrailError for settings of a function that the app does not have."""
    for place, found in ((_FILE, project.config), (f"{_FILE}, stage {stage}", project.config["stages"][stage])):
        for function in found.get("lambda_functions", {}):
            if function not in known:
                message = f"{place}: the app has no function {function!r}{did_you_mean(function, known)}"
                raise GrailError(message)


def of_function(project: Project, stage: str, function: str) -> FunctionSettings:
    """Return the settings of a function, of a stage that was read. Raises GrailError."""
    top, own = project.config, project.config["stages"][stage]
    levels = [  # in the order in which Chalice looks
        own.get("lambda_functions", {}).get(function, {}),
        own,
        top.get("lambda_functions", {}).get(function, {}),
        top,
    ]
    chosen = {
        field.name: next((level[field.name] for level in levels if field.name in level), None)
        for field in fields(FunctionSettings)
    }
    settings = FunctionSettings(**{name: value for name, value in chosen.items() if value is not None})
    fault = _fault(settings)
    if fault is not None:
        message = f"{_FILE}, stage {stage}, {function}: {fault}"
        raise GrailError(message)
    return settings


def _fault(settings: FunctionSettings) -> str | None:
    """Say why a function can't have what it is to have (Lambda Developer Guide, "SnapStart")."""
    if settings.snap_start and settings.provisioned_concurrency is not None:
        return "snap_start and provisioned_concurrency exclude each other"
    if settings.snap_start and sys.version_info < SNAP_START_SINCE:
        return "snap_start needs Python 3.12 or later, and Chalice packages for the Python that runs it"
    return None


def _places(config: Mapping[str, Any], stage: str) -> Iterator[tuple[str, Level, Mapping[str, Any]]]:
    """Yield the objects with settings that reach a stage, and where each stands."""
    for place, level, found in (
        (_FILE, Level.TOP, config),
        (f"{_FILE}, stage {stage}", Level.STAGE, config["stages"][stage]),
    ):
        yield place, level, found
        functions = _object(found.get("lambda_functions", {}), f"{place}, lambda_functions")
        for function, settings in functions.items():
            yield f"{place}, {function}", Level.FUNCTION, _object(settings, f"{place}, {function}")


def _object(found: Any, place: str) -> Mapping[str, Any]:  # noqa: ANN401 - what stands in a file
    if not isinstance(found, Mapping):
        message = f"{place} is {found!r}, not an object"
        raise GrailError(message)
    return found
