"""EventBridge's schedule expressions."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grail.localcloud import schedules


def times(expression: str, after: str, count: int = 3) -> list[str]:
    """Return the first times after a time, as `2026-12-24 06:00`."""
    following = schedules.parse(expression)
    at: datetime | None = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = []
    for _ in range(count):
        assert at is not None
        at = following(at)
        found.append("never" if at is None else at.strftime("%Y-%m-%d %H:%M"))
        if at is None:
            break
    return found


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("rate(1 minute)", "2026-12-31 23:58", ["2026-12-31 23:59", "2027-01-01 00:00"]),
        ("rate(12 hours)", "2026-12-31 23:58", ["2027-01-01 11:58", "2027-01-01 23:58"]),
        ("rate(2 days)", "2026-02-27 00:01", ["2026-03-01 00:01", "2026-03-03 00:01"]),
        ("cron(0 10 * * ? *)", "2026-11-21 10:00", ["2026-11-22 10:00", "2026-11-23 10:00"]),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-20 18:00", ["2026-11-23 18:00", "2026-11-24 18:00"]),
        ("cron(0/15 * * * ? *)", "2026-11-21 10:50", ["2026-11-21 11:00", "2026-11-21 11:15"]),
        ("cron(5-59/20 8-17 ? * 2-6 *)", "2026-11-20 17:30", ["2026-11-20 17:45", "2026-11-23 08:05"]),
        ("cron(0 0 1,15 * ? *)", "2026-11-21 00:00", ["2026-12-01 00:00", "2026-12-15 00:00"]),
        ("cron(0 0 31 * ? *)", "2026-11-21 00:00", ["2026-12-31 00:00", "2027-01-31 00:00", "2027-03-31 00:00"]),
        ("cron(0 0 29 feb ? *)", "2026-11-21 00:00", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("cron(0 0 L * ? *)", "2027-02-01 00:00", ["2027-02-28 00:00", "2027-03-31 00:00"]),
        ("cron(0 0 L-30 * ? *)", "2027-02-01 00:00", ["2027-03-01 00:00", "2027-05-01 00:00"]),
        ("cron(0 0 LW * ? *)", "2027-01-01 00:00", ["2027-01-29 00:00", "2027-02-26 00:00"]),
        ("cron(0 0 1W * ? *)", "2026-07-31 00:00", ["2026-08-03 00:00", "2026-09-01 00:00"]),
        ("cron(0 0 31W * ? *)", "2026-11-01 00:00", ["2026-12-31 00:00", "2027-01-29 00:00"]),
        ("cron(0 0 ? * L *)", "2026-11-21 00:00", ["2026-11-28 00:00"]),
        ("cron(0 0 ? * 6L *)", "2026-11-21 00:00", ["2026-11-27 00:00", "2026-12-25 00:00"]),
        ("cron(0 0 ? * FRIL *)", "2026-11-21 00:00", ["2026-11-27 00:00"]),
        ("cron(0 0 ? * 3#2 *)", "2026-11-21 00:00", ["2026-12-08 00:00"]),
        ("cron(0 0 ? * MON#5 *)", "2026-11-21 00:00", ["2026-11-30 00:00", "2027-03-29 00:00"]),
        ("cron(0 0 ? * SUN,SAT *)", "2026-11-20 00:00", ["2026-11-21 00:00", "2026-11-22 00:00"]),
        ("cron(30 4 1 1 ? 2026-2027)", "2026-01-01 04:30", ["2027-01-01 04:30", "never"]),
        ("cron(0 0 30 2 ? *)", "2026-01-01 00:00", ["never"]),
    ],
)
def test_the_next_times(expression: str, after: str, expected: list[str]) -> None:
    """Those of AWS's own examples, and of each form that a field may have."""
    assert times(expression, after, len(expected)) == expected


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("rate(1 minutes)", "rate(1 minutes)"),
        ("rate(5 minute)", "rate(5 minute)"),
        ("rate(0 days)", "rate(0 days)"),
        ("rate(5 weeks)", "weeks"),
        ("at(2026-12-24T06:00:00)", "at(2026"),
        ("cron(0 8 * * ?)", "six fields"),
        ("cron(0 8 * * * *)", "must be ?"),
        ("cron(0 8 ? * ? *)", "must be ?"),
        ("cron(60 8 * * ? *)", "'60'"),
        ("cron(0 24 * * ? *)", "'24'"),
        ("cron(0 8 0 * ? *)", "'0'"),
        ("cron(0 8 * 13 ? *)", "'13'"),
        ("cron(0 8 * MAI ? *)", "'MAI'"),
        ("cron(0 8 ? * 0 *)", "'0'"),
        ("cron(0 8 ? * 2#6 *)", "2#6"),
        ("cron(0 8 ? * FRI-MON *)", "'FRI-MON'"),
        ("cron(0 8 1,15W * ? *)", "'15W'"),
        ("cron(*/0 8 * * ? *)", "'*/0'"),
        ("cron(? 8 * * ? *)", "'?'"),
        ("cron(0 8 * * ? 1969)", "'1969'"),
    ],
)
def test_what_is_not_understood_is_named(expression: str, named: str) -> None:
    """In one line."""
    with pytest.raises(ValueError, match=re.escape(named)) as raised:
        schedules.parse(expression)
    assert "\n" not in str(raised.value)


@st.composite
def fields(draw: st.DrawFn, low: int, high: int) -> tuple[str, set[int]]:
    """Return a field, and the numbers that are meant."""
    first, last = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
    step = draw(st.integers(1, 12))
    return draw(
        st.sampled_from(
            [
                ("*", set(range(low, high + 1))),
                (f"*/{step}", set(range(low, high + 1, step))),
                (f"{first}", {first}),
                (f"{first}/{step}", set(range(first, high + 1, step))),
                (f"{first}-{last}", set(range(first, last + 1))),
                (f"{first}-{last}/{step}", set(range(first, last + 1, step))),
                (f"{last},{first}", {first, last}),
            ]
        )
    )


@given(
    minute=fields(0, 59),
    hour=fields(0, 23),
    day=fields(1, 31),
    weekday=fields(1, 7),
    by_day=st.booleans(),
    after=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
)
def test_no_time_is_missed_and_none_is_wrong(
    minute: tuple[str, set[int]],
    hour: tuple[str, set[int]],
    day: tuple[str, set[int]],
    weekday: tuple[str, set[int]],
    by_day: bool,  # noqa: FBT001 - hypothesis passes it by name
    after: datetime,
) -> None:
    """The next time is the first minute of all after it that the fields mean."""
    expression = f"cron({minute[0]} {hour[0]} {day[0] if by_day else '?'} * {'?' if by_day else weekday[0]} *)"
    found = schedules.parse(expression)(after.replace(tzinfo=UTC))
    assert found is not None

    def is_meant(at: datetime) -> bool:
        is_day = at.day in day[1] if by_day else int(at.strftime("%w")) + 1 in weekday[1]
        return is_day and at.hour in hour[1] and at.minute in minute[1]

    assert is_meant(found)
    at = after.replace(tzinfo=UTC, second=0, microsecond=0) + timedelta(minutes=1)
    while at < found:
        assert not is_meant(at)
        is_day = at.day in day[1] if by_day else int(at.strftime("%w")) + 1 in weekday[1]
        at += timedelta(minutes=1) if is_day else timedelta(days=1) - timedelta(hours=at.hour, minutes=at.minute)
