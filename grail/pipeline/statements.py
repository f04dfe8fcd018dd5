"""IAM statements of a template, with ARNs of its own account."""

from collections.abc import Mapping, Sequence
from typing import Any

Statement = dict[str, Any]


def arn(service: str, resource: str, *, region: str = "${AWS::Region}", account: str = "${AWS::AccountId}") -> Any:  # noqa: ANN401 - a template's value
    """Return an ARN; S3's have neither region nor account, IAM's and CloudFront's no region."""
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{service}:{region}:{account}:{resource}"}


def global_arn(service: str, resource: str) -> Any:  # noqa: ANN401 - a template's value
    """Return an ARN of a service that has no regions."""
    return arn(service, resource, region="")


def s3_arn(resource: str) -> Any:  # noqa: ANN401 - a template's value
    """Return an ARN of S3's."""
    return arn("s3", resource, region="", account="")


def managed_policy(name: str) -> Any:  # noqa: ANN401 - a template's value
    """Return the ARN of one of AWS's own policies."""
    return arn("iam", f"policy/{name}", region="", account="aws")


def allow(
    service: str, actions: str, resources: Sequence[Any] | str, *, condition: Mapping[str, Any] | None = None
) -> Statement:
    """Return a statement that allows actions of a service, named with blanks between them."""
    return {
        "Effect": "Allow",
        "Action": [f"{service}:{action}" for action in actions.split()],
        "Resource": resources if isinstance(resources, str) else list(resources),
        **({} if condition is None else {"Condition": dict(condition)}),
    }


def document(statements: Sequence[Statement]) -> dict[str, Any]:
    """Return the policy document of some statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}
