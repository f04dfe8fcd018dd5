"""What verbs' arguments are made of: actions, and whole numbers."""

import argparse
from collections.abc import Callable
from typing import Any


class Actions:
    """A verb's actions, such as `list` of `python -m grail dlq list`. What is added to `common`, each of them takes.

    What an action does is then the option `act`.
    """

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.common = argparse.ArgumentParser(add_help=False)
        self._actions = parser.add_subparsers(dest="action", required=True, metavar="action", parser_class=type(parser))

    def add(self, name: str, described: str, act: Callable[..., Any]) -> argparse.ArgumentParser:
        """Declare an action, described in one line or more, once all that is common is there."""
        declared: argparse.ArgumentParser = self._actions.add_parser(
            name,
            help=described.splitlines()[0],
            description=described,
            parents=[self.common],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        declared.set_defaults(act=act)
        return declared


def positive(text: str) -> int:
    """Read a whole number of 1 or more."""
    if not text.isdecimal() or int(text) == 0:
        message = f"{text!r} is not a number of 1 or more"
        raise argparse.ArgumentTypeError(message)
    return int(text)
