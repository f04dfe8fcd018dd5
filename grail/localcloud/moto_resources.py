"""The types of resources that moto 5.2's services have and its CloudFormation does not know.

moto finds a type by looking through the classes that are made directly of `CloudFormationModel`, when it creates its
first stack: importing this before is enough.
"""

from typing import Any

from moto.cognitoidp.models import cognitoidp_backends
from moto.core.common_models import CloudFormationModel
from moto.secretsmanager.models import secretsmanager_backends
from moto.secretsmanager.utils import random_password


class _Created:
    """What CloudFormation asks of a resource: `Ref` is its physical id, `Fn::GetAtt` one of its attributes."""

    def __init__(self, physical_resource_id: str, attributes: dict[str, str]) -> None:
        self.physical_resource_id = physical_resource_id
        self._attributes = attributes

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,  # noqa: ARG003 - moto passes it by place
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **_: Any,  # noqa: ANN401 - moto's
    ) -> "_Created":
        """Make one."""
        return cls.create(dict(cloudformation_json["Properties"]), account_id, region_name)

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "_Created":
        """Make one with some properties."""
        raise NotImplementedError

    @classmethod
    def has_cfn_attr(cls, _: str) -> bool:
        """Leave it to `get_cfn_attribute`."""
        return True

    def get_cfn_attribute(self, name: str) -> str:
        """Return an attribute."""
        return self._attributes[name]

    @staticmethod
    def cloudformation_name_type() -> str:
        """Name no property: a resource's name is read where it is made."""
        return ""


class Secret(_Created, CloudFormationModel):
    """A secret with a generated value."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return "AWS::SecretsManager::Secret"

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "Secret":
        """Make one with a random value."""
        how = properties["GenerateSecretString"]
        value = random_password(
            password_length=how["PasswordLength"],
            exclude_characters="",
            exclude_numbers=False,
            exclude_punctuation=how["ExcludePunctuation"],
            exclude_uppercase=False,
            exclude_lowercase=False,
            include_space=False,
            require_each_included_type=True,
        )
        secrets = secretsmanager_backends[account][region]
        secrets.create_secret(
            name=properties["Name"],
            secret_string=value,
            secret_binary=None,
            description=None,
            tags=None,
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        arn = secrets.describe_secret(properties["Name"]).arn
        return cls(arn, {"Id": arn})


class UserPool(_Created, CloudFormationModel):
    """A Cognito user pool."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return "AWS::Cognito::UserPool"

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "UserPool":
        """Make one."""
        pool = cognitoidp_backends[account][region].create_user_pool(properties.pop("UserPoolName"), properties)
        return cls(pool.id, {"Arn": pool.arn, "UserPoolId": pool.id})


class UserPoolClient(_Created, CloudFormationModel):
    """A client of a user pool."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return "AWS::Cognito::UserPoolClient"

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "UserPoolClient":
        """Make one."""
        client = cognitoidp_backends[account][region].create_user_pool_client(
            properties.pop("UserPoolId"), properties.pop("GenerateSecret"), properties
        )
        return cls(client.id, {"ClientId": client.id})


class BucketPolicy(_Created, CloudFormationModel):
    """A bucket's policy, which is not applied: it lets no one in but by TLS, and the embedded AWS has none."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return "AWS::S3::BucketPolicy"

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "BucketPolicy":  # noqa: ARG003
        """Make none."""
        return cls(properties["Bucket"], {})
