"""How CloudFormation gets a template: with the request, or from a bucket."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import boto3

from grail.deploy.account import Account
from grail.errors import GrailError

_LONGEST = 51_200  # CloudFormation quotas, "Template body size in a request"


def source(
    template: Mapping[str, Any], account: Account, *, bucket: str | None = None, prefix: str = ""
) -> dict[str, str]:
    """Return what CloudFormation's calls take: a template, or where it is too long for that, where it lies.

    That is in a bucket, under a name that is its own. Raises GrailError where there is none.
    """
    body = json.dumps(template, sort_keys=True, separators=(",", ":"))
    if len(body) <= _LONGEST:
        return {"TemplateBody": body}
    if bucket is None:
        message = f"a template of {len(body)} characters needs a bucket, which the app does not register"
        raise GrailError(message)
    key = f"{prefix}{hashlib.sha256(body.encode()).hexdigest()}.json"
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body.encode())
    return {"TemplateURL": f"https://{bucket}.s3.{account.region}.{account.url_suffix}/{key}"}
