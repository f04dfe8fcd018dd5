"""Routes for the mapping from resource name to service: each entry gets its own, and only those it has."""

from collections.abc import Callable
from typing import Any

from chalicelib.models.entity import Entity, Made
from chalicelib.services.resources import RESOURCES, Kept
from chalicelib.services.service import Service
from chalicelib.web.api import Api
from chalicelib.web.context import Context
from chalicelib.web.endpoint import Endpoint, endpoint
from chalicelib.web.pages import Page, Paging
from chalicelib.web.results import Created

Find = Callable[[str], Service[Entity]]
"""Finds a resource's service by its name."""


def mount(app: Api, find: Find, *, authorizer: Any) -> None:  # noqa: ANN401 - any of Chalice's authorizers
    """Declare the routes of every resource on the app."""
    for name, kept in RESOURCES.items():
        for operation, (path, method) in _ROUTES.items():
            if operation in kept.service.operations():
                found = _endpoint(operation, name, kept, find)
                app.route(path.format(name=name), methods=[method], authorizer=authorizer, name=found.__name__)(found)


_ROUTES = {
    "page": ("/api/{name}", "GET"),
    "create": ("/api/{name}", "POST"),
    "get": ("/api/{name}/{{item_id}}", "GET"),
    "replace": ("/api/{name}/{{item_id}}", "PUT"),
    "change": ("/api/{name}/{{item_id}}", "PATCH"),
    "delete": ("/api/{name}/{{item_id}}", "DELETE"),
}


def _endpoint(operation: str, name: str, kept: Kept, find: Find) -> Endpoint:
    """Make one operation's endpoint. Its types are the resource's own, so they are set by hand."""
    view, item = kept.shapes.view, kept.shapes.new.__name__
    article = "an" if item[0] in "AEIOU" else "a"

    def page(query: Paging, ctx: Context) -> Any:  # noqa: ANN401 - see above, for this and the others
        part = find(name).page(limit=query.limit, after=query.after, caller=ctx.caller)
        return Page.of(part)

    def create(body: Any, ctx: Context) -> Any:  # noqa: ANN401
        made: Made[Entity] = find(name).create(body, once=ctx.once, caller=ctx.caller)
        return Created(made, f"/api/{name}/{made.entity.id}")

    def get(item_id: str, ctx: Context) -> Any:  # noqa: ANN401
        return find(name).get(item_id, caller=ctx.caller)

    def replace(item_id: str, body: Any, ctx: Context) -> Any:  # noqa: ANN401
        return find(name).replace(item_id, body, expected=ctx.if_match, caller=ctx.caller)

    def change(item_id: str, body: Any, ctx: Context) -> Any:  # noqa: ANN401
        return find(name).change(item_id, body, expected=ctx.if_match, caller=ctx.caller)

    def delete(item_id: str, ctx: Context) -> None:
        find(name).delete(item_id, expected=ctx.if_match, caller=ctx.caller)

    functions: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
        "page": (page, {"return": Page[view]}, f"List the {name}."),  # type: ignore[valid-type]
        "create": (create, {"body": kept.shapes.new, "return": Created[view]}, f"Add {article} {item.lower()}."),  # type: ignore[valid-type]
        "get": (get, {"return": view}, f"Return {article} {item.lower()}."),
        "replace": (replace, {"body": kept.shapes.new, "return": view}, f"Replace {article} {item.lower()}."),
        "change": (
            change,
            {"body": kept.shapes.patch, "return": view},
            f"Change some fields of {article} {item.lower()}.",
        ),
        "delete": (delete, {}, f"Delete {article} {item.lower()}."),
    }
    function, types, summary = functions[operation]
    function.__annotations__.update(types)
    function.__name__ = f"{operation}_{name}"
    function.__doc__ = summary
    action = "read" if _ROUTES[operation][1] == "GET" else "write"
    return endpoint(f"{name}:{action}", owned=kept.service.OWNED)(function)
