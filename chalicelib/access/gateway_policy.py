"""The policy that an authorizer answers with: the cheap early filter before a function is started.

A policy is cached for a caller over all routes, has room for a few thousand bytes, and an IAM `*` also matches `/`. So
it can't be exact: it lets at least the granted routes through, and the endpoint decides. Of a route that API Gateway
answers by itself there is no endpoint to decide: that one is exact.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from chalicelib.models.permissions import Covering, Grants, Reach, covering

BUDGET = 8_192
"""Bytes of an authorizer's whole answer. AWS states 8 KB for WebSocket APIs; what it is for REST APIs, it does not."""
_NOTHING = "NONE/-"
"""Matches no request: a statement must name a resource."""


class Guarded(NamedTuple):
    """A route behind the authorizer; `permission` is None where any known caller may pass.

    `owned` routes let somebody pass who may only reach what is theirs. Behind `direct` ones is no function.
    """

    method: str
    path: str
    permission: str | None
    owned: bool
    direct: bool = False

    @property
    def pattern(self) -> str:
        """What of a method's ARN is the route's own, each parameter a star."""
        parts = ["*" if part.startswith("{") else part for part in self.path.removeprefix("/").split("/")]
        return f"{self.method}/{'/'.join(parts)}"


class GatewayPolicy:
    """Makes policies for one app's routes."""

    def __init__(self, routes: Iterable[Guarded]) -> None:
        self._patterns: dict[tuple[str | None, bool], list[str]] = {}
        self._direct: set[str] = set()
        for route in routes:
            self._patterns.setdefault((route.permission, route.owned), []).append(route.pattern)
            if route.direct:
                self._direct.add(route.pattern)
        self._coarser = _Coarser([pattern for found in self._patterns.values() for pattern in found])
        self._groups = lru_cache(maxsize=8)(self._groups_of)  # a function is behind one API, or very few

    def document(self, grants: Grants, *, arn: str, room: int = BUDGET) -> dict[str, Any]:
        """Return the policy document of a caller, in at most `room` bytes of JSON.

        `arn` is the one of the method that was called: the policy is for its API and stage, over all methods.
        """
        api = _api_of(arn)
        resources: list[str] = []
        shut: list[str] = []
        size = len(_EMPTY)
        for group in self._groups(api):
            if group.covering is None or grants.reach_by(group.covering) >= group.least:
                resources += group.resources
                size += group.size
            else:
                shut += group.direct
        denied = [_statement("Deny", shut)] if shut else []
        size += sum(len(json.dumps(statement)) + len(", ") for statement in denied)
        if size > room:
            patterns = tuple(resource.removeprefix(api) for resource in resources)
            left = room - len(json.dumps(_document(_statement("Allow", []), *denied)))
            coarse = self._coarser.fit(patterns, each=len(api) + _QUOTES, room=left)
            resources = [api + pattern for pattern in coarse]
        return _document(_statement("Allow", resources or [api + _NOTHING]), *denied)

    def _groups_of(self, api: str) -> list["_Group"]:
        return [
            _Group(
                covering=None if permission is None else covering(permission),
                least=Reach.OWN if owned else Reach.ANY,
                resources=[api + pattern for pattern in patterns],
                size=sum(len(api) + len(pattern) + _QUOTES for pattern in patterns),
                # Below it is nothing of the app's; but what API Gateway makes of a slash at the end, it does not say.
                direct=[api + pattern + end for pattern in patterns if pattern in self._direct for end in ("", "/*")],
            )
            for (permission, owned), patterns in self._patterns.items()
        ]


class _Group(NamedTuple):
    """The routes of one permission (no `covering`: of any known caller), as a policy's resources, `size` bytes of JSON.

    Who reaches the `least` is let through; else the `direct` ones of them are shut.
    """

    covering: Covering | None
    least: Reach
    resources: list[str]
    size: int
    direct: list[str]


def _document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [*statements]}


def _statement(effect: str, resources: list[str]) -> dict[str, Any]:
    return {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resources}


_EMPTY = json.dumps(_document(_statement("Allow", [])))
_QUOTES = len('"", ')


def _api_of(arn: str) -> str:
    """Return what every ARN of the API's stage begins with; the API's id makes region and account needless."""
    api, stage = arn.split("/")[:2]
    _, partition, service, _, _, api_id = api.split(":")
    return f"arn:{partition}:{service}:*:*:{api_id}/{stage}/"


class _Coarse(NamedTuple):
    """A pattern for all below a path; `routes` has a bit for each route that it lets through."""

    pattern: str
    routes: int


class _Coarser:
    """Makes fewer patterns of many: by path, those first that open the least for the room they save."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns
        self.fit = lru_cache(maxsize=128)(self._fit)

    @cached_property
    def _bits(self) -> Mapping[str, int]:
        return {pattern: 1 << number for number, pattern in enumerate(self._patterns)}

    @cached_property
    def _coarse(self) -> list[_Coarse]:
        """Return a pattern for each beginning of a path, for one method and for all."""
        found = {_EVERYTHING: _Coarse(_EVERYTHING, sum(self._bits.values()))}
        for pattern in self._patterns:
            method, _, path = pattern.partition("/")
            parts = path.split("/")
            for length in range(len(parts) + 1):
                begins = "/" + "/".join(parts[:length])
                for coarse in (f"{method}{begins}/*", f"{method}{begins}*", f"*{begins}/*", f"*{begins}*"):
                    if coarse not in found:
                        found[coarse] = _Coarse(coarse, self._matching(coarse))
        return [coarse for coarse in found.values() if coarse.routes.bit_count() > 1]

    def _matching(self, coarse: str) -> int:
        """Return the routes that a pattern with a star at its end, and perhaps at its beginning, lets through."""
        text = coarse.removesuffix("*")
        if text.startswith("*"):
            return sum(bit for pattern, bit in self._bits.items() if text[1:] in pattern)
        return sum(bit for pattern, bit in self._bits.items() if pattern.startswith(text))

    def _fit(self, granted: tuple[str, ...], *, each: int, room: int) -> list[str]:
        """Return patterns that match all that the granted ones do, and with `each` bytes more per pattern fit."""
        stands_for = {pattern: self._bits[pattern] for pattern in granted}
        wanted = sum(stands_for.values())
        size = sum(len(pattern) + each for pattern in stands_for)

        def price(coarse: _Coarse) -> tuple[float, int, int]:
            kept = (coarse.routes & wanted).bit_count()
            opened = (coarse.routes & ~wanted).bit_count()
            return opened / kept, -kept, -len(coarse.pattern)

        for coarse in sorted((coarse for coarse in self._coarse if coarse.routes & wanted), key=price):
            if size <= room:
                break
            replaced = [pattern for pattern, routes in stands_for.items() if not routes & ~coarse.routes]
            saved = sum(len(pattern) + each for pattern in replaced) - len(coarse.pattern) - each
            if saved > 0:
                for pattern in replaced:
                    del stands_for[pattern]
                stands_for[coarse.pattern] = coarse.routes & wanted
                size -= saved
        return list(stands_for)


_EVERYTHING = "*"
