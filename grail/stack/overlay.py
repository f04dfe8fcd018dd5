"""All of a stage that Chalice can't say, as one template to merge into its own (`chalice package --merge-template`)."""

from collections.abc import Mapping
from functools import reduce
from typing import Any

from chalice.app import Chalice
from chalice.config import Config

from grail.errors import GrailError
from grail.localcloud import chalice_app
from grail.project import Project
from grail.stack import (
    aliases,
    boundary,
    data,
    deployment,
    edge,
    edge_keys,
    event_sources,
    functions,
    gateway,
    http_api,
    parts,
    publishing,
    settings,
    use,
    watch,
)
from grail.stack.edge_settings import EdgeSettings
from grail.stack.functions import Function
from grail.stack.parts import Parts
from grail.stack.queues import queue_id
from grail.stack.settings import Settings

Resources = dict[str, Any]


def template(project: Project, stage: str) -> dict[str, Any]:
    """Return a stage's template; the stage must be entered. Raises GrailError."""
    chosen = settings.read(project, stage)
    app = project.app
    found = parts.of(project, stage, app)
    settings.check_functions(project, stage, {each.name for each in found.functions} | functions.unknown(app))
    kept = data.template_of(
        project, stage, functions={function.logical: function.lambda_name for function in found.functions}
    )
    for function in found.functions:
        if function.logical in kept["Resources"]:
            message = f"give the function {function.name!r} another name: {function.logical} is the stack's own"
            raise GrailError(message)
    resources = reduce(
        merged,
        (
            kept["Resources"],
            _functions(project, stage, found, chosen),
            _api(project, stage, found, app, chosen) if app.routes else {},
            _use(project, stage, found, app, chosen) if app.routes and not found.is_http else {},
            watch.resources(found, tell=chosen.alarms) if chosen.alarms else {},
        ),
    )
    if chosen.permissions_boundary:
        roles = boundary.resources(project, stage, functions=found.functions, others=resources)
        resources = merged(resources, roles)
    return {
        "Description": f"{project.name}, stage {stage}",
        "Resources": resources,
        "Outputs": kept["Outputs"] | _outputs(found, app, chosen),
        **({} if chosen.edge is None else {"Conditions": edge_keys.CONDITIONS}),
    }


def functions_of(project: Project, stage: str) -> list[Function]:
    """Return a stage's functions; the stage must be entered."""
    return functions.of(project.app, name=project.name, stage=stage)


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return two templates as one, as Chalice merges them: dict into dict, of anything else the other's."""
    found = dict(one)
    for name, value in other.items():
        before = found.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        found[name] = merged(before, value) if both else value  # type: ignore[arg-type]
    return found


def _outputs(found: Parts, app: Chalice, chosen: Settings) -> Resources:
    """Return what the stage says of its API, beside Chalice's outputs."""
    of_http = http_api.OUTPUTS if found.is_http and app.routes else {}
    return of_http if chosen.edge is None else of_http | edge.OUTPUTS_OF_STAGE


def _functions(project: Project, stage: str, found: Parts, chosen: Settings) -> Resources:
    config = Config(chalice_stage=stage, config_from_disk=dict(project.config))
    surroundings = publishing.Surroundings(
        deployment=chosen.deployment,
        has_table=found.table is not None,
        has_users=chosen.user_pool,
        queues={
            data.queue_name(project.name, stage, name): queue_id(name) for name in project.registered("queues") or ()
        },
    )
    resources: Resources = event_sources.failures(found.functions, app=project.name, stage=stage)
    for function in found.functions:
        resources[function.logical] = publishing.resource(
            function,
            settings.of_function(project, stage, function.name),
            surroundings,
            environment=config.scope(stage, function.name).environment_variables,
        )
        resources |= deployment.alarms(function, chosen.deployment, prefix=found.name)
    return resources


def _api(project: Project, stage: str, found: Parts, app: Chalice, chosen: Settings) -> Resources:
    """Return the API, which is named after the stage: a REST API's metrics are told apart by its name alone."""
    api = chalice_app.resources(app)
    if found.is_http:
        ours = http_api.resources(app, api, name=found.name, functions=found.functions, wanted=chosen)
        return merged(ours, aliases.permissions(found.functions, ours=ours))
    ours = gateway.overlay(project, stage)
    paths = ours["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    definition = reduce(
        merged,
        (
            {"info": {"title": found.name}},
            aliases.definition(found.functions, api, paths),
            {} if chosen.edge is None else edge_keys.demanded(paths, app.routes),
        ),
    )
    called = {
        "RestAPI": {"Properties": {"DefinitionBody": definition}},
        **aliases.permissions(found.functions, ours=ours),
    }
    return merged(ours, called)


def _use(project: Project, stage: str, found: Parts, app: Chalice, chosen: Settings) -> Resources:
    """Return the plan with the clients' key; or behind an edge with its keys alone, or clients would go past it.

    Raises GrailError for a route that wants a key where there is none.
    """
    if chosen.usage_plan is None and chosen.edge is None:
        wanting = [
            f"{name} {path}" for path, of in app.routes.items() for name, one in of.items() if one.api_key_required
        ]
        if wanting:
            message = f"stage {stage} has no usage_plan, and so no key, which {wanting[0]} wants"
            raise GrailError(message)
    made: Resources = {}
    secrets = {} if chosen.usage_plan is None else {use.CLIENTS: found.name}
    if chosen.edge is not None:
        keys = EdgeSettings.read(chosen.edge).keys
        made = edge_keys.secrets(project.name, stage, keys)
        secrets = {edge_keys.logical(key): edge_keys.secret_name(project.name, stage, key) for key in keys}
    return made | use.resources(chosen.usage_plan or {}, name=found.name, secrets=secrets) if secrets else {}
