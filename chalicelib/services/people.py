"""People: the use cases are those of any stored resource; that an email is unique is the repository's promise."""

from chalicelib.models.people import Person
from chalicelib.services.service import Stored


class People(Stored[Person]):
    """The people."""
