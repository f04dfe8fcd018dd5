"""API keys and usage plans."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grail.errors import GrailError
from grail.localcloud.calls import Stage
from grail.localcloud.exchange import RefusedError, Request, Response
from grail.localcloud.gateway import Gateway
from grail.localcloud.routes import LambdaAuthorizer, Resource, Route, Source
from grail.localcloud.usage import Usage, UsagePlan

KEYS = {"secret-one": "one", "secret-two": "two"}


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self, now: float = 1700000000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def usage(clock: Callable[[], float], **plan: Any) -> Usage:
    """Return the usage of a plan."""
    return Usage(UsagePlan.read(plan), keys=lambda: KEYS, now=clock)


def outcome(subject: Usage, key: str | None = "secret-one") -> str:
    """Return the name of the key that was admitted, or the kind of the refusal."""
    try:
        return subject.admit(key)[1]
    except RefusedError as refused:
        return refused.kind


# The setting


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"rate_limit": 0.5, "burst_limit": 1},
        {"quota_limit": 10, "quota_period": "DAY"},
        {"rate_limit": 50, "burst_limit": 100, "quota_limit": 1000000, "quota_period": "MONTH"},
    ],
)
def test_a_plan_is_read(setting: dict[str, Any]) -> None:
    """Each pair may be absent."""
    plan = UsagePlan.read(setting)
    assert {name: value for name, value in vars(plan).items() if value is not None} == setting


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ([], "is \\[\\], not an object"),
        ("50", "not an object"),
        ({"rate": 50}, "unknown rate$"),
        ({"rate_limit": 50}, "only one of rate_limit and burst_limit"),
        ({"burst_limit": 50}, "only one of rate_limit and burst_limit"),
        ({"quota_limit": 50}, "only one of quota_limit and quota_period"),
        ({"quota_period": "DAY"}, "only one of quota_limit and quota_period"),
        ({"rate_limit": "50", "burst_limit": 1}, "rate_limit '50', not a number"),
        ({"rate_limit": True, "burst_limit": 1}, "rate_limit True, not a number"),
        ({"rate_limit": None, "burst_limit": 1}, "rate_limit None, not a number"),
        ({"rate_limit": 0, "burst_limit": 1}, "rate_limit 0, not one above 0"),
        ({"rate_limit": float("nan"), "burst_limit": 1}, "rate_limit nan, not one above 0"),
        ({"rate_limit": 1, "burst_limit": 1.5}, "burst_limit 1.5, not a whole number"),
        ({"rate_limit": 1, "burst_limit": -1}, "burst_limit -1, not one above 0"),
        ({"quota_limit": 0, "quota_period": "DAY"}, "quota_limit 0, not one above 0"),
        ({"quota_limit": 1, "quota_period": "HOUR"}, "quota_period 'HOUR', not one of DAY, WEEK, MONTH"),
        ({"quota_limit": 1, "quota_period": ["DAY"]}, "quota_period \\['DAY'\\], not one of"),
    ],
)
def test_what_is_no_plan_is_refused_in_one_line(setting: Any, words: str) -> None:
    """With the name of what is wrong."""
    with pytest.raises(GrailError, match=words) as refused:
        UsagePlan.read(setting)
    assert "\n" not in str(refused.value)


# The keys


@pytest.mark.parametrize("key", [None, "", "SECRET-ONE", "one", "secret-one "])
def test_an_unknown_key_is_refused(key: str | None) -> None:
    """So is none at all; a key's name is no key."""
    assert outcome(usage(Clock()), key) == "INVALID_API_KEY"


def test_keys_are_asked_for_each_time() -> None:
    """One that was taken away does not work any more."""
    keys = dict(KEYS)
    subject = Usage(UsagePlan(), keys=lambda: keys, now=Clock())
    assert outcome(subject) == "one"
    keys.clear()
    assert outcome(subject) == "INVALID_API_KEY"


def test_an_empty_plan_limits_nothing() -> None:
    """Absent is no limit."""
    subject = usage(Clock())
    assert {outcome(subject) for _ in range(1000)} == {"one"}


# The rate


def test_a_burst_passes_and_then_the_rate() -> None:
    """The bucket is full at first, fills at the rate, and never above the burst."""
    clock = Clock()
    subject = usage(clock, rate_limit=2, burst_limit=3)
    passed = []
    for seconds in (0, 0.4, 0.1, 0.5, 100):
        clock.now += seconds
        passed.append([outcome(subject) for _ in range(4)].count("one"))
    assert passed == [3, 0, 1, 1, 3]


def test_each_key_has_its_own_bucket() -> None:
    """One caller's haste is not another's."""
    subject = usage(Clock(), rate_limit=1, burst_limit=1)
    assert [outcome(subject), outcome(subject), outcome(subject, "secret-two")] == ["one", "THROTTLED", "two"]


def test_a_clock_that_is_set_back_gives_nothing_away() -> None:
    """Nor does it take anything."""
    clock = Clock()
    subject = usage(clock, rate_limit=1, burst_limit=1)
    outcomes = [outcome(subject)]
    for seconds in (-10, 10, 1):
        clock.now += seconds
        outcomes.append(outcome(subject))
    assert outcomes == ["one", "THROTTLED", "THROTTLED", "one"]


@given(
    rate=st.floats(0.01, 50),
    burst=st.integers(1, 6),
    waits=st.lists(st.one_of(st.just(0.0), st.floats(0, 2)), min_size=20, max_size=60),
)
def test_no_window_lets_more_through_than_its_burst_and_rate(rate: float, burst: int, waits: list[float]) -> None:
    """In any t seconds at most burst + rate * t requests pass; whoever keeps below the rate is never refused."""
    clock = Clock()
    subject = usage(clock, rate_limit=rate, burst_limit=burst)
    passed = []
    for wait in waits:  # in units of the time that one request takes to be earned
        clock.now += wait / rate
        if outcome(subject) == "one":
            passed.append(clock.now)
    for first, start in enumerate(passed):
        for last, end in enumerate(passed[first:], start=first):
            assert last - first + 1 <= burst + rate * (end - start) + 1e-4
    patient = [outcome(subject, "secret-two")]
    for _ in range(10):
        clock.now += 1 / rate + 1e-6
        patient.append(outcome(subject, "secret-two"))
    assert set(patient) == {"two"}


# The quota


@pytest.mark.parametrize(
    ("period", "last", "first"),
    [
        ("DAY", "2023-11-14T23:59:59", "2023-11-15T00:00:00"),
        ("WEEK", "2023-11-18T23:59:59", "2023-11-19T00:00:00"),  # a Saturday, a Sunday
        ("MONTH", "2023-11-30T23:59:59", "2023-12-01T00:00:00"),
        ("MONTH", "2023-12-31T23:59:59", "2024-01-01T00:00:00"),
    ],
)
def test_a_quota_is_renewed_at_midnight_utc(period: str, last: str, first: str) -> None:
    """Of the day, of Sunday, or of the month's first; not a second before."""
    clock = Clock()
    subject = usage(clock, quota_limit=1, quota_period=period)
    outcomes = []
    for when in ("2023-11-14T00:00:00", last, first):
        clock.now = datetime.fromisoformat(when).replace(tzinfo=UTC).timestamp()
        outcomes.append(outcome(subject))
    expected = "one" if last.startswith("2023-12") else "QUOTA_EXCEEDED"
    assert outcomes == ["one", expected, "one"]
    assert outcome(subject) == "QUOTA_EXCEEDED"


@given(
    limit=st.integers(1, 6),
    waits=st.lists(st.sampled_from([0, 0.5, 600, 3600, 40_000, 86_400]), min_size=20, max_size=60),
    plan=st.sampled_from([{}, {"rate_limit": 0.001, "burst_limit": 2}]),
)
def test_a_quota_holds_exactly(limit: int, waits: list[float], plan: dict[str, Any]) -> None:
    """In each day as many pass as may, if so many came; what was throttled does not count."""
    clock = Clock()
    subject = usage(clock, quota_limit=limit, quota_period="DAY", **plan)
    throttle = usage(clock, **plan)
    passed: dict[int, int] = {}
    for wait in waits:
        clock.now += wait
        day = int(clock.now // 86400)
        found = outcome(subject)
        if passed.get(day, 0) >= limit:
            assert found == "QUOTA_EXCEEDED"
            continue
        assert found == outcome(throttle)
        passed[day] = passed.get(day, 0) + (found == "one")


# In the gateway


def gateway(clock: Clock, plan: UsagePlan | None, asked: list[dict[str, Any]]) -> Gateway:
    """Return a gateway before one path with an authorizer and an API key, and one with a key alone."""

    def invoke(name: str, event: dict[str, Any]) -> Any:
        if name == "gate":
            statement = {"Effect": "Allow", "Action": "*", "Resource": "*/GET/both"}
            allowed = event["authorizationToken"] == "good"
            return {"principalId": "p", "policyDocument": {"Statement": [statement] if allowed else []}}
        asked.append(event)
        return {"statusCode": 200}

    gate = LambdaAuthorizer(function="gate", kind="TOKEN", sources=(Source("header", "Authorization"),))
    resources = [
        Resource(path="/both", routes={"GET": Route(authorizer=gate, needs_key=True)}),
        Resource(path="/key", routes={"GET": Route(needs_key=True)}),
        Resource(path="/open", routes={"GET": Route()}),
    ]
    stage = Stage(name="api", region="us-east-1")
    return Gateway(resources, stage=stage, invoke=invoke, plan=plan, keys=lambda: KEYS, now=clock)


def get(subject: Gateway, target: str, *headers: tuple[str, str]) -> Response:
    """Send a request."""
    return subject.handle(Request("GET", target, headers, b"", "203.0.113.7"))


KEY = ("X-Api-Key", "secret-one")


def test_the_function_is_told_the_key() -> None:
    """Its value and its name; where none is needed, neither, whatever was sent."""
    asked: list[dict[str, Any]] = []
    subject = gateway(Clock(), None, asked)
    assert [get(subject, "/key", KEY).status, get(subject, "/open", KEY).status] == [200, 200]
    identities = [event["requestContext"]["identity"] for event in asked]
    assert [(one["apiKey"], one["apiKeyId"]) for one in identities] == [("secret-one", "one"), (None, None)]


def test_the_authorizer_goes_before_the_key_and_the_key_before_the_plan() -> None:
    """Who is refused by one is not counted by the next."""
    plan = UsagePlan(rate_limit=1, burst_limit=1)
    asked: list[dict[str, Any]] = []
    subject = gateway(Clock(), plan, asked)
    good, bad = ("Authorization", "good"), ("Authorization", "bad")
    answers = [get(subject, "/both", *headers) for headers in ((KEY,), (bad, KEY), (good,), (good, KEY), (good, KEY))]
    assert [answer.status for answer in answers] == [401, 403, 403, 200, 429]
    assert [b"API key" in answer.body for answer in answers[1:3]] == [False, True]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("plan", "seconds"),
    [
        (UsagePlan(rate_limit=1, burst_limit=1), "1"),
        (UsagePlan(quota_limit=1, quota_period="DAY"), "3600"),
    ],
)
def test_who_has_used_up_a_plan_is_told_when_to_come_back(plan: UsagePlan, seconds: str) -> None:
    """429 with Retry-After; the plan is one for all routes."""
    subject = gateway(Clock(), plan, [])
    assert get(subject, "/both", ("Authorization", "good"), KEY).status == 200
    answer = get(subject, "/key", KEY)
    headers = dict(answer.headers)
    assert (answer.status, headers["Retry-After"]) == (429, seconds)
    assert headers["Content-Type"] == "application/problem+json"
