"""Invocations on their way to the executor, and back."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from grail.localcloud.invocations import ExecutorLostError, FunctionError, Invocation, Invocations, SupersededError

LONG = 120


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Return threads for those who wait for a function."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


def taken(invocations: Invocations, executor: str) -> Invocation:
    """Fetch an invocation as an executor does."""
    found = invocations.next(executor, seconds=LONG)
    assert isinstance(found, Invocation)
    return found


def begun(threads: ThreadPoolExecutor, invocations: Invocations, function: str = "f") -> Future[Any]:
    """Invoke a function in a thread."""
    return threads.submit(invocations.invoke, function, {"a": 1})


def test_an_answer_goes_to_whom_it_belongs(threads: ThreadPoolExecutor) -> None:
    """Whatever the order of the answers."""
    invocations = Invocations()
    executor = invocations.attach()
    waiting = {name: begun(threads, invocations, name) for name in "ab"}
    found = [taken(invocations, executor) for _ in waiting]
    assert {(each.function, each.event["a"]) for each in found} == {("a", 1), ("b", 1)}
    for each in reversed(found):
        invocations.finish(each.id, answer=each.function * 2)
    assert {name: future.result(LONG) for name, future in waiting.items()} == {"a": "aa", "b": "bb"}


def test_an_error_is_raised(threads: ThreadPoolExecutor) -> None:
    """With all that Lambda tells of it."""
    invocations = Invocations()
    executor = invocations.attach()
    waiting = begun(threads, invocations)
    told = {"errorType": "KeyError", "errorMessage": "no", "stackTrace": ["..."]}
    invocations.finish(taken(invocations, executor).id, error=FunctionError(told))
    with pytest.raises(FunctionError, match="KeyError: no") as raised:
        waiting.result(LONG)
    assert raised.value.answer == told


@pytest.mark.parametrize("how", ["attach", "detach"])
def test_what_a_lost_executor_ran_has_failed(threads: ThreadPoolExecutor, how: str) -> None:
    """Whether another took over or it was found dead; its late answer changes nothing."""
    invocations = Invocations()
    executor = invocations.attach()
    waiting = begun(threads, invocations)
    found = taken(invocations, executor)
    if how == "attach":
        invocations.attach()
    else:
        invocations.detach(executor)
    invocations.finish(found.id, answer="late")
    with pytest.raises(ExecutorLostError):
        waiting.result(LONG)


def test_a_superseded_executor_gets_no_work(threads: ThreadPoolExecutor) -> None:
    """Even one whose request was open."""
    invocations = Invocations()
    former = invocations.attach()
    waiting = threads.submit(invocations.next, former, seconds=LONG)
    present = invocations.attach()
    with pytest.raises(SupersededError):
        waiting.result(LONG)
    begun(threads, invocations).add_done_callback(lambda future: future.exception())
    with pytest.raises(SupersededError):
        invocations.next(former, seconds=LONG)
    invocations.finish(taken(invocations, present).id)


def test_a_former_executors_end_does_not_touch_the_present_one() -> None:
    """A reload is seen before the end of what it replaced."""
    invocations = Invocations()
    former = invocations.attach()
    invocations.attach()
    invocations.detach(former)
    assert invocations.attached


def test_without_an_executor_nothing_runs() -> None:
    """It fails at once, and nobody waits."""
    invocations = Invocations()
    assert not invocations.wait_attached(0)
    with pytest.raises(ExecutorLostError):
        invocations.invoke("f", {})
    invocations.attach()
    assert invocations.wait_attached(0)


def test_a_request_for_work_ends_after_its_time() -> None:
    """With nothing."""
    invocations = Invocations()
    assert invocations.next(invocations.attach(), seconds=0) is None


def test_lines_go_to_the_executor() -> None:
    """Once each, in order, those from before it came too."""
    invocations = Invocations()
    invocations.say("one")
    executor = invocations.attach()
    invocations.say("two")
    assert [invocations.next(executor, seconds=0) for _ in range(3)] == ["one", "two", None]
