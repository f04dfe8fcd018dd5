"""CloudFormation stacks: made and changed by change sets that are shown first, and why one failed."""

import contextlib
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import boto3
from botocore.exceptions import ClientError

from grail.errors import GrailError

Change = tuple[str, str, str]
"""What is done with a resource, its logical id, its type."""

POLL_SECONDS = 2.0

_CAPABILITIES: Any = ["CAPABILITY_NAMED_IAM"]
_NOTHING_MADE = {None, "REVIEW_IN_PROGRESS"}
_UNUSABLE = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"}
"""Of a stack that never was: it can only be deleted (CloudFormation User Guide, "Stack status codes")."""
_EMPTY = ("didn't contain changes", "No updates are to be performed")
"""The two ways in which CloudFormation says so."""


def always(_: "Stack", __: list[Change]) -> bool:
    """Agree to any changes."""
    return True


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack by its name, in the environment's region unless one is named."""

    name: str
    region: str | None = None

    def status(self) -> str | None:
        """Return its status; None where there is no such stack."""
        found = self._found()
        return None if found is None else str(found["StackStatus"])

    def exists(self) -> bool:
        """Tell whether it was made."""
        return self.status() not in _NOTHING_MADE

    def outputs(self) -> dict[str, str]:
        """Return what it says of what it made. Raises GrailError where there is no such stack."""
        found = self._found()
        if found is None:
            message = f"there is no stack {self.name}: deploy the stage"
            raise GrailError(message)
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def description(self) -> str | None:
        """Return what its template says that it is; None where it says nothing, or there is no such stack."""
        found = self._found()
        return None if found is None else found.get("Description")

    def template(self) -> dict[str, Any]:
        """Return the template that it was made of."""
        found: Any = self._client().get_template(StackName=self.name, TemplateStage="Original")["TemplateBody"]
        return dict(found)

    def resources(self) -> set[str]:
        """Return the logical ids of what it has."""
        pages = self._client().get_paginator("list_stack_resources").paginate(StackName=self.name)
        found = [each for page in pages for each in page["StackResourceSummaries"]]
        return {each["LogicalResourceId"] for each in found if each["ResourceStatus"] != "DELETE_COMPLETE"}

    def protect(self) -> None:
        """See that nobody deletes it unasked."""
        self._client().update_termination_protection(StackName=self.name, EnableTerminationProtection=True)

    def deploy(
        self,
        source: Mapping[str, Any],
        *,
        parameters: Mapping[str, str] | None = None,
        role: str | None = None,
        agreed: Callable[["Stack", list[Change]], bool] = always,
    ) -> bool:
        """Make it be as its template says; tell whether something changed.

        `source` is what CloudFormation's calls take: `TemplateBody` or `TemplateURL`; `role` is the ARN of the role in
        which it works, the caller's rights without one. The changes are made if they are `agreed` to. Waits for whoever
        changes the stack now. Raises GrailError with the reason where it fails.
        """
        client = self._client()
        before = self._settled()
        if before in _UNUSABLE:
            self.delete()
            before = None
        kind: Literal["CREATE", "UPDATE"] = "CREATE" if before in _NOTHING_MADE else "UPDATE"
        made = client.create_change_set(
            StackName=self.name,
            ChangeSetName=f"grail-{uuid.uuid4().hex}",
            ChangeSetType=kind,
            Capabilities=_CAPABILITIES,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()],
            # A first try that fails leaves nothing: who may not delete stacks can try again.
            **({"OnStackFailure": "DELETE"} if kind == "CREATE" else {}),
            **({} if role is None else {"RoleARN": role}),
            **source,
        )
        change_set, stack_id = made["Id"], made["StackId"]
        try:
            changes = self._changes(change_set)
            if changes and not agreed(self, changes):
                message = f"stack {self.name}: nothing was changed"
                raise GrailError(message)
        except BaseException:
            self._drop(change_set, kind=kind)
            raise
        if not changes:
            self._drop(change_set, kind=kind)
            return False
        began = datetime.now(UTC)
        client.execute_change_set(ChangeSetName=change_set)
        after = self._settled()
        if after not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            message = f"stack {self.name}: {self._reason(stack_id, since=began) or f'its status is {after}'}"
            raise GrailError(message)
        return True

    def delete(self) -> None:
        """Delete it, and wait until it is gone. Raises GrailError with the reason where it stays."""
        if self._settled() is None:
            return
        began = datetime.now(UTC)
        self._client().delete_stack(StackName=self.name)
        after = self._settled()
        if after is not None:
            message = f"stack {self.name}: {self._reason(self.name, since=began) or f'its status is {after}'}"
            raise GrailError(message)

    def _client(self) -> Any:  # noqa: ANN401 - boto3's
        return boto3.client("cloudformation", region_name=self.region)

    def _found(self) -> Any:  # noqa: ANN401 - boto3's
        """Return what CloudFormation says of it; None where there is no such stack."""
        try:
            [stack] = self._client().describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack

    def _drop(self, change_set: str, *, kind: str) -> None:
        """Delete a change set, and the stack with nothing in it that one to create makes."""
        self._client().delete_change_set(ChangeSetName=change_set)
        if kind == "CREATE":
            with contextlib.suppress(ClientError):  # a pipeline may delete no stack; this one is taken up next time
                self._client().delete_stack(StackName=self.name)

    def _settled(self) -> str | None:
        """Return its status once nobody changes it any more."""
        shown = None
        while (found := self.status()) is not None and found.endswith("_IN_PROGRESS") and found not in _NOTHING_MADE:
            if found != shown:
                print(f"  stack {self.name}: {found.lower()}", file=sys.stderr)
                shown = found
            time.sleep(POLL_SECONDS)
        return found

    def _changes(self, change_set: str) -> list[Change]:
        """Return what a change set would do, once CloudFormation knows. Raises GrailError with its reason."""
        client = self._client()
        while (found := client.describe_change_set(ChangeSetName=change_set))["Status"] in {
            "CREATE_PENDING",
            "CREATE_IN_PROGRESS",
        }:
            time.sleep(POLL_SECONDS)
        reason = found.get("StatusReason", "")
        if found["Status"] == "FAILED" and not any(words in reason for words in _EMPTY):
            message = f"stack {self.name}: {reason}"
            raise GrailError(message)
        pages = client.get_paginator("describe_change_set").paginate(ChangeSetName=change_set)
        return [_described(change["ResourceChange"]) for page in pages for change in page["Changes"]]

    def _reason(self, stack: str, *, since: datetime) -> str | None:
        """Return what the first resource that failed says; the others were cancelled for it.

        A stack that is gone is known by its id alone.
        """
        failed = [event for event in self._events(stack, since=since) if event["ResourceStatus"].endswith("_FAILED")]
        if not failed:
            return None
        first = failed[-1]
        return (
            f"{first['LogicalResourceId']} ({first['ResourceType']}): {first.get('ResourceStatusReason', 'it failed')}"
        )

    def _events(self, stack: str, *, since: datetime) -> Iterator[Any]:
        """Yield what happened to it, the last first."""
        for page in self._client().get_paginator("describe_stack_events").paginate(StackName=stack):
            for event in page["StackEvents"]:
                if event["Timestamp"] < since:
                    return
                yield event


def _described(change: Any) -> Change:  # noqa: ANN401 - boto3's
    replaced = change.get("Replacement") in {"True", "Conditional"}
    return "Replace" if replaced else change["Action"], change["LogicalResourceId"], change["ResourceType"]
