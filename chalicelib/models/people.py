"""People: who places orders."""

from typing import Annotated, ClassVar

from pydantic import Field

from chalicelib.models.entity import Entity, EntityView
from chalicelib.models.fields import Email, PatchModel, Phone, RequestModel, Tag, Title

Tags = Annotated[list[Tag], Field(max_length=20)]


class PersonNew(RequestModel):
    """What a client sends to add a person, or to replace one."""

    name: Annotated[Title, Field(examples=["Ada Lovelace"])]
    email: Email
    phone: Phone | None = None
    tags: Tags = []


class PersonPatch(PatchModel):
    """What a client sends to change some of a person's fields."""

    name: Annotated[Title, Field(examples=["Ada King"])] = ""
    email: Email = ""
    phone: Phone | None = None
    tags: Tags | None = None


class PersonView(EntityView):
    """A person, as clients see it."""

    name: str
    email: str
    phone: str | None = None
    tags: list[str] = []


class Person(PersonView, Entity):
    """A person, as stored. No two have the same email, compared without case."""

    KIND: ClassVar[str] = "person"

    @property
    def email_key(self) -> str:
        """The email as compared."""
        return self.email.casefold()
