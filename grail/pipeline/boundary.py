"""What a stage's functions can ever do: use what is the stage's own. Their policies say which of it they may."""

from grail.pipeline.statements import Statement, allow, arn, s3_arn


def statements(app: str, stage: str) -> list[Statement]:
    """Return the boundary. It lets nobody do anything by itself, and no role inside it change a role."""
    name = f"{app}-{stage}"
    own_table = {"StringEquals": {"kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.amazonaws.com"}}}
    return [
        allow(
            "dynamodb",
            "BatchGetItem BatchWriteItem ConditionCheckItem DeleteItem DescribeStream DescribeTable GetItem GetRecords"
            " GetShardIterator ListStreams PutItem Query UpdateItem",
            [arn("dynamodb", f"table/{name}"), arn("dynamodb", f"table/{name}/*")],
        ),
        allow("kms", "Decrypt DescribeKey Encrypt GenerateDataKey", [arn("kms", "key/*")], condition=own_table),
        allow(
            "sqs",
            "ChangeMessageVisibility DeleteMessage GetQueueAttributes GetQueueUrl ReceiveMessage SendMessage",
            [arn("sqs", f"{name}-*")],
        ),
        allow(
            "s3",
            "AbortMultipartUpload DeleteObject DeleteObjectVersion GetObject GetObjectVersion PutObject",
            [s3_arn(f"{name}-*/*")],
        ),
        allow("s3", "ListBucket", [s3_arn(f"{name}-*")]),
        allow("sns", "Publish", [arn("sns", f"{name}-*")]),
        allow("lambda", "InvokeFunction", [arn("lambda", f"function:{name}"), arn("lambda", f"function:{name}-*")]),
        allow("secretsmanager", "GetSecretValue", [arn("secretsmanager", f"secret:{name}-*")]),
        allow("ssm", "GetParameter GetParameters GetParametersByPath", [arn("ssm", f"parameter/{app}/{stage}/*")]),
        allow("logs", "CreateLogStream PutLogEvents", [arn("logs", f"log-group:/aws/lambda/{name}*")]),
        allow("xray", "PutTelemetryRecords PutTraceSegments", "*"),  # X-Ray knows no resources for these
    ]
