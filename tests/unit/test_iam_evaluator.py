"""What a policy allows, by the examples of AWS's documentation; each names its page of the IAM User Guide."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grail.iam.evaluator import allows
from grail.iam.wildcards import matches, matches_resource

BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket"
TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/MyTable"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:queue1"


def statement(effect: str = "Allow", condition: Any = None, **elements: Any) -> dict[str, Any]:
    """Return a statement about everything, but for what is given."""
    found: dict[str, Any] = {"Effect": effect}
    if not {"Action", "NotAction"} & elements.keys():
        found["Action"] = "*"
    if not {"Resource", "NotResource"} & elements.keys():
        found["Resource"] = "*"
    return {**found, **elements, **({} if condition is None else {"Condition": condition})}


def allowed(*statements: dict[str, Any], action: str = "s3:GetObject", resource: str = BUCKET, **keys: Any) -> bool:
    """Tell whether statements allow a request; `aws_TagKeys` stands for the key `aws:TagKeys`."""
    named = {name.replace("_", ":"): values for name, values in keys.items()}
    return allows({"Version": "2012-10-17", "Statement": [*statements]}, action=action, resource=resource, keys=named)


SPECIFIC_TABLE = (
    statement(Action=["dynamodb:List*", "dynamodb:DescribeReservedCapacity*", "dynamodb:DescribeLimits"]),
    statement(
        Action=["dynamodb:BatchGet*", "dynamodb:DescribeTable", "dynamodb:Get*", "dynamodb:Query", "dynamodb:PutItem"],
        Resource="arn:aws:dynamodb:*:*:table/MyTable",
    ),
)


@pytest.mark.parametrize(
    ("action", "resource", "is_allowed"),
    [
        ("dynamodb:ListTables", "*", True),
        ("dynamodb:GetItem", TABLE, True),
        ("dynamodb:getitem", TABLE, True),
        ("dynamodb:GetItem", f"{TABLE}2", False),
        ("dynamodb:GetItem", f"{TABLE}/index/one", False),
        ("dynamodb:GetItem", TABLE.lower(), False),
        ("dynamodb:DeleteItem", TABLE, False),
        ("sqs:ListQueues", "*", False),
    ],
)
def test_access_to_a_specific_table(action: str, resource: str, *, is_allowed: bool) -> None:
    """By the page "Amazon DynamoDB: Allows access to a specific table"."""
    assert allowed(*SPECIFIC_TABLE, action=action, resource=resource) is is_allowed


@pytest.mark.parametrize(
    ("key", "is_meant"),
    [
        ("1/test/object.jpg", True),
        ("1/2/test/3/object.jpg", True),
        ("1///test///object.jpg", True),
        ("/test/object.jpg", True),
        ("1/test/", True),
        ("1-test/object.jpg", False),
        ("test/object.jpg", False),
        ("1/2/test.jpg", False),
    ],
)
def test_a_star_goes_beyond_a_slash(key: str, *, is_meant: bool) -> None:
    """By the page "IAM JSON policy elements: Resource"."""
    assert allowed(statement(Resource=f"{BUCKET}/*/test/*"), resource=f"{BUCKET}/{key}") is is_meant


@pytest.mark.parametrize(
    ("pattern", "is_meant"),
    [
        ("arn:aws:sqs:*", True),
        ("arn:aws:sqs:*:queue1", True),
        ("arn:aws:sqs:eu-*-1:123456789012:queue?", True),
        ("arn:aws:sqs:eu*1", False),
        ("arn:aws:sqs:e*l-1:*:queue1", True),
        ("arn:aws:sqs:e*012:queue1", False),
        ("arn:aws:sqs:*:*:queue", False),
        ("arn:aws:sqs:*:*:queue1?", False),
    ],
)
def test_a_star_goes_beyond_a_colon_only_before_one_or_at_the_end(pattern: str, *, is_meant: bool) -> None:
    """By the page "IAM JSON policy elements: Resource"."""
    assert allowed(statement(Resource=pattern), resource=QUEUE) is is_meant


def test_a_deny_wins() -> None:
    """By the page "Policy evaluation logic", wherever it stands, and no match at all is a deny too."""
    allow, deny = statement(Action="s3:*"), statement("Deny", Action="s3:DeleteObject")
    assert allowed(allow, deny, action="s3:GetObject")
    assert not allowed(deny, allow, action="s3:DeleteObject")
    assert not allowed(allow, action="sqs:SendMessage")
    assert not allowed()


def test_not_action_is_all_others() -> None:
    """By the page "IAM JSON policy elements: NotAction": all of S3 but one action; nothing but IAM without MFA."""
    some = statement(NotAction="s3:DeleteBucket", Resource="arn:aws:s3:::*")
    assert allowed(some, action="s3:PutObject", resource=f"{BUCKET}/a")
    assert not allowed(some, action="s3:DeleteBucket", resource=BUCKET)
    assert not allowed(some, action="sqs:SendMessage", resource=QUEUE)
    guarded = statement("Deny", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, NotAction="iam:*")
    assert allowed(statement(), guarded, action="iam:ListUsers")
    assert not allowed(statement(), guarded)
    assert not allowed(statement(), guarded, aws_MultiFactorAuthPresent=["false"])
    assert allowed(statement(), guarded, aws_MultiFactorAuthPresent=["true"])


def test_not_resource_is_all_others() -> None:
    """By the page "IAM JSON policy elements: NotResource": denied are all objects but those of one folder."""
    deny = statement("Deny", Action="s3:*", NotResource=[f"{BUCKET}/Payroll", f"{BUCKET}/Payroll/*"])
    assert allowed(statement(), deny, resource=f"{BUCKET}/Payroll/may")
    assert not allowed(statement(), deny, resource=f"{BUCKET}/Plans/may")


@pytest.mark.parametrize(
    ("condition", "keys", "holds"),
    [
        # "Condition operators": strings with and without wildcards, one of several values, several keys
        ({"StringEquals": {"aws:PrincipalTag/job": "iam"}}, {"aws:PrincipalTag/job": ["iam"]}, True),
        ({"StringEquals": {"AWS:principaltag/job": "iam"}}, {"aws:PrincipalTag/job": ["iam"]}, True),
        ({"StringEquals": {"aws:PrincipalTag/job": "iam"}}, {"aws:PrincipalTag/job": ["IAM"]}, False),
        ({"StringEquals": {"aws:PrincipalTag/job": "i*"}}, {"aws:PrincipalTag/job": ["iam"]}, False),
        ({"StringEquals": {"aws:PrincipalTag/job": "iam"}}, {}, False),
        ({"StringLike": {"s3:prefix": ["", "home/", "home/b?b/*"]}}, {"s3:prefix": ["home/bob/a"]}, True),
        ({"StringLike": {"s3:prefix": ["", "home/", "home/b?b/*"]}}, {"s3:prefix": ["home/"]}, True),
        ({"StringLike": {"s3:prefix": ["", "home/", "home/b?b/*"]}}, {"s3:prefix": ["home/eve/a"]}, False),
        ({"StringEquals": {"a:x": "1", "a:y": ["2", "3"]}}, {"a:x": ["1"], "a:y": ["3"]}, True),
        ({"StringEquals": {"a:x": "1", "a:y": ["2", "3"]}}, {"a:x": ["1"], "a:y": ["1"]}, False),
        ({"StringEquals": {"a:x": "1"}, "StringLike": {"a:y": "2*"}}, {"a:x": ["1"], "a:y": ["3"]}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": ["true"]}, True),
        ({"Bool": {"aws:SecureTransport": True}}, {"aws:SecureTransport": ["true"]}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": ["false"]}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, {}, False),
        # ARNs, each part by itself
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sqs:*:*:queue?"}}, {"aws:SourceArn": [QUEUE]}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sqs:*:queue1"}}, {"aws:SourceArn": [QUEUE]}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sqs"}}, {"aws:SourceArn": [QUEUE]}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}, {"aws:SourceArn": [QUEUE]}, False),
        # "...IfExists condition operators"
        ({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*"]}}, {}, True),
        ({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*"]}}, {"ec2:InstanceType": ["t2.micro"]}, True),
        ({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*"]}}, {"ec2:InstanceType": ["m5.large"]}, False),
        # "Condition operator to check existence of condition keys"
        ({"Null": {"aws:TokenIssueTime": "true"}}, {}, True),
        ({"Null": {"aws:TokenIssueTime": "true"}}, {"aws:TokenIssueTime": ["2026"]}, False),
        ({"Null": {"aws:TokenIssueTime": "false"}}, {}, False),
        ({"Null": {"aws:TokenIssueTime": "false"}}, {"aws:TokenIssueTime": ["2026"]}, True),
        # "Multivalued context key examples"
        ({"ForAllValues:StringLike": {"aws:TagKeys": "key1*"}}, {"aws:TagKeys": ["key1a", "key1b"]}, True),
        ({"ForAllValues:StringLike": {"aws:TagKeys": "key1*"}}, {"aws:TagKeys": ["key1a", "key2"]}, False),
        ({"ForAllValues:StringLike": {"aws:TagKeys": ["key1*", "key2*"]}}, {"aws:TagKeys": ["key1", "key2"]}, True),
        ({"ForAllValues:StringLike": {"aws:TagKeys": "key1*"}}, {}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["b", "c"]}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["c"]}, False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {}, False),
        ({"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": ["a", "b"]}}, {}, True),
    ],
)  # fmt: skip
def test_conditions_narrow_a_statement(condition: Any, keys: dict[str, list[str]], *, holds: bool) -> None:
    """By the pages "IAM JSON policy elements: Condition operators" and "Multivalued context key examples"."""
    document = {"Statement": statement(condition=condition)}
    assert allows(document, action="s3:GetObject", resource=BUCKET, keys=keys) is holds


@pytest.mark.parametrize(
    "unknown",
    [
        statement(condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        statement(condition={"SomeValues:StringEquals": {"aws:TagKeys": "a"}}),
        statement(condition={"StringEquals": {"aws:TagKeys": "a"}}),
        statement(condition={"StringEquals": {"aws:username": "${aws:username}"}}),
        statement(Resource=f"{BUCKET}/${{aws:username}}/*"),
    ],
)
def test_what_is_not_known_is_not_guessed(unknown: dict[str, Any]) -> None:
    """Nor what a request with several values means to an operator for one."""
    with pytest.raises(ValueError, match=r"not known|several values"):
        allowed(unknown, aws_TagKeys=["a", "b"], aws_username=["ada"])


@pytest.mark.parametrize(
    ("pattern", "text", "is_meant"),
    [("ab*b", "ab", False), ("ab*b", "abb", True), ("a*b", "a\nb", True), ("a?b", "a\nb", True), ("", "a", False)],
)
def test_a_part_is_not_counted_twice(pattern: str, text: str, *, is_meant: bool) -> None:
    """What stands before a star and what stands behind it; and a line's end is a character as any other."""
    assert matches(pattern, text) is is_meant


def test_a_way_through_a_pattern_has_to_end_with_it() -> None:
    """One may go on and lead nowhere."""
    assert matches("*:x*y", ":x:y")
    assert not matches_resource("*:x*y", ":x:y")


TEXTS = st.text(alphabet="ab:/*?", max_size=12)


@given(pattern=TEXTS, text=TEXTS)
def test_it_matches_as_a_regular_expression_would(pattern: str, text: str) -> None:
    """Of any pattern; in ARNs, a star that ends with its segment makes the only difference. Two stars are one."""
    pattern = re.sub(r"\*+", "*", pattern)
    free = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    assert matches(pattern, text) is (re.fullmatch(free, text) is not None)
    kept = re.sub(r"\\\*(?!:|$)", "[^:]*", re.escape(pattern)).replace(r"\*", ".*").replace(r"\?", ".")
    assert matches_resource(pattern, text) is (re.fullmatch(kept, text) is not None)
