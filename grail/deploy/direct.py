"""The direct path: the data stack, the real `chalice deploy`, what Chalice can't say, and the API as a whole.

Each step makes AWS be as declared, whatever it was: cut short anywhere, run again, it ends the same.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

import boto3
from chalice.config import Config

from grail.deploy import api, companion, gateway, mappings, names, stacks, state
from grail.deploy.account import Account
from grail.deploy.prepared import Prepared, prepared
from grail.errors import GrailError
from grail.project import Project
from grail.stack import data, settings
from grail.stack.known_settings import ALL_AT_ONCE
from grail.terminal import confirmed

_LARGEST_BODY = 51_200  # CloudFormation quotas, "Template body size in a request"


def deploy(project: Project, stage: str, account: Account, *, may_lose: bool) -> str | None:
    """Deploy a stage; return its URL, where it has an API.

    Raises GrailError, also for a change that takes data away, unless it `may_lose` some or somebody says yes.
    """
    names.check_direct(project.name, stage)
    if (way := settings.read(project, stage).deployment) != ALL_AT_ONCE:
        _say(f"note: all at once, not {way}: that takes aliases, which only a package has (VIA=cloudformation)")
    _say(f"1 of 5: the data stack, {data.stack_name(project.name, stage)}")
    _make_data(project, stage)
    with prepared(project, stage, account) as ready:
        stacks.deploy(
            data.stack_name(project.name, stage),
            source(ready.data, None, ""),
            agreed=lambda changes: may_lose or _agreed(changes),
        )
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
    if not lost or confirmed(f"The data stack would {', '.join(lost)}. Go on?"):
        return True
    message = f"nothing was changed: the data stack would {', '.join(lost)}; to be asked nothing, say --yes"
    raise GrailError(message)


def _say(step: str) -> None:
    print(step, file=sys.stderr)
