"""Change the shape of a table's items, or their data, while traffic flows: versioned, resumable, stored in S3."""

import argparse
import json
import re
import sys
from collections.abc import Callable
from typing import Any

from grail.errors import GrailError
from grail.migrate import folder, pending, report, sequence
from grail.migrate.change import DOWN, UP
from grail.migrate.engine import SEGMENTS, Engine
from grail.migrate.estimate import estimate
from grail.migrate.ledger import Ledger
from grail.migrate.migration import Entry, Selection, read, template
from grail.migrate.pace import Pace
from grail.migrate.session import Choose, Limits, perform
from grail.migrate.stage import Stage
from grail.migrate.verify import stragglers
from grail.progress import Progress
from grail.stage import entered
from grail.terminal import print_table

NAME = "migrate"
EXAMPLE = "python -m grail migrate plan --stage dev"
_APPLY = """Migrate the items, of every version that is not applied yet, in order.

Ctrl-C ends it at any point, and so does a crash: nothing is lost or done twice, and run again, it goes on. Items that
can't be migrated are set aside, with the reason, and tried again the next time; until then the version is not applied.
"""
_ROLLBACK = """Run down(item) on the items: of the last version, or of all above --to, the newest first.

It can be stopped, and goes on, as `apply` does. Deploy the code of the earlier version first: what the newer code
writes stays new.
"""
_MOST_SEGMENTS = 100
"""Each is a thread and a connection (`stage.CONFIG`)."""

Action = Callable[[Stage, argparse.Namespace], int]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    common.add_argument("--table", help="the table (default: the stage's own)")
    common.add_argument("--bucket", help="the bucket with the migrations (default: the stage's own)")
    actions = parser.add_subparsers(dest="action", required=True, metavar="action", parser_class=type(parser))

    def action(name: str, described: str, run: Action) -> Any:  # noqa: ANN401 - argparse's
        declared = actions.add_parser(
            name,
            help=described.splitlines()[0],
            description=described,
            parents=[common],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        declared.set_defaults(act=run)
        return declared

    new = action("new", "Write a new migration's file into migrations/, which git ignores.", _new)
    action("push", "Store the files of migrations/ in the stage's bucket.", _push)
    action("pull", "Write the bucket's files into migrations/; yours are never written over.", _pull)
    listed = action("list", "List the migrations, and how things stand with each.", _list)
    status = action("status", "Tell what is under way, who has the lock, and what was set aside.", _status)
    plan = action("plan", "Tell what `apply` would do, with some items before and after; change nothing.", _plan)
    applied = action("apply", _APPLY, _apply)
    rollback = action("rollback", _ROLLBACK, _rollback)
    verified = action("verify", "Find the items that are not at the schema version that was applied.", _verify)
    action("unlock", "Take the lock from whoever has it, who can't write from then on, and free it.", _unlock)

    new.add_argument("name", type=_word, help="a few words, such as add_nickname")
    new.add_argument("--type", help="the items' type")
    new.add_argument("--prefix", help="instead: how their hash keys begin")
    new.add_argument("--schema-version", type=_number, metavar="N", help="bring them to this schema version")
    for declared in (listed, status):
        declared.add_argument("--json", action="store_true", help="print JSON")
    for declared in (plan, applied, rollback):
        declared.add_argument("--to", type=int, metavar="V", help="the version to arrive at")
    plan.add_argument("--sample", type=_number, default=3, metavar="N", help="items to show (default: %(default)s)")
    applied.add_argument("--again", action="store_true", help="look for what old code wrote since it was applied, too")
    for declared in (applied, rollback):
        declared.add_argument("--edited", action="store_true", help="do the rest of a half done one with its new file")
    for declared in (plan, applied, rollback):
        declared.add_argument(
            "--segments", type=_segments, default=SEGMENTS, metavar="N", help="walked at once (default: %(default)s)"
        )
    for declared in (plan, applied, rollback, verified):
        declared.add_argument("--max-units", type=_number, metavar="N", help="capacity units a second at most")


def _word(text: str) -> str:
    if not re.fullmatch("[a-z0-9_]{1,60}", text):
        message = f"{text!r} must be of a-z, 0-9 and _, at most 60 of them"
        raise argparse.ArgumentTypeError(message)
    return text


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        message = f"{text!r} is not a number of 1 or more"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _segments(text: str) -> int:
    number = _number(text)
    if number > _MOST_SEGMENTS:
        message = f"{text!r} is more than {_MOST_SEGMENTS}"
        raise argparse.ArgumentTypeError(message)
    return number


def run(options: argparse.Namespace) -> int:
    """Go to the stage's table and bucket."""
    with entered(options.stage) as project:
        stage = Stage.of(project, options.stage, table=options.table, bucket=options.bucket)
        return int(options.act(stage, options))


def _new(stage: Stage, options: argparse.Namespace) -> int:
    if (options.type is None) == (options.prefix is None):
        message = "say --type or --prefix: which items it is about"
        raise GrailError(message)
    entries = sequence.merged(stage.store.entries(), [file.entry for file in folder.files(stage.folder)])
    number = max((entry.number for entry in entries), default=0) + 1
    description = options.name.replace("_", " ").capitalize()
    text = template(
        description, selection=Selection(options.type, options.prefix), schema_version=options.schema_version
    )
    name = f"{number:04}_{options.name}"
    read(name, text.encode())  # refuses what does not go together
    print(folder.add(stage.folder, name, text).relative_to(stage.folder))
    return 0


def _push(stage: Stage, _: argparse.Namespace) -> int:
    for entry in stage.push():
        print(f"{entry.name} {entry.checksum}")
    return 0


def _pull(stage: Stage, _: argparse.Namespace) -> int:
    for file in stage.pull():
        print(file.relative_to(stage.folder))
    return 0


def _list(stage: Stage, options: argparse.Namespace) -> int:
    ledger = stage.ledger()
    rows = report.rows(stage.entries(ledger), ledger)
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        print_table(rows)
    return 0


def _status(stage: Stage, options: argparse.Namespace) -> int:
    ledger = stage.ledger()
    found = report.status(stage.entries(ledger), ledger, _engine(stage, ledger).progress())
    print(json.dumps(found, indent=2) if options.json else report.status_text(found))
    return 0


def _plan(stage: Stage, options: argparse.Namespace) -> int:
    ledger = stage.ledger()
    entries = pending.to_apply(stage.entries(ledger), ledger, to=options.to)
    for entry in entries:
        migration = stage.store.fetch(entry)
        guess = estimate(
            stage.dynamodb,
            stage.change(migration, UP),
            segments=options.segments,
            most_units=options.max_units,
            sample=options.sample,
        )
        print(report.plan(migration, guess))
    print(f"{len(entries) or 'none'} to apply; nothing was changed", file=sys.stderr)
    return 0


def _apply(stage: Stage, options: argparse.Namespace) -> int:
    ledger = stage.ledger()

    def choose() -> list[Entry]:
        return pending.to_apply(stage.entries(ledger), ledger, to=options.to, again=options.again)

    return _perform(stage, ledger, choose, UP, options)


def _rollback(stage: Stage, options: argparse.Namespace) -> int:
    ledger = stage.ledger()

    def choose() -> list[Entry]:
        return pending.to_roll_back(ledger, to=options.to, edited=stage.entries(ledger) if options.edited else ())

    return _perform(stage, ledger, choose, DOWN, options)


def _perform(stage: Stage, ledger: Ledger, choose: Choose, direction: str, options: argparse.Namespace) -> int:
    limits = Limits(options.segments, options.max_units)
    perform(stage, ledger, choose, direction, limits=limits, is_edited=options.edited)
    return 0


def _verify(stage: Stage, options: argparse.Namespace) -> int:
    ledger = stage.ledger()
    code = 0
    for entry in ledger.applied.values():
        migration = stage.store.fetch(entry)
        if migration.schema_version is None:
            print(f"{entry.name}: changed data; an item does not tell")
            continue
        pace = Pace(most=options.max_units)
        with Progress("looked at", 0) as progress:
            found = list(stragglers(stage.dynamodb, stage.change(migration, UP), pace=pace, tell=progress.tell))
        print(report.verified(migration, found))
        code = 1 if found else code
    return code


def _unlock(stage: Stage, _: argparse.Namespace) -> int:
    ledger = stage.ledger()
    held_by = ledger.held_by
    with _engine(stage, ledger).locked(by_force=True):
        pass
    print(f"taken from {held_by}" if held_by else "nobody had it", file=sys.stderr)
    return 0


def _engine(stage: Stage, ledger: Ledger) -> Engine:
    return Engine(stage.dynamodb, stage.layout, ledger, pace=Pace())
