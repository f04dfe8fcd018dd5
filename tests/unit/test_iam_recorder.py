"""What botocore tells of requests, on clients whose requests go nowhere."""

import contextvars
import threading
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.handlers import BUILTIN_HANDLERS

from grail.iam import recorder
from grail.iam.recorder import Call, calling
from grail.iam.requests import Request


class _Nothing:
    """An empty answer."""

    def stream(self) -> list[bytes]:
        """Return nothing."""
        return [b"{}"]


def quiet(made: Any) -> Any:
    """Let a client's requests be answered before they are sent, and before an emulator in this process answers."""
    headers: Any = {}
    made.meta.events.register_first("before-send", lambda **_: AWSResponse("", 200, headers, _Nothing()))
    return made


def client(service: str) -> Any:
    """Return a client whose requests are answered before they are sent."""
    config = Config(signature_version="s3v4" if service == "s3" else None, account_id_endpoint_mode="disabled")
    session = boto3.Session("testing", "testing", region_name="eu-central-1")
    return quiet(session.client(service, config=config))  # type: ignore[call-overload]


def test_a_request_is_its_functions() -> None:
    """Of the innermost that runs; outside of all, it is nobody's."""
    dynamodb, noted = client("dynamodb"), list[Call]()
    key = {"TableName": "t", "Key": {"pk": {"S": "a"}}}
    dynamodb.get_item(**key)
    with calling("outer", noted.append):
        dynamodb.get_item(**key)
        with calling("inner", noted.append):
            dynamodb.delete_item(**key)
        dynamodb.get_item(**key)
    dynamodb.get_item(**key)
    assert [(call.function, call.request.operation) for call in noted] == [
        ("outer", "GetItem"),
        ("inner", "DeleteItem"),
        ("outer", "GetItem"),
    ]
    assert noted[0].request == Request("dynamodb", "GetItem", key)


def test_what_is_signed_for_others_is_noted() -> None:
    """A form or a link is good for what the function itself may do."""
    s3, noted = client("s3"), list[Call]()
    with calling("api_handler", noted.append):
        s3.generate_presigned_post("b", "documents/1", Conditions=[["content-length-range", 1, 9]])
        s3.generate_presigned_post("b", "documents/${filename}")
        s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "documents/1"})
    assert [call.request for call in noted] == [
        Request("s3", "PutObject", {"Bucket": "b", "Key": "documents/1"}),
        Request("s3", "PutObject", {"Bucket": "b", "Key": "documents/*"}),
        Request("s3", "GetObject", {"Bucket": "b", "Key": "documents/1"}),
    ]


def test_what_is_not_signed_is_not_noted() -> None:
    """IAM has no part in it: a user signs in."""
    noted = list[Call]()
    with calling("api_handler", noted.append):
        client("cognito-idp").initiate_auth(ClientId="c", AuthFlow="USER_PASSWORD_AUTH", AuthParameters={})
    assert noted == []


def test_expressions_are_noted_as_they_are_sent() -> None:
    """Those of boto3's resources are written by it."""
    session, noted = boto3.Session("testing", "testing", region_name="eu-central-1"), list[Call]()
    resource = session.resource("dynamodb")
    quiet(resource.meta.client)
    condition = boto3.dynamodb.conditions.Key("pk").eq("a")  # type: ignore[attr-defined]
    with calling("api_handler", noted.append):
        resource.Table("t").query(KeyConditionExpression=condition)
    [call] = noted
    assert call.request.parameters["KeyConditionExpression"] == "#n0 = :v0"
    assert call.request.parameters["ExpressionAttributeValues"] == {":v0": {"S": "a"}}


@pytest.mark.parametrize("copies", [True, False])
def test_a_thread_is_the_functions_in_a_copy_of_its_context(*, copies: bool) -> None:
    """And nobody's otherwise."""
    sqs, noted = client("sqs"), list[Call]()

    def ask() -> None:
        sqs.get_queue_url(QueueName="q")

    with calling("on_event", noted.append):
        context = contextvars.copy_context()
        thread = threading.Thread(target=(lambda: context.run(ask)) if copies else ask)
        thread.start()
        thread.join()
    assert [call.function for call in noted] == ["on_event"] * copies


def test_botocore_is_told_once() -> None:
    """However often it is asked for."""
    before = [*BUILTIN_HANDLERS]
    recorder.install()
    assert before == BUILTIN_HANDLERS
