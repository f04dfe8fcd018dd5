"""The contract of one operation, read once from its function's type hints.

    @app.route("/people/{person_id}", methods=["PATCH"], authorizer=gate)
    @endpoint("people:write")
    def change_person(person_id: str, body: PersonPatch, ctx: Context) -> PersonView:
        \"\"\"Change some of a person's fields.\"\"\"

The permission is one, or `authenticated` (any known caller), or `public`. With `owned`, whoever holds it with `:own`
passes too, confined to what is theirs; then the function must hand the caller (`ctx.caller`) to its service. With
`fresh`, what the caller may do is read anew: for what must not be done with rights that were revoked a moment ago.
Where a stage's API Gateway can, it puts the body into the `queue` by itself, and the function never runs
(grail/stack/direct.py).

`body` is parsed into its model, `query` into its own, `ctx` is the `Context`; every other parameter stands in the
path. The return type gives the status: a view 200 (with its version as ETag), `Created[View]` 201, `Accepted[View]`
202, None 204.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from http import HTTPStatus
from typing import Any, Final, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from chalicelib.errors import PermissionDeniedError
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Entity, EntityView
from chalicelib.models.fields import Id, PatchModel
from chalicelib.models.permissions import Reach, check, covering
from chalicelib.web import bodies, etags
from chalicelib.web.context import Context
from chalicelib.web.problems import INVALID, ProblemError
from chalicelib.web.reply import Reply
from chalicelib.web.results import Accepted, Created, Document


class Open(Enum):
    """In place of a permission: who may call without one."""

    PUBLIC = "anyone"
    AUTHENTICATED = "any known caller"


public: Final = Open.PUBLIC
authenticated: Final = Open.AUTHENTICATED

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"

_STATUSES: Mapping[Any, HTTPStatus] = {
    Created: HTTPStatus.CREATED,
    Accepted: HTTPStatus.ACCEPTED,
    type(None): HTTPStatus.NO_CONTENT,
}

View = Callable[..., Any]


def endpoint(
    permission: str | Open, *, owned: bool = False, fresh: bool = False, queue: str | None = None
) -> Callable[[View], "Endpoint"]:
    """Make an endpoint of a function. Raises TypeError or ValueError at import for one that can't be."""
    if not isinstance(permission, Open):
        check(permission)
    return lambda function: Endpoint(function, permission, owned=owned, fresh=fresh, queue=queue)


class Endpoint:
    """One operation. `permission` is None where none is needed."""

    def __init__(
        self,
        function: View,
        permission: str | Open,
        *,
        owned: bool = False,
        fresh: bool = False,
        queue: str | None = None,
    ) -> None:
        functools.update_wrapper(self, function)
        self.__name__ = function.__name__
        self.public = permission is public
        self.permission = None if isinstance(permission, Open) else permission
        self.owned = owned
        self.queue = queue
        self._fresh = fresh
        self._covering = None if self.permission is None else covering(self.permission)
        self.dispatch: Callable[[], Any] = _not_registered
        self._function = function
        hints = get_type_hints(function, include_extras=True)
        if "return" not in hints:
            message = f"{function.__qualname__}: declare what it returns"
            raise TypeError(message)
        self.returns = hints.pop("return")
        wrapper = get_origin(self.returns) or self.returns
        self.status = _STATUSES.get(wrapper, HTTPStatus.OK)
        self.created = wrapper is Created
        self.view: Any = get_args(self.returns)[0] if wrapper in {Created, Accepted} else self.returns
        untyped = [name for name in inspect.signature(function).parameters if name not in hints]
        if untyped:
            message = f"{function.__qualname__}: give a type to {', '.join(untyped)}"
            raise TypeError(message)
        self.body: type[BaseModel] | None = hints.pop("body", None)
        self.query: type[BaseModel] | None = hints.pop("query", None)
        self.media_types = (MERGE_PATCH, JSON) if self.body and issubclass(self.body, PatchModel) else (JSON,)
        self._wants_context = hints.pop("ctx", None) is not None
        if owned and (self.permission is None or not self._wants_context):
            message = f"{function.__qualname__}: what is owned needs a permission, and its caller: ctx: Context"
            raise TypeError(message)
        if queue is not None and (self.body is None or self.query is not None or hints):
            message = f"{function.__qualname__}: what goes into a queue is a body, and nothing else"
            raise TypeError(message)
        self.path_types: Mapping[str, Any] = {name: Id if hint is str else hint for name, hint in hints.items()}
        self._path = [(name, TypeAdapter(hint).validator.validate_python) for name, hint in self.path_types.items()]
        self.has_version = isinstance(self.view, type) and issubclass(self.view, EntityView)
        self.cacheable = bool(getattr(self.view, "CACHEABLE", True))
        self._serialize = None
        if self.view not in {type(None), Document}:
            self._serialize = TypeAdapter(self.view).serializer.to_json

    def __call__(self, **_: Any) -> Any:  # noqa: ANN401 - Chalice's own dispatch calls it so
        """Answer Chalice's own dispatch, which runs where middleware is registered."""
        return self.dispatch()

    def answer(self, ctx: Context) -> Reply:
        """Answer a request. Raises ProblemError, DomainError and whatever the function raises."""
        arguments: dict[str, Any] = {}
        ctx.fresh = self._fresh
        if not self.public and self._confines(ctx.caller):
            ctx.confine()
        for name, validate in self._path:
            try:
                arguments[name] = validate(ctx.path_parameters[name])
            except ValidationError as error:
                raise _bad_parameter(name, "path", "does not have the form it must have") from error
        query = ctx.query
        if self.query is not None:
            arguments["query"] = _read_query(query, self.query)
        elif query:
            raise _bad_parameter(next(iter(query)), "query", "is not a parameter of this operation")
        if self.body is not None:
            ctx.body = bodies.read(ctx.raw_body(), ctx.header("content-type") or JSON, self.body, self.media_types)
            arguments["body"] = ctx.body
        elif ctx.has_body:
            raise ProblemError(INVALID, "This operation takes no body.")
        if self._wants_context:
            arguments["ctx"] = ctx
        return self._reply(self._function(**arguments), ctx)

    def _confines(self, caller: Caller) -> bool:
        """Tell whether the caller reaches only what is theirs. Raises PermissionDeniedError."""
        if self._covering is None:
            return False
        reach = caller.grants.reach_by(self._covering)
        if reach is Reach.ANY:
            return False
        if reach is Reach.OWN and self.owned:
            return True
        message = f"This needs the permission {self.permission}."
        raise PermissionDeniedError(message)

    def _reply(self, result: Any, ctx: Context) -> Reply:  # noqa: ANN401 - what the function returns
        if isinstance(result, Document):
            return self._reply_document(result, ctx)
        headers: dict[str, str] = {}
        if isinstance(result, Created):
            headers["Location"] = _relative(result.path, ctx)
            if result.made.replayed:
                headers["Idempotent-Replayed"] = "true"
            result = result.made.entity
        if isinstance(result, Accepted):
            result = result.receipt
        if isinstance(result, Entity):
            headers["ETag"] = etag = etags.of_version(result.version)
            if not self.cacheable:
                headers["Cache-Control"] = "no-store"
            elif ctx.method == "GET" and ctx.not_modified(etag):
                return Reply(HTTPStatus.NOT_MODIFIED, headers, "")
        if self._serialize is None:
            return Reply(self.status, headers, "")
        headers["Content-Type"] = JSON
        return Reply(self.status, headers, self._serialize(result).decode())

    def _reply_document(self, document: Document, ctx: Context) -> Reply:
        headers = {"ETag": document.etag, "Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}
        if document.security_policy:
            headers["Content-Security-Policy"] = document.security_policy
        if ctx.not_modified(document.etag):
            return Reply(HTTPStatus.NOT_MODIFIED, headers, "")
        headers["Content-Type"] = document.media_type
        return Reply(self.status, headers, document.body)


def _not_registered() -> None:
    message = "an endpoint answers requests once it is registered on an Api"
    raise TypeError(message)


def _read_query(query: Mapping[str, list[str]], model: type[BaseModel]) -> BaseModel:
    repeated = next((name for name, values in query.items() if len(values) > 1), None)
    if repeated is not None:
        raise _bad_parameter(repeated, "query", "is given more than once")
    try:
        return model.model_validate({name: values[0] for name, values in query.items()})
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        unknown = fault["type"] == "extra_forbidden"
        detail = "is not a parameter of this operation" if unknown else bodies.sentence(fault)
        raise _bad_parameter(str(fault["loc"][0]), "query", detail) from error


def _bad_parameter(name: str, place: str, fault: str) -> ProblemError:
    detail = f"The {place} parameter {name[:100]!r} is not valid."
    return ProblemError(INVALID, detail, [{"parameter": name[:100], "in": place, "detail": fault}])


def _relative(path: str, ctx: Context) -> str:
    """Return a reference from the request's path to another of this API (RFC 9110, 10.2.2, allows relative ones).

    Whatever stands before the API (a stage's name, a custom domain's base path, CloudFront), only the client knows
    the way from outside; from where it just was, the way is always the same.
    """
    depth = ctx.resource.count("/") - 1 + ctx.path.endswith("/")
    return "../" * depth + path.removeprefix("/")
