"""Chalice's record made anew of what is on AWS, on moto in this process."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from grail.deploy import api, clients, state
from grail.deploy.state import Record
from grail.errors import GrailError

ROLE = "arn:aws:iam::123456789012:role/shop-dev-work"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-work"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:{}"
ROLE_RECORD = {"name": "work_role", "resource_type": "iam_role", "role_name": "shop-dev-work", "role_arn": ROLE}
FUNCTION_RECORD = {"name": "work", "resource_type": "lambda_function", "lambda_arn": FUNCTION}


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Mock AWS in this process, which other tests may have done before; leave nothing there."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield
        lambda_, gateway, sqs = boto3.client("lambda"), boto3.client("apigateway"), boto3.client("sqs")
        for mapping in lambda_.list_event_source_mappings(FunctionName=FUNCTION)["EventSourceMappings"]:
            lambda_.delete_event_source_mapping(UUID=mapping["UUID"])
        for left in gateway.get_rest_apis()["items"]:
            if left["name"] == "shop-dev":
                gateway.delete_rest_api(restApiId=left["id"])
        for queue in sqs.list_queues(QueueNamePrefix="shop-dev-").get("QueueUrls", ()):
            sqs.delete_queue(QueueUrl=queue)
        clients.exists(lambda: lambda_.delete_function(FunctionName="shop-dev-work"))
        clients.exists(lambda: boto3.client("iam").delete_role(RoleName="shop-dev-work"))
        clients.exists(lambda: boto3.client("s3").delete_bucket(Bucket="shop-dev-files"))


def made(*queues: str) -> list[str]:
    """Make a function that polls queues; return the ids of its event sources."""
    boto3.client("iam").create_role(RoleName="shop-dev-work", AssumeRolePolicyDocument="{}")
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("app.py", "")
        code: Any = {"ZipFile": file.getvalue()}
    client = boto3.client("lambda")
    client.create_function(FunctionName="shop-dev-work", Role=ROLE, Runtime="python3.12", Handler="app.work", Code=code)
    for queue in queues:
        boto3.client("sqs").create_queue(QueueName=queue)
    return [
        client.create_event_source_mapping(FunctionName=FUNCTION, EventSourceArn=QUEUE.format(queue))["UUID"]
        for queue in queues
    ]


def polled(name: str, queue: str) -> Record:
    """Return the record of an event source without its id."""
    where = {"queue": queue, "queue_arn": QUEUE.format(queue), "lambda_arn": FUNCTION}
    return {"name": name, "resource_type": "sqs_event", **where}


def test_what_is_not_there_has_no_record() -> None:
    """Neither what was planned, nor what an old record tells of."""
    saved = [{"name": "rest_api", "resource_type": "rest_api", "rest_api_id": "gone"}]
    assert state.found([ROLE_RECORD, FUNCTION_RECORD, polled("work-sqs", "shop-dev-jobs")], saved) == []


def test_what_is_there_has_one_without_any_record() -> None:
    """An event source with the id that AWS gave it."""
    [uuid] = made("shop-dev-jobs")
    wanted = [ROLE_RECORD, FUNCTION_RECORD, polled("work-sqs", "shop-dev-jobs")]
    assert state.found(wanted, []) == [
        ROLE_RECORD,
        FUNCTION_RECORD,
        polled("work-sqs", "shop-dev-jobs") | {"event_uuid": uuid},
    ]


def test_what_the_app_no_longer_has_is_told_by_the_saved_record() -> None:
    """So that Chalice removes it; what is wanted goes before what was saved under its name."""
    made()
    old = FUNCTION_RECORD | {"name": "former"}
    assert state.found([], [old]) == [old]
    assert state.found([FUNCTION_RECORD], [FUNCTION_RECORD | {"lambda_arn": "stale"}]) == [FUNCTION_RECORD]
    assert state.found([ROLE_RECORD], [ROLE_RECORD | {"role_arn": "stale"}]) == [ROLE_RECORD]


def test_an_event_source_that_nobody_wants_is_removed() -> None:
    """Of a queue that another took the place of: its record has a name that the app has not."""
    old, new = made("shop-dev-former", "shop-dev-jobs")
    wanted = [FUNCTION_RECORD, polled("work-sqs", "shop-dev-jobs")]
    _, *sources = state.found(wanted, [])
    stray, mapped = sorted(sources, key=lambda record: str(record["name"]))
    assert (stray["name"], stray["event_uuid"]) == (f"stray-{old}", old)
    assert (mapped["name"], mapped["event_uuid"]) == ("work-sqs", new)


def test_an_api_is_found_by_a_record_its_caller_or_its_name() -> None:
    """Each where those before it are lost; a record of what is gone counts for nothing."""
    made()
    assert api.find([], name="shop-dev", handler="shop-dev-work") is None
    there = api.make("shop-dev", endpoint="REGIONAL")
    stale: list[Record] = [{"rest_api_id": "gone"}]
    assert api.find(stale, name="shop-dev", handler="shop-dev-work") == there
    boto3.client("lambda").add_permission(
        FunctionName="shop-dev-work", StatementId="one", Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com", SourceArn=f"arn:aws:execute-api:us-east-1:123456789012:{there}/*",
    )  # fmt: skip
    assert api.find([], name="another", handler="shop-dev-work") == there
    assert api.find([{"rest_api_id": there}], name="another", handler="none") == there


def test_of_two_apis_with_its_name_none_is_guessed() -> None:
    """Their ids are said."""
    one, two = api.make("shop-dev", endpoint="EDGE"), api.make("shop-dev", endpoint="EDGE")
    with pytest.raises(GrailError, match=f"{one}, {two}|{two}, {one}"):
        api.find([], name="shop-dev", handler="none")


def test_a_record_is_kept_and_forgotten() -> None:
    """In the stage's bucket; without a bucket there is none."""
    assert state.fetch("shop-dev-files", "dev") == []
    boto3.client("s3").create_bucket(Bucket="shop-dev-files")
    state.keep("shop-dev-files", "dev", [ROLE_RECORD])
    assert state.fetch("shop-dev-files", "dev") == [ROLE_RECORD]
    state.forget("shop-dev-files")
    assert state.fetch("shop-dev-files", "dev") == []
