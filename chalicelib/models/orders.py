"""Orders: what a person buys. Money is an integer in the currency's minor unit."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from chalicelib.models.currencies import CurrencyCode
from chalicelib.models.entity import Belonging, EntityView
from chalicelib.models.fields import Id, RequestModel, Title, View

Quantity = Annotated[int, Field(ge=1, le=10_000)]
UnitPrice = Annotated[int, Field(ge=0, le=10**9, description="In the currency's minor unit.")]


class Status(StrEnum):
    """An order's life: pending, then one of the other three for good."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class OrderLine(RequestModel):
    """So many of one thing at one price."""

    sku: Annotated[Title, Field(max_length=64, examples=["tea"])]
    quantity: Annotated[Quantity, Field(examples=[2])]
    unit_price: Annotated[UnitPrice, Field(examples=[450])]


class OrderNew(RequestModel):
    """What a client sends to place an order."""

    currency: CurrencyCode
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=100)]

    @property
    def total(self) -> int:
        """The sum of the lines, in minor units."""
        return sum(line.quantity * line.unit_price for line in self.lines)


class OrderLineView(View):
    """An order's line, as clients see it."""

    sku: str
    quantity: int
    unit_price: int


class OrderView(EntityView):
    """An order, as clients see it."""

    person_id: Id
    status: Status
    currency: str
    lines: list[OrderLineView]
    total: int


class Order(OrderView, Belonging):
    """An order, as stored."""

    KIND: ClassVar[str] = "order"
