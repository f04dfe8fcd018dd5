"""Whether functions may send to a queue what Lambda gives up for them: it does so in their roles.

Chalice's own policies, those of `autogen_policy`, do not let them, and AWS refuses the stack where a function may not.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from grail.errors import GrailError
from grail.iam.evaluator import allows
from grail.iam.needs import arn
from grail.stack import event_sources
from grail.stack.functions import Function


def check(template: Mapping[str, Any], functions: Iterable[Function], *, app: str, stage: str) -> None:
    """Raise GrailError for a function whose role in a packaged template may not."""
    queue = arn("sqs", event_sources.failures_name(app, stage))
    for function in functions:
        if event_sources.gives_up(function):
            policies = list(_policies(template["Resources"], function.logical))
            if policies and not any(allows(policy, action="sqs:SendMessage", resource=queue) for policy in policies):
                message = f"{function.name} may not send what it gives up: allow it sqs:SendMessage on {queue}"
                raise GrailError(message)


def _policies(resources: Mapping[str, Any], function: str) -> Iterator[Mapping[str, Any]]:
    """Yield the policies of a function's role; none where the role is somebody else's (`iam_role_arn`)."""
    role = resources[function]["Properties"].get("Role")
    if isinstance(role, Mapping) and "Fn::GetAtt" in role:
        for policy in resources[role["Fn::GetAtt"][0]]["Properties"].get("Policies", ()):
            yield policy["PolicyDocument"]
