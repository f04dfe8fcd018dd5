"""What each action of `python -m grail migrate` does, with its options, and the exit code that it ends with."""

import argparse
import json
import sys

from grail.errors import GrailError
from grail.migrate import folder, pending, report, sequence
from grail.migrate.change import DOWN, UP
from grail.migrate.engine import Engine
from grail.migrate.estimate import estimate
from grail.migrate.ledger import Ledger
from grail.migrate.migration import Entry, Selection, read, template
from grail.migrate.pace import Pace
from grail.migrate.session import Limits, perform
from grail.migrate.stage import Stage
from grail.migrate.verify import stragglers
from grail.progress import Progress
from grail.terminal import print_table


def new(stage: Stage, options: argparse.Namespace) -> int:
    """Write a new file into the folder, and print its name. Raises GrailError for what does not go together."""
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


def push(stage: Stage, _: argparse.Namespace) -> int:
    """Store the folder's files; print those that were not there."""
    for entry in stage.push():
        print(f"{entry.name} {entry.checksum}")
    return 0


def pull(stage: Stage, _: argparse.Namespace) -> int:
    """Fetch the store's files; print those that were not here."""
    for file in stage.pull():
        print(file.relative_to(stage.folder))
    return 0


def list_all(stage: Stage, options: argparse.Namespace) -> int:
    """Print how things stand with each migration."""
    ledger = stage.ledger()
    rows = report.rows(stage.entries(ledger), ledger)
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        print_table(rows)
    return 0


def status(stage: Stage, options: argparse.Namespace) -> int:
    """Print who has the lock, what is half done, and what waits."""
    ledger = stage.ledger()
    found = report.status(stage.entries(ledger), ledger, _engine(stage, ledger).progress())
    print(json.dumps(found, indent=2) if options.json else report.status_text(found))
    return 0


def plan(stage: Stage, options: argparse.Namespace) -> int:
    """Print what `apply` would do, and some items before and after."""
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


def apply(stage: Stage, options: argparse.Namespace) -> int:
    """Migrate up, in order."""
    ledger = stage.ledger()

    def choose() -> list[Entry]:
        return pending.to_apply(stage.entries(ledger), ledger, to=options.to, again=options.again)

    perform(stage, ledger, choose, UP, limits=_limits(options), is_edited=options.edited)
    return 0


def rollback(stage: Stage, options: argparse.Namespace) -> int:
    """Migrate down, the newest first."""
    ledger = stage.ledger()

    def choose() -> list[Entry]:
        return pending.to_roll_back(ledger, to=options.to, edited=stage.entries(ledger) if options.edited else ())

    perform(stage, ledger, choose, DOWN, limits=_limits(options), is_edited=options.edited)
    return 0


def verify(stage: Stage, options: argparse.Namespace) -> int:
    """Print the items that are not what they shall be; 1 where there are any."""
    ledger = stage.ledger()
    about = stage.dynamodb.describe_table(TableName=stage.layout.table)["Table"]["ItemCount"]  # up to six hours old
    code = 0
    for entry in ledger.applied.values():
        migration = stage.store.fetch(entry)
        if migration.schema_version is None:
            print(f"{entry.name}: changed data; an item does not tell")
            continue
        pace = Pace(most=options.max_units)
        with Progress("looked at", about) as progress:
            found = list(stragglers(stage.dynamodb, stage.change(migration, UP), pace=pace, tell=progress.tell))
        print(report.verified(migration, found))
        code = 1 if found else code
    return code


def unlock(stage: Stage, _: argparse.Namespace) -> int:
    """Take the lock from whoever has it, and free it."""
    ledger = stage.ledger()
    held_by = ledger.held_by
    with _engine(stage, ledger).locked(by_force=True):
        pass
    print(f"taken from {held_by}" if held_by else "nobody had it", file=sys.stderr)
    return 0


def _engine(stage: Stage, ledger: Ledger) -> Engine:
    return Engine(stage.dynamodb, stage.layout, ledger, pace=Pace())


def _limits(options: argparse.Namespace) -> Limits:
    return Limits(options.segments, options.max_units)
