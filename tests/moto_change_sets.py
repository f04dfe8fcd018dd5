"""CloudFormation's change sets as AWS has them: what moto 5.2 does otherwise, each with its reason."""

from collections.abc import Callable
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend
from moto.cloudformation.parsing import OutputMap
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult
from moto.iam.models import iam_backends

_motos_create_change_set = CloudFormationBackend.create_change_set


def apply(replace: Callable[[object, str, object], None]) -> None:
    """Adapt moto in this process; `replace` is setattr, or what undoes it later."""
    # The outputs are those from before it, and so is the description.
    replace(ChangeSet, "apply", execute)
    # One to create makes a second stack of one name, where one was not executed; and any role will do.
    replace(CloudFormationBackend, "create_change_set", _create_change_set)
    # Of a template that is the same with parameters, it says so too early.
    replace(CloudFormationResponse, "_validate_different_update", lambda *_: None)
    # A stack can be protected as it is made, and not later.
    replace(CloudFormationResponse, "update_termination_protection", _protect)


def execute(changes: Any) -> None:
    """Make the changes."""
    changes.stack.resource_map.update(changes.template_dict, changes.parameters)
    changes.stack.parameters = changes.parameters
    changes.stack.template_dict = changes.template_dict
    changes.stack.description = changes.template_dict.get("Description")
    changes.stack.output_map = OutputMap(changes.stack.resource_map, changes.template_dict, changes.stack.stack_id)


def _create_change_set(backend: Any, stack_name: str, *arguments: Any, **others: Any) -> Any:
    role = others.get("role_arn")
    if role is not None and role not in {found.arn for found in iam_backends[backend.account_id]["aws"].roles.values()}:
        message = f"Role {role} is invalid or cannot be assumed"
        raise ValidationError(message=message)
    for stack in list(backend.stacks.values()):
        if (stack.name, stack.status) == (stack_name, "REVIEW_IN_PROGRESS"):
            del backend.stacks[stack.stack_id]
    return _motos_create_change_set(backend, stack_name, *arguments, **others)


def _protect(response: Any) -> ActionResult:
    [stack] = response.cloudformation_backend.describe_stacks(response._get_param("StackName"))
    stack.enable_termination_protection = response._get_bool_param("EnableTerminationProtection")
    return ActionResult({"StackId": stack.stack_id})
