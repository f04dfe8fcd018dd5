"""Permissions, as text and as a calculus.

A *permission* is `resource:action`: what a route needs. A *grant* is one in which `*` may stand for any resource or any
action, and which may end in `:own`: only what is mine. A *deny* is a grant without `:own`; it beats every grant.
"""

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import product
from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints

_NAME = "[a-z][a-z-]{0,39}"
_PERMISSION = re.compile(f"{_NAME}:{_NAME}")
OWN = ":own"

Grant = Annotated[
    str, StringConstraints(pattern=rf"^(\*|{_NAME}):(\*|{_NAME})({OWN})?$"), Field(examples=["people:read"])
]
Deny = Annotated[str, StringConstraints(pattern=rf"^(\*|{_NAME}):(\*|{_NAME})$"), Field(examples=["people:write"])]


class Reach(IntEnum):
    """To whose things a permission reaches."""

    NONE = 0
    OWN = 1
    ANY = 2


@dataclass(frozen=True, slots=True)
class Grants:
    """All that somebody was granted and denied."""

    allowed: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()

    def reach(self, permission: str) -> Reach:
        """Return how far a permission reaches."""
        return self.reach_by(covering(permission))

    def reach_by(self, rules: "Covering") -> Reach:
        """Return how far the permission reaches that these rules cover."""
        if self.denied and not self.denied.isdisjoint(rules.any):
            return Reach.NONE
        if not self.allowed.isdisjoint(rules.any):
            return Reach.ANY
        return Reach.NONE if self.allowed.isdisjoint(rules.own) else Reach.OWN

    @property
    def text(self) -> str:
        """The grants in one line, each deny with a minus before it."""
        allowed = " ".join(self.allowed)
        return " ".join([allowed, *(f"-{deny}" for deny in self.denied)]).strip() if self.denied else allowed

    @property
    def is_everything(self) -> bool:
        """Whether nothing is missing."""
        return "*:*" in self.allowed and not self.denied


NOTHING = Grants()
EVERYTHING = Grants(frozenset({"*:*"}))


def check(permission: str) -> None:
    """Raise ValueError for what is not the name of one permission."""
    if not _PERMISSION.fullmatch(permission):
        message = f"{permission!r} is not a permission such as 'people:write'"
        raise ValueError(message)


@lru_cache(maxsize=1024)
def parse(text: str) -> Grants:
    """Return what `Grants.text` says."""
    words = text.split()
    return Grants(
        frozenset(word for word in words if word[0] != "-"), frozenset(word[1:] for word in words if word[0] == "-")
    )


def escalation(*, before: Grants, after: Grants, giver: Grants) -> str | None:
    """Return a permission that a change gives to somebody and that the giver does not hold; None where there is none.

    Names are infinitely many, but all that no grant mentions are alike, so one stands for them.
    """
    if before.is_everything or giver.is_everything:
        return None
    mentioned = [rule.split(":") for grants in (before, after, giver) for rule in grants.allowed | grants.denied]
    resources, actions = ({*(parts[place] for parts in mentioned), _ANY_OTHER} - {"*"} for place in (0, 1))
    for rule in sorted(after.allowed):  # nothing else can have been given
        resource, action = rule.split(":")[:2]
        for pair in product(
            sorted(resources) if resource == "*" else [resource], sorted(actions) if action == "*" else [action]
        ):
            permission = ":".join(pair)
            reach = after.reach(permission)
            if reach > before.reach(permission) and reach > giver.reach(permission):
                return permission.replace(_ANY_OTHER, "*")
    return None


_ANY_OTHER = "~"
"""A name that no grant can mention."""


class Covering(NamedTuple):
    """The rules of which any one covers a permission: for anybody's things, and for one's own."""

    any: frozenset[str]
    own: frozenset[str]


@lru_cache(maxsize=4096)
def covering(permission: str) -> Covering:
    """Return the rules that cover a permission."""
    resource, _, action = permission.partition(":")
    rules = (permission, f"{resource}:*", f"*:{action}", "*:*")
    return Covering(frozenset(rules), frozenset(rule + OWN for rule in rules))
