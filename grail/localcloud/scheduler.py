"""Runs schedules at their times. They stand in the embedded AWS, so that a reload of the app does not reset them."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from grail.localcloud import schedules
from grail.localcloud.wiring import ScheduleSource


def event(rule: str, at: datetime) -> dict[str, Any]:
    """Return what a function gets from the schedule of a rule (an ARN)."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.split(":")[4],
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": rule.split(":")[3],
        "resources": [rule],
        "detail": {},
    }


def rule_arn(rule: str, *, region: str, account: str) -> str:
    """Return the ARN of a rule on the default bus."""
    return f"arn:aws:events:{region}:{account}:rule/{rule}"


class Scheduler:
    """Puts an event for each schedule whose time has come. `now` returns the time in UTC."""

    concurrency = 1

    def __init__(
        self,
        put: Callable[[str, Mapping[str, Any]], None],
        *,
        region: str,
        account: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._put = put
        self._region = region
        self._account = account
        self._now = now
        self._timers: dict[ScheduleSource, datetime | None] = {}

    def set(self, sources: Iterable[ScheduleSource]) -> list[str]:
        """Take the schedules there are: those it has go on; return a line for each that it can't read."""
        timers: dict[ScheduleSource, datetime | None] = {}
        lines = []
        for source in sources:
            try:
                timers[source] = self._timers.get(source) or schedules.parse(source.expression)(self._now())
            except ValueError as error:
                lines.append(f"the schedule of {source.function} does not run: {error}")
        self._timers = timers
        return lines

    def has_work(self) -> bool:
        """Tell whether a schedule's time has come."""
        return any(at is not None and at <= self._now() for at in self._timers.values())

    def step(self) -> bool:
        """Put the events whose time has come, one for each schedule, however many times were missed."""
        now = self._now()
        due = [(source, at) for source, at in self._timers.items() if at is not None and at <= now]
        for source, at in due:
            self._timers[source] = _next(source, at, now)
            arn = rule_arn(source.rule, region=self._region, account=self._account)
            self._put(source.function, event(arn, at))
        return bool(due)


def _next(source: ScheduleSource, at: datetime, now: datetime) -> datetime | None:
    """Return the first time after now, in step with the last one."""
    following = schedules.parse(source.expression)
    found = following(at)
    while found is not None and found <= now:
        found = following(found)
    return found
