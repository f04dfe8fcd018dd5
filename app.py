"""The contents page: every route, authorizer, queue, stream, rule and schedule, in reading order."""

import os
from datetime import datetime, timedelta

from chalice.app import CloudWatchEvent, DynamoDBEvent, SQSEvent

if "AWS_CHALICE_CLI_MODE" in os.environ:  # never in Lambda: `chalice local` serves on an embedded AWS
    from grail.localcloud import attach  # noqa: F401 - first, to watch what is read after it

from chalicelib.access import gates
from chalicelib.bootstrap import grants_of, services
from chalicelib.events.consumer import Outcome
from chalicelib.events.sources import Report, uploaded_to
from chalicelib.models.admission import Admission
from chalicelib.models.audit import EntryView
from chalicelib.models.documents import DocumentNew, DocumentView, LinkedDocumentView
from chalicelib.models.inbox import DeliveryView, PartnerEvent, Receipt
from chalicelib.models.orders import OrderNew, OrderView
from chalicelib.models.people import PersonNew, PersonPatch, PersonView
from chalicelib.models.principals import Me, PrincipalInPath, PrincipalNew, PrincipalView
from chalicelib.models.roles import RoleName, RoleNew, RoleView
from chalicelib.models.tokens import TokenNew, TokenView
from chalicelib.repositories.queue import EVENTS, INBOX
from chalicelib.settings import APP, Settings
from chalicelib.telemetry import Telemetry
from chalicelib.web import docs, health, openapi, resources
from chalicelib.web.api import Api
from chalicelib.web.context import Context
from chalicelib.web.cors import Cors
from chalicelib.web.endpoint import authenticated, endpoint, public
from chalicelib.web.pages import Page, Paging
from chalicelib.web.results import Accepted, Created, Document

stage = Settings.read()  # at import, for what Chalice has to know before it packages: the authorizer, CORS
app = Api(APP, telemetry=Telemetry(APP), grants_of=grants_of)
app.api.cors = Cors(
    stage.cors_origins,
    allow_headers=["If-Match", "If-None-Match", "Idempotency-Key"],
    expose_headers=["ETag", "Location", "Idempotent-Replayed", "Retry-After", "X-Request-Id"],
    max_age=600,
)


@gates.authorizer(app, stage)
def gate(authorization: str) -> Admission:
    """Tell who is calling, and what they may do."""
    return services().credentials.admit(authorization)


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


# Access: who may do what


@app.route("/me", methods=["GET"], authorizer=gate)
@endpoint(authenticated)
def get_me(ctx: Context) -> Me:
    """Tell who is calling, and what they may do."""
    return Me.of(ctx.caller)


@app.route("/access/roles", methods=["GET"], authorizer=gate)
@endpoint("access:audit")
def list_roles(query: Paging) -> Page[RoleView]:
    """List the roles, by name."""
    return Page.of(services().roles.page(limit=query.limit, after=query.after))


@app.route("/access/roles/{role}", methods=["GET"], authorizer=gate)
@endpoint("access:audit")
def get_role(role: RoleName) -> RoleView:
    """Return a role."""
    return services().roles.get(role)


@app.route("/access/roles/{role}", methods=["PUT"], authorizer=gate)
@endpoint("access:grant", fresh=True)
def put_role(role: RoleName, body: RoleNew, ctx: Context) -> RoleView:
    """Say what a role gives, to all who have it."""
    return services().roles.put(role, body, expected=ctx.if_match, must_exist=ctx.must_exist, caller=ctx.caller)


@app.route("/access/roles/{role}", methods=["DELETE"], authorizer=gate)
@endpoint("access:grant", fresh=True)
def delete_role(role: RoleName, ctx: Context) -> None:
    """Remove a role, from all who have it."""
    services().roles.delete(role, expected=ctx.if_match, caller=ctx.caller)


@app.route("/access/principals", methods=["GET"], authorizer=gate)
@endpoint("access:audit")
def list_principals(query: Paging) -> Page[PrincipalView]:
    """List the principals, oldest first."""
    return Page.of(services().principals.page(limit=query.limit, after=query.after))


@app.route("/access/principals/{principal}", methods=["GET"], authorizer=gate)
@endpoint("access:audit")
def get_principal(principal: PrincipalInPath) -> PrincipalView:
    """Return a principal."""
    return services().principals.get(principal)


@app.route("/access/principals/{principal}", methods=["PUT"], authorizer=gate)
@endpoint("access:grant", fresh=True)
def put_principal(principal: PrincipalInPath, body: PrincipalNew, ctx: Context) -> PrincipalView:
    """Say all that a principal is given; nobody gives what they do not hold."""
    return services().principals.put(
        principal, body, expected=ctx.if_match, must_exist=ctx.must_exist, caller=ctx.caller
    )


@app.route("/access/principals/{principal}", methods=["DELETE"], authorizer=gate)
@endpoint("access:grant", fresh=True)
def delete_principal(principal: PrincipalInPath, ctx: Context) -> None:
    """Take everything from a principal, and with it from its tokens."""
    services().principals.delete(principal, expected=ctx.if_match, caller=ctx.caller)


@app.route("/access/tokens", methods=["GET"], authorizer=gate)
@endpoint("access:audit")
def list_tokens(query: Paging) -> Page[TokenView]:
    """List the service tokens, oldest first."""
    return Page.of(services().tokens.page(limit=query.limit, after=query.after))


@app.route("/access/tokens", methods=["POST"], authorizer=gate)
@endpoint("access:grant", fresh=True)
def add_token(body: TokenNew, ctx: Context) -> Created[TokenView]:
    """Make a service token; this answer alone shows its secret."""
    made = services().tokens.create(body, once=ctx.once, caller=ctx.caller)
    return Created(made, f"/access/tokens/{made.entity.id}")


@app.route("/access/tokens/{token_id}", methods=["GET"], authorizer=gate)
@endpoint("access:audit")
def get_token(token_id: str) -> TokenView:
    """Return a service token, without its secret."""
    return services().tokens.get(token_id)


@app.route("/access/tokens/{token_id}", methods=["DELETE"], authorizer=gate)
@endpoint("access:grant", fresh=True)
def revoke_token(token_id: str, ctx: Context) -> None:
    """Revoke a service token."""
    services().tokens.revoke(token_id, expected=ctx.if_match, caller=ctx.caller)


@app.route("/access/audit", methods=["GET"], authorizer=gate)
@endpoint("access:audit")
def list_audit(query: Paging) -> Page[EntryView]:
    """List who changed whose access, oldest first."""
    return Page.of(services().audit.page(limit=query.limit, after=query.after))


# People


@app.route("/people", methods=["GET"], authorizer=gate)
@endpoint("people:read", owned=True)
def list_people(query: Paging, ctx: Context) -> Page[PersonView]:
    """List the people, oldest first."""
    return Page.of(services().people.page(limit=query.limit, after=query.after, caller=ctx.caller))


@app.route("/people", methods=["POST"], authorizer=gate)
@endpoint("people:write", owned=True)
def add_person(body: PersonNew, ctx: Context) -> Created[PersonView]:
    """Add a person; no two have the same email."""
    made = services().people.create(body, once=ctx.once, caller=ctx.caller)
    return Created(made, f"/people/{made.entity.id}")


@app.route("/people/{person_id}", methods=["GET"], authorizer=gate)
@endpoint("people:read", owned=True)
def get_person(person_id: str, ctx: Context) -> PersonView:
    """Return a person."""
    return services().people.get(person_id, caller=ctx.caller)


@app.route("/people/{person_id}", methods=["PUT"], authorizer=gate)
@endpoint("people:write", owned=True)
def replace_person(person_id: str, body: PersonNew, ctx: Context) -> PersonView:
    """Replace a person's fields."""
    return services().people.replace(person_id, body, expected=ctx.if_match, caller=ctx.caller)


@app.route("/people/{person_id}", methods=["PATCH"], authorizer=gate)
@endpoint("people:write", owned=True)
def change_person(person_id: str, body: PersonPatch, ctx: Context) -> PersonView:
    """Change some of a person's fields."""
    return services().people.change(person_id, body, expected=ctx.if_match, caller=ctx.caller)


@app.route("/people/{person_id}", methods=["DELETE"], authorizer=gate)
@endpoint("people:write", owned=True)
def delete_person(person_id: str, ctx: Context) -> None:
    """Delete a person, and free the email."""
    services().people.delete(person_id, expected=ctx.if_match, caller=ctx.caller)


# Orders


@app.route("/people/{person_id}/orders", methods=["GET"], authorizer=gate)
@endpoint("orders:read", owned=True)
def list_orders(person_id: str, query: Paging, ctx: Context) -> Page[OrderView]:
    """List a person's orders, oldest first."""
    part = services().orders.of_person(person_id, limit=query.limit, after=query.after, caller=ctx.caller)
    return Page.of(part)


@app.route("/people/{person_id}/orders", methods=["POST"], authorizer=gate)
@endpoint("orders:write", owned=True)
def place_order(person_id: str, body: OrderNew, ctx: Context) -> Created[OrderView]:
    """Place an order; it is pending at first."""
    made = services().orders.place(person_id, body, once=ctx.once, caller=ctx.caller)
    return Created(made, f"/orders/{made.entity.id}")


@app.route("/orders/{order_id}", methods=["GET"], authorizer=gate)
@endpoint("orders:read", owned=True)
def get_order(order_id: str, ctx: Context) -> OrderView:
    """Return an order."""
    return services().orders.get(order_id, caller=ctx.caller)


@app.route("/orders/{order_id}/cancel", methods=["POST"], authorizer=gate)
@endpoint("orders:write", owned=True)
def cancel_order(order_id: str, ctx: Context) -> OrderView:
    """Cancel a pending order."""
    return services().orders.cancel(order_id, expected=ctx.if_match, caller=ctx.caller)


# Documents


@app.route("/people/{person_id}/documents", methods=["GET"], authorizer=gate)
@endpoint("documents:read", owned=True)
def list_documents(person_id: str, query: Paging, ctx: Context) -> Page[DocumentView]:
    """List a person's documents, oldest first."""
    part = services().documents.of_person(person_id, limit=query.limit, after=query.after, caller=ctx.caller)
    return Page.of(part)


@app.route("/people/{person_id}/documents", methods=["POST"], authorizer=gate)
@endpoint("documents:write", owned=True)
def add_document(person_id: str, body: DocumentNew, ctx: Context) -> Created[LinkedDocumentView]:
    """Announce a file; the answer has the form that uploads it."""
    made = services().documents.create(person_id, body, once=ctx.once, caller=ctx.caller)
    return Created(made, f"/people/{person_id}/documents/{made.entity.id}")


@app.route("/people/{person_id}/documents/{document_id}", methods=["GET"], authorizer=gate)
@endpoint("documents:read", owned=True)
def get_document(person_id: str, document_id: str, ctx: Context) -> LinkedDocumentView:
    """Return a document, and where it can be downloaded."""
    return services().documents.get(person_id, document_id, caller=ctx.caller)


@app.route("/people/{person_id}/documents/{document_id}", methods=["DELETE"], authorizer=gate)
@endpoint("documents:write", owned=True)
def delete_document(person_id: str, document_id: str, ctx: Context) -> None:
    """Delete a document, and with it the file."""
    services().documents.delete(person_id, document_id, expected=ctx.if_match, caller=ctx.caller)


# The inbox


@app.route("/inbox", methods=["POST"], authorizer=gate, api_key_required=True)
@endpoint("inbox:write", queue=INBOX)
def take_event(body: PartnerEvent, ctx: Context) -> Accepted[Receipt]:
    """Take a partner's event, to be kept a moment later."""
    return Accepted(services().inbox.take(body, caller=ctx.caller))


@app.route("/inbox", methods=["GET"], authorizer=gate)
@endpoint("inbox:read")
def list_inbox(query: Paging) -> Page[DeliveryView]:
    """List the partners' events, oldest first."""
    return Page.of(services().inbox.page(limit=query.limit, after=query.after))


# /api/{name}: one set of routes for each entry of services/resources.py

resources.mount(app, lambda name: services().resources[name], authorizer=gate)

# Events: what reaches the app otherwise than by a request


@app.on_dynamodb_record(stage.stream_arn, batch_size=100, starting_position="TRIM_HORIZON")
def on_change(event: DynamoDBEvent) -> Report:
    """Tell the queue what came and went in the table that somebody has to act on."""
    return services().stream.take(event.to_dict()["Records"], function="on_change")


@app.on_sqs_message(stage.queue_name(EVENTS), batch_size=10)
def on_event(event: SQSEvent) -> Outcome:
    """Do what events ask for: confirm orders, remove what nobody has any more."""
    return services().consumers[EVENTS].take(event.to_dict()["Records"], function="on_event")


@app.on_sqs_message(stage.queue_name(INBOX), batch_size=10)
def on_delivery(event: SQSEvent) -> Outcome:
    """Keep what partners sent."""
    return services().consumers[INBOX].take(event.to_dict()["Records"], function="on_delivery")


@app.on_cw_event(uploaded_to(stage.bucket_name))
def on_upload(event: CloudWatchEvent) -> Report:
    """Note that a document was uploaded."""
    return services().uploads.take(event.to_dict())


@app.schedule("rate(5 minutes)")
def expire_orders(_: CloudWatchEvent) -> Report:
    """Let orders expire that have been pending too long."""
    return {"expired": services().orders.expire()}


@app.schedule("cron(30 0 * * ? *)")
def report_orders(event: CloudWatchEvent) -> Report:
    """Write the orders of the day before (UTC) to the bucket."""
    return services().reports.write(datetime.fromisoformat(event.time).date() - timedelta(days=1))._asdict()
