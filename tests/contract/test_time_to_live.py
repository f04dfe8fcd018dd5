"""Items whose time has passed, on the embedded AWS."""

import json
import threading
import uuid
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from grail.localcloud import moto_properties
from grail.localcloud.services import REGION, Embedded
from grail.localcloud.time_to_live import TimeToLive, sweep
from grail.stack import data
from tests import emulators

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = 4_000_000_000.0
"""In the year 2096: the embedded AWS itself sweeps none of these."""
TABLE = {"key": ("pk", "sk"), "indexes": {"all": ("by", "sk")}, "ttl": "ttl", "stream": "NEW_AND_OLD_IMAGES"}


@pytest.fixture
def dynamodb(moto_url: str) -> "DynamoDBClient":
    """Return a client."""
    return emulators.dynamodb(moto_url)


@pytest.fixture
def table(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Create a table from the template, with what moto overlooks of it."""
    for name, value in Embedded(moto_url, "dev", 1, 1).environment().items():
        monkeypatch.setenv(name, value)
    stage = f"t{uuid.uuid4().hex[:12]}"
    template = data.template(app="shop", stage=stage, table=TABLE)
    boto3.client("cloudformation").create_stack(StackName=stage, TemplateBody=json.dumps(template))
    moto_properties.apply(template)
    return data.table_name("shop", stage)


def put(dynamodb: "DynamoDBClient", table: str, name: str, ttl: Any) -> None:
    """Put an item."""
    item: dict[str, Any] = {"pk": {"S": name}, "sk": {"S": "x"}, "by": {"S": "all"}}
    dynamodb.put_item(TableName=table, Item=item if ttl is None else {**item, "ttl": ttl})


def names(dynamodb: "DynamoDBClient", table: str) -> set[str]:
    """Return which items are there, as an index has it."""
    found = dynamodb.query(
        TableName=table, IndexName="all", KeyConditionExpression="#by = :all",
        ExpressionAttributeNames={"#by": "by"}, ExpressionAttributeValues={":all": {"S": "all"}},
    )  # fmt: skip
    return {item["pk"]["S"] for item in found["Items"]}


@pytest.mark.parametrize(
    ("ttl", "stays"),
    [
        ({"N": str(NOW - 1)}, False),
        ({"N": str(NOW)}, False),
        ({"N": str(NOW + 1)}, True),
        ({"N": str(NOW - 4.9 * 365 * 86_400)}, False),
        ({"N": str(NOW - 5.1 * 365 * 86_400)}, True),
        ({"S": str(NOW - 1)}, True),
        (None, True),
    ],
)
def test_an_item_goes_when_its_time_has_passed(
    dynamodb: "DynamoDBClient",
    table: str,
    ttl: Any,
    stays: bool,  # noqa: FBT001 - a table of cases
) -> None:
    """A number of seconds that is past, and not five years ago; the others stay."""
    put(dynamodb, table, "item", ttl)
    sweep(NOW)
    assert names(dynamodb, table) == ({"item"} if stays else set())


def test_the_stream_tells_who_removed_it(dynamodb: "DynamoDBClient", table: str, moto_url: str) -> None:
    """DynamoDB, and what it was; an item that somebody deletes has no such mark."""
    put(dynamodb, table, "swept", {"N": str(NOW - 1)})
    put(dynamodb, table, "deleted", {"N": str(NOW + 1)})
    sweep(NOW)
    dynamodb.delete_item(TableName=table, Key={"pk": {"S": "deleted"}, "sk": {"S": "x"}})
    streams = boto3.Session("testing", "testing", region_name=REGION).client("dynamodbstreams", endpoint_url=moto_url)
    arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    removed = [
        record
        for record in streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
        if record["eventName"] == "REMOVE"
    ]
    assert [record["dynamodb"]["OldImage"]["pk"]["S"] for record in removed] == ["swept", "deleted"]
    assert [record.get("userIdentity") for record in removed] == [
        {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},
        None,
    ]


def test_a_table_without_ttl_is_left_alone(dynamodb: "DynamoDBClient", table: str) -> None:
    """Its attribute may mean something else."""
    put(dynamodb, table, "item", {"N": str(NOW - 1)})
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": False, "AttributeName": "ttl"})
    sweep(NOW)
    assert names(dynamodb, table) == {"item"}


def test_it_sweeps_now_and_then_and_alone(dynamodb: "DynamoDBClient", table: str) -> None:
    """Not before half a minute has passed, and not while a request is at the tables."""
    put(dynamodb, table, "item", {"N": str(NOW - 1)})
    seconds = [NOW]
    lock = threading.Lock()
    part = TimeToLive(lock, now=lambda: seconds[0])
    assert not part.has_work()
    seconds[0] += 30
    assert part.has_work()
    with lock:
        sweeping = threading.Thread(target=part.step)
        sweeping.start()
        assert names(dynamodb, table) == {"item"}
    sweeping.join()
    assert names(dynamodb, table) == set()
    assert not part.has_work()
