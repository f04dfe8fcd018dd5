"""A call of AWS, made again while it is worth it and there is time. Retries are ours (docs/decisions/0005-retries.md).

Full jitter: the pause is anything up to a bound that doubles (Amazon Builders' Library, "Timeouts, retries and backoff
with jitter").
"""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ChecksumError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.parsers import ResponseParserError

from chalicelib import deadline
from chalicelib.errors import UnavailableError

ATTEMPTS = 4
CONNECT_TIMEOUT, READ_TIMEOUT = 0.5, 1.5
"""Seconds; these services answer in milliseconds, or not at all."""
MARGIN = 0.3
"""Seconds to turn a failure into an answer."""
_BASE_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
TRANSIENT = frozenset(
    {
        "InternalError",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
        # the codes inside CancellationReasons
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
        "TransactionConflict",
    }
)
"""Errors of DynamoDB, SQS and S3 that may pass."""
_TRANSIENT_EXCEPTIONS = (
    ChecksumError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    ResponseParserError,
)
"""Lost, cut off or garbled on the way."""
_FIRST_SERVER_ERROR = 500

CONFIG = Config(
    connect_timeout=CONNECT_TIMEOUT,
    read_timeout=READ_TIMEOUT,
    retries={"total_max_attempts": 1},
    max_pool_connections=50,  # `chalice local` serves from many threads
    parameter_validation=False,  # what is sent is made here, and AWS validates it too
    user_agent=f"boto3/{boto3.__version__}",  # else it is put together anew for each call, a fifth of its time
)
"""botocore's own retries are off: ours have to end before the invocation does."""


class Operation(Protocol):
    """A method of a boto3 client."""

    def __call__(self, **parameters: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's parameters
        """Call AWS."""


class Attempts:
    """Calls one of AWS's services, named as a client may read it."""

    def __init__(self, service: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._service = service
        self._sleep = sleep

    def call(
        self,
        function: Callable[..., Mapping[str, Any]],
        *,
        explain: Callable[[ClientError], bool] = lambda _: False,
        **parameters: Any,  # noqa: ANN401 - boto3's parameters
    ) -> Mapping[str, Any]:
        """Call it, again and again while it is worth it and there is time.

        Raises UnavailableError, and ClientError for what is refused. `explain` may raise what an error means, or tell
        that it may pass.
        """
        pause = 0.0
        last: Exception | None = None
        for attempt in range(1, ATTEMPTS + 1):
            if deadline.seconds_left() < pause + CONNECT_TIMEOUT + READ_TIMEOUT + MARGIN:
                break
            if pause:
                self._sleep(pause)
            try:
                return function(**parameters)
            except _TRANSIENT_EXCEPTIONS as error:
                last = error
            except ClientError as error:
                if not (explain(error) or _may_pass(error)):
                    raise
                last = error
            pause = random.uniform(0, min(_LONGEST_PAUSE, _BASE_PAUSE * 2**attempt))  # noqa: S311 - jitter
        message = f"The {self._service} is too busy to answer now."
        raise UnavailableError(message) from last


def _may_pass(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in TRANSIENT or status >= _FIRST_SERVER_ERROR
