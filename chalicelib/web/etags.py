"""Entity tags (RFC 9110, 8.8.3): a representation's tag is its entity's version, `"3"`."""

import re
from hashlib import sha256

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_LIST = re.compile(rf"\s*{_TAG.pattern}\s*(,\s*{_TAG.pattern}\s*)*")
_VERSION = re.compile("[1-9][0-9]{0,14}")
_LONGEST = 1_000
_MOST = 50
"""Half of what a DynamoDB condition's IN takes (its documentation, "Comparison operator and function reference")."""


def of_version(version: int) -> str:
    """Return a version's tag."""
    return f'"{version}"'


def of_text(text: str) -> str:
    """Return the tag of a text that has no version."""
    return f'"{sha256(text.encode()).hexdigest()[:16]}"'


def versions(if_match: str) -> frozenset[int] | None:
    """Return the versions that an If-Match header allows; None for `*`, any.

    The comparison is strong (RFC 9110, 13.1.1): a weak tag matches nothing. Neither does a tag that isn't ours.
    Raises ValueError where the header's value is not a list of tags, or one of too many.
    """
    if if_match.strip() == "*":
        return None
    found = frozenset(int(tag) for weak, tag in _tags(if_match) if not weak and _VERSION.fullmatch(tag))
    if len(found) > _MOST:
        message = f"must name at most {_MOST} versions"
        raise ValueError(message)
    return found


def matches(if_none_match: str, etag: str) -> bool:
    """Tell whether an If-None-Match header names a tag, weakly compared (RFC 9110, 13.1.2).

    Raises ValueError where the header's value is not a list of tags.
    """
    return if_none_match.strip() == "*" or any(f'"{tag}"' == etag for _, tag in _tags(if_none_match))


def _tags(text: str) -> list[tuple[str, str]]:
    if len(text) > _LONGEST or not _LIST.fullmatch(text):
        message = 'must be a list of entity tags such as "3"'
        raise ValueError(message)
    return _TAG.findall(text)
