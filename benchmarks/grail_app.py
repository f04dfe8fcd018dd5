"""Grail: app.py as it is, on services that answer from the shared store."""

from dataclasses import replace

from app import app
from benchmarks import store
from benchmarks.operations import Handler
from chalicelib import bootstrap
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Made, Once, Slice
from chalicelib.models.fields import RequestModel
from chalicelib.models.people import Person
from chalicelib.repositories.memory import MemoryTable
from chalicelib.services.people import People
from chalicelib.settings import Settings
from chalicelib.telemetry import Telemetry


class _People(People):
    """The shared store's people."""

    def __init__(self) -> None:
        """Need no repository."""

    def get(self, identifier: str, *, caller: Caller) -> Person:  # noqa: ARG002 - a People's interface
        return store.get(identifier)

    def page(self, *, limit: int, after: str | None, caller: Caller) -> Slice[Person]:  # noqa: ARG002
        return store.page(limit)

    def create(self, body: RequestModel, *, once: Once | None, caller: Caller) -> Made[Person]:  # noqa: ARG002
        return Made(store.create())


_TELEMETRY = Telemetry("grail")
bootstrap.use(replace(bootstrap.build(Settings.read({}), table=MemoryTable()), people=_People()))


def handler(*, telemetry: bool) -> Handler:
    """Return the Lambda function: the one app, set to what is asked for."""
    app.telemetry = _TELEMETRY if telemetry else None
    return app
