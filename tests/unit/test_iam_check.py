"""Policies compared with needs, both ways, and written from them."""

import json
from typing import Any

import pytest

from grail.errors import GrailError
from grail.iam import write
from grail.iam.check import findings
from grail.iam.needs import Need

TABLE = "arn:aws:dynamodb:*:*:table/t"
QUEUE = "arn:aws:sqs:*:*:q"
GET, PUT, SEND = Need("dynamodb:GetItem", TABLE), Need("dynamodb:PutItem", TABLE), Need("sqs:SendMessage", QUEUE)
KEYS = "dynamodb:LeadingKeys"
NARROW = GET._replace(keys=frozenset({(KEYS, "TOKEN#*"), (KEYS, "ROLES")}))
TRACES = Need("xray:PutTraceSegments", "*", reason="X-Ray's actions have no resources")


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a policy of statements that allow."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}


def found(document: dict[str, Any], *needs: Need) -> list[str]:
    """Return what is found."""
    return list(findings(document, needs))


def narrowed(*values: str) -> dict[str, Any]:
    """Return a statement that allows to get items with these partition keys."""
    condition = {"ForAllValues:StringLike": {KEYS: [*values]}}
    return {"Action": "dynamodb:GetItem", "Resource": TABLE, "Condition": condition}


def test_what_is_needed_is_allowed_and_no_more() -> None:
    """Then there is nothing to say."""
    document = policy({"Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": TABLE})
    assert found(document, GET, PUT) == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("dynamodb:Get*", TABLE), ("dynamodb:GetIte?", TABLE), ("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/?"),
        ("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/*"),
    ],
)  # fmt: skip
def test_a_star_or_a_question_mark_needs_a_reason(action: str, resource: str) -> None:
    """Either stands for anything."""
    assert [
        line for line in found(policy({"Action": action, "Resource": resource}), GET) if "* without a reason" in line
    ]


def test_a_secrets_end_is_explained() -> None:
    """AWS makes up its six characters."""
    secret = Need("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:shop-dev-key-??????")
    assert found(policy({"Action": secret.action, "Resource": secret.resource}), secret) == []


def test_what_is_missed_is_found() -> None:
    """By action, resource and keys."""
    assert found(policy(), SEND) == [f"does not allow sqs:SendMessage on {QUEUE}, which is needed"]
    assert found(policy(narrowed("TOKEN#*")), NARROW) == [
        f"does not allow dynamodb:GetItem on {TABLE}, which is needed, with {KEYS} ROLES, TOKEN#*"
    ]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ({"Action": ["dynamodb:GetItem", "dynamodb:Scan"], "Resource": TABLE}, f"dynamodb:Scan on {TABLE}"),
        ({"Action": "dynamodb:GetItem", "Resource": [TABLE, f"{TABLE}2"]}, f"dynamodb:GetItem on {TABLE}2"),
        ({"Action": ["dynamodb:GetItem", "sqs:SendMessage"], "Resource": TABLE}, f"sqs:SendMessage on {TABLE}"),
    ],
)
def test_what_nothing_needs_is_found(statement: dict[str, Any], named: str) -> None:
    """Each action on each resource of a statement."""
    document = policy(statement, {"Action": "sqs:SendMessage", "Resource": QUEUE})
    assert found(document, GET, SEND) == [f"allows {named}, which nothing needs"]


def test_a_value_that_nothing_needs_is_found() -> None:
    """A condition's values are grants too."""
    document = policy(narrowed("TOKEN#*", "ROLES", "EMAIL#*"))
    assert found(document, NARROW) == [f"allows {KEYS} EMAIL#*, which nothing needs"]


@pytest.mark.parametrize(
    ("statement", "star"),
    [
        ({"Action": "dynamodb:Get*", "Resource": TABLE}, "dynamodb:Get*"),
        ({"Action": "dynamodb:GetItem", "Resource": "*"}, "*"),
        ({"Action": "dynamodb:GetItem", "Resource": f"{TABLE}*"}, f"{TABLE}*"),
        ({"Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:*"}, "arn:aws:dynamodb:*"),
    ],
)
def test_a_star_needs_a_reason(statement: dict[str, Any], star: str) -> None:
    """That something needs what it stands for is none."""
    assert found(policy(statement), GET) == [f"has a * without a reason: {star}"]


def test_a_star_may_have_a_reason() -> None:
    """The need's own, or that of the form of its ARN: region, account, the rest of an object's key."""
    put = Need("s3:PutObject", "arn:aws:s3:::b/documents/*")
    document = policy(
        {"Action": "xray:PutTraceSegments", "Resource": "*"},
        {"Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/documents/*"},
    )
    assert found(document, TRACES, put) == []
    assert found(document, TRACES._replace(reason=""), put) == ["has a * without a reason: *"]
    wide = policy({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"})
    assert found(wide, put) == ["has a * without a reason: arn:aws:s3:::b/*"]


@pytest.mark.parametrize("element", ["NotAction", "NotResource"])
def test_what_allows_all_but_something_is_found(element: str) -> None:
    """It has no star, and is one."""
    statement = {"Action": "dynamodb:GetItem", "Resource": TABLE, element: "x"}
    del statement[element.removeprefix("Not")]
    assert any(line.startswith("allows all but") for line in found(policy(statement), GET))


def test_a_deny_grants_nothing() -> None:
    """It may be as wide as it likes, if it is not in the way."""
    deny = {"Effect": "Deny", "NotAction": ["dynamodb:*", "sqs:*"], "Resource": "*"}
    assert found(policy({"Action": "dynamodb:GetItem", "Resource": TABLE}, deny), GET) == []
    assert len(found(policy({"Action": "xray:PutTraceSegments", "Resource": "*"}, deny), TRACES)) == 1


def test_what_is_written_is_what_is_needed() -> None:
    """Sorted, with what is needed of the same resources together; then the check finds nothing."""
    delete = Need("sqs:DeleteMessage", QUEUE)
    other = [need._replace(resource=f"{QUEUE}-dlq") for need in (SEND, delete)]
    needs = [TRACES, *other, SEND, delete, SEND, NARROW, PUT]
    text = write.text(needs)
    assert json.loads(text)["Statement"] == [
        {"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": TABLE,
         "Condition": {"ForAllValues:StringLike": {KEYS: ["ROLES", "TOKEN#*"]}}},
        {"Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": TABLE},
        {"Effect": "Allow", "Action": ["sqs:DeleteMessage", "sqs:SendMessage"], "Resource": [QUEUE, f"{QUEUE}-dlq"]},
        {"Effect": "Allow", "Action": ["xray:PutTraceSegments"], "Resource": "*"},
    ]  # fmt: skip
    assert text == write.text(reversed(needs))
    assert found(json.loads(text), *needs) == []
    write.check_replaceable(json.loads(text), needs)


@pytest.mark.parametrize(
    "own",
    [
        {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*"},
        {"Action": "dynamodb:GetItem", "Resource": TABLE, "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Action": "dynamodb:GetItem", "Resource": TABLE, "Condition": {"ForAllValues:StringLike": {"a:b": "c"}}},
        {"NotAction": "dynamodb:GetItem", "Resource": TABLE},
    ],
)  # fmt: skip
def test_what_somebody_wrote_is_not_written_over(own: dict[str, Any]) -> None:
    """What can't be made from needs would be lost."""
    with pytest.raises(GrailError, match="would be lost"):
        write.check_replaceable(policy(own), [NARROW])
