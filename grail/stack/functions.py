"""The functions that Chalice makes of an app: their names in the template and in Lambda, and what calls them."""

from collections.abc import Collection
from enum import Enum, auto
from typing import Any, NamedTuple

from chalice import app as chalice
from chalice.app import Chalice
from chalice.utils import to_cfn_resource_name

from grail.localcloud import chalice_app
from grail.localcloud.chalice_events import lambda_name
from grail.localcloud.gateway import API_HANDLER
from grail.localcloud.routes import LambdaAuthorizer


class Caller(Enum):
    """What calls a function; `EVENT` does not wait for its answer, and `ANYONE` may be anybody."""

    API = auto()
    GATEWAY = auto()
    QUEUE = auto()
    STREAM = auto()
    EVENT = auto()
    ANYONE = auto()


class Function(NamedTuple):
    """A function by its name in the app, its logical id and its name in Lambda; `event` is its event source's id."""

    name: str
    logical: str
    lambda_name: str
    caller: Caller
    event: str = ""
    source: Any = None

    @property
    def is_on_the_way(self) -> bool:
        """Whether a request waits for it."""
        return self.caller in {Caller.API, Caller.GATEWAY}


_SOURCES: dict[type[Any], tuple[Caller, str]] = {
    chalice.SQSEventConfig: (Caller.QUEUE, "sqs-event-source"),
    chalice.DynamoDBEventConfig: (Caller.STREAM, "dynamodb-event-source"),
    chalice.KinesisEventConfig: (Caller.STREAM, "kinesis-event-source"),
    chalice.CloudWatchEventConfig: (Caller.EVENT, "event"),
    chalice.ScheduledEventConfig: (Caller.EVENT, "event"),
    chalice.SNSEventConfig: (Caller.EVENT, "sns-subscription"),
}
"""How Chalice 1.34 names the event source in its template (chalice/deploy/appgraph.py), after the function's name."""


_WEBSOCKET = {
    "$connect": "websocket_connect",
    "$default": "websocket_message",
    "$disconnect": "websocket_disconnect",
}


def of(app: Chalice, *, name: str, stage: str) -> list[Function]:
    """Return an app's functions, but for those of a WebSocket API, which stay as Chalice makes them."""
    gates = _authorizers(app)

    def made(function: str, caller: Caller, **others: Any) -> Function:  # noqa: ANN401 - a source is any of Chalice's
        logical = "APIHandler" if function == API_HANDLER else to_cfn_resource_name(function)
        return Function(function, logical, lambda_name(name, stage, function), caller, **others)

    return [
        *([made(API_HANDLER, Caller.API)] if app.routes else []),
        *(made(gate.name, Caller.GATEWAY) for gate in app.builtin_auth_handlers),
        *(
            made(function.name, Caller.GATEWAY if function.name in gates else Caller.ANYONE)
            for function in app.pure_lambda_functions
        ),
        *(
            made(source.name, caller, event=to_cfn_resource_name(f"{source.name}-{suffix}"), source=source)
            for source in app.event_sources
            for kind, (caller, suffix) in _SOURCES.items()
            if type(source) is kind
        ),
    ]


def unknown(app: Chalice) -> set[str]:
    """Return the names of an app's functions that `of` does not tell of: WebSockets', and those of `on_s3_event`."""
    others = {source.name for source in app.event_sources if type(source) not in _SOURCES}
    return others | {_WEBSOCKET[route] for route in app.websocket_handlers}


def _authorizers(app: Chalice) -> Collection[str]:
    """Return the names of the functions that API Gateway asks who is calling."""
    return {
        route.authorizer.function
        for resource in chalice_app.resources(app)
        for route in resource.routes.values()
        if isinstance(route.authorizer, LambdaAuthorizer)
    }
