"""CloudFormation stacks: change sets that are shown before they are executed, and why one failed."""

import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import boto3
from botocore.exceptions import ClientError

from grail.errors import GrailError

Change = tuple[str, str, str]
"""What is done with a resource, its logical id, its type."""

POLL_SECONDS = 2.0

_CAPABILITIES: Any = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
_NOTHING_MADE = {None, "REVIEW_IN_PROGRESS"}
_UNUSABLE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"}
"""Of a stack that never was: it can only be deleted (CloudFormation User Guide, "Stack status codes")."""
_EMPTY = ("didn't contain changes", "No updates are to be performed")
"""The two ways in which CloudFormation says so."""


def status(name: str) -> str | None:
    """Return a stack's status; None where there is no such stack."""
    try:
        [stack] = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack["StackStatus"]


def exists(name: str) -> bool:
    """Tell whether a stack was made."""
    return status(name) not in _NOTHING_MADE


def deploy(
    name: str,
    source: Mapping[str, Any],
    *,
    parameters: Mapping[str, str] | None = None,
    agreed: Callable[[list[Change]], bool] = lambda _: True,
) -> bool:
    """Make a stack be as its template says; tell whether something changed.

    `source` is what CloudFormation's calls take: `TemplateBody` or `TemplateURL`. The changes are made if they are
    `agreed` to. Waits for whoever changes the stack now. Raises GrailError with the reason where it fails.
    """
    client = boto3.client("cloudformation")
    before = _settled(name)
    if before in _UNUSABLE:
        delete(name)
        before = None
    kind: Literal["CREATE", "UPDATE"] = "CREATE" if before in _NOTHING_MADE else "UPDATE"
    change_set = client.create_change_set(
        StackName=name,
        ChangeSetName=f"grail-{uuid.uuid4().hex}",
        ChangeSetType=kind,
        Capabilities=_CAPABILITIES,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()],
        **source,
    )["Id"]
    try:
        changes = _changes(change_set)
        if changes and not agreed(changes):
            message = f"stack {name}: nothing was changed"
            raise GrailError(message)
    except BaseException:
        _drop(change_set, name, kind=kind)
        raise
    if not changes:
        _drop(change_set, name, kind=kind)
        return False
    began = datetime.now(UTC)
    client.execute_change_set(ChangeSetName=change_set)
    after = _settled(name)
    if after not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        message = f"stack {name}: {_reason(name, since=began) or f'its status is {after}'}"
        raise GrailError(message)
    return True


def _drop(change_set: str, name: str, *, kind: str) -> None:
    """Delete a change set, and the stack with nothing in it that one to create makes."""
    client = boto3.client("cloudformation")
    client.delete_change_set(ChangeSetName=change_set)
    if kind == "CREATE":
        client.delete_stack(StackName=name)


def delete(name: str) -> None:
    """Delete a stack, and wait until it is gone. Raises GrailError with the reason where it stays."""
    if _settled(name) is None:
        return
    began = datetime.now(UTC)
    boto3.client("cloudformation").delete_stack(StackName=name)
    after = _settled(name)
    if after is not None:
        message = f"stack {name}: {_reason(name, since=began) or f'its status is {after}'}"
        raise GrailError(message)


def template(name: str) -> dict[str, Any]:
    """Return the template that a stack was made of."""
    found: Any = boto3.client("cloudformation").get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    return dict(found)


def _settled(name: str) -> str | None:
    """Return a stack's status once nobody changes it any more."""
    shown = None
    while (found := status(name)) is not None and found.endswith("_IN_PROGRESS") and found not in _NOTHING_MADE:
        if found != shown:
            print(f"  stack {name}: {found.lower()}", file=sys.stderr)
            shown = found
        time.sleep(POLL_SECONDS)
    return found


def _changes(change_set: str) -> list[Change]:
    """Return what a change set would do, once CloudFormation knows. Raises GrailError with its reason."""
    client = boto3.client("cloudformation")
    while (found := client.describe_change_set(ChangeSetName=change_set))["Status"] in {
        "CREATE_PENDING",
        "CREATE_IN_PROGRESS",
    }:
        time.sleep(POLL_SECONDS)
    reason = found.get("StatusReason", "")
    if found["Status"] == "FAILED" and not any(words in reason for words in _EMPTY):
        message = f"stack {found['StackName']}: {reason}"
        raise GrailError(message)
    pages = client.get_paginator("describe_change_set").paginate(ChangeSetName=change_set)
    return [_described(change["ResourceChange"]) for page in pages for change in page["Changes"]]


def _described(change: Any) -> Change:  # noqa: ANN401 - boto3's
    replaced = change.get("Replacement") in {"True", "Conditional"}
    return "Replace" if replaced else change["Action"], change["LogicalResourceId"], change["ResourceType"]


def _reason(name: str, *, since: datetime) -> str | None:
    """Return what the first resource that failed says; the others were cancelled for it."""
    failed = [event for event in _events(name, since=since) if event["ResourceStatus"].endswith("_FAILED")]
    if not failed:
        return None
    first = failed[-1]
    return f"{first['LogicalResourceId']} ({first['ResourceType']}): {first.get('ResourceStatusReason', 'it failed')}"


def _events(name: str, *, since: datetime) -> Iterator[Any]:
    """Yield what happened to a stack, the last first."""
    for page in boto3.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name):
        for event in page["StackEvents"]:
            if event["Timestamp"] < since:
                return
            yield event
