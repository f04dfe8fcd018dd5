"""`python -m grail <verb>`: the verbs, and nothing of what they do."""

import argparse
import os
import sys

from grail.errors import GrailError
from grail.verbs import VERBS


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """End with the message; argparse would print the usage too."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: list[str] | None = None) -> int:
    """Run a verb; return its exit code: 0 done, 1 failed, 2 called wrongly."""
    parser = _Parser(prog="python -m grail", description="What runs beside a Chalice app.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb", parser_class=_Parser)
    for verb in VERBS:
        formatter = argparse.RawDescriptionHelpFormatter
        described = f"{verb.__doc__}\n\nexample:\n  {verb.EXAMPLE}"
        subparser = verbs.add_parser(verb.NAME, help=verb.__doc__, description=described, formatter_class=formatter)
        verb.arguments(subparser)
        subparser.set_defaults(run=verb.run)
    chosen = parser.parse_args(arguments)
    try:
        code = int(chosen.run(chosen))
        sys.stdout.flush()
        return code  # noqa: TRY300 - what may fail is above it
    except GrailError as error:
        print(f"{parser.prog} {chosen.verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read this has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


if __name__ == "__main__":
    sys.exit(main())
