"""Models."""

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from chalicelib.models.currencies import CURRENCIES
from chalicelib.models.entity import Entity
from chalicelib.models.fields import Email, Prose, RequestModel, Tag, Title
from chalicelib.models.orders import Order, OrderNew
from chalicelib.models.people import Person, PersonNew, PersonPatch
from chalicelib.models.resource import Resource, shapes
from chalicelib.services.resources import RESOURCES

TIME = "2026-11-20T00:00:00Z"
STORED = {"id": "a", "owner": "alice", "created_at": TIME, "updated_at": TIME}


class Inner(RequestModel):
    """A part of a resource."""

    colour: Title
    size: int = 1


class Box(Resource):
    """A resource with a field of each kind."""

    name: Title
    text: Prose = "empty"
    tags: Annotated[list[Tag], Field(max_length=2)] = []
    inner: Inner
    note: Title | None = None


BOX = shapes(Box)


@pytest.mark.parametrize(
    "email",
    ["a@b.co", "Ada.Lovelace+tag@sub.example.com", "o'neil@example.org", "x" * 64 + "@example.com", "a@1.2.3.com"],
)
def test_an_email_is_taken(email: str) -> None:
    """What is plainly an address is one."""
    assert TypeAdapter(Email).validate_python(email) == email


@pytest.mark.parametrize(
    "email",
    ["", "a", "@b.co", "a@", "a@b", "a b@c.co", "a@b..co", ".a@b.co", "a.@b.co", "a@-b.co", "a@b.co\n", "é@b.co",
     "a@b.co, c@d.co", "a" * 250 + "@b.co"],
)  # fmt: skip
def test_what_is_no_email_is_refused(email: str) -> None:
    """What no mail server would take is refused."""
    with pytest.raises(ValidationError):
        TypeAdapter(Email).validate_python(email)


@given(st.text(max_size=210))
def test_a_title_is_one_visible_line(text: str) -> None:
    """A title is taken exactly if it is short, has something to see and no control character."""
    blanks = {" ", "\xa0", "\u1680", "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff"}
    blanks |= {chr(code) for code in range(0x2000, 0x200C)}
    control = {chr(code) for code in [*range(0x20), *range(0x7F, 0xA0)]}
    good = 0 < len(text) <= 200 and not control & set(text) and bool(set(text) - blanks)
    try:
        TypeAdapter(Title).validate_python(text)
    except ValidationError:
        assert not good
    else:
        assert good


@pytest.mark.parametrize(
    ("new", "patch"), [(PersonNew, PersonPatch), *[(k.shapes.new, k.shapes.patch) for k in RESOURCES.values()]]
)
def test_a_patch_has_the_fields_of_its_model(new: type[RequestModel], patch: type[RequestModel]) -> None:
    """What can be set can be changed, and all of it may be left out."""
    assert set(patch.model_fields) == set(new.model_fields)
    assert not any(field.is_required() for field in patch.model_fields.values())


@pytest.mark.parametrize("model", [Person, Order, BOX.stored])
def test_a_stored_model_ignores_what_it_does_not_know(model: type[Entity]) -> None:
    """Yesterday's code reads tomorrow's items."""
    known: dict[str, Any] = {"name": "a", "email": "a@b.co", "person_id": "b", "status": "pending", "currency": "EUR"}
    known |= {"lines": [], "total": 0, "inner": {"colour": "red"}}
    assert "tomorrow" not in model.model_validate({**STORED, **known, "tomorrow": 1}).model_dump()


def test_a_stored_model_reads_what_yesterdays_rules_let_in() -> None:
    """A rule that became stricter must not make what is stored unreadable."""
    person = Person.model_validate({**STORED, "name": "", "email": "no address", "phone": "unknown"})
    assert person.email == "no address"
    box = BOX.stored.model_validate({**STORED, "name": "", "tags": ["", "b", "c"], "inner": {"colour": "red"}})
    assert box.model_dump()["tags"] == ["", "b", "c"]


def test_an_upgrade_that_fails_is_told_of_as_an_item_that_is_none() -> None:
    """Whoever bears such an item, such as a report, bears this one."""

    class Failing(Person):
        """A person whose upgrade wants what not all have."""

        UPGRADES = (lambda item: {**item, "code": item["country"]},)

    with pytest.raises(ValueError, match="a person can't be upgraded from schema version 1: KeyError"):
        Failing.upgraded({**STORED, "name": "a"})


def test_a_resources_view_adds_id_and_times() -> None:
    """The view has the resource's own fields and what every view has, and nothing of the storage."""
    assert set(BOX.view.model_fields) == {*Box.model_fields, "id", "created_at", "updated_at"}


@pytest.mark.parametrize("patch", [{}, {"text": None}, {"tags": None}, {"note": None}, {"inner": {"size": None}}])
def test_what_has_a_default_may_be_null_in_a_patch(patch: dict[str, Any]) -> None:
    """Null is RFC 7396's way to remove a member; what has a default goes back to it."""
    assert BOX.patch.model_validate(patch).changes() == patch


@pytest.mark.parametrize("patch", [{"name": None}, {"inner": None}, {"inner": {"colour": None}}, {"tags": ["a"] * 3}])
def test_a_patch_keeps_the_models_rules(patch: dict[str, Any]) -> None:
    """What the whole can't be without can't be removed, and every constraint holds."""
    with pytest.raises(ValidationError):
        BOX.patch.model_validate(patch)


def test_a_patchs_schema_shows_no_defaults() -> None:
    """Absent means unchanged, so a default in the schema would be a lie."""
    assert '"default"' not in str(BOX.patch.model_json_schema()).replace("'", '"')


def test_a_resource_must_not_use_the_names_of_every_entity() -> None:
    """A field that would hide the version is refused at import."""

    class Bad(Resource):
        """A resource with a taken name."""

        version: int

    with pytest.raises(TypeError, match="version"):
        shapes(Bad)


@given(st.lists(st.tuples(st.integers(1, 10_000), st.integers(0, 10**9)), min_size=1, max_size=100))
def test_an_orders_total_is_the_sum_of_its_lines(lines: list[tuple[int, int]]) -> None:
    """Money is exact, however large."""
    order = OrderNew.model_validate(
        {"currency": "EUR", "lines": [{"sku": "a", "quantity": q, "unit_price": p} for q, p in lines]}
    )
    assert order.total == sum(quantity * price for quantity, price in lines)


def test_currencies_have_their_digits() -> None:
    """ISO 4217: most have two decimals, some none, some three."""
    assert {code: CURRENCIES[code].digits for code in ("EUR", "JPY", "KWD")} == {"EUR": 2, "JPY": 0, "KWD": 3}
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)
