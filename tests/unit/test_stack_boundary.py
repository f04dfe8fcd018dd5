"""The boundary on a stage's roles."""

from pathlib import Path
from typing import Any

from grail.project import Project
from grail.stack import boundary
from grail.stack.functions import Caller, Function

FUNCTIONS = [Function("api_handler", "APIHandler", "shop-prod", Caller.API), Function("own", "Own", "x", Caller.EVENT)]
ARN = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/boundary-shop-prod"}


def bounded(others: dict[str, Any], **stage: Any) -> dict[str, Any]:
    """Return the roles of a stage with some settings, with their boundary."""
    project = Project(Path())
    vars(project)["config"] = {"app_name": "shop", "stages": {"prod": stage}}
    roles = boundary.resources(project, "prod", functions=FUNCTIONS, others=others)
    assert all(role == {"Properties": {"PermissionsBoundary": ARN}} for role in roles.values())
    return roles


def test_the_roles_that_chalice_makes_have_it() -> None:
    """By the names that Chalice gives them."""
    assert bounded({}).keys() == {"ApiHandlerRole", "OwnRole"}


def test_a_role_that_is_not_the_stage_s_own_is_left_alone() -> None:
    """A function that has somebody's role makes none."""
    own = {"own": {"manage_iam_role": False, "iam_role_arn": "arn:aws:iam::1:role/x"}}
    assert bounded({}, lambda_functions=own).keys() == {"ApiHandlerRole"}


def test_of_the_stack_s_own_roles_those_with_policies_of_their_own_have_it() -> None:
    """One with a policy of AWS's alone would lose what it is for."""
    others = {
        "Sender": {"Type": "AWS::IAM::Role", "Properties": {"Policies": []}},
        "Logs": {"Type": "AWS::IAM::Role", "Properties": {"ManagedPolicyArns": []}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
    }
    assert bounded(others).keys() == {"ApiHandlerRole", "OwnRole", "Sender"}
