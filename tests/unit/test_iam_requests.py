"""From a request to what it needs, held to what botocore knows of the APIs and cfn-lint of IAM's actions."""

import json
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from grail.iam.dynamodb import LEADING_KEYS
from grail.iam.needs import Need
from grail.iam.requests import Request, needs

TABLE = {"key": ("pk", "sk"), "indexes": {"gsi1": ("gsi1pk", "gsi1sk")}}
_POLICIES = distribution("cfn-lint").locate_file("cfnlint/data/AdditionalSpecs/Policies.json")
IAM = json.loads(Path(str(_POLICIES)).read_text())
OF_ITEMS = {"BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"}
OF_OBJECTS = {
    "AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateMultipartUpload", "DeleteObject",
    "DeleteObjects", "DeleteObjectTagging", "GetObject", "GetObjectAttributes", "GetObjectTagging", "HeadBucket",
    "HeadObject", "ListBuckets", "ListMultipartUploads", "ListObjects", "ListObjectsV2", "ListObjectVersions",
    "ListParts", "PutObject", "PutObjectTagging", "SelectObjectContent", "UploadPart", "UploadPartCopy",
}  # fmt: skip
ALL: set[str] = set()


def key(value: str) -> dict[str, Any]:
    """Return an item's key in DynamoDB's JSON."""
    return {"pk": {"S": value}, "sk": {"S": "x"}}


def found(service: str, operation: str, **parameters: Any) -> list[tuple[str, str]]:
    """Return the actions and resources that a request needs."""
    return [(need.action, need.resource) for need in needs(Request(service, operation, parameters), table=TABLE)]


def leading(operation: str, **parameters: Any) -> set[str]:
    """Return the partition keys of a request of DynamoDB."""
    wanted: Iterable[Need] = needs(Request("dynamodb", operation, parameters), table=TABLE)
    keys = {pair for need in wanted for pair in need.keys}
    assert {name for name, _ in keys} <= {LEADING_KEYS}
    return {value for _, value in keys}


@pytest.mark.parametrize(
    ("service", "operations"),
    [
        ("dynamodb", OF_ITEMS), ("s3", OF_OBJECTS), ("sqs", ALL), ("events", ALL), ("stepfunctions", ALL),
        ("firehose", ALL), ("scheduler", ALL), ("apigatewaymanagementapi", ALL), ("cloudwatch", {"PutMetricData"}),
        ("sns", {"Publish", "PublishBatch"}), ("lambda", {"Invoke", "InvokeWithResponseStream", "GetFunction"}),
        ("secretsmanager", {"GetSecretValue", "PutSecretValue"}), ("ssm", {"GetParameter", "GetParametersByPath"}),
        ("kms", {"Decrypt", "Encrypt", "GenerateDataKey"}), ("cognito-idp", {"AdminGetUser", "ListUsers"}),
    ],
)  # fmt: skip
def test_every_action_is_one_of_iams(service: str, operations: set[str]) -> None:
    """All operations of a service, or those that functions use: one that is not known to IAM allows nothing."""
    model = botocore.session.get_session().get_service_model(service)
    assert operations <= set(model.operation_names)
    for operation in operations or model.operation_names:
        for need in needs(Request(model.signing_name, operation, {"TableName": "t", "RequestItems": {}})):
            prefix, _, action = need.action.partition(":")
            assert action.lower() in IAM[prefix]["Actions"], need.action


def test_a_transaction_is_its_items_actions() -> None:
    """DynamoDB Developer Guide, "Using IAM with transactions"."""
    items = [
        {"Put": {"TableName": "t", "Item": {**key("A#1"), "more": {"N": "1"}}}},
        {"Update": {"TableName": "t", "Key": key("B#1")}},
        {"Delete": {"TableName": "t", "Key": key("C#1")}},
        {"ConditionCheck": {"TableName": "u", "Key": key("D#1")}},
    ]
    assert found("dynamodb", "TransactWriteItems", TransactItems=items) == [
        ("dynamodb:PutItem", "arn:aws:dynamodb:*:*:table/t"),
        ("dynamodb:UpdateItem", "arn:aws:dynamodb:*:*:table/t"),
        ("dynamodb:DeleteItem", "arn:aws:dynamodb:*:*:table/t"),
        ("dynamodb:ConditionCheckItem", "arn:aws:dynamodb:*:*:table/u"),
    ]
    assert leading("TransactWriteItems", TransactItems=items) == {"A#1", "B#1", "C#1", "D#1"}
    read = [{"Get": {"TableName": "t", "Key": key("A#1")}}]
    assert found("dynamodb", "TransactGetItems", TransactItems=read)[0][0] == "dynamodb:GetItem"


def test_a_batch_is_an_action_of_its_own() -> None:
    """On each of its tables, with the partition keys of all items."""
    reads = {"t": {"Keys": [key("A#1"), key("B#1")]}, "u": {"Keys": [key("C#1")]}}
    assert found("dynamodb", "BatchGetItem", RequestItems=reads) == [
        ("dynamodb:BatchGetItem", "arn:aws:dynamodb:*:*:table/t"),
        ("dynamodb:BatchGetItem", "arn:aws:dynamodb:*:*:table/u"),
    ]
    assert leading("BatchGetItem", RequestItems=reads) == {"A#1", "B#1", "C#1"}
    writes = {"t": [{"PutRequest": {"Item": key("A#1")}}, {"DeleteRequest": {"Key": key("B#1")}}]}
    assert leading("BatchWriteItem", RequestItems=writes) == {"A#1", "B#1"}


def test_a_query_is_of_a_table_or_of_an_index() -> None:
    """Each has an ARN, and a partition key, of its own."""
    names, values = {"#h": "gsi1pk"}, {":h": {"S": "PERSON#0"}, ":s": {"S": "x"}}
    of_index = {"IndexName": "gsi1", "KeyConditionExpression": "#h = :h AND #s > :s", "ExpressionAttributeNames": names}
    parameters = {"TableName": "t", **of_index, "ExpressionAttributeValues": values}
    assert found("dynamodb", "Query", **parameters) == [("dynamodb:Query", "arn:aws:dynamodb:*:*:table/t/index/gsi1")]
    assert leading("Query", **parameters) == {"PERSON#0"}
    plain = {"KeyConditionExpression": "sk = :s and pk=:h", "ExpressionAttributeValues": values}
    assert leading("Query", TableName="t", **plain) == {"PERSON#0"}


def test_partiql_is_not_guessed() -> None:
    """What a statement needs stands in it."""
    with pytest.raises(ValueError, match="ExecuteStatement"):
        found("dynamodb", "ExecuteStatement", Statement="SELECT * FROM t")


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "needed"),
    [
        ("dynamodb", "GetItem", {"TableName": "arn:aws:dynamodb:eu-central-1:1:table/t"}, "dynamodb:*:*:table/t"),
        ("sqs", "SendMessageBatch", {"QueueUrl": "https://sqs.eu-central-1.amazonaws.com/1/q"}, "sqs:*:*:q"),
        ("sqs", "GetQueueUrl", {"QueueName": "q"}, "sqs:*:*:q"),
        ("s3", "HeadBucket", {"Bucket": "b"}, "s3:::b"),
        ("s3", "PutObject", {"Bucket": "b", "Key": "k/1"}, "s3:::b/k/1"),
        ("secretsmanager", "GetSecretValue", {"SecretId": "s"}, "secretsmanager:*:*:secret:s-??????"),
        ("lambda", "Invoke", {"FunctionName": "f"}, "lambda:*:*:function:f"),
        ("ssm", "GetParameter", {"Name": "/a/b"}, "ssm:*:*:parameter/a/b"),
        ("sns", "Publish", {"TopicArn": "arn:aws:sns:eu-central-1:1:t"}, "sns:*:*:t"),
        ("states", "StartExecution", {"activityArn": "arn:aws:states:x:1:activity:m"}, "states:*:*:activity:m"),
        ("cognito-idp", "AdminGetUser", {"UserPoolId": "x_1"}, "cognito-idp:*:*:userpool/*"),
        ("events", "PutEvents", {"Entries": [{}, {}]}, "events:*:*:event-bus/default"),
    ],
)  # fmt: skip
def test_a_parameter_names_the_resource(service: str, operation: str, parameters: Any, needed: str) -> None:
    """By its name, its URL or its ARN; region and account are left open."""
    [(_, resource)] = found(service, operation, **parameters)
    assert resource == f"arn:aws:{needed}"


def test_what_names_no_resource_needs_all() -> None:
    """A policy then needs a `*`, and the `*` a reason; of some actions everybody may do, nothing is needed."""
    assert found("sqs", "ListQueues") == [("sqs:ListQueues", "*")]
    assert found("dynamodb", "ListTables") == [("dynamodb:ListTables", "*")]
    assert found("sts", "GetCallerIdentity") == []


def test_some_parameters_of_s3_need_more() -> None:
    """Tags, another object to copy, one version, several objects."""
    put = [action for action, _ in found("s3", "PutObject", Bucket="b", Key="k", Tagging="a=b")]
    assert put == ["s3:PutObject", "s3:PutObjectTagging"]
    copied = found("s3", "CopyObject", Bucket="b", Key="k", CopySource="c/d")
    assert copied == [("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:GetObject", "arn:aws:s3:::c/d")]
    assert found("s3", "HeadObject", Bucket="b", Key="k", VersionId="1")[0][0] == "s3:GetObjectVersion"
    removed = found("s3", "DeleteObjects", Bucket="b", Delete={"Objects": [{"Key": "k"}, {"Key": "l"}]})
    assert removed == [("s3:DeleteObject", "arn:aws:s3:::b/k"), ("s3:DeleteObject", "arn:aws:s3:::b/l")]


def test_versions_are_actions_of_their_own() -> None:
    """Of each object in a list, and of what is copied."""
    objects = [{"Key": "a"}, {"Key": "b", "VersionId": "1"}]
    assert found("s3", "DeleteObjects", Bucket="x", Delete={"Objects": objects}) == [
        ("s3:DeleteObject", "arn:aws:s3:::x/a"),
        ("s3:DeleteObjectVersion", "arn:aws:s3:::x/b"),
    ]
    assert found("s3", "CopyObject", Bucket="x", Key="c", CopySource="y/b?versionId=3") == [
        ("s3:PutObject", "arn:aws:s3:::x/c"),
        ("s3:GetObjectVersion", "arn:aws:s3:::y/b"),
    ]


@pytest.mark.parametrize(
    "parameters",
    [
        {"FunctionName": "f", "Qualifier": "live"},
        {"FunctionName": "f:live"},
        {"FunctionName": "123456789012:function:f", "Qualifier": "live"},
        {"FunctionName": "arn:aws:lambda:eu-central-1:123456789012:function:f:live"},
    ],
)
def test_a_function_may_be_named_in_four_ways(parameters: dict[str, str]) -> None:
    """Its alias is part of what is called."""
    assert found("lambda", "Invoke", **parameters) == [("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:f:live")]


def test_messages_that_are_moved_are_read_and_sent() -> None:
    """SQS Developer Guide, "Dead-letter queue redrive permissions"."""
    source, target = (f"arn:aws:sqs:eu-central-1:123456789012:{name}" for name in ("q-dlq", "q"))
    moved = found("sqs", "StartMessageMoveTask", SourceArn=source, DestinationArn=target)
    assert {resource for _, resource in moved[:-1]} == {"arn:aws:sqs:*:*:q-dlq"}
    assert moved[-1] == ("sqs:SendMessage", "arn:aws:sqs:*:*:q")


def test_the_alias_of_a_key_is_not_guessed() -> None:
    """A policy names the key."""
    with pytest.raises(ValueError, match="alias"):
        found("kms", "Encrypt", KeyId="alias/x")
