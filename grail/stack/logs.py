"""The functions' logs, which are kept for some days; Lambda would make groups that are kept for ever."""

from collections.abc import Mapping
from typing import Any


def groups(functions: Mapping[str, str], *, days: int) -> dict[str, Any]:
    """Return the log groups of functions, each under its logical id with its name in Lambda."""
    return {
        group_id(logical): {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": days},
        }
        for logical, name in functions.items()
    }


def group_id(logical: str) -> str:
    """Return the logical id of a function's log group."""
    return f"{logical}Logs"
