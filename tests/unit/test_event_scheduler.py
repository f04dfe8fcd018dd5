"""Schedules at their times."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from grail.localcloud.scheduler import Scheduler
from grail.localcloud.wiring import ScheduleSource

START = datetime(2026, 11, 21, 10, 0, 30, tzinfo=UTC)


class Clock:
    """A clock that a test moves on, and what is put at its times."""

    def __init__(self) -> None:
        self.now = START
        self.put: list[tuple[str, Mapping[str, Any]]] = []
        self.scheduler = Scheduler(
            lambda *event: self.put.append(event), region="eu-west-1", account="1", now=lambda: self.now
        )

    def after(self, seconds: float) -> list[tuple[str, str]]:
        """Do what there is to do so many seconds after the start; return what was put: function and time."""
        self.now, self.put[:] = START + timedelta(seconds=seconds), []
        if self.scheduler.has_work():
            assert self.scheduler.step()
        return [(function, event["time"]) for function, event in self.put]


def source(expression: str, name: str = "sweep") -> ScheduleSource:
    """Return a schedule."""
    return ScheduleSource(function=name, rule=f"{name}-event", expression=expression)


@pytest.fixture
def clock() -> Clock:
    """Return a clock with a scheduler that has nothing to do."""
    return Clock()


def test_the_event(clock: Clock) -> None:
    """As AWS documents it, with the time that was planned."""
    clock.scheduler.set([source("cron(* * * * ? *)")])
    assert clock.after(45) == [("sweep", "2026-11-21T10:01:00Z")]
    event = dict(clock.put[0][1])
    assert event.pop("id")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "1",
        "time": "2026-11-21T10:01:00Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:events:eu-west-1:1:rule/sweep-event"],
        "detail": {},
    }


def test_each_time_once(clock: Clock) -> None:
    """Not before it, not twice."""
    clock.scheduler.set([source("rate(1 minute)"), source("rate(2 minutes)", "report")])
    assert clock.after(59) == []
    assert clock.after(60) == [("sweep", "2026-11-21T10:01:30Z")]
    assert clock.after(61) == []
    assert [name for name, _ in clock.after(121)] == ["sweep", "report"]


def test_missed_times_count_once(clock: Clock) -> None:
    """A laptop that slept an hour has one run, and the next at its time."""
    clock.scheduler.set([source("rate(1 minute)")])
    assert clock.after(3601) == [("sweep", "2026-11-21T10:01:30Z")]
    assert clock.after(3659) == []
    assert clock.after(3660) == [("sweep", "2026-11-21T11:01:30Z")]


def test_a_reload_resets_nothing(clock: Clock) -> None:
    """A timer goes on under the same expression; another begins, and what is gone runs no more."""
    clock.scheduler.set([source("rate(1 minute)"), source("rate(1 minute)", "gone")])
    clock.now = START + timedelta(seconds=50)
    clock.scheduler.set([source("rate(1 minute)"), source("rate(1 minute)", "new")])
    assert [name for name, _ in clock.after(60)] == ["sweep"]
    assert [name for name, _ in clock.after(110)] == ["new"]


def test_a_schedule_that_can_not_be_read_is_one_line(clock: Clock) -> None:
    """The others run."""
    (line,) = clock.scheduler.set([source("every day", "odd"), source("rate(1 minute)")])
    assert "odd" in line
    assert "every day" in line
    assert [name for name, _ in clock.after(60)] == ["sweep"]


def test_a_schedule_without_a_next_time_rests(clock: Clock) -> None:
    """Its year is over."""
    clock.scheduler.set([source("cron(* * * * ? 2020)")])
    assert clock.after(3600) == []
