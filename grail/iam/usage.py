"""What an app's functions were seen to need, whatever the stage: `.chalice/usage.json`, which the app's tests record.

In it, a function has its actions, an action its resources, a resource the condition keys and their values that the
function's policy asks for. `{stage}` stands for the stage; what the app makes up is left out: of an object's key all
behind its first part, of a partition key all behind its first `#`.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from grail.errors import GrailError
from grail.iam.dynamodb import Table
from grail.iam.needs import Need
from grail.iam.recorder import Call
from grail.iam.requests import needs

FILE = Path(".chalice") / "usage.json"
_STAGE = "{stage}"

Usage = Mapping[str, Collection[Need]]
"""Each function's needs, by its name."""

_Recorded = dict[str, dict[str, dict[str, dict[str, set[str]]]]]


def of(calls: Iterable[Call], *, stage: str, table: Table | None, asked: Callable[[str], Collection[str]]) -> Usage:
    """Return what calls show that were made in a stage. `asked` returns the condition keys of a function's policy."""
    found: _Recorded = {}
    for function, request in calls:
        for need in needs(request, table=table):
            resources = found.setdefault(function, {}).setdefault(need.action, {})
            kept = resources.setdefault(_of_any_stage(_below(need.resource), stage), {})
            for key, value in need.keys:
                if key in asked(function):
                    kept.setdefault(key, set()).add(_begun(value))
    return _usage(found)


def text(usage: Usage) -> str:
    """Return the file's contents, sorted."""
    found: dict[str, dict[str, dict[str, dict[str, list[str]]]]] = {}
    for function, functions_needs in usage.items():
        for action, resource, keys, _ in functions_needs:
            values: dict[str, list[str]] = {}
            for key, value in sorted(keys):
                values.setdefault(key, []).append(value)
            found.setdefault(function, {}).setdefault(action, {})[resource] = values
    return json.dumps(found, indent=2, sort_keys=True) + "\n"


def read(folder: Path) -> Usage:
    """Return what stands in a project's file. Raises GrailError."""
    try:
        return _usage(json.loads((folder / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        message = f"there is no {FILE}: the app's tests record it (docs/stack.md)"
        raise GrailError(message) from None


def in_stage(usage: Usage, stage: str) -> dict[str, list[Need]]:
    """Return each function's needs in a stage."""
    return {
        function: [need._replace(resource=need.resource.replace(_STAGE, stage)) for need in found]
        for function, found in usage.items()
    }


def _usage(found: Mapping[str, Mapping[str, Mapping[str, Mapping[str, Iterable[str]]]]]) -> Usage:
    return {
        function: [
            Need(action, resource, frozenset((key, value) for key, values in keys.items() for value in values))
            for action, resources in sorted(actions.items())
            for resource, keys in sorted(resources.items())
        ]
        for function, actions in sorted(found.items())
    }


def _of_any_stage(resource: str, stage: str) -> str:
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(stage)}(?![A-Za-z0-9])", _STAGE, resource)


def _below(resource: str) -> str:
    """Return an object's ARN without what stands behind the first part of its key."""
    return re.sub(r"^(arn:aws:s3:::[^/]+/[^/]+/).*", r"\1*", resource, flags=re.DOTALL)


def _begun(key: str) -> str:
    return re.sub(r"#.*", "#*", key, count=1, flags=re.DOTALL)
