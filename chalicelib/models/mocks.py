"""Mocks: things to try the API with, gone when the process ends."""

from typing import Annotated

from pydantic import Field

from chalicelib.models.fields import Count, Title
from chalicelib.models.resource import Resource


class Mock(Resource):
    """A stand-in for anything."""

    name: Annotated[Title, Field(examples=["widget"])]
    amount: Count = 0
