"""An account on moto, in a process of its own, that a stage can be deployed to (`make account`).

What moto 5.2 can't take, each with its reason. Beside AWS's own, three addresses: `/_fail?operation=PutRule&after=2`
lets that operation fail once, after two more; `/_put` has the API's definition as it was put last, `/_log` all
operations since it was asked for last.
"""

import contextlib
import functools
import io
import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import boto3
from moto.apigateway.models import APIGatewayBackend, RestAPI, apigateway_backends
from moto.awslambda.models import lambda_backends
from moto.cloudformation import parsing
from moto.cloudformation.models import ChangeSet, Stack
from moto.core.common_models import CloudFormationModel
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.secretsmanager.models import secretsmanager_backends
from moto.sqs.models import Queue
from werkzeug.serving import WSGIRequestHandler, make_server

from grail.deploy.intrinsics import resolved
from grail.localcloud import moto_mends, moto_properties, moto_resources, processes
from grail.localcloud.moto_resources import _Created
from grail.localcloud.moto_state import ACCOUNT
from grail.localcloud.services import REGION
from tests import moto_change_sets
from tests.moto_stack import INTEGRATION, adapted

_ANY = "x-amazon-apigateway-any-method"
_put_rest_api = APIGatewayBackend.put_rest_api
_create_deployment = RestAPI.create_deployment
_update_resource = parsing.parse_and_update_resource
_KNOWN = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
_VARIABLES = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
_last_put: dict[str, Any] = {}


def apply() -> None:
    """Adapt moto in this process."""
    moto_mends.apply()
    moto_change_sets.apply(setattr)
    # moto imports OpenAPI 3, knows no ANY, wants to know where a mock is, and overlooks what stands beside a method.
    setattr(APIGatewayBackend, "put_rest_api", put_rest_api)  # noqa: B010 - mypy takes it for a method
    # A deployment makes moto's stage anew, without its settings.
    setattr(RestAPI, "create_deployment", create_deployment)  # noqa: B010 - as above
    # A template is read as YAML, in minutes. Of a packaged one it takes what `moto_stack` says; and it knows two of
    # three deletion policies.
    setattr(ChangeSet, "_parse_template", _parse)  # noqa: B010 - as above
    setattr(Stack, "_parse_template", _parse)  # noqa: B010 - as above
    setattr(ChangeSet, "apply", _apply)  # noqa: B010 - as above
    # A queue forgets which queues may leave their dead letters there.
    setattr(Queue, "redrive_allow_policy", "{}")  # noqa: B010 - it has none
    Queue.BASE_ATTRIBUTES.append("RedriveAllowPolicy")
    # The embedded AWS's secrets never go.
    setattr(moto_resources.Secret, "delete", _delete_secret)  # noqa: B010 - as above
    # A changed resource whose type can't be changed is forgotten.
    setattr(parsing, "parse_and_update_resource", _update)  # noqa: B010 - its arguments have names


def put_rest_api(
    backend: Any,
    function_id: str,
    api_doc: dict[str, Any],
    fail_on_warnings: bool,  # noqa: FBT001 - moto's
    mode: str = "merge",
) -> Any:
    """Put an API's definition."""
    _last_put["definition"] = api_doc
    body = {name: value for name, value in api_doc.items() if name != "swagger"}
    paths = json.loads(json.dumps(body["paths"]).replace(f'"{_ANY}"', '"any"'))
    for methods in paths.values():
        for method in methods.values():
            method[INTEGRATION] = {"uri": "", "httpMethod": "POST", **method[INTEGRATION]}
    api = _put_rest_api(backend, function_id, {**body, "paths": paths}, fail_on_warnings, mode)
    api.name = body["info"]["title"]
    for there in (api.gateway_responses, api.request_validators, api.authorizers):
        there.clear()
    for kind, said in body.get("x-amazon-apigateway-gateway-responses", {}).items():
        api.put_gateway_response(
            kind, int(said.get("statusCode", 0)), said.get("responseParameters", {}), said.get("responseTemplates", {})
        )
    validators = {
        name: api.create_request_validator(name, validateRequestBody=True, validateRequestParameters=True).id
        for name in body.get("x-amazon-apigateway-request-validators", {})
    }
    authorizers = {}
    for name, said in body.get("securityDefinitions", {}).items():
        if "x-amazon-apigateway-authorizer" in said:
            given = said["x-amazon-apigateway-authorizer"]
            authorizers[name] = backend.create_authorizer(
                function_id, name, "TOKEN",
                authorizer_uri=given["authorizerUri"],
                authorizer_result_ttl=given.get("authorizerResultTtlInSeconds"),
            ).id  # fmt: skip
    for path, methods in paths.items():
        resource = api.get_resource_for_path(path)
        for name, said in methods.items():
            needed = [one for each in said.get("security", ()) for one in each]
            method = resource.resource_methods[name.upper()]
            method.api_key_required = "api_key" in needed
            method.authorizer_id = next((authorizers[one] for one in needed if one in authorizers), None)
            method.request_validator_id = validators.get(body.get("x-amazon-apigateway-request-validator"))
    return api


def create_deployment(api: Any, name: str, description: str, stage_variables: Any = None) -> Any:
    """Deploy an API to a stage, which keeps its settings."""
    before = api.stages.get(name)
    deployment = _create_deployment(api, name, description, stage_variables)
    if before is not None:
        before.deployment_id = deployment.id
        api.stages[name] = before
    return deployment


def _parse(found: Any) -> None:
    template = json.loads(found.template.replace("RetainExceptOnCreate", "Retain")) if found.template else {}
    kinds = {resource["Type"] for resource in template.get("Resources", {}).values()}
    found.template_dict = adapted(template) if "AWS::Lambda::Function" in kinds else template  # a packaged stage's


def _apply(changes: Any) -> None:
    moto_change_sets.execute(changes)
    template = resolved(changes.template_dict, _KNOWN, strict=False)
    moto_properties.apply(template)
    for resource in template["Resources"].values():  # what it overlooks beside
        match resource:
            case {"Type": "AWS::DynamoDB::Table", "Properties": properties}:
                client: Any = boto3.client("dynamodb")
                name = properties["TableName"]
                client.update_table(TableName=name, DeletionProtectionEnabled=properties["DeletionProtectionEnabled"])
                client.update_continuous_backups(
                    TableName=name, PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"]
                )
            case {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, "RedriveAllowPolicy": policy}}:
                sqs = boto3.client("sqs")
                sqs.set_queue_attributes(
                    QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"],
                    Attributes={"RedriveAllowPolicy": json.dumps(policy)},
                )


def _update(logical_id: str, resource_json: dict[str, Any], resources_map: Any, **others: Any) -> Any:
    kind = parsing.resource_class_from_type(resource_json["Type"])
    if kind is None or hasattr(kind.update_from_cloudformation_json, "__isabstractmethod__"):
        return resources_map[logical_id]
    return _update_resource(logical_id, resource_json, resources_map, **others)


class _Removable(_Created):
    """A resource that goes with its stack."""

    def delete(self, account: str, region: str) -> None:
        """Remove it."""


class UsagePlan(_Removable, CloudFormationModel):
    """A usage plan."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return "AWS::ApiGateway::UsagePlan"

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "UsagePlan":
        """Make one."""
        payload: dict[str, Any] = {"name": properties["UsagePlanName"]}
        payload["apiStages"] = [{"apiId": one["ApiId"], "stage": one["Stage"]} for one in properties["ApiStages"]]
        if "Throttle" in properties:
            limits = properties["Throttle"]
            payload["throttle"] = {"rateLimit": limits["RateLimit"], "burstLimit": limits["BurstLimit"]}
        if "Quota" in properties:
            payload["quota"] = {"limit": properties["Quota"]["Limit"], "period": properties["Quota"]["Period"]}
        return cls(apigateway_backends[account][region].create_usage_plan(payload).id, {})

    def delete(self, account: str, region: str) -> None:
        """Remove it."""
        apigateway_backends[account][region].usage_plans.pop(self.physical_resource_id, None)


class ApiKey(_Removable, CloudFormationModel):
    """A key, whose value is the name of its secret's reference: moto resolves none."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return "AWS::ApiGateway::ApiKey"

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "ApiKey":
        """Make one."""
        payload = {"name": properties["Name"], "value": properties["Value"], "enabled": True}
        return cls(apigateway_backends[account][region].create_api_key(payload).id, {})

    def delete(self, account: str, region: str) -> None:
        """Remove it."""
        apigateway_backends[account][region].keys.pop(self.physical_resource_id, None)


class GivenUp(_Removable, CloudFormationModel):
    """Where what a function failed at goes."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return "AWS::Lambda::EventInvokeConfig"

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "GivenUp":
        """Make one."""
        name = properties["FunctionName"]
        config = {"DestinationConfig": properties["DestinationConfig"]}
        lambda_backends[account][region].put_function_event_invoke_config(name, config)
        return cls(f"{name}|{properties['Qualifier']}", {})


def _delete_secret(secret: Any, account: str, region: str) -> None:
    secretsmanager_backends[account][region].delete_secret(secret.physical_resource_id, None, True)  # noqa: FBT003


class _Noted(_Removable):
    """What moto has no service for, or none that its CloudFormation reaches: there is nothing but its name."""

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "_Noted":  # noqa: ARG003
        """Make none."""
        name = next((str(value) for key, value in properties.items() if key.endswith("Name")), cls.__name__)
        return cls(name, {"Arn": f"arn:aws:any:::{name}", "DomainName": "edge.cloudfront.net"})


def _noted(kind: str) -> Any:
    members = {"cloudformation_type": staticmethod(lambda: kind), "__module__": __name__}
    made: Any = type(CloudFormationModel)
    return made(kind.replace("::", ""), (_Noted, CloudFormationModel), members)


NOTED = [
    _noted(kind)
    for kind in (
        "AWS::ApiGateway::Account",
        "AWS::ApiGateway::UsagePlanKey",
        "AWS::ApiGatewayV2::Api",
        "AWS::ApiGatewayV2::Stage",
        "AWS::CloudFront::CachePolicy",
        "AWS::CloudFront::Distribution",
        "AWS::CloudFront::ResponseHeadersPolicy",
        "AWS::CloudWatch::Alarm",
        "AWS::Logs::Delivery",
        "AWS::Logs::DeliveryDestination",
        "AWS::Logs::DeliverySource",
        "AWS::Logs::MetricFilter",
    )
]


class Front:
    """Lets an operation fail, and remembers what was asked."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._failing: Counter[str] = Counter()
        self._log: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        match environ["PATH_INFO"]:
            case "/_fail":
                self._failing = Counter({query["operation"]: int(query.get("after", "0")) + 1} if query else {})
                answer: Any = None
            case "/_put":
                answer = _last_put.get("definition")
            case "/_log":
                answer, self._log = self._log, []
            case _:
                operation = _operation(environ)
                self._log.append(operation)
                if self._failing[operation] and not self._count_down(operation):
                    start_response("403 Forbidden", [("Content-Type", "text/plain")])
                    return [_refusal(environ)]
                return self._application(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    def _count_down(self, operation: str) -> int:
        self._failing[operation] -= 1
        return self._failing[operation]


def _refusal(environ: Mapping[str, Any]) -> bytes:
    """Return AWS's refusal, in the words of the protocol that was spoken."""
    if "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
        return b"<Error><Code>AccessDenied</Code><Message>not now</Message></Error>"
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not now</Message></Error></ErrorResponse>"
    return b'{"__type": "AccessDeniedException", "message": "not now"}'


def _operation(environ: dict[str, Any]) -> str:
    """Return the operation that a client asks for, as boto3 says in its User-Agent for none: by what is sent."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        return str(parse_qs(body.decode()).get("Action", [""])[0])
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].rstrip('/')}"


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def served() -> Iterator[str]:
    """Run an account while the block runs, and yield its URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from tests.moto_account import main; main()"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip().rpartition("=")[2]
    finally:
        process.terminate()
        process.wait(timeout=120)
        process.stdout.close()


def ask(url: str) -> Any:
    """Ask one of the addresses that AWS has not."""
    with urllib.request.urlopen(url, timeout=120) as answer:
        return json.loads(answer.read())


def main() -> None:
    """Serve until this process is ended."""
    apply()
    processes.when_gone(os.getppid(), functools.partial(os._exit, 0))
    front: Any = Front(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=_Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    os.environ |= {**_VARIABLES, "AWS_ENDPOINT_URL": url}  # what is asked from in here goes the way that an app's goes
    said = [f"export {name}={os.environ[name]}\n" for name in (*_VARIABLES, "AWS_ENDPOINT_URL")]
    sys.stdout.write("".join(reversed(said)))
    sys.stdout.write("# an account by moto, until Ctrl-C; it rolls nothing back: after a failed stack, start it anew\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
