"""How a function's new version takes over: at once, or bit by bit, and back again where an alarm says so."""

from typing import Any

from grail.stack import watched
from grail.stack.alarms import Alarm, Metric, When, logical
from grail.stack.aliases import ALIAS
from grail.stack.functions import Caller, Function
from grail.stack.known_settings import ALL_AT_ONCE


def preference(function: Function, deployment: str) -> dict[str, Any]:
    """Return a function's property. All at once, CloudFormation moves the alias itself, without CodeDeploy."""
    if deployment == ALL_AT_ONCE:
        return {}
    alarms = [watched.API_FAULTS] if function.is_on_the_way else []
    # Of an authorizer, an error may be a refusal; so the access log tells.
    alarms.append(watched.AUTHORIZER_FAULTS if function.caller is Caller.GATEWAY else _errors(function).id)
    return {"DeploymentPreference": {"Type": deployment, "Alarms": [{"Ref": logical(name)} for name in alarms]}}


def alarms(function: Function, deployment: str, *, prefix: str) -> dict[str, Any]:
    """Return the alarm on a function's new version, which nobody is told of: CodeDeploy goes back by itself."""
    if deployment == ALL_AT_ONCE or function.caller is Caller.GATEWAY:
        return {}
    alarm = _errors(function)
    return {alarm.logical: alarm.resource(prefix, tells=[])}


def _errors(function: Function) -> Alarm:
    dimensions = {
        "FunctionName": function.lambda_name,
        "Resource": f"{function.lambda_name}:{ALIAS}",
        "ExecutedVersion": {"Fn::GetAtt": [f"{function.logical}.Version", "Version"]},
    }
    return Alarm(
        f"{function.name.replace('_', '-')}-new-version",
        "The version that is being deployed failed: the one before is put back.",
        [Metric("AWS/Lambda", "Errors", dimensions)],
        When(0),
    )
