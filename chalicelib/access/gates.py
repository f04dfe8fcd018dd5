"""The authorizers in front of the API: thin adapters over one decision, one of them chosen per stage.

    @gates.authorizer(app, Settings.read())
    def gate(authorization: str) -> Admission:
        \"\"\"Tell who is calling, and what they may do.\"\"\"

The stage's `AUTHORIZER` says which it becomes: `token` is Chalice's own, of API Gateway's type TOKEN; `request` one of
type REQUEST; `http` one for an HTTP API, payload 2.0; `cognito` leaves the decision to API Gateway and a user pool, and
the endpoint reads what the caller may do.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Authorizer, AuthRequest, Chalice, CognitoUserPoolAuthorizer

from chalicelib import deadline
from chalicelib.access.gateway_policy import BUDGET, GatewayPolicy, Guarded
from chalicelib.errors import UnauthenticatedError
from chalicelib.models.admission import Admission
from chalicelib.settings import Settings
from chalicelib.web.api import Api

LambdaFunction = Callable[[dict[str, Any]], dict[str, Any]]
Decide = Callable[[str], Admission]
"""From an Authorization header to who sent it. Raises UnauthenticatedError, or what makes the authorizer fail."""

_UNAUTHORIZED = "Unauthorized"
"""The one message that API Gateway turns into a 401."""


class LambdaAuthorizer(Authorizer):
    """An authorizer of a kind that Chalice does not know; it deploys the function and takes the rest from here."""

    def __init__(self, name: str, decide: LambdaFunction, details: Mapping[str, Any]) -> None:
        self.name = name
        self.scopes = []
        self._decide = decide
        self._details = details

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
        """Decide on one event, in the time that the invocation has; of Chalice's own kind, `Api` takes care of that."""
        began = deadline.begin(context.get_remaining_time_in_millis)
        try:
            return self._decide(event)
        finally:
            deadline.end(began)

    def to_swagger(self) -> dict[str, Any]:
        """Return the security scheme, as API Gateway's OpenAPI extensions have it."""
        return {
            "in": "header",
            "type": "apiKey",
            "name": "Authorization",
            "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {"type": "request", **self._details},
        }


class UserPoolAuthorizer(CognitoUserPoolAuthorizer):
    """A user pool, named by the data stack's outputs: known when the API is described, and not when it is imported."""

    def __init__(self, name: str) -> None:
        super().__init__(name, provider_arns=[], scopes=[_COGNITO_SCOPE])

    def to_swagger(self) -> dict[str, Any]:
        """Return the security scheme. Raises ValueError where the environment does not say which pool it is."""
        arn = Settings.read().user_pool_arn
        if not arn:
            message = "AUTHORIZER=cognito needs USER_POOL_ARN, which the data stack's outputs tell"
            raise ValueError(message)
        self._provider_arns = [arn]
        described: dict[str, Any] = super().to_swagger()
        return described


def authorizer(app: Api, settings: Settings) -> Callable[[Decide], Any]:
    """Declare the stage's authorizer; what this returns goes to a route's `authorizer`."""

    def declare(decide: Decide) -> Any:  # noqa: ANN401 - any of Chalice's authorizers
        name, seconds = decide.__name__, settings.gateway_seconds
        answer = functools.partial(_answer, decide, functools.cache(lambda: GatewayPolicy(_guarded(app))))
        match settings.authorizer:
            case "token":
                return _token(app, name, answer, seconds)
            case "request":
                return _request(app, name, answer, seconds)
            case "http":
                return _http(app, name, answer, seconds)
        return UserPoolAuthorizer(name)

    return declare


Answer = Callable[[str, str], dict[str, Any]]
_FRAME = 120
"""Bytes of an answer's JSON beside the policy and what the caller and the context are made of."""
_COGNITO_SCOPE = "aws.cognito.signin.user.admin"
"""In every access token that a user signed in for; without a scope, API Gateway takes ID tokens."""


def _token(app: Chalice, name: str, answer: Answer, seconds: int) -> Any:  # noqa: ANN401 - Chalice's wrapper
    """Declare Chalice's own: API Gateway's type TOKEN."""

    def decide(request: AuthRequest) -> dict[str, Any]:
        return answer(request.token, request.method_arn)

    decide.__name__ = name  # by which Lambda will look for it in app.py
    return app.authorizer(ttl_seconds=seconds)(decide)


def _request(app: Chalice, name: str, answer: Answer, seconds: int) -> LambdaAuthorizer:
    """Declare one of API Gateway's type REQUEST; the Authorization header alone identifies the caller."""

    def decide(event: dict[str, Any]) -> dict[str, Any]:
        sent = [values for name, values in event["multiValueHeaders"].items() if name.lower() == "authorization"]
        # Of two, API Gateway would remember the answer for one of them, whichever that is.
        header = sent[0][0] if len(sent) == 1 and len(sent[0]) == 1 else ""
        return answer(header, event["methodArn"])

    details = {"identitySource": "method.request.header.Authorization", "authorizerResultTtlInSeconds": seconds}
    return _declared(app, LambdaAuthorizer(name, decide, details | _uri(name)))


def _http(app: Chalice, name: str, answer: Answer, seconds: int) -> LambdaAuthorizer:
    """Declare one of an HTTP API's, payload 2.0, which brings the values of the identity sources.

    Of its answer, an HTTP API is documented to hand the context on, and nothing else: so that names the caller too.
    """

    def decide(event: dict[str, Any]) -> dict[str, Any]:
        found = answer(event["identitySource"][0], event["routeArn"])
        return {**found, "context": {**found["context"], "principalId": found["principalId"]}}

    details = {
        "identitySource": "$request.header.Authorization",
        "authorizerResultTtlInSeconds": seconds,
        "authorizerPayloadFormatVersion": "2.0",
        "enableSimpleResponses": False,  # a yes or no would be kept for all routes alike
    }
    return _declared(app, LambdaAuthorizer(name, decide, details | _uri(name)))


def _declared(app: Chalice, gate: LambdaAuthorizer) -> LambdaAuthorizer:
    """Have Chalice deploy the authorizer's function."""

    def function(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
        return gate(event, context)

    function.__name__ = gate.name  # by which Lambda will look for it in app.py
    app.lambda_function()(function)
    return gate


def _uri(name: str) -> dict[str, Any]:
    """Return where API Gateway finds the function; Chalice names it in CamelCase in its templates."""
    logical = "".join(part.capitalize() for part in name.split("_"))
    path = "path/2015-03-31/functions/${" + logical + ".Arn}/invocations"
    return {"authorizerUri": {"Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:" + path}}


def _answer(decide: Decide, policy: Callable[[], GatewayPolicy], authorization: str, arn: str) -> dict[str, Any]:
    """Return what API Gateway wants of an authorizer. Raises the exception that it answers with 401."""
    try:
        admission = decide(authorization)
    except UnauthenticatedError:
        raise Exception(_UNAUTHORIZED) from None  # noqa: TRY002 - API Gateway's rule
    context = admission.context()
    rest = 2 * len(admission.principal) + sum(len(name) + len(str(value)) for name, value in context.items())
    document = policy().document(admission.grants, arn=arn, room=BUDGET - _FRAME - rest)
    return {"principalId": admission.principal, "context": context, "policyDocument": document}


def _guarded(app: Api) -> list[Guarded]:
    """Return the routes that are behind the authorizer."""
    return [
        Guarded(method, path, each.permission, owned=each.owned, direct=each.queue is not None)
        for (path, method), each in ((place, operation.endpoint) for place, operation in app.operations.items())
        if not each.public
    ]
