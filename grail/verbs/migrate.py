"""Change the shape of a table's items, or their data, while traffic flows: versioned, resumable, stored in S3."""

import argparse
import re

from grail.arguments import Actions, positive
from grail.migrate import actions
from grail.migrate.engine import SEGMENTS
from grail.migrate.stage import Stage
from grail.stage import entered

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


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    verb = Actions(parser)
    verb.common.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    verb.common.add_argument("--table", help="the table (default: the stage's own)")
    verb.common.add_argument("--bucket", help="the bucket with the migrations (default: the stage's own)")
    new = verb.add("new", "Write a new migration's file into migrations/, which git ignores.", actions.new)
    verb.add("push", "Store the files of migrations/ in the stage's bucket.", actions.push)
    verb.add("pull", "Write the bucket's files into migrations/; yours are never written over.", actions.pull)
    listed = verb.add("list", "List the migrations, and how things stand with each.", actions.list_all)
    status = verb.add("status", "Tell what is under way, who has the lock, and what was set aside.", actions.status)
    plan = verb.add(
        "plan", "Tell what `apply` would do, with some items before and after; change nothing.", actions.plan
    )
    applied = verb.add("apply", _APPLY, actions.apply)
    rollback = verb.add("rollback", _ROLLBACK, actions.rollback)
    verified = verb.add("verify", "Find the items that are not at the schema version that was applied.", actions.verify)
    verb.add("unlock", "Take the lock from whoever has it, who can't write from then on, and free it.", actions.unlock)

    new.add_argument("name", type=_word, help="a few words, such as add_nickname")
    new.add_argument("--type", help="the items' type")
    new.add_argument("--prefix", help="instead: how their hash keys begin")
    new.add_argument("--schema-version", type=positive, metavar="N", help="bring them to this schema version")
    for declared in (listed, status):
        declared.add_argument("--json", action="store_true", help="print JSON")
    for declared in (plan, applied, rollback):
        declared.add_argument("--to", type=int, metavar="V", help="the version to arrive at")
    plan.add_argument("--sample", type=positive, default=3, metavar="N", help="items to show (default: %(default)s)")
    applied.add_argument("--again", action="store_true", help="look for what old code wrote since it was applied, too")
    for declared in (applied, rollback):
        declared.add_argument("--edited", action="store_true", help="do the rest of a half done one with its new file")
    for declared in (plan, applied, rollback):
        declared.add_argument(
            "--segments", type=_segments, default=SEGMENTS, metavar="N", help="walked at once (default: %(default)s)"
        )
    for declared in (plan, applied, rollback, verified):
        declared.add_argument("--max-units", type=positive, metavar="N", help="capacity units a second at most")


def _word(text: str) -> str:
    if not re.fullmatch("[a-z0-9_]{1,60}", text):
        message = f"{text!r} must be of a-z, 0-9 and _, at most 60 of them"
        raise argparse.ArgumentTypeError(message)
    return text


def _segments(text: str) -> int:
    number = positive(text)
    if number > _MOST_SEGMENTS:
        message = f"{text!r} is more than {_MOST_SEGMENTS}"
        raise argparse.ArgumentTypeError(message)
    return number


def run(options: argparse.Namespace) -> int:
    """Go to the stage's table and bucket."""
    with entered(options.stage) as project:
        stage = Stage.of(project, options.stage, table=options.table, bucket=options.bucket)
        return int(options.act(stage, options))
