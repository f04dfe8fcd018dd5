"""The direct path: the data stack, the real `chalice deploy`, what Chalice can't say, and the API as a whole.

Each step makes AWS be as declared, whatever it was: cut short anywhere, run again, it ends the same.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from chalice.app import Chalice
from chalice.config import Config

from grail.deploy import api, companion, functions, gateway, kept, mappings, names, stacks, state
from grail.deploy.account import Account
from grail.deploy.findings import Finding
from grail.deploy.gateway import Gateway
from grail.deploy.intrinsics import resolved
from grail.deploy.mirror import Mirror, mirrored
from grail.errors import GrailError
from grail.localcloud.routes import UserPool
from grail.pack.build import build
from grail.project import Project
from grail.stack import data, given_up, outputs, overlay, package, parts
from grail.stack.functions import Caller
from grail.stack.parts import Parts
from grail.terminal import confirmed

_LARGEST_BODY = 51_200  # CloudFormation quotas, "Template body size in a request"


class Prepared(NamedTuple):
    """A stage as it is declared, in a mirror where the Chalice CLI can be run.

    `data` and `companion` are the templates of its stacks, `sam` is the packaged template's; `known` is what their
    references give on the direct path.
    """

    project: Project
    stage: str
    account: Account
    app: Chalice
    parts: Parts
    mirror: Mirror
    data: Mapping[str, Any]
    companion: Mapping[str, Any]
    sam: Mapping[str, Any]
    code: Path
    known: Mapping[str, str]

    @property
    def bucket(self) -> str | None:
        """The stage's bucket; None where the app has none."""
        has_one = self.project.registered("bucket") is not None
        return data.bucket_name(self.project.name, self.stage) if has_one else None

    @property
    def local_record(self) -> Path:
        """Chalice's record of the stage in the project, which plain `chalice` reads."""
        return self.project.folder / ".chalice" / "deployed" / f"{self.stage}.json"

    def saved(self) -> list[state.Record]:
        """Return the record that is kept of the stage; only where there is none, the one in this folder."""
        there = [] if self.bucket is None else state.fetch(self.bucket, self.stage)
        return there or state.read(self.local_record)

    def find_api(self, saved: list[state.Record]) -> str | None:
        """Return the id of the stage's API; None where there is none."""
        handler = next((one.lambda_name for one in self.parts.functions if one.caller is Caller.API), None)
        return None if handler is None else api.find(saved, name=self.parts.name, handler=handler)

    def gateway(self, api_id: str) -> Gateway:
        """Return the API as the packaged template has it, but that functions are called without an alias."""
        properties = self.sam["Resources"]["RestAPI"]["Properties"]
        made = outputs.read(names.companion_stack(self.project.name, self.stage))
        roles = {f"{name.removesuffix('Arn')}.Arn": arn for name, arn in made.items() if name.endswith("Arn")}
        known = {**self.known, **roles, companion.API: api_id}
        return Gateway(
            api_id,
            properties["StageName"],
            resolved(properties["DefinitionBody"], known),
            resolved(
                {name: value for name, value in properties.items() if name != "DefinitionBody"}, known, strict=False
            ),
        )


def deploy(project: Project, stage: str, account: Account) -> str | None:
    """Deploy a stage; return its URL, where it has an API. Raises GrailError."""
    names.check_direct(project.name, stage)
    _say(f"1 of 5: the data stack, {data.stack_name(project.name, stage)}")
    _make_data(project, stage)
    with prepared(project, stage, account) as ready:
        stacks.deploy(data.stack_name(project.name, stage), source(ready.data, None, ""), agreed=_agreed)
        _say("2 of 5: chalice deploy")
        api_id = _run_chalice(ready)
        _say(f"3 of 5: what Chalice can't say, the stack {names.companion_stack(project.name, stage)}")
        _make_companion(ready, api_id)
        _say("4 of 5: event sources")
        for finding in mappings.findings(ready.parts.functions, ready.known):
            if finding.mend is not None:
                finding.mend()
        _say("5 of 5: the API" if api_id else "5 of 5: there is no API")
        if api_id is None:
            return None
        gateway.put(ready.gateway(api_id))
        return f"https://{api_id}.execute-api.{account.region}.amazonaws.com/{ready.parts.api_stage}"


@contextmanager
def prepared(project: Project, stage: str, account: Account) -> Iterator[Prepared]:
    """Yield a stage as it is declared; its data stack is there. Raises GrailError."""
    project.enter(stage)
    made = outputs.read(data.stack_name(project.name, stage))
    users = _users(made, account)
    os.environ.update(({"TABLE_STREAM_ARN": made["TableStreamArn"]} if "TableStreamArn" in made else {}) | users)
    app = importlib.import_module("app").app
    found = parts.of(project, stage, app)
    merged = overlay.template(project, stage)
    of_data = data.template_of(
        project, stage, functions={function.logical: function.lambda_name for function in found.functions}
    )
    beside = companion.template(project, stage, found, merged)
    list(build(project, stage, again=False))
    with mirrored(project, stage, variables=users, functions=[one.name for one in found.functions]) as mirror:
        file, out = mirror.folder / "overlay.json", mirror.folder / ".packaged"
        file.write_text(json.dumps(merged), encoding="utf-8")
        package.package(mirror.folder, stage, overlay=file, out=out)
        sam = package.read(out / "sam.json")
        given_up.check(sam, found.functions, app=project.name, stage=stage)
        known = _known(found, account, {**of_data["Resources"], **beside["Resources"]}, made, users)
        code = out / "deployment.zip"
        yield Prepared(project, stage, account, app, found, mirror, of_data, beside, sam, code, known)


def findings(ready: Prepared) -> Iterator[Finding]:
    """Yield what differs on AWS from what is declared."""
    app, stage = ready.project.name, ready.stage
    for name, template in (
        (data.stack_name(app, stage), ready.data),
        (names.companion_stack(app, stage), ready.companion),
    ):
        if not stacks.exists(name):
            yield Finding(f"stack {name} is not there")
        elif json.loads(json.dumps(stacks.template(name))) != json.loads(json.dumps(template)):
            yield Finding(f"stack {name}: it was made of another template")
    api_id = ready.find_api(ready.saved())
    known = {**ready.known, companion.API: api_id or ""}
    for template in (ready.data, ready.companion):
        yield from kept.findings(resolved(template["Resources"], known, strict=False))
    yield from functions.findings(resolved(ready.sam["Resources"], known, strict=False), ready.code)
    yield from mappings.findings(ready.parts.functions, ready.known)
    if api_id is not None and stacks.exists(names.companion_stack(app, stage)):
        yield from gateway.findings(ready.gateway(api_id))
    elif ready.parts.api_stage is not None:
        yield Finding("API: it is not there, or was not deployed to its end")


def _make_data(project: Project, stage: str) -> None:
    """Make the data stack where there is none, without the functions' logs.

    To know those, the app is imported, which may want to know the stack's outputs.
    """
    name = data.stack_name(project.name, stage)
    project.enter(stage)
    template = data.template_of(project, stage)
    if not stacks.exists(name):
        if not template["Resources"]:
            template["Resources"]["Nothing"] = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
        stacks.deploy(name, source(template, None, ""))


def _run_chalice(ready: Prepared) -> str | None:
    """Run `chalice deploy` on a record of what is there, and keep the one that it writes; return the API's id."""
    saved = ready.saved()
    api_id = ready.find_api(saved)
    if api_id is None and ready.parts.api_stage is not None:
        config = Config(chalice_stage=ready.stage, config_from_disk=dict(ready.project.config))
        api_id = api.make(ready.parts.name, endpoint=config.api_gateway_endpoint_type)
    wanted = state.planned(ready.mirror.folder, ready.stage, ready.app, account=ready.account, api=api_id)
    names_wanted = {record["name"] for record in wanted}
    # Kept before anything is made: what fails now may be wanted no more when this is run again, and has to go then.
    _keep(ready, [*wanted, *(record for record in saved if record["name"] not in names_wanted)])
    ready.mirror.state.write_text(state.text(state.found(wanted, saved)), encoding="utf-8")
    ready.mirror.chalice("deploy")
    _keep(ready, state.read(ready.mirror.state))
    return api_id


def _keep(ready: Prepared, records: list[state.Record]) -> None:
    if ready.bucket is not None:
        state.keep(ready.bucket, ready.stage, records)
    ready.local_record.parent.mkdir(exist_ok=True)
    ready.local_record.write_text(state.text(records), encoding="utf-8")


def _make_companion(ready: Prepared, api_id: str | None) -> None:
    if not ready.companion["Resources"]:
        return
    name = names.companion_stack(ready.project.name, ready.stage)
    taken = source(ready.companion, ready.bucket, ready.account.region)
    stacks.deploy(name, taken, parameters={} if api_id is None else {companion.API: api_id})


def source(template: Mapping[str, Any], bucket: str | None, region: str) -> dict[str, str]:
    """Return what CloudFormation takes: the template itself, or where it is too long for that, where it lies."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    if len(text) <= _LARGEST_BODY:
        return {"TemplateBody": text}
    if bucket is None:
        message = f"a template of {len(text)} characters needs a bucket, which the app does not register"
        raise GrailError(message)
    key = f"{names.STATE_PREFIX}companion.json"
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())
    return {"TemplateURL": f"https://{bucket}.s3.{region}.amazonaws.com/{key}"}


def _agreed(changes: list[stacks.Change]) -> bool:
    """Agree to what keeps the data; ask for the rest."""
    lost = [f"{action} {name} ({kind})" for action, name, kind in changes if action in {"Remove", "Replace"}]
    return not lost or confirmed(f"The data stack would {', '.join(lost)}. Go on?")


def _users(made: Mapping[str, str], account: Account) -> dict[str, str]:
    """Return what tells the app of the users that a data stack made."""
    if "UserPoolId" not in made:
        return {}
    return {
        "OIDC_ISSUER": UserPool(account.region, made["UserPoolId"]).issuer,
        "OIDC_AUDIENCE": made["UserPoolClientId"],
        "USER_POOL_ARN": made["UserPoolArn"],
    }


def _known(
    found: Parts, account: Account, resources: Mapping[str, Any], made: Mapping[str, str], users: Mapping[str, str]
) -> dict[str, str]:
    """Return what references in a packaged template give: what follows from app and stage, and outputs."""
    known = {
        "AWS::AccountId": account.id,
        "AWS::Region": account.region,
        "AWS::Partition": account.partition,
        "AWS::URLSuffix": "amazonaws.com.cn" if account.partition == "aws-cn" else "amazonaws.com",
        "Table.StreamArn": made.get("TableStreamArn", ""),
        "UserPool.ProviderURL": users.get("OIDC_ISSUER", ""),
        "UserPool.Arn": users.get("USER_POOL_ARN", ""),
        "UserPoolClient": users.get("OIDC_AUDIENCE", ""),
    }
    for function in found.functions:
        arn = account.arn("lambda", f"function:{function.lambda_name}")
        known |= {f"{function.logical}.{attribute}": arn for attribute in ("Arn", "Alias")}
    for name, resource in resources.items():
        match resource:
            case {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": str(queue)}}:
                known[f"{name}.Arn"] = account.arn("sqs", queue)
            case {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": str(group)}}:
                known[f"{name}.Arn"] = account.arn("logs", f"log-group:{group}")
    return known


def _say(step: str) -> None:
    print(step, file=sys.stderr)
