"""API keys, and the usage plan that each of them is held to.

Source: API Gateway Developer Guide, "Usage plans and API keys for REST APIs" and "Throttle requests"; weeks start on
Sunday, as in the API Reference's `QuotaSettings` with offset 0, and every period at midnight UTC.
"""

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from grail.errors import GrailError
from grail.localcloud.exchange import RefusedError

_PERIODS: Mapping[str, Callable[[datetime], Hashable]] = {
    "DAY": lambda at: at.date(),
    "WEEK": lambda at: at.toordinal() // 7,  # the first of all days was a Monday, so that a Sunday begins each seven
    "MONTH": lambda at: (at.year, at.month),
}


@dataclass(frozen=True, kw_only=True)
class UsagePlan:
    """How much a key may be used: a rate with a burst, a quota for a period; either pair may be absent.

    `rate_limit` is in requests a second, `burst_limit` in requests at once, `quota_limit` in requests a
    `quota_period` (DAY, WEEK or MONTH).
    """

    rate_limit: float | None = None
    burst_limit: int | None = None
    quota_limit: int | None = None
    quota_period: str | None = None

    @classmethod
    def read(cls, setting: Any) -> "UsagePlan":  # noqa: ANN401 - what stands in a file
        """Read the setting `usage_plan` of `.chalice/config.json`. Raises GrailError for what is no plan."""
        fault = next(_faults(setting), None)
        if fault is not None:
            message = f".chalice/config.json: usage_plan {fault}"
            raise GrailError(message)
        return cls(**setting)


def _faults(setting: Any) -> Iterator[str]:  # noqa: ANN401 - what stands in a file
    """Yield what is wrong with a setting."""
    if not isinstance(setting, Mapping):
        yield f"is {setting!r}, not an object"
        return
    unknown = set(setting) - {field.name for field in fields(UsagePlan)}
    if unknown:
        yield f"has an unknown {', '.join(sorted(unknown))}"
    for one, other in (("rate_limit", "burst_limit"), ("quota_limit", "quota_period")):
        if (one in setting) != (other in setting):
            yield f"has only one of {one} and {other}"
    for name in setting:
        value = setting[name]
        if name == "quota_period":
            if value not in tuple(_PERIODS):
                yield f"has quota_period {value!r}, not one of {', '.join(_PERIODS)}"
        elif isinstance(value, bool) or not isinstance(value, int | float if name == "rate_limit" else int):
            yield f"has {name} {value!r}, not a {'' if name == 'rate_limit' else 'whole '}number"
        elif not value > 0:
            yield f"has {name} {value!r}, not one above 0"


@dataclass
class _Use:
    """What a key has used: its bucket at a time, and its requests in a period."""

    tokens: float
    at: float
    period: Hashable = None
    count: int = 0


class Usage:
    """Holds every key to the plan. `keys` returns the keys there are: value to name. `now` is seconds since 1970."""

    def __init__(self, plan: UsagePlan, *, keys: Callable[[], Mapping[str, str]], now: Callable[[], float]) -> None:
        self._plan = plan
        self._keys = keys
        self._now = now
        self._uses: dict[str, _Use] = {}
        self._lock = threading.Lock()

    def admit(self, value: str | None) -> tuple[str, str]:
        """Count a request with a key; return the key's value and name.

        Raises RefusedError for no key, an unknown one, or one that has used up its rate or quota; a refused request
        counts for neither.
        """
        name = self._keys().get(value or "")
        if value is None or name is None:
            raise RefusedError("INVALID_API_KEY")
        plan, now = self._plan, self._now()
        with self._lock:
            use = self._uses.setdefault(value, _Use(plan.burst_limit or 0, now))
            if plan.quota_limit is not None and plan.quota_period is not None:
                period = _PERIODS[plan.quota_period](datetime.fromtimestamp(now, UTC))
                if period != use.period:
                    use.period, use.count = period, 0
                if use.count >= plan.quota_limit:
                    raise RefusedError("QUOTA_EXCEEDED")
            if plan.rate_limit is not None and plan.burst_limit is not None:
                use.tokens = min(plan.burst_limit, use.tokens + max(0, now - use.at) * plan.rate_limit)
                use.at = max(use.at, now)
                if use.tokens < 1:
                    raise RefusedError("THROTTLED")
                use.tokens -= 1
            use.count += 1
        return value, name
