"""What a verb of `python -m grail` tells its user in one line."""

import difflib
from collections.abc import Iterable


class GrailError(Exception):
    """A failure whose message is all that the user needs."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return what a message about an unknown name ends with: the known one that is nearest, or nothing."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
