"""Take a stage away: what was deployed of it, and its data only where that is asked for."""

import sys
from collections.abc import Mapping
from typing import Any

import boto3

from grail.cloudformation import Stack
from grail.deploy import clients, packaged, stacks, state
from grail.deploy.account import Account
from grail.deploy.prepared import prepared
from grail.deploy.templates import source
from grail.errors import GrailError
from grail.project import Project
from grail.stack import data, parts

_UNPROTECTED: Mapping[str, Mapping[str, Any]] = {
    "AWS::DynamoDB::Table": {"DeletionProtectionEnabled": False},
    "AWS::Cognito::UserPool": {"DeletionProtection": "INACTIVE"},
}


def remove(project: Project, stage: str, account: Account, *, with_data: bool) -> None:
    """Remove a stage that is there, its edge first. Raises GrailError."""
    whole, of_data = stacks.packaged(project.name, stage), stacks.data(project.name, stage)
    if whole.exists():
        _remove_packaged(project, stage, account, whole, with_data=with_data)
        return
    with prepared(project, stage, account) as ready:
        _delete(stacks.edge(project.name, stage))
        _delete(stacks.companion(project.name, stage))
        print("removing what Chalice deployed", file=sys.stderr)
        saved = ready.saved()
        api_id = ready.find_api(saved)
        wanted = state.planned(ready.mirror.folder, stage, ready.project.app, account=account, api=api_id)
        there = state.found(wanted, saved)
        if there:
            ready.mirror.state.write_text(state.text(there), encoding="utf-8")
            ready.mirror.chalice("delete")
        if ready.bucket is not None:
            state.forget(ready.bucket)
        ready.local_record.unlink(missing_ok=True)
    if with_data:
        of_data.deploy(source(_unprotected(of_data.template(), set(ready.data["Resources"])), account))
        _empty(_files(project, stage))
        _delete(of_data)


def check(project: Project, stage: str) -> None:
    """Raise GrailError for a stage that is not there, or whose stacks are another's."""
    stacks.check_own(project.name, stage)
    whole, of_data = stacks.packaged(project.name, stage), stacks.data(project.name, stage)
    if not (whole.exists() or of_data.exists()):
        message = f"stage {stage} is not there: neither stack {whole.name} nor {of_data.name}"
        raise GrailError(message)


def _remove_packaged(project: Project, stage: str, account: Account, stack: Stack, *, with_data: bool) -> None:
    """Remove what is in a packaged stage's stack but the data; or with these, the stack."""
    template = stack.template()
    project.enter(stage)
    logs = {function.logical: function.lambda_name for function in parts.of(project, stage, project.app).functions}
    kept = data.template_of(project, stage, functions=logs)
    _delete(stacks.edge(project.name, stage))
    if not with_data:
        print(f"removing all but the data from the stack {stack.name}", file=sys.stderr)
        stack.deploy(_source(_only(template, kept), project, stage, account))
        return
    stack.deploy(_source(_unprotected(template, set(kept["Resources"])), project, stage, account))
    _empty(_files(project, stage))
    _delete(stack)


def _source(template: Mapping[str, Any], project: Project, stage: str, account: Account) -> dict[str, str]:
    return source(template, account, bucket=packaged.packages(project.name, account), prefix=f"{stage}/")


def _only(template: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template has of the resources and outputs that are kept."""
    left = {
        name: {key: value for key, value in template.get(name, {}).items() if key in kept[name]}
        for name in ("Resources", "Outputs")
    }
    return {name: part for name, part in {**template, **left}.items() if part}  # CloudFormation takes nothing empty


def _files(project: Project, stage: str) -> str | None:
    """Return the name of a stage's bucket; None where the app has none."""
    return None if project.registered("bucket") is None else data.bucket_name(project.name, stage)


def _unprotected(template: Mapping[str, Any], kept: set[str]) -> dict[str, Any]:
    """Return a template whose data goes with it.

    CloudFormation takes a change of policies only beside another one, as of metadata (User Guide, "DeletionPolicy
    attribute").
    """
    resources = {
        name: resource
        if name not in kept
        else {
            **resource,
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Metadata": {"goes": "with its stack"},
            "Properties": {**resource["Properties"], **_UNPROTECTED.get(resource["Type"], {})},
        }
        for name, resource in template["Resources"].items()
    }
    return {**template, "Resources": resources}


def _empty(bucket: str | None) -> None:
    """Delete every version of every object; AWS deletes no bucket that has one."""
    if bucket is None or not clients.exists(lambda: boto3.client("s3").head_bucket(Bucket=bucket)):
        return
    found: Any = boto3.resource("s3").Bucket(bucket)
    for answer in found.object_versions.delete():
        for error in answer.get("Errors", ()):
            message = f"{bucket}/{error['Key']} can't be deleted: {error['Message']}"
            raise GrailError(message)


def _delete(stack: Stack) -> None:
    if stack.status() is not None:
        print(f"removing the stack {stack.name}", file=sys.stderr)
        stack.delete()
