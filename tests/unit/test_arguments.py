"""A verb's arguments: its actions, and whole numbers."""

import argparse

import pytest

from grail.arguments import Actions, positive


def declared() -> argparse.ArgumentParser:
    """Return the parser of a verb of two actions, one of which counts."""
    parser = argparse.ArgumentParser(prog="verb")
    verb = Actions(parser)
    verb.common.add_argument("--stage", default="dev")
    verb.add("look", "Look at it.", lambda: "looked")
    verb.add("count", "Count it.\n\nThat may take\na while.", lambda: "counted").add_argument("--most", type=positive)
    return parser


def test_an_action_has_what_is_common_and_its_own() -> None:
    """And says what is to be done."""
    found = declared().parse_args(["count", "--most", "2", "--stage", "prod"])
    assert (found.action, found.act(), found.most, found.stage) == ("count", "counted", 2, "prod")
    assert "most" not in declared().parse_args(["look"])


def test_its_first_line_is_listed_and_all_of_it_is_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    """As it is written, line by line."""
    with pytest.raises(SystemExit):
        declared().parse_args(["--help"])
    listed = capsys.readouterr().out
    assert "count     Count it.\n" in listed
    assert "a while" not in listed
    with pytest.raises(SystemExit):
        declared().parse_args(["count", "--help"])
    assert "Count it.\n\nThat may take\na while.\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [[], ["other"], ["look", "--most", "2"], ["count", "--most", "0"], ["count", "--most", "-1"]]
)
def test_what_can_not_be_is_refused(arguments: list[str]) -> None:
    """No action, an unknown one, another one's argument, a number below 1."""
    with pytest.raises(SystemExit) as ended:
        declared().parse_args(arguments)
    assert ended.value.code == 2
