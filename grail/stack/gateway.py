"""What API Gateway needs and Chalice can't say: merged into Chalice's template, dict into dict, the rest replaced."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalice.utils import to_cfn_resource_name

from grail.localcloud import chalice_app
from grail.localcloud.routes import LambdaAuthorizer, Resource
from grail.project import Project
from grail.stack import access_logs, answers, authorizers, direct, operations, settings, throttles
from grail.stack.data import queue_name
from grail.stack.schemas import definitions
from grail.stack.settings import Settings


def overlay(project: Project, stage: str) -> dict[str, Any]:
    """Return a stage's resources; the stage must be entered. Raises GrailError.

    The app may offer its OpenAPI document (`[tool.grail] openapi`), and on a route's view the `queue` to which its body
    goes.
    """
    app = project.app
    describe = project.registered("openapi")
    entries = {(path, method): entry for path, methods in app.routes.items() for method, entry in methods.items()}
    queues = {place: getattr(entry.view_function, "queue", None) for place, entry in entries.items()}
    return resources(
        chalice_app.resources(app),
        app=project.name,
        stage=stage,
        wanted=settings.read(project, stage),
        document={} if describe is None else describe(app),
        queues={place: queue for place, queue in queues.items() if queue is not None},
        plain_functions=[function.name for function in app.pure_lambda_functions],
        tracing=project.setting(stage, "xray") is True,  # Chalice's, which reaches functions only
    )


def resources(
    api: Iterable[Resource],
    *,
    app: str,
    stage: str,
    document: Mapping[str, Any],
    queues: Mapping[tuple[str, str], str] | None = None,
    plain_functions: Iterable[str] = (),
    wanted: Settings | None = None,
    tracing: bool = False,
) -> dict[str, Any]:
    """Return the template's resources: the part of `RestAPI` that is ours, and what it needs. Raises GrailError.

    `document` is OpenAPI 3.1, or empty. `queues` are the short names of those that a path's method writes to;
    `plain_functions` those of the app's functions that may be authorizers and that Chalice lets nobody call.
    """
    wanted = wanted or Settings()
    api = list(api)
    callers = authorizers.functions(api) & set(plain_functions)
    targets = {
        place: direct.Target(queue_name(app, stage, queue), f"{to_cfn_resource_name(queue)}SenderRole")
        for place, queue in (queues or {}).items()
        if _is_admitted_by_function(api, *place)
    }
    for place in targets:
        direct.check_alone(*place, api)
    properties: dict[str, Any] = {
        "OpenApiVersion": "2.0",  # or SAM makes a second stage, named "Stage"
        "TracingEnabled": tracing,
        "AccessLogSetting": access_logs.setting(access_logs.fields(api)),
        "DefinitionBody": {
            **operations.VALIDATORS,
            "x-amazon-apigateway-gateway-responses": answers.gateway_responses(
                next((resource.cors for resource in api if resource.cors), None)
            ),
            "definitions": {"Problem": answers.PROBLEM, **definitions(document)},
            "paths": {resource.path: _path(resource, document, targets) for resource in api},
        },
    }
    if wanted.throttle is not None:
        properties["MethodSettings"] = throttles.method_settings(wanted.throttle, api)
    if wanted.gateway_log_role:
        properties["Variables"] = access_logs.WAITING
    return {
        "RestAPI": {"Properties": properties},
        **access_logs.log_group(f"{app}-{stage}", days=wanted.log_days),
        **(access_logs.account() if wanted.gateway_log_role else {}),
        **{target.role: direct.sender_role(target) for target in targets.values()},
        **authorizers.permissions(callers),
    }


def _path(
    resource: Resource, document: Mapping[str, Any], targets: Mapping[tuple[str, str], direct.Target]
) -> dict[str, Any]:
    """Return a path: its methods, Chalice's preflight, and the answer to any other method."""
    described = document.get("paths", {}).get(resource.path, {})
    found: dict[str, Any] = {}
    for method in resource.routes:
        merged = operations.described(described.get(method.lower(), {}))
        target = targets.get((resource.path, method))
        found[method.lower()] = merged if target is None else direct.integrated(merged, target, cors=resource.cors)
    if resource.cors is not None:
        found["options"] = answers.preflight(resource, resource.cors)
    return found | {"x-amazon-apigateway-any-method": answers.method_not_allowed(resource)}


def _is_admitted_by_function(api: Iterable[Resource], path: str, method: str) -> bool:
    """Tell whether a function decides who reaches a method; where none does, the route's own has to."""
    routes = next(resource.routes for resource in api if resource.path == path)
    return isinstance(routes[method].authorizer, LambdaAuthorizer)
