"""What a function needs to be allowed, and the ARNs in which it is said.

ARNs are literal but for region and account, which are `*`: one policy then serves every account and region.
"""

from typing import NamedTuple

_ARN_PARTS = 6


class Need(NamedTuple):
    """An action on a resource, with the condition keys and values that the requests for it have.

    Where no request shows it, there is a `reason`.
    """

    action: str
    resource: str
    keys: frozenset[tuple[str, str]] = frozenset()
    reason: str = ""


def arn(service: str, name: str) -> str:
    """Return the ARN of something of the account and region that the function is in; of an ARN, its literal parts."""
    parts = name.split(":", _ARN_PARTS - 1)
    if parts[0] == "arn" and len(parts) == _ARN_PARTS:
        service, name = parts[2], parts[5]
    return f"arn:aws:s3:::{name}" if service == "s3" else f"arn:aws:{service}:*:*:{name}"
