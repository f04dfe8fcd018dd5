"""How Lambda polls: what Chalice can't say of an event source, as the packaged template says it."""

import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from grail.deploy import clients
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
    client = clients.of("lambda")
    for function in functions:
        arn = known[f"{function.logical}.Arn"]
        mappings = client.list_event_source_mappings(FunctionName=arn)["EventSourceMappings"]
        is_polled = function.caller in {Caller.QUEUE, Caller.STREAM}
        if is_polled and not mappings:
            yield Finding(f"function {function.lambda_name}: nothing is polled for it")
        if len(mappings) > is_polled and function.caller is not Caller.ANYONE:
            count = f"{len(mappings)} event sources, declared is {'one' if is_polled else 'none'}"
            yield Finding(f"function {function.lambda_name}: it has {count}")
        if not is_polled:
            continue
        wanted = declared(function, failures=known.get(f"{event_sources.FAILURES}.Arn", ""))
        for mapping in mappings:
            uuid = mapping["UUID"]
            mend = partial(_update, uuid, wanted)
            what = f"event source of {function.lambda_name}"
            yield from compared(what, mapping, wanted, mend)
            if filters := mapping.get("FilterCriteria", {}).get("Filters"):
                remove = partial(_update, uuid, {"FilterCriteria": {}})
                yield Finding(f"{what}: it has filters, which are not declared: {filters}", remove)
            if mapping.get("State") in {"Disabled", "Disabling"}:
                yield Finding(f"{what}: it is switched off", mend)


def _update(uuid: str, wanted: Mapping[str, Any]) -> None:
    """Change a mapping, once Lambda is done with what was asked of it last: it takes no change before."""
    client = clients.of("lambda")
    while client.get_event_source_mapping(UUID=uuid).get("State", "").endswith("ing"):  # Creating, Updating, ...
        time.sleep(_POLL_SECONDS)
    client.update_event_source_mapping(UUID=uuid, Enabled=True, **wanted)


def declared(function: Function, *, failures: str) -> dict[str, Any]:
    """Return a mapping's settings, in the words of Lambda's API."""
    properties: Mapping[str, Any] = event_sources.properties(function, has_table=True)
    said = properties["Events"][function.event]["Properties"]
    found = {name: said[name] for name in _NAMES if name in said}
    found["BatchSize"] = function.source.batch_size
    found["MaximumBatchingWindowInSeconds"] = function.source.maximum_batching_window_in_seconds
    if "DestinationConfig" in said:
        found["DestinationConfig"] = {"OnFailure": {"Destination": failures}}
    return found
