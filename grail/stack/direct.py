"""Routes whose body API Gateway itself writes to a queue, by mapping templates, with no function in between.

The message is `{"event": <the body>, "sender": "<the caller's principal>"}`, the answer 202 `{"message_id": "..."}`.
What the authorizer's policy lets through is not looked at again, so only a route behind a Lambda authorizer can be one.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from grail.errors import GrailError
from grail.localcloud.cors import Cors
from grail.localcloud.routes import Resource
from grail.stack import origins
from grail.stack.answers import MEDIA_TYPE, declared, declared_headers
from grail.stack.gateway_responses import GatewayResponse

_URI = "arn:${AWS::Partition}:apigateway:${AWS::Region}:sqs:path/${AWS::AccountId}/"
# Parsed and written anew by `$input.json`, a body can't end the object that it stands in; and the sender stands last,
# which is the one that readers take of two. `escapeJavaScript` puts a backslash before each apostrophe, which JSON does
# not know: with any character before it, an apostrophe is one alone.
_SENDER = """$util.escapeJavaScript($context.authorizer.principalId).replaceAll(".'", "'")"""
_BEFORE, _BETWEEN, _AFTER = map(quote_plus, ('{"event": ', ', "sender": "', '"}'))
_MESSAGE = f"{_BEFORE}$util.urlEncode($input.json('$')){_BETWEEN}$util.urlEncode({_SENDER}){_AFTER}"
REQUEST = f"Action=SendMessage&Version=2012-11-05&MessageBody={_MESSAGE}"
"""The template of the request to SQS."""
RECEIPT = """{"message_id": "$input.path('$.SendMessageResponse.SendMessageResult.MessageId')"}"""
"""The template of the answer, made of SQS's."""

_UNAVAILABLE = GatewayResponse(503, "unavailable", "Try again later", "The queue can't be reached now.")
_BUSY = f"#set($context.responseOverride.header.Retry-After = '1'){json.dumps(_UNAVAILABLE.problem())}"
_REFUSED = {
    "InvalidParameterValue": GatewayResponse(413, "too-large", "Too large", "The queue takes no message of this size."),
    "InvalidMessageContents": GatewayResponse(
        400, "invalid-request", "The request is not valid", "The body has a character that a queue does not take."
    ),
}
"""What SQS refuses with 400 because of what was sent (SendMessage, "Errors"); all else is not the client's fault."""


class Target(NamedTuple):
    """A queue by its name, and by its logical id the role in which API Gateway sends to it."""

    queue: str
    role: str


def check_alone(path: str, method: str, api: Iterable[Resource]) -> None:
    """Raise GrailError where who may reach another route may reach this one too: IAM's `*` also stands for slashes."""
    for other in api:
        pattern = ".*".join(map(re.escape, re.split(r"\{[^}]*\}", other.path)))
        if other.path != path and method in other.routes and re.fullmatch(pattern, path):
            message = f"{method} {path} can't go to a queue directly: who may {method} {other.path} could, too"
            raise GrailError(message)


def integrated(method: Mapping[str, Any], target: Target, *, cors: Cors | None) -> dict[str, Any]:
    """Return a method's description with its integration."""
    headers = origins.headers(cors)
    problem = headers | {"Content-Type": MEDIA_TYPE}
    responses = dict(method["responses"])
    for words in (_UNAVAILABLE, *_REFUSED.values()):
        responses[str(words.status)] = declared(words.title, [*problem, "Retry-After"])
    accepted = {"description": "Accepted", **responses.get("202", {})}
    responses["202"] = accepted | {"headers": declared_headers(headers)}
    return {
        **method,
        "responses": responses,
        "x-amazon-apigateway-integration": {
            "type": "aws",
            "httpMethod": "POST",
            "uri": {"Fn::Sub": _URI + target.queue},
            "credentials": {"Fn::GetAtt": [target.role, "Arn"]},
            "passthroughBehavior": "never",
            "requestParameters": {
                "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'",
            },
            "requestTemplates": dict.fromkeys(method.get("consumes", ["application/json"]), REQUEST),
            "responses": {
                r"2\d{2}": _answer(202, headers, cors, RECEIPT),
                "400": _answer(_UNAVAILABLE.status, problem, cors, refusal()),
                "default": _answer(_UNAVAILABLE.status, problem, cors, _BUSY),
            },
        },
    }


def refusal() -> str:
    """Return the template of the answer where SQS says 400."""
    cases = [
        f"if($input.json('$').contains('{code}'))"
        f"#set($context.responseOverride.status = {words.status}){json.dumps(words.problem())}"
        for code, words in _REFUSED.items()
    ]
    return f"#{'#else'.join(cases)}#else{_BUSY}#end"


def _answer(status: int, headers: Mapping[str, str], cors: Cors | None, template: str) -> dict[str, Any]:
    return {
        "statusCode": str(status),
        "responseParameters": origins.parameters("method.response", headers),
        "responseTemplates": {"application/json": origins.template(cors) + template},
    }


def sender_role(target: Target) -> dict[str, Any]:
    """Return the role, in which nothing else can be done."""
    arn = {"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:" + target.queue}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "apigateway.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            },
            "Policies": [
                {
                    "PolicyName": "send",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}],
                    },
                }
            ],
        },
    }
