"""What Lambda does with a batch of a queue in memory."""

from collections.abc import Callable
from typing import Any

from tests.fakes import MemoryQueue


class Killed(BaseException):
    """The process that runs a function ends here: no handler gets to see it."""


def poll(queue: MemoryQueue, handle: Callable[[dict[str, Any]], Any], *, reports_failures: bool) -> bool:
    """Deliver a batch of a queue in memory as Lambda does; tell whether the function succeeded.

    A mapping that reports failures keeps those that a function answers; one that does not deletes the batch whatever
    is answered. Where a function raises, or ends otherwise, neither deletes anything.
    """
    event = queue.receive()
    try:
        answer = handle(event)
    except (Exception, Killed):  # noqa: BLE001 - whatever a function raises
        return False
    failed: set[str] = set()
    if reports_failures and answer not in ({}, None):
        try:
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        except (KeyError, TypeError):  # a report that can't be read
            return False
    receipts = [record["receiptHandle"] for record in event["Records"] if record["messageId"] not in failed]
    MemoryQueue.delete(queue, receipts)  # the mapping's call, which is none of the app's
    return not failed
