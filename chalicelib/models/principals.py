"""Principals: who may do what. A person (`user:` and the subject of their JWT) or a machine, under any name."""

from typing import Annotated, ClassVar
from urllib.parse import unquote

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from chalicelib.models.caller import Caller
from chalicelib.models.entity import Entity, EntityView
from chalicelib.models.fields import RequestModel, View
from chalicelib.models.permissions import Deny, Grant
from chalicelib.models.roles import RoleName


def _not_reserved(name: str) -> str:
    if name.startswith("operator:") or name == "system":
        message = "is a name that only we give"
        raise ValueError(message)
    return name


CHARACTER = "[A-Za-z0-9._@+|:-]"
LONGEST = 128

PrincipalId = Annotated[
    str,
    StringConstraints(pattern=rf"^{CHARACTER}{{1,{LONGEST}}}$"),
    AfterValidator(_not_reserved),
    Field(examples=["bob"]),
]
"""Whoever works on the command line is `operator:…` in the audit, and what stands in the code is `system`'s."""
PrincipalInPath = Annotated[PrincipalId, BeforeValidator(lambda text: unquote(text) if isinstance(text, str) else text)]
"""API Gateway hands a path parameter over as it was sent; no principal has a percent sign in it."""


class PrincipalNew(RequestModel):
    """What a principal shall be allowed, all of it."""

    roles: Annotated[list[RoleName], Field(max_length=20)] = []
    grants: Annotated[list[Grant], Field(max_length=100)] = []
    denies: Annotated[list[Deny], Field(max_length=100, description="Each beats every grant.")] = []


class PrincipalView(EntityView):
    """A principal, as administrators see it."""

    id: Annotated[str, Field(examples=["bob"])]
    roles: list[str]
    grants: list[str]
    denies: list[str]


class Principal(PrincipalView, Entity):
    """A principal, as stored."""

    KIND: ClassVar[str] = "principal"


class Me(View):
    """Who is calling, and what they may do."""

    principal: str
    grants: list[str]
    denies: list[str]

    @classmethod
    def of(cls, caller: Caller) -> "Me":
        """Return what a caller gets to see of themselves."""
        grants = caller.grants
        return cls(principal=caller.principal, grants=sorted(grants.allowed), denies=sorted(grants.denied))
