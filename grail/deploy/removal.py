"""Take a stage away: what was deployed of it, and its data only where that is asked for."""

import sys
from collections.abc import Mapping
from typing import Any

import boto3

from grail.deploy import direct, names, packaged, stacks, state
from grail.deploy.account import Account
from grail.deploy.prepared import prepared
from grail.errors import GrailError
from grail.project import Project
from grail.stack import data

_UNPROTECTED: Mapping[str, Mapping[str, Any]] = {
    "AWS::DynamoDB::Table": {"DeletionProtectionEnabled": False},
    "AWS::Cognito::UserPool": {"DeletionProtection": "INACTIVE"},
}


def remove(project: Project, stage: str, account: Account, *, with_data: bool, bucket: str | None) -> None:
    """Remove a stage; of a packaged one, `bucket` is where packages are, if not in the account's.

    Raises GrailError for a stage that is not there, or whose data would go unasked.
    """
    project.check_stage(stage)
    if stacks.exists(names.packaged_stack(project.name, stage)):
        packages = bucket or packaged.bucket_name(project.name, account)
        _remove_packaged(project, stage, account, packages=packages if with_data else None)
        return
    of_data = data.stack_name(project.name, stage)
    if not stacks.exists(of_data):
        message = f"stage {stage} is not there: neither stack {names.packaged_stack(project.name, stage)} nor {of_data}"
        raise GrailError(message)
    with prepared(project, stage, account) as ready:
        _say(f"the stack {names.companion_stack(project.name, stage)}")
        stacks.delete(names.companion_stack(project.name, stage))
        _say("what Chalice deployed")
        saved = ready.saved()
        api_id = ready.find_api(saved)
        wanted = state.planned(ready.mirror.folder, stage, ready.app, account=account, api=api_id)
        there = state.found(wanted, saved)
        if there:
            ready.mirror.state.write_text(state.text(there), encoding="utf-8")
            ready.mirror.chalice("delete")
        if ready.bucket is not None:
            state.forget(ready.bucket)
        ready.local_record.unlink(missing_ok=True)
    if with_data:
        _say(f"its data, the stack {of_data}")
        files = _files(project, stage)
        template = _unprotected(stacks.template(of_data), set(ready.data["Resources"]))
        stacks.deploy(of_data, direct.source(template, files, account.region))
        _empty(files)
        stacks.delete(of_data)


def _remove_packaged(project: Project, stage: str, account: Account, *, packages: str | None) -> None:
    """Remove a packaged stage's stack; with the data that is in it, by way of the bucket for packages."""
    name = names.packaged_stack(project.name, stage)
    template = stacks.template(name)
    project.enter(stage)
    kept = set(data.template_of(project, stage)["Resources"])
    going = [one for one in kept & set(template["Resources"]) if _goes(template["Resources"][one])]
    if going and packages is None:
        message = f"stage {stage} has its data in the same stack, with which it goes; say --data to lose it"
        raise GrailError(message)
    if packages is not None:
        stacks.deploy(name, packaged.uploaded(_unprotected(template, kept), packages, account))
        _empty(_files(project, stage))
    _say(f"the stack {name}")
    stacks.delete(name)


def _files(project: Project, stage: str) -> str | None:
    """Return the name of a stage's bucket; None where the app has none."""
    return None if project.registered("bucket") is None else data.bucket_name(project.name, stage)


def _goes(resource: Mapping[str, Any]) -> bool:
    return "Retain" not in resource.get("DeletionPolicy", "Delete")


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
    if bucket is None or not state.exists(lambda: boto3.client("s3").head_bucket(Bucket=bucket)):
        return
    found: Any = boto3.resource("s3").Bucket(bucket)
    for answer in found.object_versions.delete():
        for error in answer.get("Errors", ()):
            message = f"{bucket}/{error['Key']} can't be deleted: {error['Message']}"
            raise GrailError(message)


def _say(what: str) -> None:
    print(f"removing {what}", file=sys.stderr)
