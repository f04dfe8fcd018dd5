"""What stands for CloudFormation's functions in Terraform."""

from typing import Any

import pytest

from grail.errors import GrailError
from grail.terraform.values import Expression, Target, written

TARGETS = {
    "Jobs": Target("aws_sqs_queue.Jobs", "url", {"Arn": "arn"}),
    "Users": Target("aws_cognito_user_pool.Users", "id", {"ProviderURL": "https://${%s.endpoint}"}),
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Jobs"}, "${aws_sqs_queue.Jobs.url}"),
        ({"Ref": "AWS::Region"}, "${data.aws_region.current.region}"),
        ({"Fn::GetAtt": ["Jobs", "Arn"]}, "${aws_sqs_queue.Jobs.arn}"),
        ({"Fn::GetAtt": ["Users", "ProviderURL"]}, "https://${aws_cognito_user_pool.Users.endpoint}"),
        (
            {"Fn::Sub": "arn:${AWS::Partition}:${Jobs}/${Jobs.Arn}/${!Kept}"},
            "arn:${data.aws_partition.current.partition}:${aws_sqs_queue.Jobs.url}/${aws_sqs_queue.Jobs.arn}/$${Kept}",
        ),
        ({"Fn::Sub": ["${Name}-${Jobs}", {"Name": {"Ref": "Users"}}]},
         "${aws_cognito_user_pool.Users.id}-${aws_sqs_queue.Jobs.url}"),
        ({"Fn::Join": [":", ["arn", {"Ref": "AWS::AccountId"}]]}, "arn:${data.aws_caller_identity.current.account_id}"),
        ({"a": [{"Ref": "Jobs"}, 1, None, True]}, {"a": ["${aws_sqs_queue.Jobs.url}", 1, None, True]}),
    ],
)  # fmt: skip
def test_a_function_is_an_expression(value: Any, expected: Any) -> None:
    """Wherever it stands; what is no function stays as it is."""
    assert written(value, TARGETS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$context.requestId", "$context.requestId"),
        ("${a} %{ if b }", "$${a} %%{ if b }"),
    ],
)
def test_text_is_no_expression(text: str, expected: str) -> None:
    """What Terraform would take for one is escaped, as values and as keys, but for what is one already."""
    assert written({text: text}, {}) == {expected: expected}
    assert written({"a": Expression(text)}, {}) == {"a": text}


def test_what_looks_like_a_function_and_is_data_stays() -> None:
    """A document may have a member of a function's name beside others."""
    assert written({"Ref": "Jobs", "b": 1}, TARGETS) == {"Ref": "Jobs", "b": 1}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"Ref": "Other"}, "refers to Other"),
        ({"Fn::GetAtt": ["Jobs", "Name"]}, r"nothing stands for Jobs\.Name"),
        ({"Fn::Select": [0, []]}, "nothing stands for Fn::Select"),
    ],
)
def test_what_nothing_stands_for_is_refused(value: Any, words: str) -> None:
    """By its name, and never left out."""
    with pytest.raises(GrailError, match=words):
        written(value, TARGETS)
