"""The inbox without a function: API Gateway's templates write what the function would have sent."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import app
from chalicelib.models.events import PartnerSent
from chalicelib.models.inbox import PartnerEvent
from chalicelib.repositories.queue import INBOX
from chalicelib.web import openapi
from grail.errors import GrailError
from grail.localcloud import chalice_app
from grail.localcloud.cors import Cors
from grail.localcloud.routes import Resource, Route
from grail.stack import direct, gateway
from tests import instances
from tests.unit.test_stack_judges import SCHEMAS
from tests.velocity import render

TARGET = direct.Target("shop-prod-inbox", "InboxSenderRole")
METHOD = {"consumes": ["application/json"], "responses": {"202": {"description": "Accepted"}}}
INTEGRATION = direct.integrated(METHOD, TARGET, cors=None)["x-amazon-apigateway-integration"]


def sent(body: str, principal: str = "alice") -> str:
    """Return the message that API Gateway sends of a request."""
    form = parse_qs(render(direct.REQUEST, body=body, principal=principal).text, strict_parsing=True)
    assert {name: form[name] for name in form if name != "MessageBody"} == {
        "Action": ["SendMessage"],
        "Version": ["2012-11-05"],
    }
    return form["MessageBody"][0]


@given(instances.valid(SCHEMAS["PartnerEvent"], SCHEMAS), st.text(min_size=1))
def test_the_worker_reads_what_the_function_would_have_sent(event: dict[str, Any], principal: str) -> None:
    """Any event, of anybody, apostrophes and all."""
    ours = PartnerSent(sender=principal, event=PartnerEvent.model_validate_json(json.dumps(event)))
    assert PartnerSent.model_validate_json(sent(json.dumps(event), principal)) == ours


def test_a_sender_can_not_be_forged() -> None:
    """A body that would end the object it stands in is written anew; of two senders, the last is the real one."""
    forged = '{"id": "a", "type": "b", "data": {"x": "}, \\"sender\\": \\"mallory\\""}}'
    message = sent(forged, "bob")
    assert PartnerSent.model_validate_json(message).sender == "bob"
    assert message.rindex('"sender": "bob"') > message.rindex("mallory")
    assert "$input.body" not in direct.REQUEST


def test_the_receipt_has_the_queues_id() -> None:
    """The answer has the form that the function's has."""
    answer = {"SendMessageResponse": {"SendMessageResult": {"MessageId": "m-1"}}}
    assert json.loads(render(direct.RECEIPT, body=json.dumps(answer)).text) == {"message_id": "m-1"}


@pytest.mark.parametrize(
    ("code", "status"),
    [("InvalidParameterValue", 413), ("InvalidMessageContents", 400), ("AWS.SimpleQueueService.NonExistentQueue", 503)],
)
def test_what_the_queue_refuses_is_a_problem(code: str, status: int) -> None:
    """413 and 400 for what the client sent, 503 to be tried again for what is ours."""
    refusal = render(direct.refusal(), body=json.dumps({"Error": {"Code": code}}))
    problem = json.loads(refusal.text)
    assert problem["status"] == (refusal.status or 503) == status
    assert ("Retry-After" in refusal.headers) == (status == 503)


def test_every_status_is_declared_with_every_header() -> None:
    """API Gateway sets no header that the method's response does not declare."""
    cors = Cors(headers={"Access-Control-Allow-Origin": "https://a.example"}, origins=frozenset({"https://a.example"}))
    method = direct.integrated(METHOD, TARGET, cors=cors)
    for answer in method["x-amazon-apigateway-integration"]["responses"].values():
        mapped = {name.rpartition(".")[2] for name in answer["responseParameters"]}
        assert mapped <= set(method["responses"][answer["statusCode"]]["headers"])
        assert {"Access-Control-Allow-Origin", "X-Request-Id"} <= mapped
    for status in (400, 413):
        assert "Content-Type" in method["responses"][str(status)]["headers"]


def test_the_role_can_send_to_one_queue() -> None:
    """And nothing else."""
    [policy] = direct.sender_role(TARGET)["Properties"]["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"]["Fn::Sub"].endswith(":sqs:${AWS::Region}:${AWS::AccountId}:shop-prod-inbox")
    assert INTEGRATION["credentials"] == {"Fn::GetAtt": ["InboxSenderRole", "Arn"]}
    assert INTEGRATION["uri"]["Fn::Sub"].endswith(":sqs:path/${AWS::AccountId}/shop-prod-inbox")


def test_only_a_function_at_the_gate_lets_a_route_be_direct() -> None:
    """A user pool tells who is calling and not what they may do: then the route's own function decides."""
    api = chalice_app.resources(app)
    queues = {("/inbox", "POST"): INBOX, ("/health", "GET"): INBOX}
    document = openapi.describe(app)
    made = gateway.resources(api, app="shop", stage="prod", document=document, queues=queues)
    paths = made["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    assert paths["/inbox"]["post"]["x-amazon-apigateway-integration"]["type"] == "aws"
    assert "x-amazon-apigateway-integration" not in paths["/health"]["get"]
    assert "InboxSenderRole" in made


@pytest.mark.parametrize("path", ["/{name}", "/in{name}", "/{a}/{b}"])
def test_a_direct_route_has_a_pattern_of_its_own(path: str) -> None:
    """IAM's star matches slashes, and behind a direct route nobody looks again."""
    with pytest.raises(GrailError, match="who may POST"):
        direct.check_alone("/in/box", "POST", [Resource(path=path, routes={"POST": Route()})])
    direct.check_alone("/in/box", "POST", [Resource(path=path, routes={"PUT": Route()})])
    direct.check_alone("/in/box", "POST", [Resource(path="/in/box/{name}", routes={"POST": Route()})])
    direct.check_alone("/in/box", "POST", [Resource(path="/in/box", routes={"POST": Route()})])
