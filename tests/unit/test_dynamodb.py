"""What DynamoDB's BatchGetItem may leave undone, and what becomes of it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib import deadline
from chalicelib.errors import UnavailableError
from chalicelib.repositories.attempts import ATTEMPTS
from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.keys import Key

KEYS = [Key(f"A#{number}", "X") for number in range(4)]
NAME = "table"


class Batches:
    """A client that answers each call with what a test says, and keeps what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked: list[Any] = []

    def batch_get_item(self, **parameters: Any) -> Any:
        """Answer with the next; the last one stands for all that follow."""
        self.asked.append(parameters["RequestItems"])
        assert len(self.asked) < 100, "it asks without end"
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def key(number: int) -> dict[str, Any]:
    return {"pk": {"S": f"A#{number}"}, "sk": {"S": "X"}}


def found(*numbers: int, left: tuple[int, ...] = ()) -> dict[str, Any]:
    """Return an answer with some items, and with keys that were left undone."""
    items = [{**key(number), "number": {"N": str(number)}} for number in numbers]
    undone = {NAME: {"Keys": [key(number) for number in left], "ConsistentRead": True}}
    return {"Responses": {NAME: items}, "UnprocessedKeys": undone if left else {}}


def table(client: Any, slept: list[float] | None = None) -> DynamoTable:
    pauses: list[float] = [] if slept is None else slept
    return DynamoTable(NAME, client=client, sleep=pauses.append)


def numbers(read: list[dict[str, Any] | None]) -> list[Any]:
    return [item and item["number"] for item in read]


def asked(client: Batches) -> list[list[str]]:
    """Return what was asked for, call by call."""
    return [[each["pk"]["S"] for each in request[NAME]["Keys"]] for request in client.asked]


def test_one_call_brings_all() -> None:
    """Consistently read, and the answers follow the keys, not the table's order."""
    client = Batches(found(2, 0, 1))
    assert numbers(table(client).get_all(KEYS)) == [0, 1, 2, None]
    assert asked(client) == [[each.pk for each in KEYS]]
    assert client.asked[0][NAME]["ConsistentRead"] is True


def test_what_was_left_undone_is_asked_for_again() -> None:
    """It alone, as consistently, until all is there."""
    client = Batches(found(3, left=(0, 1, 2)), found(0, left=(2, 1)), found(1, 2))
    assert numbers(table(client).get_all(KEYS)) == [0, 1, 2, 3]
    assert asked(client) == [["A#0", "A#1", "A#2", "A#3"], ["A#0", "A#1", "A#2"], ["A#2", "A#1"]]
    assert all(request[NAME]["ConsistentRead"] for request in client.asked)


def test_what_was_left_undone_may_be_missing() -> None:
    """An empty answer that leaves nothing undone is the end."""
    assert numbers(table(Batches(found(3, left=(0,)), found())).get_all(KEYS)) == [None, None, None, 3]


def test_a_batch_of_which_nothing_was_done_was_throttled() -> None:
    """It is asked for again after a pause, as any throttled call is."""
    slept: list[float] = []
    client = Batches(found(left=(0, 1, 2, 3)), found(left=(0, 1, 2, 3)), found(0, 1, 2, 3))
    assert numbers(table(client, slept).get_all(KEYS)) == [0, 1, 2, 3]
    assert (len(client.asked), len(slept)) == (3, 2)


def test_a_rest_of_which_nothing_was_done_was_throttled_too() -> None:
    """What came before is kept."""
    slept: list[float] = []
    client = Batches(found(1, left=(0,)), found(left=(0,)), found(0))
    assert numbers(table(client, slept).get_all(KEYS)) == [0, 1, None, None]
    assert (len(client.asked), len(slept)) == (3, 1)


@pytest.mark.parametrize(
    "answer", [found(left=(0, 1, 2, 3)), {"Responses": {}, "UnprocessedKeys": {NAME: {"Keys": []}}}]
)
def test_a_batch_that_is_never_done_is_unavailable(answer: dict[str, Any]) -> None:
    """After a bounded number of tries."""
    client = Batches(answer)
    with pytest.raises(UnavailableError):
        table(client).get_all(KEYS)
    assert len(client.asked) == ATTEMPTS


def test_a_throttled_batch_ends_before_the_invocation_does() -> None:
    """There is no time left for a second try."""
    client = Batches(found(left=(0, 1, 2, 3)))
    began = deadline.begin(iter((10_000.0, 100.0)).__next__)
    try:
        with pytest.raises(UnavailableError):
            table(client).get_all(KEYS)
    finally:
        deadline.end(began)
    assert len(client.asked) == 1


def test_what_is_no_throttle_is_not_tried_again() -> None:
    """A fault of ours is an error."""
    refused = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "BatchGetItem")
    client = Batches(refused)
    with pytest.raises(ClientError):
        table(client).get_all(KEYS)
    assert len(client.asked) == 1
