"""See, move back or drop a queue's dead letters."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3

from grail.arguments import Actions, positive
from grail.dead_letters import DeadLetters
from grail.errors import GrailError
from grail.letters import Letter
from grail.progress import Progress
from grail.project import Project
from grail.stack import data
from grail.stage import entered
from grail.terminal import confirmed, print_table

NAME = "dlq"
EXAMPLE = "python -m grail dlq redrive events --max 100"

_REDRIVE = """Move dead letters back to their queue, at most those that are there now.

Ctrl-C ends it at any point; run again, it goes on. A message may then reach the queue twice, and is never lost: what
takes from it must stand that, as from any SQS queue. A few letters may be out of sight for a minute then.
What fails again comes back here, with its new error.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    verb = Actions(parser)
    verb.common.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    listed = verb.add("list", "Count the dead letters of every queue, or of one.", _list)
    show = verb.add("show", "Show dead letters and their errors; they stay.", _show)
    redrive = verb.add("redrive", _REDRIVE, _redrive)
    drop = verb.add("drop", "Delete dead letters for good, as many as there are when it begins.", _drop)
    listed.add_argument("queue", nargs="?", help="the queue's short name, such as events")
    for declared in (show, redrive, drop):
        declared.add_argument("queue", help="the queue's short name, such as events")
    for declared in (listed, show):
        declared.add_argument("--json", action="store_true", help="print JSON")
    show.add_argument("--max", type=positive, default=10, help="how many at most (default: %(default)s)")
    for declared in (redrive, drop):
        declared.add_argument("--max", type=positive, help="how many at most (default: all that are there)")
    drop.add_argument("--yes", action="store_true", help="do not ask")


def run(options: argparse.Namespace) -> int:
    """Ask SQS, with the stage's environment."""
    with entered(options.stage) as project:
        options.act(project, options)
    return 0


def _list(project: Project, options: argparse.Namespace) -> None:
    names = list(_queues(project)) if options.queue is None else [options.queue]
    rows = [{"queue": name, **_dead_letters(project, options.stage, name).count()._asdict()} for name in names]
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        print_table(rows)


def _show(project: Project, options: argparse.Namespace) -> None:
    there = _dead_letters(project, options.stage, options.queue)
    letters = there.show(options.max)
    if options.json:
        print(json.dumps([letter._asdict() for letter in letters], indent=2))
    else:
        print("\n\n".join(map(Letter.described, letters)) or f"{options.queue} has no dead letters")
    if len(letters) == options.max and (total := there.count().messages) > options.max:
        print(f"{len(letters)} of {total} shown; --max N for more", file=sys.stderr)


def _redrive(project: Project, options: argparse.Namespace) -> None:
    letters, limit = _at_most(project, options)
    with _progress("moved", limit) as progress:
        outcome = letters.redrive(limit, tell=progress.tell)
    print(f"{outcome.moved} of {limit} moved to {data.queue_name(project.name, options.stage, options.queue)}")
    if outcome.twice:
        print(f"note: {outcome.twice} of them could not be deleted here, and go there twice", file=sys.stderr)
    if outcome.refused:
        message = f"{outcome.refused} could not be sent and are still there: {outcome.why}"
        raise GrailError(message)


def _drop(project: Project, options: argparse.Namespace) -> None:
    letters, limit = _at_most(project, options)
    if limit and not options.yes and not confirmed(f"Delete {limit} of the dead letters of {options.queue} for good?"):
        message = "nothing was deleted" if sys.stdin.isatty() else "nothing was deleted; to be asked nothing, say --yes"
        raise GrailError(message)
    with _progress("dropped", limit) as progress:
        dropped = letters.drop(limit, tell=progress.tell)
    print(f"{dropped} of {limit} dropped")


def _at_most(project: Project, options: argparse.Namespace) -> tuple[DeadLetters, int]:
    """Return a queue's dead letters, and how many of those that are there are meant."""
    letters = _dead_letters(project, options.stage, options.queue)
    there = letters.count().messages
    return letters, min(there, options.max or there)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Progress]:
    """Show how far it is; if it is cut short, say how far it got."""
    progress = Progress(what, total)
    try:
        with progress:
            yield progress
    except BaseException:
        print(f"{progress.done} of {total} {what} before it was cut short; run it again for the rest", file=sys.stderr)
        raise


def _queues(project: Project) -> Mapping[str, Any]:
    queues: Mapping[str, Any] | None = project.registered("queues")
    if queues is None:
        message = "the app has no queues: pyproject.toml [tool.grail] names no `queues`"
        raise GrailError(message)
    return queues


def _dead_letters(project: Project, stage: str, name: str) -> DeadLetters:
    queues = _queues(project)
    if name not in queues:
        message = f"there is no queue {name!r}; the short names are {', '.join(queues)}"
        raise GrailError(message)
    return DeadLetters(
        boto3.client("sqs"),
        queue=data.queue_name(project.name, stage, name),
        dead_letters=data.dead_letters_name(project.name, stage, name),
    )
