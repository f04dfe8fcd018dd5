"""A batch of a queue's messages, each done by itself; safe whatever the event source mapping is set to report.

A function that returns has done the batch, unless its mapping reports batch item failures; one that raises has not,
with any mapping. So where a message fails, what was done is deleted here and then the function raises: what is left
comes back, and nothing else. Wherever this is cut short, a message is at worst received once more, which changes
nothing, since what it asks for is done on the condition that it was not done before (docs/events.md).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib import deadline
from chalicelib.errors import UnavailableError
from chalicelib.events.words import told
from chalicelib.repositories.queue import RECEIVES, Parked, Queue

Perform = Callable[[str], str]
"""Does what a message's body asks for, and returns what became of it, in a few words."""


class Outcome(NamedTuple):
    """What became of a batch's messages, by their ids: in words, or the error. What failed comes back."""

    done: Mapping[str, str]
    failed: Mapping[str, Exception]
    parked: Mapping[str, Exception]

    def report(self) -> dict[str, object]:
        """Return it for the log: of an error its kind, since its words may quote what somebody sent."""
        found: dict[str, object] = {"done": self.done}
        for name, errors in (("failed", self.failed), ("parked", self.parked)):
            if errors:
                found[name] = {identifier: type(error).__name__ for identifier, error in errors.items()}
        return found


class BatchError(Exception):
    """Some messages of a batch are not done, and come back."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"{len(outcome.failed)} of a batch come back")
        self.outcome = outcome


class OutOfTimeError(Exception):
    """A message was not tried."""


class _Failed(NamedTuple):
    record: Mapping[str, Any]
    error: Exception

    @property
    def receives(self) -> int:
        return int(self.record["attributes"]["ApproximateReceiveCount"])


class Consumer:
    """Takes a queue's messages."""

    def __init__(self, queue: Queue, perform: Perform, *, now: Callable[[], datetime]) -> None:
        self._queue = queue
        self._perform = perform
        self._now = now

    def take(self, records: Sequence[Mapping[str, Any]], *, function: str) -> Outcome:
        """Do a batch: the `Records` of Lambda's SQS event. Raises BatchError where some must come back."""
        done: dict[str, str] = {}
        receipts: list[str] = []
        failed: list[_Failed] = []
        with deadline.reserving(deadline.RESERVE):
            for record in _in_turn(records):
                try:
                    done[record["messageId"]] = self._do(record["body"])
                    receipts.append(record["receiptHandle"])
                except Exception as error:  # noqa: BLE001 - one message's failure is not the others'
                    failed.append(_Failed(record, error))
        given_up = [failure for failure in failed if failure.receives >= RECEIVES]
        back = [failure for failure in failed if failure.receives < RECEIVES]
        outcome = Outcome(done, _by_id(back), _by_id(given_up))
        if failed:
            self._queue.delete(receipts)  # first, and so for sure: the rest may fail too
        if given_up:
            self._park(given_up, function)
        if back:
            self._hasten(back)
            raise BatchError(outcome) from back[0].error
        return outcome

    def _do(self, body: str) -> str:
        if deadline.seconds_left() <= 0:
            message = "The invocation's time was used up before this message's turn."
            raise OutOfTimeError(message)
        return self._perform(body)

    def _park(self, failures: Sequence[_Failed], function: str) -> None:
        parked = [Parked(record["messageId"], record["body"], told(error)) for record, error in failures]
        self._queue.park(parked, function=function, at=self._now())
        self._queue.delete([record["receiptHandle"] for record, _ in failures])

    def _hasten(self, failures: Sequence[_Failed]) -> None:
        """Let messages come back sooner than the queue's visibility timeout.

        Time mends a dependency that is not available, and the timeout is for that; another failure is soon known for
        good.
        """
        soon = {
            failure.record["receiptHandle"]: 2**failure.receives
            for failure in failures
            if not isinstance(failure.error, UnavailableError)
        }
        self._queue.hold_back(soon)


def _in_turn(records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return a batch beginning with another message each time it is received: a slow one must not always come first."""
    start = max(int(record["attributes"]["ApproximateReceiveCount"]) for record in records) - 1
    start %= len(records)
    return [*records[start:], *records[:start]]


def _by_id(failures: Sequence[_Failed]) -> dict[str, Exception]:
    return {failure.record["messageId"]: failure.error for failure in failures}
