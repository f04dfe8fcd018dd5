"""A stage that is deployed directly, as it is declared: its templates, its package, and where the CLI can be run."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from grail.deploy import api, companion, stacks, state
from grail.deploy.account import Account
from grail.deploy.gateway import Gateway
from grail.deploy.intrinsics import resolved
from grail.deploy.mirror import Mirror, mirrored
from grail.localcloud.routes import UserPool
from grail.pack.build import build
from grail.project import Project
from grail.stack import data, edge, given_up, overlay, package, parts
from grail.stack.functions import Caller
from grail.stack.parts import Parts


class Prepared(NamedTuple):
    """A stage as it is declared, in a mirror where the Chalice CLI can be run.

    `data`, `companion` and `edge` are the templates of its stacks, `edge` None where it has none; `sam` is the packaged
    template, `known` what their references give on the direct path.
    """

    project: Project
    stage: str
    account: Account
    parts: Parts
    mirror: Mirror
    data: Mapping[str, Any]
    companion: Mapping[str, Any]
    edge: Mapping[str, Any] | None
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
        made = stacks.companion(self.project.name, self.stage).outputs()
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


@contextmanager
def prepared(project: Project, stage: str, account: Account) -> Iterator[Prepared]:
    """Yield a stage as it is declared; its data stack is there. Raises GrailError."""
    project.enter(stage)
    made = stacks.data(project.name, stage).outputs()
    users = _users(made, account)
    os.environ.update(({"TABLE_STREAM_ARN": made["TableStreamArn"]} if "TableStreamArn" in made else {}) | users)
    found = parts.of(project, stage, project.app)
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
        before = edge.of_stage(project, stage)
        yield Prepared(project, stage, account, found, mirror, of_data, beside, before, sam, code, known)


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
