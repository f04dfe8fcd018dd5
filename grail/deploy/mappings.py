"""How Lambda polls: what Chalice can't say of an event source, as the packaged template says it."""

import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import boto3

from grail.deploy.findings import Finding, compared
from grail.stack import event_sources
from grail.stack.functions import Caller, Function

_POLL_SECONDS = 2.0
_NAMES = (
    "FunctionResponseTypes",
    "BisectBatchOnFunctionError",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
)


def findings(functions: Iterable[Function], known: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what differs; `known` are the ARNs of functions and of the queue for what they give up."""
    client: Any = boto3.client("lambda")
    for function in functions:
        if function.caller not in {Caller.QUEUE, Caller.STREAM}:
            continue
        wanted = declared(function, failures=known.get(f"{event_sources.FAILURES}.Arn", ""))
        arn = known[f"{function.logical}.Arn"]
        mappings = client.list_event_source_mappings(FunctionName=arn)["EventSourceMappings"]
        if not mappings:
            yield Finding(f"function {function.lambda_name}: nothing is polled for it")
        for mapping in mappings:
            uuid = mapping["UUID"]
            mend = partial(_update, uuid, wanted)
            what = f"event source of {function.lambda_name}"
            yield from compared(what, mapping, wanted, mend)
            if mapping.get("State") in {"Disabled", "Disabling"}:
                yield Finding(f"{what}: it is switched off", mend)


def _update(uuid: str, wanted: Mapping[str, Any]) -> None:
    """Change a mapping, once Lambda is done with what was asked of it last: it takes no change before."""
    client: Any = boto3.client("lambda")
    while client.get_event_source_mapping(UUID=uuid).get("State", "").endswith("ing"):  # Creating, Updating, ...
        time.sleep(_POLL_SECONDS)
    client.update_event_source_mapping(UUID=uuid, Enabled=True, **wanted)


def declared(function: Function, *, failures: str) -> dict[str, Any]:
    """Return a mapping's settings, in the words of Lambda's API."""
    properties: Mapping[str, Any] = event_sources.properties(function, has_table=True)
    said = properties["Events"][function.event]["Properties"]
    found = {name: said[name] for name in _NAMES if name in said}
    if "DestinationConfig" in said:
        found["DestinationConfig"] = {"OnFailure": {"Destination": failures}}
    return found
