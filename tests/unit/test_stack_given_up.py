"""Whether functions may send what they give up, in a packaged template."""

from typing import Any

import pytest

from grail.errors import GrailError
from grail.stack import given_up
from grail.stack.functions import Caller, Function

DAILY = Function("daily", "Daily", "shop-dev-daily", Caller.EVENT)
QUEUE = "arn:aws:sqs:*:*:shop-dev-failures"


def check(action: str, resource: str, *, role: Any = None, function: Function = DAILY) -> None:
    """Check a template with one function, whose role allows this."""
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource}}
    template = {
        "Resources": {
            "Daily": {"Properties": {"Role": role or {"Fn::GetAtt": ["DailyRole", "Arn"]}}},
            "DailyRole": {"Properties": {"Policies": [{"PolicyDocument": policy}]}},
        }
    }
    given_up.check(template, [function], app="shop", stage="dev")


@pytest.mark.parametrize(
    ("action", "resource"), [("sqs:SendMessage", QUEUE), ("*", "*"), ("sqs:*", "arn:aws:sqs:*:*:*")]
)
def test_who_may_is_let(action: str, resource: str) -> None:
    """By name or with stars."""
    check(action, resource)


@pytest.mark.parametrize(("action", "resource"), [("sqs:SendMessage", f"{QUEUE}2"), ("logs:*", "arn:*:logs:*:*:*")])
def test_who_may_not_is_named(action: str, resource: str) -> None:
    """With what it lacks: AWS would refuse the stack, without saying of which queue."""
    with pytest.raises(
        GrailError, match="daily may not send what it gives up: allow it sqs:SendMessage on arn:aws:sqs"
    ):
        check(action, resource)


def test_somebody_elses_role_is_not_looked_at() -> None:
    """It is not in the template; nor is the role of a function that gives nothing up."""
    check("logs:*", "*", role="arn:aws:iam::123456789012:role/theirs")
    check("logs:*", "*", function=DAILY._replace(caller=Caller.QUEUE))
