"""The names that `.chalice/config.json` may have, Chalice's and ours, and what values ours may have."""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from grail.errors import GrailError, did_you_mean
from grail.localcloud.usage import UsagePlan
from grail.stack import table_key, throttles
from grail.stack.edge_settings import EdgeSettings

ALL_AT_ONCE = "AllAtOnce"
REST, HTTP = API_KINDS = ("rest", "http")

_Fault = Callable[[Any], str | None]
"""Says what is wrong with a value; None where nothing is."""


class Level(Enum):
    """Where a name stands: at the top, in a stage, in a function; with Chalice 1.34's names there (its config.py)."""

    FUNCTION = frozenset(
        (
            *("autogen_policy", "environment_variables", "iam_policy_file", "iam_role_arn", "lambda_memory_size"),
            *("lambda_timeout", "layers", "manage_iam_role", "reserved_concurrency", "security_group_ids"),
            *("subnet_ids", "tags", "xray"),
        )
    )
    STAGE = FUNCTION | frozenset(
        (
            *("api_gateway_custom_domain", "api_gateway_endpoint_type", "api_gateway_endpoint_vpce"),
            *("api_gateway_policy_file", "api_gateway_stage", "automatic_layer", "lambda_architecture"),
            *("lambda_functions", "minimum_compression_size", "websocket_api_custom_domain"),
        )
    )
    TOP = STAGE | frozenset(("app_name", "profile", "stages", "version"))


def check(name: str, value: Any, *, place: str, level: Level) -> None:  # noqa: ANN401 - what stands in a file
    """Raise GrailError for a name that nobody knows at this place, or a value of ours that can't be."""
    if name in level.value:
        return
    ours = _OF_FUNCTIONS if level is Level.FUNCTION else {**_OF_FUNCTIONS, **_OF_STAGES}
    if name not in ours:
        hint = f"; {_BROKEN[name]}" if name in _BROKEN else did_you_mean(name, {*level.value, *ours})
        message = f"{place}: there is no setting {name!r}{hint}"
        raise GrailError(message)
    fault = None if value is None else ours[name](value)
    if fault is not None:
        message = f"{place}: {name} {fault}"
        raise GrailError(message)


def _must(be: str, holds: Callable[[Any], bool]) -> _Fault:
    return lambda value: None if holds(value) else f"must be {be}, not {value!r}"


def _one_of(*allowed: str | int) -> _Fault:
    listed = ", ".join(map(str, allowed))
    return _must(f"one of {listed}", lambda value: type(value) in {str, int} and value in allowed)


def _read_by(read: Callable[[Any], object], name: str) -> _Fault:
    """Return what says why something's own reader refuses a value of it."""

    def fault(value: Any) -> str | None:  # noqa: ANN401 - what stands in a file
        try:
            read(value)
        except GrailError as error:
            return str(error).partition(f"{name} ")[2]
        return None

    return fault


_BOOLEAN = _must("true or false", lambda value: isinstance(value, bool))
_BROKEN = {"log_retention_in_days": "it is broken in Chalice 1.34, and log_days does it"}
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+|arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+")
_OF_FUNCTIONS: Mapping[str, _Fault] = {
    "provisioned_concurrency": _must("a whole number above 0", lambda value: type(value) is int and value > 0),
    "snap_start": _BOOLEAN,
}
_OF_STAGES: Mapping[str, _Fault] = {
    "alarms": _must(
        "true or false, an email address or the ARN of an SNS topic",
        lambda value: isinstance(value, bool) or (isinstance(value, str) and bool(_ADDRESS.fullmatch(value))),
    ),
    "api_kind": _one_of(*API_KINDS),
    "deployment": _one_of(
        ALL_AT_ONCE,
        *(f"Canary10Percent{minutes}Minutes" for minutes in (5, 10, 15, 30)),
        "Linear10PercentEvery1Minute",
        *(f"Linear10PercentEvery{minutes}Minutes" for minutes in (2, 3, 10)),
    ),  # CodeDeploy's predefined ones for Lambda
    "edge": _read_by(EdgeSettings.read, "edge"),
    "gateway_log_role": _BOOLEAN,
    "log_days": _one_of(
        *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
    ),  # CloudWatch Logs, PutRetentionPolicy
    "permissions_boundary": _BOOLEAN,
    "table_key": _one_of(*table_key.CHOICES),
    "throttle": _read_by(throttles.check, "throttle"),
    "usage_plan": _read_by(UsagePlan.read, "usage_plan"),
    "user_pool": _BOOLEAN,
}
