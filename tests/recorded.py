"""A stage in this process whose functions' requests of AWS are noted, each function with a process of its own."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from app import app
from chalicelib import bootstrap
from chalicelib.models.principals import PrincipalNew
from chalicelib.models.roles import RoleNew
from chalicelib.models.tokens import TokenNew
from grail.iam import recorder
from grail.localcloud.gateway import API_HANDLER
from tests.api.faults import FAILED, Call, Taps
from tests.front import Answer, Front
from tests.platform import ADMIN, Platform
from tests.unit.event import LambdaContext


class Outages(Taps):
    """Taps that let all calls of some operations fail, by their names in boto3."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: set[str] = set()

    def enter(self, call: Call) -> str | None:
        """Return what is to happen to a call."""
        return FAILED if call.operation in self.operations else None


class _Gateway(Front):
    """The local gateway, in front of functions that somebody else runs."""

    def __init__(self, run: Callable[[str, dict[str, Any]], Any]) -> None:
        super().__init__(app)
        self._run = run

    def _invoke(self, name: str, event: dict[str, Any]) -> Any:
        return self._run(name, event)


class Recorded(Platform):
    """A platform behind the local gateway, so that the authorizer is a function of its own, as on AWS.

    `ran` and `reached` are the functions and the routes that were called.
    """

    def __init__(self, stage: tuple[str, str]) -> None:
        self.ran: set[str] = set()
        self.reached: set[tuple[str, str]] = set()
        self.outages = Outages()
        self._gateway = _Gateway(self._run)
        self._requests: list[tuple[str, str, Any, dict[str, str]]] = []
        super().__init__(stage, self.outages)
        self.tap_gate()

    def again(self) -> None:
        """Send the latest request again."""
        self._send(*self._requests[-1])

    def become(self, *permissions: str) -> None:
        """Let the requests from now on be those of somebody with a role that gives this, and no more."""
        services = self._build(self.outages, now=bootstrap.utc_now)  # by whose clock a credential is checked
        services.roles.put("some", RoleNew(permissions=[*permissions]), expected=None, caller=ADMIN)
        services.principals.put("somebody", PrincipalNew(roles=["some"]), expected=None, caller=ADMIN)
        body = TokenNew(principal="somebody", roles=["some"])
        self._token = str(services.tokens.create(body, once=None, caller=ADMIN).entity.secret)

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Run an event source's function."""
        self.ran.add(function)
        return super().invoke(function, event)

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        self._requests.append((method, path, body, headers))
        return self._gateway(method, path, token=self._token, body=body, **headers)

    def _run(self, name: str, event: dict[str, Any]) -> Any:
        """Run a function that a request needs, and note its calls."""
        self.ran.add(name)
        if name == API_HANDLER:
            self.reached.add((event["httpMethod"], event["resource"]))
        bootstrap.use(self._process(name))
        function: Any = app if name == API_HANDLER else app.handler_map[name]
        with recorder.calling(name, self.calls.append):
            return json.loads(json.dumps(function(json.loads(json.dumps(event)), LambdaContext())))
