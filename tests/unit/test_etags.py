"""Entity tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.web import etags


@pytest.mark.parametrize(
    ("header", "versions"),
    [
        ('"3"', {3}),
        (' "3" , "4"', {3, 4}),
        ('W/"3"', set()),
        ('W/"3", "4"', {4}),
        ('"not-ours"', set()),
        ('""', set()),
        ('"-1"', set()),
        ('"03"', set()),
        (f'"{"9" * 50}"', set()),
    ],
)
def test_if_match_compares_strongly(header: str, versions: set[int]) -> None:
    """Only strong tags that are versions count."""
    assert etags.versions(header) == frozenset(versions)


def test_a_star_matches_any_version() -> None:
    """`*` guards against nothing but absence."""
    assert etags.versions("*") is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        "3",
        '"3',
        '"3" "4"',
        '"3",',
        "*, *",
        '"٣"',
        '"a b"',
        '"a"b"',
        '"' + "1" * 2000 + '"',
        ", ".join(f'"{n}"' for n in range(1, 60)),
    ],
)
def test_what_is_no_list_of_tags_is_refused(header: str) -> None:
    """A header that can't be read is never taken for one that does not match."""
    with pytest.raises(ValueError, match="must"):
        etags.versions(header)


@pytest.mark.parametrize(("header", "matches"), [('"3"', True), ('W/"3"', True), ("*", True), ('"2", "4"', False)])
def test_if_none_match_compares_weakly(header: str, *, matches: bool) -> None:
    """A weak tag of the version is a match here."""
    assert etags.matches(header, '"3"') is matches


@given(st.text(max_size=80))
def test_any_header_is_read_or_refused(header: str) -> None:
    """Whatever comes, the answer is a set of versions or ValueError."""
    try:
        found = etags.versions(header)
    except ValueError as error:
        assert "must be a list" in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert found is None or all(version >= 0 for version in found)
