"""The deployed functions, compared with the packaged template's."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from grail.deploy import clients
from grail.deploy.findings import Finding, compared

_AS_THEY_ARE = ("Handler", "Architectures")
"""What Chalice alone changes, and Lambda's API calls as the template does."""


def findings(resources: Mapping[str, Any], code: Path) -> Iterator[Finding]:
    """Yield what differs from a packaged template's `resources`, whose references are resolved, and from the `code`."""
    digest = base64.b64encode(hashlib.sha256(code.read_bytes()).digest()).decode()
    for properties, live in of_package(resources):
        if live is None:
            yield Finding(f"function {properties['FunctionName']} is not there")
        else:
            yield from _of_function(properties["FunctionName"], live, properties, digest)


def of_package(resources: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], dict[str, Any] | None]]:
    """Yield each function's properties in a packaged template, and its configuration; None where it is not there.

    Those of a WebSocket API have no name there, and stay as Chalice makes them.
    """
    for resource in resources.values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and "FunctionName" in properties:
            yield properties, _live(properties["FunctionName"])


def _live(name: str) -> dict[str, Any] | None:
    """Return a function's configuration; None where there is no such function."""
    live: dict[str, Any] | None = clients.found(
        lambda: clients.of("lambda").get_function_configuration(FunctionName=name)
    )
    return live


def statements(name: str) -> list[dict[str, Any]]:
    """Return who may call a function, as its own policy says; nothing where it has none, or is not there."""
    policy = clients.found(lambda: clients.of("lambda").get_policy(FunctionName=name))
    return [] if policy is None else list(json.loads(policy["Policy"])["Statement"])


def _of_function(name: str, live: Mapping[str, Any], properties: Mapping[str, Any], digest: str) -> Iterator[Finding]:
    client = clients.of("lambda")
    variables = properties.get("Environment", {}).get("Variables", {})
    sizes = {key: properties[key] for key in ("MemorySize", "Timeout", "Runtime") if key in properties}
    tracing = {"Mode": properties.get("Tracing", "PassThrough")}
    mend = partial(  # all of it at once: Lambda takes no change while it makes another
        client.update_function_configuration,
        FunctionName=name,
        Environment={"Variables": variables},
        TracingConfig=tracing,
        **sizes,
    )
    yield from compared(f"function {name}", live, sizes, mend)
    traced = live.get("TracingConfig", {"Mode": "PassThrough"})
    yield from compared(f"function {name}", {"tracing": traced["Mode"]}, {"tracing": tracing["Mode"]}, mend)
    yield from compared(f"function {name}", live, {key: properties[key] for key in _AS_THEY_ARE if key in properties})
    yield from _of_concurrency(name, properties.get("ReservedConcurrentExecutions"))
    there = live.get("Environment", {}).get("Variables", {})
    # Their values may be nobody's business.
    if other := sorted(key for key in variables.keys() | there.keys() if there.get(key) != variables.get(key)):
        yield Finding(f"function {name}: variables that are not as declared: {', '.join(other)}", mend)
    if live["CodeSha256"] != digest:
        yield Finding(f"function {name}: its code is not this folder's")


def _of_concurrency(name: str, declared: int | None) -> Iterator[Finding]:
    """Yield how many may run at once, where that is not as declared: none may at 0."""
    client = clients.of("lambda")
    live = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    if live != declared:
        given = {"FunctionName": name}
        mend = (
            partial(client.delete_function_concurrency, **given)
            if declared is None
            else partial(client.put_function_concurrency, ReservedConcurrentExecutions=declared, **given)
        )
        yield from compared(f"function {name}", {"reserved": live}, {"reserved": declared}, mend)
