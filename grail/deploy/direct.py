"""The direct path: the data stack, the real `chalice deploy`, what Chalice can't say, and the API as a whole.

Each step makes AWS be as declared, whatever it was: cut short anywhere, run again, it ends the same.
"""

import sys

from chalice.config import Config

from grail.cloudformation import Change, always
from grail.deploy import api, clients, companion, edge, gateway, mappings, roles, stacks, state
from grail.deploy.account import Account
from grail.deploy.declared import declared
from grail.deploy.findings import mended
from grail.deploy.intrinsics import resolved
from grail.deploy.prepared import Prepared, prepared
from grail.deploy.templates import source
from grail.errors import GrailError
from grail.project import Project
from grail.stack import boundary, data, settings
from grail.stack.known_settings import ALL_AT_ONCE, HTTP
from grail.terminal import confirmed


def deploy(project: Project, stage: str, account: Account, *, may_lose: bool) -> str | None:
    """Deploy a stage; return its URL, where it has an API.

    Raises GrailError, also for a change that takes data away, unless it `may_lose` some or somebody says yes.
    """
    _check(project, stage, account)
    of_data, beside = stacks.data(project.name, stage), stacks.companion(project.name, stage)
    _say(f"1 of 6: the data stack, {of_data.name}")
    _make_data(project, stage, account)
    with prepared(project, stage, account) as ready:
        wanted = declared(ready)
        of_data.deploy(source(ready.data, account), agreed=lambda _, changes: may_lose or _agreed(changes))
        _say("2 of 6: chalice deploy")
        api_id = _run_chalice(ready)
        _say(f"3 of 6: what Chalice can't say, the stack {beside.name}")
        if wanted.companion is not None:
            beside.deploy(
                source(wanted.companion, account, bucket=ready.bucket, prefix=state.PREFIX),
                parameters={} if api_id is None else {companion.API: api_id},
            )
        _say("4 of 6: event sources, and the boundary of the functions' roles")
        list(mended(mappings.findings(ready.parts.functions, wanted.known)))
        list(mended(roles.boundaries(resolved(wanted.resources, wanted.known, strict=False))))
        _say("5 of 6: the API" if api_id else "5 of 6: there is no API")
        if api_id is None:
            return None
        gateway.put(wanted.gateway(api_id, {} if wanted.companion is None else beside.outputs()))
        domain = f"{api_id}.execute-api.{account.region}.{wanted.known['AWS::URLSuffix']}"
        if wanted.edge is None:
            _say("6 of 6: there is no edge")
            edge.say_undeclared(project.name, stage)
            return f"https://{domain}/{ready.parts.api_stage}"
        at_edge = stacks.edge(project.name, stage)
        _say(f"6 of 6: the edge, {at_edge.name} in {at_edge.region}")
        edge.deploy(project.name, stage, account, wanted.edge, domain=domain, agreed=always)
        return at_edge.outputs()["Url"]


def _check(project: Project, stage: str, account: Account) -> None:
    """Raise GrailError for a stage that can't be deployed so; say what it will not have."""
    stacks.check_direct(project.name, stage)
    chosen = settings.read(project, stage)
    if chosen.api_kind == HTTP:
        message = f"stage {stage} has an HTTP API, and `chalice deploy` makes none: VIA=cloudformation does"
        raise GrailError(message)
    if chosen.deployment != ALL_AT_ONCE:
        way = f"all at once, not {chosen.deployment}"
        _say(f"note: {way}: that takes aliases, which only a package has (VIA=cloudformation)")
    policy = account.arn("iam", f"policy/{boundary.policy_name(project.name, stage)}")
    if chosen.permissions_boundary and not clients.exists(lambda: clients.of("iam").get_policy(PolicyArn=policy)):
        message = f"the boundary of stage {stage} is not there: `python -m grail bootstrap --stage {stage}` makes it"
        raise GrailError(message)


def _make_data(project: Project, stage: str, account: Account) -> None:
    """Make the data stack where there is none, without the functions' logs.

    To know those, the app is imported, which may want to know the stack's outputs.
    """
    project.enter(stage)
    template = data.template_of(project, stage)
    stack = stacks.data(project.name, stage)
    if template["Resources"] and not stack.exists():
        stack.deploy(source(template, account))


def _run_chalice(ready: Prepared) -> str | None:
    """Run `chalice deploy` on a record of what is there, and keep the one that it writes; return the API's id."""
    saved = ready.saved()
    api_id = ready.find_api(saved)
    if api_id is None and ready.parts.api_stage is not None:
        config = Config(chalice_stage=ready.stage, config_from_disk=dict(ready.project.config))
        api_id = api.make(ready.parts.name, endpoint=config.api_gateway_endpoint_type or "EDGE")  # Chalice's
    wanted = state.planned(ready.mirror.folder, ready.stage, ready.project.app, account=ready.account, api=api_id)
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


def _agreed(changes: list[Change]) -> bool:
    """Agree to what keeps the data; ask for the rest."""
    lost = [f"{action} {name} ({kind})" for action, name, kind in changes if action in {"Remove", "Replace"}]
    if not lost or confirmed(f"The data stack would {', '.join(lost)}. Go on?"):
        return True
    hint = "to be asked nothing, say --yes (make: YES=1)"
    message = f"nothing was changed: the data stack would {', '.join(lost)}; {hint}"
    raise GrailError(message)


def _say(step: str) -> None:
    print(step, file=sys.stderr)
