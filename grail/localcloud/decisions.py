"""What an authorizer's function decided, and keeping it for its time."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

_MOST = 1000
"""Decisions kept at once; past that, the one that was made first is forgotten."""
_ALL = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_NONE: Mapping[str, Any] = {"Statement": []}


@dataclass(frozen=True)
class Decision:
    """A policy over all routes of the API, and what the API's function is told of the caller."""

    policy: Mapping[str, Any]
    context: Mapping[str, str]

    @classmethod
    def read(cls, answer: Any, *, may_be_simple: bool) -> "Decision":  # noqa: ANN401 - what a function answered
        """Read a function's answer: a policy, or an HTTP API's simple `isAuthorized` where it may be one.

        Raises LookupError, TypeError or AttributeError for what API Gateway refuses (AuthorizerConfigurationException).
        """
        told = _texts(answer.get("context") or {})
        if may_be_simple and "isAuthorized" in answer:
            return cls(_ALL if answer["isAuthorized"] is True else _NONE, told)
        principal = answer["principalId"]
        if not isinstance(principal, str) or not principal:
            message = f"the authorizer's principalId is {principal!r}"
            raise TypeError(message)
        return cls(answer["policyDocument"], {**told, "principalId": principal})


def _texts(context: Mapping[str, Any]) -> dict[str, str]:
    """Return an authorizer's context as the function gets it: API Gateway makes text of numbers and booleans.

    Raises TypeError for anything else, which a REST API refuses.
    """
    for name, value in context.items():
        if not isinstance(value, str | int | float):
            message = f"the authorizer's context {name!r} is neither text, number nor boolean"
            raise TypeError(message)
    return {name: json.dumps(value) if not isinstance(value, str) else value for name, value in context.items()}


class Decisions:
    """Keeps decisions for their time, for several threads."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: OrderedDict[Hashable, tuple[float, Decision]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Decision | None:
        """Return what was decided; None where nothing was, or its time is over."""
        with self._lock:
            until, decision = self._kept.get(key, (0, None))
        return decision if self._now() < until else None

    def keep(self, key: Hashable, decision: Decision, *, seconds: float) -> None:
        """Keep a decision for some seconds."""
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (self._now() + seconds, decision)
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
