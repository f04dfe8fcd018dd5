"""The contents page: every route and authorizer, in reading order."""

import os
from typing import Any

from chalice.app import AuthRequest, CORSConfig

from chalicelib.access import gate as access
from chalicelib.bootstrap import services
from chalicelib.models.orders import OrderNew, OrderView
from chalicelib.models.people import PersonNew, PersonPatch, PersonView
from chalicelib.settings import APP
from chalicelib.telemetry import Telemetry
from chalicelib.web import docs, health, openapi, resources
from chalicelib.web.api import Api
from chalicelib.web.context import Context
from chalicelib.web.endpoint import endpoint, public
from chalicelib.web.pages import Page, Paging
from chalicelib.web.results import Created, Document

app = Api(APP, telemetry=Telemetry(APP))
app.api.cors = CORSConfig(
    allow_headers=["If-Match", "If-None-Match", "Idempotency-Key"],
    expose_headers=["ETag", "Location", "Idempotent-Replayed", "Retry-After", "X-Request-Id"],
    max_age=600,
)


@app.authorizer(ttl_seconds=300)
def gate(request: AuthRequest) -> dict[str, Any]:
    """Let known callers in."""
    return access.decide(request, services().tokens)


# The API itself


@app.route("/health")
@endpoint(public)
def get_health() -> health.Health:
    """Tell that the API answers."""
    return health.Health()


@app.route("/openapi.json")
@endpoint(public)
def get_openapi() -> Document:
    """Return this API's OpenAPI document."""
    return openapi.document(app)


@app.route("/docs")
@endpoint(public)
def get_docs(ctx: Context) -> Document:
    """Show this API as a page to try it on."""
    return docs.page(ctx.path)


@app.route("/docs/{asset}")
@endpoint(public)
def get_docs_asset(asset: docs.AssetName) -> Document:
    """Return a file of that page."""
    return docs.asset(asset)


# People


@app.route("/people", methods=["GET"], authorizer=gate)
@endpoint("people:read")
def list_people(query: Paging) -> Page[PersonView]:
    """List the people, oldest first."""
    return Page.of(services().people.page(limit=query.limit, after=query.after))


@app.route("/people", methods=["POST"], authorizer=gate)
@endpoint("people:write")
def add_person(body: PersonNew, ctx: Context) -> Created[PersonView]:
    """Add a person; no two have the same email."""
    made = services().people.create(body, once=ctx.once, caller=ctx.caller)
    return Created(made, f"/people/{made.entity.id}")


@app.route("/people/{person_id}", methods=["GET"], authorizer=gate)
@endpoint("people:read")
def get_person(person_id: str) -> PersonView:
    """Return a person."""
    return services().people.get(person_id)


@app.route("/people/{person_id}", methods=["PUT"], authorizer=gate)
@endpoint("people:write")
def replace_person(person_id: str, body: PersonNew, ctx: Context) -> PersonView:
    """Replace a person's fields."""
    return services().people.replace(person_id, body, expected=ctx.if_match)


@app.route("/people/{person_id}", methods=["PATCH"], authorizer=gate)
@endpoint("people:write")
def change_person(person_id: str, body: PersonPatch, ctx: Context) -> PersonView:
    """Change some of a person's fields."""
    return services().people.change(person_id, body, expected=ctx.if_match)


@app.route("/people/{person_id}", methods=["DELETE"], authorizer=gate)
@endpoint("people:write")
def delete_person(person_id: str, ctx: Context) -> None:
    """Delete a person, and free the email."""
    services().people.delete(person_id, expected=ctx.if_match)


# Orders


@app.route("/people/{person_id}/orders", methods=["GET"], authorizer=gate)
@endpoint("orders:read")
def list_orders(person_id: str, query: Paging) -> Page[OrderView]:
    """List a person's orders, oldest first."""
    return Page.of(services().orders.of_person(person_id, limit=query.limit, after=query.after))


@app.route("/people/{person_id}/orders", methods=["POST"], authorizer=gate)
@endpoint("orders:write")
def place_order(person_id: str, body: OrderNew, ctx: Context) -> Created[OrderView]:
    """Place an order; it is pending at first."""
    made = services().orders.place(person_id, body, once=ctx.once, caller=ctx.caller)
    return Created(made, f"/orders/{made.entity.id}")


@app.route("/orders/{order_id}", methods=["GET"], authorizer=gate)
@endpoint("orders:read")
def get_order(order_id: str) -> OrderView:
    """Return an order."""
    return services().orders.get(order_id)


@app.route("/orders/{order_id}/cancel", methods=["POST"], authorizer=gate)
@endpoint("orders:write")
def cancel_order(order_id: str, ctx: Context) -> OrderView:
    """Cancel a pending order."""
    return services().orders.cancel(order_id, expected=ctx.if_match)


# /api/{name}: one set of routes for each entry of services/resources.py

resources.mount(app, lambda name: services().resources[name], authorizer=gate)

if "AWS_CHALICE_CLI_MODE" in os.environ:  # never in Lambda: `chalice local` serves on an embedded AWS
    from grail.localcloud import attach  # noqa: F401
