"""The only wiring: from settings to services."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from threading import Lock

from chalicelib.access.credentials import Credentials, Issuer
from chalicelib.events.consumer import Consumer
from chalicelib.events.sources import Stream, Uploads
from chalicelib.events.work import Work
from chalicelib.models.entity import Entity, spell
from chalicelib.models.events import PartnerSent
from chalicelib.models.people import Person
from chalicelib.models.permissions import Grants
from chalicelib.repositories.audit import Audit as AuditRepository
from chalicelib.repositories.documents import Documents as DocumentRepository
from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.holdings import Holdings
from chalicelib.repositories.inbox import Inbox as InboxRepository
from chalicelib.repositories.memory import MemoryTable
from chalicelib.repositories.objects import Objects, S3Objects
from chalicelib.repositories.orders import Orders as OrderRepository
from chalicelib.repositories.people import People as PersonRepository
from chalicelib.repositories.principals import Principals as PrincipalRepository
from chalicelib.repositories.queue import EVENTS, INBOX, Queue, SqsQueue
from chalicelib.repositories.roles import Roles as RoleRepository
from chalicelib.repositories.table import Table
from chalicelib.repositories.tokens import Tokens as TokenRepository
from chalicelib.services import resources
from chalicelib.services.audit import Audit
from chalicelib.services.documents import Documents
from chalicelib.services.inbox import Inbox
from chalicelib.services.orders import Orders
from chalicelib.services.people import People
from chalicelib.services.principals import Principals
from chalicelib.services.reports import Reports
from chalicelib.services.roles import Roles
from chalicelib.services.service import Clock, NewId, Service
from chalicelib.services.tokens import Tokens
from chalicelib.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Services:
    """Every service of the app, and what takes its events."""

    people: People
    orders: Orders
    documents: Documents
    inbox: Inbox
    reports: Reports
    principals: Principals
    roles: Roles
    tokens: Tokens
    audit: Audit
    credentials: Credentials
    resources: Mapping[str, Service[Entity]]
    stream: Stream
    uploads: Uploads
    consumers: Mapping[str, Consumer]


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def random_id() -> str:
    """Return an id of 120 random bits."""
    return spell(secrets.token_bytes(15))


def build(
    settings: Settings,
    *,
    table: Table | None = None,
    queues: Callable[[str], Queue] | None = None,
    objects: Objects | None = None,
    now: Clock = utc_now,
    new_id: NewId = random_id,
    issuer: Callable[[], Issuer | None] | None = None,
) -> Services:
    """Wire the services; tests and benchmarks pass their own table, queues, bucket, clock, ids and issuer of JWTs."""
    memory = MemoryTable()
    if table is None:
        table = DynamoTable(settings.table_name)
    if queues is None:
        queues = _sqs(settings)
    events, inbox_queue = queues(EVENTS), queues(INBOX)
    objects = objects or S3Objects(settings.bucket_name)
    people = PersonRepository(table, shards=settings.people_shards)
    order_records = OrderRepository(table, shards=settings.order_shards)
    orders = Orders(order_records, people, pending_seconds=settings.pending_seconds, now=now, new_id=new_id)
    document_records = DocumentRepository(table, now=lambda: now().timestamp())
    documents = Documents(document_records, people, objects, now=now, new_id=new_id)
    inbox = Inbox(InboxRepository(table), inbox_queue, now=now)
    work = Work(orders, documents, events)
    audit_records = AuditRepository(table)
    audit = Audit(audit_records, now=now, new_id=new_id)
    principals = PrincipalRepository(table, audit_records)
    tokens = TokenRepository(table, audit_records)
    holdings = Holdings(table, seconds=settings.process_seconds, now=lambda: now().timestamp())
    return Services(
        people=People(people, Person, now=now, new_id=new_id),
        orders=orders,
        documents=documents,
        inbox=inbox,
        reports=Reports(order_records, objects),
        principals=Principals(principals, audit, now=now),
        roles=Roles(RoleRepository(table, audit_records), audit, now=now),
        tokens=Tokens(tokens, principals, audit, now=now, new_id=new_id),
        audit=audit,
        credentials=Credentials(holdings, tokens, issuer or cache(lambda: _issuer(settings)), now=now),
        resources={
            name: resources.build(
                name, kept, table=table, memory=memory if settings.mocks_in_memory else table, now=now, new_id=new_id
            )
            for name, kept in resources.RESOURCES.items()
        },
        stream=Stream(work, events, now=now),
        uploads=Uploads(work, events),
        consumers={
            EVENTS: Consumer(events, work.read_and_do, now=now),
            INBOX: Consumer(inbox_queue, lambda body: _keep(inbox, body), now=now),
        },
    )


def _sqs(settings: Settings) -> Callable[[str], Queue]:
    return lambda name: SqsQueue(settings.queue_name(name))


def _keep(inbox: Inbox, body: str) -> str:
    """Keep what a message of the inbox brings, and tell what became of it."""
    return "kept" if inbox.keep(PartnerSent.model_validate_json(body)) else "there already"


def _issuer(settings: Settings) -> Issuer | None:
    """Return whose JWTs the stage takes. Only at the first of them: a handler never sees one."""
    if settings.oidc_issuer is None:
        return None
    from chalicelib.access import oidc  # noqa: PLC0415 - cryptography costs a cold start what no handler needs

    keys = oidc.Keys(settings.oidc_jwks, fetch=oidc.fetch)
    return oidc.OidcIssuer(settings.oidc_issuer, settings.oidc_audience, keys)


_services: Services | None = None
_wiring = Lock()


def services() -> Services:
    """Return this process's services, wired at the first call: importing the app must do no I/O."""
    global _services  # noqa: PLW0603 - one per process, as Lambda reuses it
    if _services is None:
        with _wiring:  # `chalice local` serves from several threads
            if _services is None:
                _services = build(Settings.read())
    return _services


def use(services: Services | None) -> None:
    """Set this process's services; None goes back to wiring them at the next call."""
    global _services  # noqa: PLW0603 - see services()
    _services = services


def grants_of(principal: str, token_id: str | None, *, fresh: bool = False) -> Grants:
    """Return what a known caller may do, where their authorizer did not say. Raises UnauthenticatedError."""
    return services().credentials.grants_of(principal, token_id, fresh=fresh)
