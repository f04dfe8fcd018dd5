"""Who is let in: runs authorizers, and keeps their decisions as API Gateway does."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grail.localcloud import events, policy
from grail.localcloud.calls import Call
from grail.localcloud.cognito import UserPools
from grail.localcloud.decisions import Decision, Decisions
from grail.localcloud.exchange import RefusedError
from grail.localcloud.routes import LambdaAuthorizer, Route, UserPoolAuthorizer

_LOG = logging.getLogger(__name__)

Invoke = Callable[[str, dict[str, Any]], Any]
"""Calls the function of a name with an event, and returns what it answers or raises what it raises."""


class Authorizers:
    """The authorizers of one API."""

    def __init__(self, *, invoke: Invoke, user_pools: UserPools | None, now: Callable[[], float]) -> None:
        self._invoke = invoke
        self._user_pools = user_pools
        self._decisions = Decisions(now)

    def admit(self, route: Route, call: Call) -> Mapping[str, Any] | None:
        """Return what the API's function is told of a caller; None where the route is open. Raises RefusedError."""
        match route.authorizer:
            case None:
                return None
            case LambdaAuthorizer() as authorizer:
                return self._ask(authorizer, call)
            case UserPoolAuthorizer() as authorizer if self._user_pools is not None:
                token = call.request.header(authorizer.header) or ""
                return {"claims": self._user_pools.claims(token, pools=authorizer.pools, scopes=route.scopes)}
        raise RefusedError("ACCESS_DENIED")  # what can't be checked here stays shut

    def _ask(self, authorizer: LambdaAuthorizer, call: Call) -> Mapping[str, str]:
        """Return the context of a kept decision, or else of a new one; its policy is evaluated for each call.

        A decision is kept whatever it is, a deny too; a failure is not, nor what is without an identity source.
        """
        shown = [call.shown(source) for source in authorizer.sources]
        if not all(shown):
            raise RefusedError("UNAUTHORIZED")
        key = (authorizer, *shown)
        kept = self._decisions.get(key)
        try:
            decision = kept or self._decide(authorizer, call, shown)
            allowed = policy.allows(decision.policy, action="execute-api:Invoke", resource=call.arn)
        except Exception as error:  # an authorizer's only way to a 401 is an exception of any class
            if str(error) == "Unauthorized":  # the one message that API Gateway takes for a 401
                raise RefusedError("UNAUTHORIZED") from error
            _LOG.exception("the authorizer failed")
            raise RefusedError("AUTHORIZER_FAILURE") from error
        if shown and kept is None:
            self._decisions.keep(key, decision, seconds=authorizer.ttl)
        if not allowed:
            raise RefusedError("ACCESS_DENIED")
        return decision.context

    def _decide(self, authorizer: LambdaAuthorizer, call: Call, shown: Sequence[str]) -> Decision:
        match authorizer.kind, authorizer.payload:
            case "TOKEN", _:
                event = events.token(call, shown[0])
            case _, "2.0":
                event = events.request_2_0(call, shown)
            case _, "1.0":
                event = events.request_1_0(call, shown)
            case _:
                event = events.request(call)
        answer = self._invoke(authorizer.function, event)
        return Decision.read(answer, may_be_simple=authorizer.payload == "2.0")
