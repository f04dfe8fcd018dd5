"""Which regular expressions mean the same in pydantic's dialect (Rust's) and in API Gateway's (ECMA 262 on UTF-16).

Its refusals name the dialect: `ECMA 262 regex "..." does not match input string "..."`. Java's and Python's are kept to
as well, so that what reads a model in a test or a tool agrees. A pattern that is not told to be the same is left to the
handler.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

# A character as itself or escaped. `\d`, `\w`, `\s` and `\b` are Unicode's in one dialect and ASCII's in another, `.`
# stops at other line ends in each; a set in a set, `&&`, `--` and `~~` are operators in some. To ECMA 262, a character
# past U+FFFF is two.
_ESCAPED = r"\\(?:u(?![dD][89a-fA-F])[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[tnr]|[-\\^$.*+?()\[\]{}|/])"
_IN_SET = rf"(?:{_ESCAPED}|(?!&&|--|~~)[^\\\[\]^\ud800-\U0010ffff])"
_TOKEN = re.compile(
    rf"(?P<negated>\[\^{_IN_SET}+\])"
    rf"|(?P<set>\[{_IN_SET}(?:{_IN_SET}|\^)*\])"
    r"|(?P<group>\((?:\?:|(?!\?))|\)|\||\^|\$)"
    rf"|(?P<one>{_ESCAPED}|[^\\.*+?()\[\]{{}}|^$\ud800-\U0010ffff])"
)
_TIMES = re.compile(r"(?P<times>[*+?]|\{[0-9]+(?:,[0-9]*)?\})?\??(?![*+?{])")


class _Token(NamedTuple):
    """A part of a pattern, and how often it may stand."""

    kind: str
    times: str

    @property
    def absorbs(self) -> bool:
        """Whether it takes any number of the halves that ECMA 262 makes of characters beyond U+FFFF."""
        return self.kind == "negated" and (self.times in {"*", "+"} or self.times.endswith(",}"))


def is_portable(pattern: str) -> bool:
    """Tell whether a pattern is known to mean the same in each dialect."""
    tokens = _tokens(pattern)
    return tokens is not None and all(
        token.kind != "negated" or _takes_halves(tokens, place) for place, token in enumerate(tokens)
    )


def _tokens(pattern: str) -> list[_Token] | None:
    """Return the parts of a pattern; None where one is not of the dialects' common ground."""
    found: list[_Token] = []
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        times = _TIMES.match(pattern, token.end()) if token else None
        if token is None or times is None:
            return None
        found.append(_Token(str(token.lastgroup), times["times"] or ""))
        at = times.end()
    try:
        re.compile(pattern)
    except re.error:  # its parts are well formed, it is not
        return None
    return found


def _takes_halves(tokens: Sequence[_Token], place: int) -> bool:
    """Tell whether a negated set may be given both halves of a character where it takes one.

    It may where it stands any number of times, or beside one that does and takes the other half.
    """
    return any(token.absorbs for token in tokens[max(place - 1, 0) : place + 2])
