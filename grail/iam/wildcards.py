"""Patterns of IAM policies: `*` is any number of any characters, `?` is one."""

import re

_ARN_PARTS = 6


def matches(pattern: str, text: str) -> bool:
    """Tell whether a text is what a pattern says.

    Each part between stars is taken where it comes first, so that a long text costs no more than its length.
    """
    first, *rest = (re.compile(re.escape(part).replace(r"\?", "."), re.DOTALL) for part in pattern.split("*"))
    if not rest:
        return first.fullmatch(text) is not None
    found = first.match(text)
    for part in rest[:-1]:
        found = found and part.search(text, found.end())
    last = len(text) - len(pattern.rpartition("*")[2])
    return found is not None and found.end() <= last and rest[-1].fullmatch(text, last) is not None


def matches_resource(pattern: str, arn: str) -> bool:
    """Match as a statement's Resource does: a `*` within a segment of an ARN, before its last character, ends there.

    Source: IAM User Guide, "IAM JSON policy elements: Resource".
    """
    return matches(pattern, arn) and _keeps_to_segments(pattern, arn)


def matches_arn(pattern: str, arn: str) -> bool:
    """Match as ArnLike does, each of an ARN's six parts by itself (IAM User Guide, "ARN condition operators")."""
    parts, found = pattern.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)
    return len(parts) == len(found) == _ARN_PARTS and all(map(matches, parts, found))


def _keeps_to_segments(pattern: str, arn: str) -> bool:
    """Match, following every way through the pattern at once."""
    places = _with_stars_skipped(pattern, {0})
    for character in arn:
        found = set[int]()
        for place in places:
            wanted, after = pattern[place : place + 1], pattern[place + 1 : place + 2]
            if wanted in {character, "?"}:
                found.add(place + 1)
            if wanted == "*" and (character != ":" or after in {"", ":"}):
                found.add(place)
        places = _with_stars_skipped(pattern, found)
    return len(pattern) in places


def _with_stars_skipped(pattern: str, places: set[int]) -> set[int]:
    """Return places in a pattern, and those behind the stars there: a star may stand for nothing."""
    found = set(places)
    for place in places:
        after = place
        while pattern[after : after + 1] == "*":
            after += 1
            found.add(after)
    return found
