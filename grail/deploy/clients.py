"""Clients of AWS's services, one of each: to make one takes as long as to ask it, and it keeps its connection."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

_ABSENT = {"NoSuchEntity", "ResourceNotFoundException", "NotFoundException", "NoSuchKey", "NoSuchBucket", "404"}


def of(service: str) -> Any:  # noqa: ANN401 - boto3's
    """Return the client of a service, of the environment's region and endpoint."""
    return _made(service, os.environ.get("AWS_DEFAULT_REGION"), os.environ.get("AWS_ENDPOINT_URL"))


def found(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - any answer
    """Return what AWS answers; None where it does not know what it is asked for."""
    try:
        return ask()
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            return None
        raise


def exists(ask: Callable[[], Any]) -> bool:
    """Tell whether AWS knows what it is asked for."""
    return found(ask) is not None


@cache
def _made(service: str, region: str | None, _endpoint: str | None) -> Any:  # noqa: ANN401 - boto3's
    return boto3.client(service, region_name=region)  # type: ignore[call-overload]
