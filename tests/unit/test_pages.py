"""Cursors and paging parameters."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.repositories import keys
from chalicelib.web import pages

POSITIONS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100)


@given(POSITIONS)
def test_a_cursor_carries_its_position(position: str) -> None:
    """What was encoded comes back, and needs no escaping in a query."""
    cursor = pages.encode(position)
    assert pages.decode(cursor) == position
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(POSITIONS, st.data())
def test_a_changed_cursor_is_refused_or_another_position(position: str, data: st.DataObject) -> None:
    """A cursor has one spelling only: no two cursors mean one position."""
    cursor = pages.encode(position)
    place = data.draw(st.integers(0, len(cursor) - 1))
    changed = cursor[:place] + data.draw(st.sampled_from("AZaz09-_=!é ")) + cursor[place + 1 :]
    try:
        found = pages.decode(changed)
    except ValueError:
        found = None
    assert found is None or pages.encode(found) == changed


@pytest.mark.parametrize("cursor", ["", "=", "MQ", "!!!", "a" * 500, "é", "MQ==", "AAAA"])
def test_what_no_list_gave_is_no_cursor(cursor: str) -> None:
    """Garbage is refused, not taken for the beginning."""
    with pytest.raises(ValidationError):
        pages.Paging.model_validate({"cursor": cursor})


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.0", "1e1", " 1", "1_0", "٣", "", "x", "+1", "9" * 30])
def test_a_limit_is_a_plain_number_from_1_to_100(limit: str) -> None:
    """No spelling that another reader would take for something else."""
    with pytest.raises(ValidationError):
        pages.Paging.model_validate({"limit": limit})


def test_the_default_is_20_from_the_beginning() -> None:
    """Nothing given is the first twenty."""
    paging = pages.Paging.model_validate({})
    assert (paging.limit, paging.after) == (20, None)


TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(TIMES, TIMES)
def test_positions_sort_as_time_does(one: datetime, other: datetime) -> None:
    """The order of the index's sort key is the order of creation."""
    assert (keys.position(one, "b") < keys.position(other, "b")) == (one < other)
