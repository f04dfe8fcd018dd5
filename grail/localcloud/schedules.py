"""EventBridge's schedule expressions: `rate(5 minutes)` and `cron(0 8 ? * MON-FRI *)`, in UTC.

Source: EventBridge User Guide, "Setting a schedule pattern". No library fits: croniter's syntax is another (no `?`, no
year, Sunday is 0), and aws-croniter 2.1 raises on `LW` and overlooks `L` as a day of the week.
"""

import calendar
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import product

_MONTHS = {"JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"[3 * month : 3 * month + 3]: month + 1 for month in range(12)}
_DAYS = {"SUNMONTUEWEDTHUFRISAT"[3 * day : 3 * day + 3]: day + 1 for day in range(7)}
_SATURDAY, _WEEK = 7, 7
_FIELDS = 6
_ITEM = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?")
_RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)(s?)\)")

Schedule = Callable[[datetime], datetime | None]
"""Returns the first time after a time; None where there is none. Both in UTC."""


def parse(expression: str) -> Schedule:
    """Return what an expression means. Raises ValueError, which says what is wrong with it."""
    rate = _RATE.fullmatch(expression)
    if rate is not None and (rate[1] == "1") == (rate[3] == ""):
        period = timedelta(**{f"{rate[2]}s": int(rate[1])})
        return lambda after: after + period
    if expression.startswith("cron(") and expression.endswith(")"):
        fields = expression[5:-1].split()
        if len(fields) == _FIELDS:
            return _cron(*fields)
    message = f"{expression!r} is neither rate(1 minute|<n> minutes|hours|days) nor cron() with six fields"
    raise ValueError(message)


def _cron(minute: str, hour: str, day: str, month: str, weekday: str, year: str) -> Schedule:
    times = sorted(product(_numbers(hour, 0, 23), _numbers(minute, 0, 59)))
    months, years = sorted(_numbers(month, 1, 12, _MONTHS)), sorted(_numbers(year, 1970, 2199))
    if (day == "?") == (weekday == "?"):
        message = f"exactly one of the day of the month ({day}) and the day of the week ({weekday}) must be ?"
        raise ValueError(message)
    days = _days_of_month(day) if weekday == "?" else _days_of_week(weekday)

    def all_after(after: datetime) -> Iterator[datetime]:
        for in_year, in_month in product(years, months):
            if (in_year, in_month) < (after.year, after.month):
                continue
            for of_month in sorted(days(in_year, in_month)):
                for at_hour, at_minute in times:
                    found = datetime(in_year, in_month, of_month, at_hour, at_minute, tzinfo=after.tzinfo)
                    if found > after:
                        yield found

    return lambda after: next(all_after(after), None)


def _numbers(field: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    """Return what a field of `*`, numbers, names, ranges, steps and lists of them holds. Raises ValueError."""
    found: set[int] = set()
    for item in field.split(","):
        match = _ITEM.fullmatch(item)
        try:
            if match is None:
                raise ValueError(item)
            first, last, step = match.groups()
            start = low if first is None else _number(first, names)
            end = high if first is None or (last is None and step) else _number(last or first, names)
            if not low <= start <= end <= high or step == "0":
                raise ValueError(item)
        except ValueError:
            message = f"{item!r} can't stand in {field!r}: it takes {low} to {high}, in the forms a a-b * a/n and a,b"
            raise ValueError(message) from None
        found |= set(range(start, end + 1, int(step or 1)))
    return found


def _number(text: str, names: dict[str, int] | None) -> int:
    return (names or {}).get(text.upper()) or int(text)


Days = Callable[[int, int], set[int]]
"""Returns the days that are meant in a month of a year."""


def _days_of_month(field: str) -> Days:
    """`L` is the last day, `L-3` three before it, `15W` the weekday nearest to the 15th in its month."""
    match re.fullmatch(r"(L)(?:-(\d+))?|(\d+|L)W", field):
        case None:
            numbers = _numbers(field, 1, 31)
            return lambda year, month: {day for day in numbers if day <= _length(year, month)}
        case found if found[1]:
            back = int(found[2] or 0)
            return lambda year, month: {_length(year, month) - back} - set(range(-99, 1))
        case found:
            wanted = None if found[3] == "L" else min(_numbers(found[3], 1, 31))
            return lambda year, month: _nearest_weekday(year, month, wanted or _length(year, month))


def _days_of_week(field: str) -> Days:
    """`L` is Saturday, `6L` the month's last Friday, `6#3` its third; 1 is Sunday."""
    match re.fullmatch(r"(\w+?)(?:(L)|#([1-5]))", field):
        case None:
            numbers = {_SATURDAY} if field == "L" else _numbers(field, 1, 7, _DAYS)
            return lambda year, month: {day for day in _month(year, month) if _weekday(year, month, day) in numbers}
        case found:
            number = min(_numbers(found[1], 1, 7, _DAYS))

            def days(year: int, month: int) -> set[int]:
                fitting = [day for day in _month(year, month) if _weekday(year, month, day) == number]
                return set(fitting[-1:]) if found[2] else set(fitting[int(found[3]) - 1 : int(found[3])])

            return days


def _nearest_weekday(year: int, month: int, day: int) -> set[int]:
    """Return the weekday nearest to a day, in its month; none where the month has no such day."""
    if day > _length(year, month):
        return set()
    weekdays = [found for found in _month(year, month) if date(year, month, found).weekday() < calendar.SATURDAY]
    return {min(weekdays, key=lambda found: abs(found - day))}


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _month(year: int, month: int) -> range:
    return range(1, _length(year, month) + 1)


def _weekday(year: int, month: int, day: int) -> int:
    return date(year, month, day).isoweekday() % _WEEK + 1
