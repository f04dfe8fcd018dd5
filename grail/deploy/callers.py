"""What starts functions beside what Lambda polls: their own policies, their URLs, and the rules of EventBridge."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from chalice.app import CloudWatchEventConfig, ScheduledEventConfig, ScheduleExpression

from grail.deploy import clients, functions
from grail.deploy.account import Account
from grail.deploy.findings import Finding, compared
from grail.stack.functions import Caller, Function

_GATEWAY = "apigateway.amazonaws.com"
_RULES = "events.amazonaws.com"


def findings(functions: Iterable[Function], account: Account, *, api: str | None) -> Iterator[Finding]:
    """Yield what differs; a function for anybody (`@app.lambda_function`) is its owner's business."""
    client = clients.of("lambda")
    for function in functions:
        there = clients.exists(lambda name=function.lambda_name: client.get_function(FunctionName=name))  # type: ignore[misc]
        if function.caller is Caller.ANYONE or not there:
            continue
        is_by_rule = isinstance(function.source, CloudWatchEventConfig | ScheduledEventConfig)
        if is_by_rule:
            yield from _of_rule(function, account)
        if is_by_rule or function.caller is not Caller.EVENT:  # Chalice sees to SNS's
            yield from _of_policy(function, _expected(function, account, api=api))
        yield from _of_url(function.lambda_name)


def rule_name(function: Function) -> str:
    """Return the name that Chalice gives to a function's rule."""
    return f"{function.lambda_name}-event"


def _expected(function: Function, account: Account, *, api: str | None) -> tuple[str, str] | None:
    """Return the service that may call a function, and what its ARN begins with there; None where none may."""
    match function.caller:
        case Caller.API | Caller.GATEWAY:
            return _GATEWAY, account.arn("execute-api", f"{api}/")
        case Caller.EVENT:
            return _RULES, account.arn("events", f"rule/{rule_name(function)}")
    return None


def _of_policy(function: Function, expected: tuple[str, str] | None) -> Iterator[Finding]:
    name, client = function.lambda_name, clients.of("lambda")
    is_called = expected is None
    for statement in functions.statements(name):
        caller = statement["Principal"]
        service = caller.get("Service", "") if isinstance(caller, Mapping) else ""
        source = str(statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", ""))
        if expected is not None and service == expected[0] and source.startswith(expected[1]):
            is_called = True
            continue
        remove = partial(client.remove_permission, FunctionName=name, StatementId=statement["Sid"])
        yield Finding(f"function {name}: {_caller(caller, source)} may call it, which is not declared", remove)
    if expected is not None and not is_called:
        yield Finding(f"function {name}: {expected[0]} may not call it")


def _caller(principal: Any, source: str) -> str:  # noqa: ANN401 - a service, an account, or everybody
    who = ", ".join(map(str, principal.values())) if isinstance(principal, Mapping) else str(principal)
    return f"{who} ({source})" if source else who


def _of_url(name: str) -> Iterator[Finding]:
    client = clients.of("lambda")
    if clients.exists(lambda: client.get_function_url_config(FunctionName=name)):
        remove = partial(client.delete_function_url_config, FunctionName=name)
        yield Finding(f"function {name}: it has a URL of its own, which is not declared", remove)


def _of_rule(function: Function, account: Account) -> Iterator[Finding]:
    client = clients.of("events")
    name = rule_name(function)
    live = clients.found(lambda: client.describe_rule(Name=name))
    if live is None:
        yield Finding(f"rule {name} is not there")
        return
    said = _declared(function)
    put = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in said.items()}
    if "EventPattern" in live:
        live["EventPattern"] = json.loads(live["EventPattern"])
    yield from compared(f"rule {name}", live, {"State": "ENABLED"} | said, partial(client.put_rule, Name=name, **put))
    arn = account.arn("lambda", f"function:{function.lambda_name}")
    targets = client.list_targets_by_rule(Rule=name)["Targets"]
    if not any(target["Arn"] == arn for target in targets):
        mend = partial(client.put_targets, Rule=name, Targets=[{"Id": "1", "Arn": arn}])  # as Chalice numbers it
        yield Finding(f"rule {name}: it does not start {function.lambda_name}", mend)
    for target in targets:
        if target["Arn"] != arn:
            mend = partial(client.remove_targets, Rule=name, Ids=[target["Id"]])
            yield Finding(f"rule {name}: it starts {target['Arn']}, which is not declared", mend)


def _declared(function: Function) -> dict[str, Any]:
    """Return when a rule starts a function, in the words of EventBridge's API."""
    if isinstance(function.source, CloudWatchEventConfig):
        return {"EventPattern": function.source.event_pattern}
    expression = function.source.schedule_expression
    return {"ScheduleExpression": expression.to_string() if isinstance(expression, ScheduleExpression) else expression}
