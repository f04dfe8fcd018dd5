"""Notes: an example of a resource that is one model and one line."""

from typing import Annotated

from pydantic import Field

from chalicelib.models.fields import Prose, Tag, Title
from chalicelib.models.resource import Resource


class Note(Resource):
    """Something worth remembering."""

    title: Annotated[Title, Field(examples=["Shopping"])]
    text: Prose = ""
    tags: Annotated[list[Tag], Field(max_length=20)] = []
