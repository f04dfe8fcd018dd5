"""Whether a browser's upload is what its policy allows (S3 API Reference, "POST policy"), which moto does not ask.

Words and statuses are S3's own; where it does not document which of several faults it names, the signature goes first.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from grail.localcloud import signatures
from grail.localcloud.post_form import PostForm
from grail.localcloud.s3_errors import AccessDeniedError, InvalidArgumentError, S3Error

_UNCONDITIONAL = {"x-amz-signature", "policy"}
"""Fields that need no condition, as `file` and those that start with `x-ignore-`."""
_SIGNED = ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")


def check(form: PostForm, *, bucket: str, now: datetime) -> None:
    """Raise S3Error unless a form may be uploaded to a bucket now."""
    if "awsaccesskeyid" in form.fields or "signature" in form.fields:
        raise signatures.old_version()
    if not {"policy", *_SIGNED} & form.fields.keys():
        raise AccessDeniedError  # the bucket is nobody's to write to
    for name in ("key", "policy", *_SIGNED):
        _demand(form.fields, name)
    _check_signature(form.fields)
    policy = _policy(form.fields["policy"])
    if now >= policy["expiration"]:
        message = "Invalid according to Policy: Policy expired."
        raise AccessDeniedError(message)
    subject = {**form.fields, "bucket": bucket}
    conditional = set()
    for operator, name, operand in _conditions(policy["conditions"]):
        if operator == "content-length-range":
            _check_size(len(form.file), least=int(name), most=int(operand))
            continue
        if not _holds(operator, name, subject.get(name), operand):
            condition = json.dumps([operator, f"${name}", operand])
            message = f"Invalid according to Policy: Policy Condition failed: {condition}"
            raise AccessDeniedError(message)
        conditional.add(name)
    extra = sorted(form.fields.keys() - conditional - _UNCONDITIONAL)
    extra = [name for name in extra if not name.startswith("x-ignore-")]
    if extra:
        message = f"Invalid according to Policy: Extra input fields: {', '.join(extra)}"
        raise AccessDeniedError(message)


def _demand(fields: Mapping[str, str], name: str) -> None:
    if not fields.get(name):
        message = (
            f"Bucket POST must contain a field named '{name}'.  "
            "If it is specified, please check the order of the fields."
        )
        raise InvalidArgumentError(message, name=name)


def _check_signature(fields: Mapping[str, str]) -> None:
    """Check the signature of the policy, still encoded."""
    if fields["x-amz-algorithm"] != signatures.ALGORITHM:
        raise signatures.old_version()
    scope = signatures.scope(fields["x-amz-credential"])
    signatures.moment(fields["x-amz-date"], of=scope)
    scope.check(fields["policy"], fields["x-amz-signature"])


def _policy(encoded: str) -> dict[str, Any]:
    """Return the policy's expiration, as a time, and its conditions."""
    try:
        found = json.loads(base64.b64decode(encoded, validate=True))
        expiration = datetime.fromisoformat(found["expiration"])
        conditions = found["conditions"]
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise _invalid_policy(str(error)) from error
    if expiration.tzinfo is None or not isinstance(conditions, list):
        reason = "'expiration' must be a time in UTC, 'conditions' a list"
        raise _invalid_policy(reason)
    return {"expiration": expiration.astimezone(UTC), "conditions": conditions}


def _conditions(declared: Sequence[Any]) -> Iterator[tuple[str, str, str]]:
    """Return conditions as operator, field and operand; of a range of lengths, its ends as the latter two."""
    for condition in declared:
        match condition:
            case {}:
                for name, value in condition.items():
                    yield "eq", name.lower(), str(value)
            case ["eq" | "starts-with" as operator, str() as name, str() as operand] if name.startswith("$"):
                yield operator, name[1:].lower(), operand
            case ["content-length-range", least, most] if str(least).isdecimal() and str(most).isdecimal():
                yield "content-length-range", str(least), str(most)
            case _:
                reason = f"Invalid Condition: {json.dumps(condition)}"
                raise _invalid_policy(reason)


def _holds(operator: str, name: str, value: str | None, operand: str) -> bool:
    """Tell whether a field is as it must be; a content type with commas is a list, each of which must be."""
    if value is None:
        return False
    if operator == "eq":
        return value == operand
    values = [one.strip() for one in value.split(",")] if name == "content-type" else [value]
    return all(one.startswith(operand) for one in values)


def _check_size(size: int, *, least: int, most: int) -> None:
    if size > most:
        message = "Your proposed upload exceeds the maximum allowed size"
        raise S3Error(400, "EntityTooLarge", message, ProposedSize=size, MaxSizeAllowed=most)
    if size < least:
        message = "Your proposed upload is smaller than the minimum allowed size"
        raise S3Error(400, "EntityTooSmall", message, ProposedSize=size, MinSizeAllowed=least)


def _invalid_policy(reason: str) -> S3Error:
    return S3Error(400, "InvalidPolicyDocument", f"Invalid Policy: {reason}")
