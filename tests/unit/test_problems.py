"""Problems."""

import json

import pytest

from chalicelib import errors
from chalicelib.web import problems
from grail.stack.gateway_responses import RESPONSES


def domain_errors() -> list[type[errors.DomainError]]:
    return errors.DomainError.__subclasses__()


def example(kind: type[errors.DomainError]) -> errors.DomainError:
    """Make an error of a class, whatever its arguments."""
    match kind:
        case errors.NotFoundError:
            return kind("person", "one")
        case errors.StaleVersionError:
            return kind()
    return kind("detail")


@pytest.mark.parametrize("kind", domain_errors())
def test_every_error_class_has_a_row(kind: type[errors.DomainError]) -> None:
    """No error of the domain falls through to a 500."""
    assert kind in problems.KINDS
    assert problems.problem_of(example(kind)).kind is problems.KINDS[kind]


@pytest.mark.parametrize("kind", domain_errors())
def test_a_problem_is_rfc_9457(kind: type[errors.DomainError]) -> None:
    """The body's status is the response's, and its members are those of the RFC."""
    reply = problems.reply(problems.problem_of(example(kind)))
    body = json.loads(reply.body)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert body["status"] == reply.status
    assert set(body) - {"errors"} == {"type", "title", "status", "detail"}


def test_any_other_exception_is_a_500_that_tells_nothing() -> None:
    """What an exception says is for the log's reader, not for a client."""
    problem = problems.problem_of(RuntimeError("secret"))
    assert problem.kind.status == 500
    assert "secret" not in problem.detail


def test_unavailable_says_when_to_come_back() -> None:
    """A 503 has Retry-After."""
    assert problems.problem_of(errors.UnavailableError("busy", retry_after=7)).headers == {"Retry-After": "7"}


def test_an_operation_that_is_not_there_is_405() -> None:
    """A service that lacks an operation raises NotImplementedError."""
    assert problems.problem_of(NotImplementedError()).kind.status == 405


def test_the_gateway_answers_in_the_same_words() -> None:
    """The same fault has the same type, title and status, whichever layer catches it."""
    ours = {
        kind.slug: (kind.title, int(kind.status)) for kind in vars(problems).values() if isinstance(kind, problems.Kind)
    }
    for name, response in RESPONSES.items():
        title, status = ours[response.slug]
        assert response.title == title, name
        assert response.status == status or response.slug == "internal", name
