"""What to merge into Chalice's description of a function: its name, alias and start, its users, where failures go."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from grail.stack import aliases, deployment, event_sources, logs
from grail.stack.functions import Function
from grail.stack.settings import FunctionSettings

_USERS = {
    "OIDC_ISSUER": {"Fn::GetAtt": ["UserPool", "ProviderURL"]},
    "OIDC_AUDIENCE": {"Ref": "UserPoolClient"},
    "USER_POOL_ARN": {"Fn::GetAtt": ["UserPool", "Arn"]},
}
"""What tells the app of its users, in the variables by which the embedded AWS tells it."""


class Surroundings(NamedTuple):
    """What a stage has that all functions share: how they are deployed, and whether there is a table and a pool.

    `queues` are the stage's, by their names to their logical ids.
    """

    deployment: str
    has_table: bool
    has_users: bool
    queues: Mapping[str, str] = {}


def resource(
    function: Function, settings: FunctionSettings, stage: Surroundings, *, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return what to merge into a function, whose `environment` Chalice knows. Raises GrailError.

    Its name is the one that `chalice deploy` gives it, which its policy has; its log is there before it, and its queue,
    which Chalice names by its ARN, so that nothing else would tell.
    """
    properties: dict[str, Any] = {
        "FunctionName": function.lambda_name,
        **aliases.properties(),
        **deployment.preference(function, stage.deployment),
        **event_sources.properties(function, has_table=stage.has_table),
        **_start(settings),
    }
    if stage.has_users and not _USERS.keys() & environment.keys():  # or they are somebody else's users
        properties["Environment"] = {"Variables": _USERS}
    queue = stage.queues.get(getattr(function.source, "queue", None) or "")
    before = [logs.group_id(function.logical), *([] if queue is None else [queue])]
    return {"Properties": properties, "DependsOn": before}


def _start(settings: FunctionSettings) -> dict[str, Any]:
    if settings.snap_start:
        return {"SnapStart": {"ApplyOn": "PublishedVersions"}}
    if settings.provisioned_concurrency is not None:
        count = settings.provisioned_concurrency
        return {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": count}}
    return {}
