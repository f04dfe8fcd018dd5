"""The AWS account and region that a stage is deployed to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from grail.errors import GrailError


class Account(NamedTuple):
    """An account by its id, the region, and the partition that both are in (aws, aws-cn, ...)."""

    id: str
    region: str
    partition: str

    @property
    def url_suffix(self) -> str:
        """The domain that its services' names end with."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource; IAM's are in no region."""
        region = "" if service == "iam" else self.region
        return f"arn:{self.partition}:{service}:{region}:{self.id}:{resource}"


@contextmanager
def reached() -> Iterator[Account]:
    """Yield the account that the environment leads to. Raises GrailError if none, and for what AWS refuses."""
    try:
        session = boto3.Session()
        if session.region_name is None:
            raise NoRegionError
        if session.get_credentials() is None:
            raise NoCredentialsError
        who = boto3.client("sts").get_caller_identity()
        yield Account(who["Account"], session.region_name, who["Arn"].split(":")[1])
    except NoRegionError as error:
        message = "there is no AWS region; set AWS_DEFAULT_REGION, or AWS_PROFILE"
        raise GrailError(message) from error
    except NoCredentialsError as error:
        message = "there are no AWS credentials; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret"
        raise GrailError(message) from error
    except ClientError as error:
        message = f"AWS refused: {error}"
        raise GrailError(message) from error
    except BotoCoreError as error:
        message = f"AWS can't be asked: {error}"
        raise GrailError(message) from error
