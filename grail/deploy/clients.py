"""Clients of AWS's services, one of each: to make one takes as long as to ask it, and it keeps its connection."""

import os
from functools import cache
from typing import Any

import boto3


def of(service: str) -> Any:  # noqa: ANN401 - boto3's
    """Return the client of a service, of the environment's region and endpoint."""
    return _made(service, os.environ.get("AWS_DEFAULT_REGION"), os.environ.get("AWS_ENDPOINT_URL"))


@cache
def _made(service: str, region: str | None, _endpoint: str | None) -> Any:  # noqa: ANN401 - boto3's
    return boto3.client(service, region_name=region)  # type: ignore[call-overload]
