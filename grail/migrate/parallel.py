"""A walk through all segments at once, each in a thread, which one thread tells of."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from grail.migrate.change import Change
from grail.migrate.pace import Pace, StoppedError
from grail.migrate.segment import Segment
from grail.migrate.walk import Sizes, Walk

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LOOK_SECONDS = 0.1

Tell = Callable[[int], None]
"""Is told how many items were looked at so far."""


def walk_all(
    dynamodb: "DynamoDBClient", change: Change, segments: Sequence[Segment], *, sizes: Sizes, pace: Pace, tell: Tell
) -> None:
    """Walk every segment, from where each is; wait for all of them, and raise what one raised.

    Where one fails, or this thread is interrupted, the others stop before their next write.
    """
    tally = _Tally(tell)
    walk = Walk(dynamodb, change, segments=len(segments), sizes=sizes, pace=pace, tell=tally.add)
    for segment in segments:
        tally.add(segment.progress.written + segment.progress.unchanged)
    with ThreadPoolExecutor(max_workers=len(segments)) as threads:
        futures = [threads.submit(walk.go, segment) for segment in segments]
        try:
            while wait(futures, timeout=_LOOK_SECONDS, return_when=FIRST_EXCEPTION).not_done:
                tally.tell()
                if any(future.done() and future.exception() for future in futures):
                    pace.stop()
        except BaseException:
            pace.stop()
            raise
    errors = [error for error in (future.exception() for future in futures) if error is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, StoppedError)):
        raise error


class _Tally:
    """Counts what several threads have done; only one thread tells of it."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._done = 0
        self._alone = threading.Lock()

    def add(self, count: int) -> None:
        with self._alone:
            self._done += count

    def tell(self) -> None:
        self._tell(self._done)
