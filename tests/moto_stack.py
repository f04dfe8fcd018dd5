"""A packaged template as a stack on moto: what moto 5.2 can't take of it, each with its reason.

Chalice's functions and roles, their event sources and rules, the table, the queues and the bucket go as they are.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import boto3
from moto.apigateway.models import apigateway_backends
from moto.awslambda.models import lambda_backends
from moto.core.common_models import CloudFormationModel

from grail.localcloud import moto_properties
from grail.localcloud.moto_resources import _Created

_TAKEN_OUT = {
    # moto's CloudFormation does not know these types, or its services nothing of what they say. cfn-lint does.
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::ApiKey",  # its value is a reference to a secret, which moto would take for the key itself
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::CloudWatch::Alarm",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Logs::MetricFilter",
}
_OURS = {
    "AWS::ApiGateway::RestApi": "Grail::ApiGateway::RestApi",  # moto reads its name, and nothing of its body
    "AWS::Lambda::Version": "Grail::Lambda::Version",  # moto's does not tell its number
}
INTEGRATION = "x-amazon-apigateway-integration"
_ISSUER = {"Fn::GetAtt": ["UserPool", "ProviderURL"]}


def create(name: str, template: Mapping[str, Any]) -> None:
    """Create a stack of what moto takes of a template."""
    taken = adapted(template)
    boto3.client("s3").create_bucket(Bucket="uploaded")
    boto3.client("s3").put_object(Bucket="uploaded", Key="deployment.zip", Body=_code())
    boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(taken))
    moto_properties.apply(taken)  # what it overlooks, and its services know


def adapted(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return what moto takes of a template."""
    # The embedded AWS's pool has no such attribute; it tells the app its issuer by itself.
    text = json.dumps(template).replace(json.dumps(_ISSUER), '"https://issuer.example"')
    taken: dict[str, Any] = json.loads(text)
    resources = taken["Resources"] = {
        name: resource for name, resource in taken["Resources"].items() if resource["Type"] not in _TAKEN_OUT
    }
    for resource in resources.values():
        resource["Type"] = _OURS.get(resource["Type"], resource["Type"])
        resource.pop("UpdatePolicy", None)  # CodeDeploy's, which is taken out
        resource.get("Properties", {}).pop("Variables", None)  # of the API's stage: the account, which is taken out
        if resource.get("DependsOn"):
            resource["DependsOn"] = [name for name in resource["DependsOn"] if name in resources]
    return taken


def _code() -> bytes:
    """Return a function's code: moto only looks whether it is there."""
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("app.py", "")
        return file.getvalue()


class Version(_Created, CloudFormationModel):
    """A version of a function."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return _OURS["AWS::Lambda::Version"]

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "Version":
        """Publish one."""
        version: Any = lambda_backends[account][region].publish_version(properties["FunctionName"])
        return cls(version.function_arn, {"Version": str(version.version)})


class Alias(_Created, CloudFormationModel):
    """A function's alias, which moto's Lambda has and its CloudFormation does not."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return "AWS::Lambda::Alias"

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "Alias":
        """Make one."""
        alias = lambda_backends[account][region].create_alias(
            properties["Name"], properties["FunctionName"], properties["FunctionVersion"], "", ""
        )
        return cls(alias.arn, {"AliasArn": alias.arn})


class Api(_Created, CloudFormationModel):
    """An API with the definition in its body: moto imports OpenAPI 3, so the word Swagger is taken out of it."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return _OURS["AWS::ApiGateway::RestApi"]

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "Api":
        """Make one."""
        backend = apigateway_backends[account][region]
        body = {name: value for name, value in properties["Body"].items() if name != "swagger"}
        paths = json.loads(json.dumps(body["paths"]).replace('"x-amazon-apigateway-any-method"', '"any"'))
        for methods in paths.values():
            for method in methods.values():  # of a mock too, moto wants to know where it is
                method[INTEGRATION] = {"uri": "", "httpMethod": "POST", **method[INTEGRATION]}
        api = backend.create_rest_api(name=body["info"]["title"], description="")
        backend.put_rest_api(api.id, {**body, "paths": paths}, fail_on_warnings=False)
        return cls(api.id, {})


class Stage(_Created, CloudFormationModel):
    """A stage of an API, which moto's API Gateway has and its CloudFormation does not."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return "AWS::ApiGateway::Stage"

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "Stage":
        """Make one."""
        stage = apigateway_backends[account][region].create_stage(
            properties["RestApiId"], properties["StageName"],
            properties["DeploymentId"].id,  # moto's reference to a deployment is the thing itself
            tracing_enabled=properties.get("TracingEnabled"),
        )  # fmt: skip
        return cls(str(stage.name), {})
