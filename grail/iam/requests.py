"""From a request of AWS to what it needs: by one rule, and a table of what is otherwise.

The rule: an action is the service's IAM prefix and the operation's name, its resource what the service's well-known
parameter names. Source of all else: Service Authorization Reference.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from grail.iam import dynamodb
from grail.iam.needs import Need, arn


class Request(NamedTuple):
    """A request as it was signed: the service by the name in its signature, the API's operation and parameters."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
"""IAM's name of a service, where its signatures have another."""

_ACTIONS = {
    "execute-api:DeleteConnection": "ManageConnections",
    "execute-api:GetConnection": "ManageConnections",
    "execute-api:PostToConnection": "ManageConnections",
    "lambda:Invoke": "InvokeFunction",
    "lambda:InvokeWithResponseStream": "InvokeFunction",
    "s3:CompleteMultipartUpload": "PutObject",
    "s3:CopyObject": "PutObject",
    "s3:CreateMultipartUpload": "PutObject",
    "s3:DeleteObjects": "DeleteObject",
    "s3:HeadBucket": "ListBucket",
    "s3:HeadObject": "GetObject",
    "s3:ListBuckets": "ListAllMyBuckets",
    "s3:ListMultipartUploads": "ListBucketMultipartUploads",
    "s3:ListObjectVersions": "ListBucketVersions",
    "s3:ListObjects": "ListBucket",
    "s3:ListObjectsV2": "ListBucket",
    "s3:ListParts": "ListMultipartUploadParts",
    "s3:SelectObjectContent": "GetObject",
    "s3:UploadPart": "PutObject",
    "s3:UploadPartCopy": "PutObject",
    "sns:PublishBatch": "Publish",
    "sqs:ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "DeleteMessage",
    "sqs:SendMessageBatch": "SendMessage",
}
"""The action of an operation, where it has another name."""

_MOVING = ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage", "StartMessageMoveTask")
"""What moving messages needs of the queue that they leave (SQS Developer Guide, "dead-letter queue redrive")."""

_FREE = {"sts:GetCallerIdentity"}
"""What everybody may do."""

_VERSIONED = {"s3:DeleteObject", "s3:GetObject"}
"""What is another action where one version of an object is named."""

_WITH = {"Tagging": "s3:PutObjectTagging", "ACL": "s3:PutObjectAcl"}
"""What PutObject needs too, by its parameters."""

_RESOURCES = {
    "cognito-idp": ("UserPoolId", "userpool/*"),  # AWS makes the id up; it says nothing of the stage
    "events": ("EventBusName", "event-bus/{}"),
    "kinesis": ("StreamName", "stream/{}"),
    "kms": ("KeyId", "key/{}"),
    "lambda": ("FunctionName", "function:{}"),
    "logs": ("logGroupName", "log-group:{}:*"),
    "secretsmanager": ("SecretId", "secret:{}-??????"),  # a secret's ARN ends with six characters of AWS's
    "sqs": ("QueueName", "{}"),
    "ssm": ("Name", "parameter/{}"),
}
"""A service's parameter that names its resource, and the resource part of the ARN."""


def needs(request: Request, *, table: dynamodb.Table | None = None) -> Iterator[Need]:
    """Yield what a request needs. `table` is what the app declares of its one table."""
    service, operation, parameters = request
    prefix = _PREFIXES.get(service, service)
    if service == "dynamodb":
        yield from dynamodb.needs(operation, parameters, table)
        return
    if f"{prefix}:{operation}" in _FREE:
        return
    if operation == "StartMessageMoveTask":
        yield from (Need(f"sqs:{each}", arn("sqs", parameters.get("SourceArn", "*"))) for each in _MOVING)
        if "DestinationArn" in parameters:  # or each message goes back to where it came from
            yield Need("sqs:SendMessage", arn("sqs", parameters["DestinationArn"]))
        return
    action = f"{prefix}:{_ACTIONS.get(f'{prefix}:{operation}', operation)}"
    if prefix == "s3" and action in _VERSIONED:
        yield from _of_versions(action, parameters)
        return
    more = [_WITH[name] for name in _WITH if action == "s3:PutObject" and name in parameters]
    for resource in _resources(prefix, parameters):
        yield from (Need(each, resource) for each in (action, *more))
    if "CopySource" in parameters:
        source, _, version = str(parameters["CopySource"]).lstrip("/").partition("?versionId=")
        yield Need(_versioned("s3:GetObject", version), arn("s3", source))


def _of_versions(action: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    """Yield what a request of objects needs, of which it may name versions."""
    for named in parameters.get("Delete", {}).get("Objects", [parameters]):
        yield Need(
            _versioned(action, named.get("VersionId")), arn("s3", f"{parameters.get('Bucket')}/{named.get('Key')}")
        )


def _versioned(action: str, version: str | None) -> str:
    return f"{action}Version" if version else action


def _resources(service: str, parameters: Mapping[str, Any]) -> list[str]:
    if service == "s3":
        return [arn("s3", name) for name in _objects(parameters)] or ["*"]
    if service == "events" and "Entries" in parameters:
        buses = {entry.get("EventBusName", "default") for entry in parameters["Entries"]}
        return [resource for bus in sorted(buses) for resource in _resources(service, {"EventBusName": bus})]
    if "QueueUrl" in parameters:
        return [arn(service, parameters["QueueUrl"].rpartition("/")[2])]
    parameter, form = _RESOURCES.get(service, ("", ""))
    named = parameters.get(parameter)
    if named is None:
        named = next((value for name, value in sorted(parameters.items()) if _is_arn(name, value)), None)
    if named is None:
        return ["*"]
    if service == "kms" and not named.startswith("arn:") and "/" in named:
        message = "a key's alias has no ARN in a policy: name the key"
        raise ValueError(message)
    if service == "lambda":
        named = ":".join([named.rpartition("function:")[2], *filter(None, [parameters.get("Qualifier")])])
    return [arn(service, named if named.startswith("arn:") else form.format(named.removeprefix("/")))]


def _objects(parameters: Mapping[str, Any]) -> list[str]:
    """Return the bucket, or the objects in it that a request names."""
    bucket = parameters.get("Bucket")
    keys = [item["Key"] for item in parameters.get("Delete", {}).get("Objects", ())]
    keys += [parameters["Key"]] if "Key" in parameters else []
    return [f"{bucket}/{key}" for key in keys] or ([bucket] if bucket else [])


def _is_arn(name: str, value: object) -> bool:
    return name.lower().endswith("arn") and isinstance(value, str) and value.startswith("arn:")
