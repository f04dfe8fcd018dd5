"""Errors as RFC 9457 `application/problem+json`. Every error class has its row here, and nowhere else a status."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from chalicelib import errors
from chalicelib.web.reply import Reply

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its name in the `type` URN, its status, and its title."""

    slug: str
    status: HTTPStatus
    title: str

    @property
    def type(self) -> str:
        """The `type` member: stable, so that a client may act on it."""
        return f"urn:problem-type:{self.slug}"


INVALID = Kind("invalid-request", HTTPStatus.BAD_REQUEST, "The request is not valid")
UNAUTHENTICATED = Kind("unauthenticated", HTTPStatus.UNAUTHORIZED, "No valid credential")
FORBIDDEN = Kind("forbidden", HTTPStatus.FORBIDDEN, "Not allowed")
NOT_FOUND = Kind("not-found", HTTPStatus.NOT_FOUND, "Not found")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed")
CONFLICT = Kind("conflict", HTTPStatus.CONFLICT, "Conflict with the current state")
STALE = Kind("stale-version", HTTPStatus.PRECONDITION_FAILED, "The version is not the current one")
TOO_LARGE = Kind("too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too large")
UNSUPPORTED = Kind("unsupported-media-type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Unsupported media type")
KEY_REUSED = Kind("idempotency-key-reused", HTTPStatus.UNPROCESSABLE_ENTITY, "Idempotency-Key used before")
TOO_MANY = Kind("too-many-requests", HTTPStatus.TOO_MANY_REQUESTS, "Too many requests")
INTERNAL = Kind("internal", HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error")
UNAVAILABLE = Kind("unavailable", HTTPStatus.SERVICE_UNAVAILABLE, "Try again later")

KINDS: Mapping[type[errors.DomainError], Kind] = {
    errors.UnauthenticatedError: UNAUTHENTICATED,
    errors.PermissionDeniedError: FORBIDDEN,
    errors.NotFoundError: NOT_FOUND,
    errors.ConflictError: CONFLICT,
    errors.StaleVersionError: STALE,
    errors.TooLargeError: TOO_LARGE,
    errors.KeyReusedError: KEY_REUSED,
    errors.UnavailableError: UNAVAILABLE,
}


@dataclass(frozen=True)
class ProblemError(Exception):
    """A failure of HTTP's own. `errors` names the faults: by `pointer` in a body, else by `parameter` and `in`."""

    kind: Kind
    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def problem_of(error: Exception) -> ProblemError:
    """Return what a client is told of any exception: of one that is not ours, nothing but that it happened."""
    match error:
        case ProblemError():
            return error
        case NotImplementedError():
            return ProblemError(METHOD_NOT_ALLOWED, "This resource does not have this operation.")
        case errors.UnauthenticatedError():
            detail = "Send a valid token: Authorization: Bearer <token>."
            return ProblemError(UNAUTHENTICATED, detail, headers={"WWW-Authenticate": "Bearer"})
        case errors.UnavailableError():
            return ProblemError(UNAVAILABLE, str(error), headers={"Retry-After": str(error.retry_after)})
        case errors.DomainError():
            return ProblemError(KINDS[type(error)], str(error))
    return ProblemError(INTERNAL, "Something went wrong on our side. Quote the X-Request-Id if you ask about it.")


def reply(problem: ProblemError) -> Reply:
    """Return the response that states a problem."""
    body: dict[str, object] = {
        "type": problem.kind.type,
        "title": problem.kind.title,
        "status": int(problem.kind.status),
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = list(problem.errors)
    return Reply(problem.kind.status, {**problem.headers, "Content-Type": MEDIA_TYPE}, json.dumps(body))
