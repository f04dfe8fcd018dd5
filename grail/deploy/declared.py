"""A stage as it is declared: its templates and its package, with what references in them give on the direct path."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from grail.deploy import companion
from grail.deploy.account import Account
from grail.deploy.gateway import Gateway
from grail.deploy.intrinsics import resolved
from grail.deploy.prepared import Prepared, outputs, users
from grail.pack.build import build
from grail.stack import edge, given_up, overlay, package
from grail.stack.parts import Parts


class Declared(NamedTuple):
    """The templates of the stacks beside Chalice's functions, None where a stage needs none, and what it packages.

    `known` is what references in the packaged template's `resources` give; `code` is the package of all functions.
    """

    companion: Mapping[str, Any] | None
    edge: Mapping[str, Any] | None
    resources: Mapping[str, Any]
    code: Path
    known: Mapping[str, str]

    def gateway(self, api_id: str, made: Mapping[str, str]) -> Gateway:
        """Return the API as the packaged template has it, but that functions are called without an alias.

        `made` are the outputs of the companion stack: the roles in which the API works.
        """
        properties = self.resources["RestAPI"]["Properties"]
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


def declared(ready: Prepared) -> Declared:
    """Package a stage. Raises GrailError for what Chalice can't package, and for what AWS would refuse."""
    project, stage = ready.project, ready.stage
    merged = overlay.template(project, stage)
    beside = companion.template(project, stage, ready.parts, merged)
    list(build(project, stage, again=False))
    file, out = ready.mirror.folder / "overlay.json", ready.mirror.folder / ".packaged"
    file.write_text(json.dumps(merged), encoding="utf-8")
    package.package(ready.mirror.folder, stage, overlay=file, out=out)
    sam = package.read(out / "sam.json")
    given_up.check(sam, ready.parts.functions, app=project.name, stage=stage)
    made = outputs(project, stage)
    known = _known(ready.parts, ready.account, {**ready.data["Resources"], **beside["Resources"]}, made)
    return Declared(
        beside if beside["Resources"] else None,
        edge.of_stage(project, stage),
        sam["Resources"],
        out / "deployment.zip",
        known,
    )


def _known(found: Parts, account: Account, resources: Mapping[str, Any], made: Mapping[str, str]) -> dict[str, str]:
    """Return what references in a packaged template give: what follows from app and stage, and outputs."""
    of_users = users(made, account)
    known = {
        "AWS::AccountId": account.id,
        "AWS::Region": account.region,
        "AWS::Partition": account.partition,
        "AWS::URLSuffix": account.url_suffix,
        "Table.StreamArn": made.get("TableStreamArn", ""),
        "UserPool.ProviderURL": of_users.get("OIDC_ISSUER", ""),
        "UserPool.Arn": of_users.get("USER_POOL_ARN", ""),
        "UserPoolClient": of_users.get("OIDC_AUDIENCE", ""),
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
