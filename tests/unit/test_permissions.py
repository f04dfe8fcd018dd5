"""The calculus of permissions, against one that is written as plainly as it can be."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chalicelib.models.permissions import EVERYTHING, NOTHING, Deny, Grant, Grants, Reach, check, escalation, parse

GRANT, DENY = TypeAdapter[str](Grant), TypeAdapter[str](Deny)

PERMISSIONS = ["people:read", "a:b", "own:own", "access-log:read-all", f"{'a' * 40}:{'b' * 40}"]
STARRED = ["*:read", "people:*", "*:*"]
NONSENSE = [
    "",
    ":",
    "*",
    "people",
    "people:",
    ":read",
    "people:read:",
    "people:read:all",
    "people::own",
    "people:read:own:own",
    "people:read:OWN",
    "People:read",
    "people:Read",
    "people: read",
    " people:read",
    "people:read ",
    "people:read\n",
    "people:re*",
    "**:read",
    "-people:read",
    "people:-read",
    "1:read",
    "péople:read",
    f"{'a' * 41}:read",
    "~:~",
]


@pytest.mark.parametrize("text", [*PERMISSIONS, *STARRED, *(f"{text}:own" for text in [*PERMISSIONS, *STARRED])])
def test_a_grant_may_have_stars_and_own(text: str) -> None:
    """Any resource, any action, all of it or only mine."""
    assert GRANT.validate_python(text) == text


@pytest.mark.parametrize("text", [*PERMISSIONS, *STARRED])
def test_a_deny_may_have_stars(text: str) -> None:
    """It is written as a grant is."""
    assert DENY.validate_python(text) == text


@pytest.mark.parametrize("text", [f"{text}:own" for text in [*PERMISSIONS, *STARRED]])
def test_a_deny_never_ends_in_own(text: str) -> None:
    """Nobody is denied only what is theirs."""
    with pytest.raises(ValidationError):
        DENY.validate_python(text)


@pytest.mark.parametrize("adapter", [GRANT, DENY], ids=["grant", "deny"])
@pytest.mark.parametrize("text", NONSENSE)
def test_anything_else_is_neither(adapter: TypeAdapter[str], text: str) -> None:
    """No blanks, no capitals, no other stars, nothing behind."""
    with pytest.raises(ValidationError):
        adapter.validate_python(text)


@pytest.mark.parametrize("text", PERMISSIONS)
def test_a_route_names_a_permission(text: str) -> None:
    """One resource and one action."""
    check(text)


@pytest.mark.parametrize("text", [*NONSENSE, *STARRED, "people:read:own"])
def test_a_route_names_exactly_one_permission(text: str) -> None:
    """A permission that a route needs has no star, and is nobody's own."""
    with pytest.raises(ValueError, match="is not a permission"):
        check(text)


def grants(*allowed: str, denied: tuple[str, ...] = ()) -> Grants:
    return Grants(frozenset(allowed), frozenset(denied))


@pytest.mark.parametrize(
    ("allowed", "reach"),
    [
        (("people:write",), Reach.ANY),
        (("people:*",), Reach.ANY),
        (("*:write",), Reach.ANY),
        (("*:*",), Reach.ANY),
        (("notes:read", "people:write"), Reach.ANY),
        (("people:write:own",), Reach.OWN),
        (("people:*:own",), Reach.OWN),
        (("*:write:own",), Reach.OWN),
        (("*:*:own",), Reach.OWN),
        (("people:write:own", "people:*"), Reach.ANY),
        ((), Reach.NONE),
        (("people:read",), Reach.NONE),
        (("notes:*",), Reach.NONE),
        (("notes:*:own",), Reach.NONE),
        (("*:read",), Reach.NONE),
        (("people:writer",), Reach.NONE),
        (("peopl:write",), Reach.NONE),
    ],
)
def test_a_grant_reaches(allowed: tuple[str, ...], reach: Reach) -> None:
    """A star stands for any name, `:own` for what is mine, and the wider of two grants counts."""
    assert grants(*allowed).reach("people:write") is reach


@pytest.mark.parametrize("allowed", ["*:*", "people:write", "people:write:own"])
@pytest.mark.parametrize("denied", ["people:write", "people:*", "*:write", "*:*"])
def test_a_deny_beats_every_grant(allowed: str, denied: str) -> None:
    """However wide the deny, and however exact the grant; what is mine is denied with the rest."""
    assert grants(allowed, denied=(denied,)).reach("people:write") is Reach.NONE


@pytest.mark.parametrize("denied", ["people:read", "notes:*", "*:read", "notes:write"])
def test_a_deny_denies_nothing_else(denied: str) -> None:
    """It covers what a grant of the same text covers."""
    assert grants("*:*", denied=(denied,)).reach("people:write") is Reach.ANY


def test_nothing_and_everything() -> None:
    """The two ends of the calculus."""
    assert (NOTHING.reach("people:write"), EVERYTHING.reach("people:write")) == (Reach.NONE, Reach.ANY)


# Against a plain calculus. Rules mention the names of MENTIONED; OTHERS stand for all that nobody mentions.

MENTIONED = ("a", "b", "own")
OTHERS = ("other", "another")
NAMES = st.sampled_from([*MENTIONED, "*"])
DENIES = st.tuples(NAMES, NAMES).map(":".join)
GRANTS = st.tuples(DENIES, st.sampled_from(["", ":own"])).map("".join)
SOME = st.builds(Grants, st.frozensets(GRANTS, max_size=4), st.frozensets(DENIES, max_size=2))
UNIVERSE = [(resource, action) for resource in (*MENTIONED, *OTHERS) for action in (*MENTIONED, *OTHERS)]


def covers(rule: str, resource: str, action: str) -> bool:
    """Tell whether a rule covers a permission, whosever things it is about."""
    parts = rule.split(":")
    return parts[0] in {"*", resource} and parts[1] in {"*", action}


def reach_of(found: Grants, resource: str, action: str) -> Reach:
    """Return what `Grants.reach` must."""
    if any(covers(rule, resource, action) for rule in found.denied):
        return Reach.NONE
    reaches = [
        Reach.OWN if rule.count(":") == 2 else Reach.ANY for rule in found.allowed if covers(rule, resource, action)
    ]
    return max(reaches, default=Reach.NONE)


Permissions = dict[tuple[str, str], Reach]


def reaches(found: Grants) -> Permissions:
    """Return how far every permission there can be reaches."""
    return {names: reach_of(found, *names) for names in UNIVERSE}


@given(SOME)
def test_the_reach_is_that_of_the_plain_calculus(found: Grants) -> None:
    """For every permission, of names that are mentioned and of others."""
    for resource, action in UNIVERSE:
        assert found.reach(f"{resource}:{action}") is reach_of(found, resource, action)


@given(SOME)
def test_grants_come_back_from_their_text(found: Grants) -> None:
    """Through API Gateway they travel as one line."""
    assert parse(found.text) == found


def test_nothing_is_an_empty_text() -> None:
    """And comes back from it."""
    assert (NOTHING.text, parse("")) == ("", NOTHING)


@pytest.mark.parametrize(
    ("before", "after", "giver", "named"),
    [
        (NOTHING, grants("people:read"), grants("people:read"), None),
        (NOTHING, grants("people:read"), grants("people:*"), None),
        (NOTHING, grants("people:read:own"), grants("people:read:own"), None),
        (NOTHING, grants("people:read", denied=("people:*",)), NOTHING, None),
        (NOTHING, NOTHING, NOTHING, None),
        (NOTHING, grants("people:read"), NOTHING, "people:read"),
        (NOTHING, grants("people:read:own"), NOTHING, "people:read"),
        (NOTHING, grants("people:read"), grants("people:read:own"), "people:read"),
        (grants("people:read:own"), grants("people:read"), grants("people:read:own"), "people:read"),
        (NOTHING, grants("people:*"), grants("people:read"), "people:*"),
        (NOTHING, grants("*:read"), grants("people:read"), "*:read"),
        (NOTHING, grants("*:*"), grants("people:*", "*:read"), "*:*"),
        (NOTHING, grants("*:*"), grants("*:*", denied=("notes:read",)), "notes:read"),
        (grants("*:*", denied=("notes:read",)), grants("*:*"), grants("people:read"), "notes:read"),
        (grants("people:read"), grants("people:read", "notes:read"), NOTHING, "notes:read"),
    ],
)
def test_an_escalation_is_named(before: Grants, after: Grants, giver: Grants, named: str | None) -> None:
    """By one permission; a star in it stands for what nobody mentions."""
    assert escalation(before=before, after=after, giver=giver) == named


@given(st.lists(SOME, min_size=1, max_size=7))
def test_an_escalation_is_found_where_there_is_one(some: list[Grants]) -> None:
    """Exactly then, among all permissions there can be; and the one that it names is one."""
    known = [(found, reaches(found)) for found in some]
    for (before, had), (after, has), (giver, holds) in itertools.product(known, repeat=3):
        escalations = {names for names in UNIVERSE if has[names] > max(had[names], holds[names])}
        found = escalation(before=before, after=after, giver=giver)
        assert (found is not None) is bool(escalations)
        if found is not None:
            resource, action = (OTHERS[0] if name == "*" else name for name in found.split(":"))
            assert (resource, action) in escalations


@given(before=SOME, after=SOME)
def test_whoever_may_do_all_may_give_all(before: Grants, after: Grants) -> None:
    """Nothing is more than everything."""
    assert escalation(before=before, after=after, giver=EVERYTHING) is None


@given(before=SOME, giver=SOME)
def test_what_stays_and_what_goes_is_no_escalation(before: Grants, giver: Grants) -> None:
    """Whoever gives it."""
    assert escalation(before=before, after=before, giver=giver) is None
    assert escalation(before=before, after=NOTHING, giver=giver) is None


@pytest.mark.parametrize(
    ("found", "whole"),
    [(EVERYTHING, True), (NOTHING, False), (grants("*:*", denied=("a:b",)), False), (grants("*:*:own"), False)],
)
def test_everything_is_everything(found: Grants, *, whole: bool) -> None:
    """With nothing denied, and not only one's own."""
    assert found.is_everything is whole
