"""`python -m grail migrate`, as a process, on an embedded AWS of an app with other names for everything."""

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grail.migrate.layout import OWN
from grail.migrate.migration import checksum_of
from grail.migrate.values import plain, stored
from tests.migrations import user
from tests.system.conftest import PATIENCE
from tests.system.shop import Shop, serving_aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

MODELS = """
TABLE = {
    "key": ("id", "part"), "indexes": {}, "ttl": "until", "stream": "NEW_IMAGE",
    "version": "rev", "schema_version": "shape", "type": "kind", "tombstone": "gone",
}
BUCKET = {}
UPGRADES = {"user": [lambda item: {**item, "nick": item["name"].lower()}]}
"""
DOWN = """
def down(item):
    del item["nick"]
    return item
"""
REGISTERED = 'table = "models:TABLE"\nbucket = "models:BUCKET"\nupgrades = "models:UPGRADES"\n'


class Stage(Shop):
    """The app's stage: its table, its bucket, its checkout and its command line."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "migrate")
        self.dynamodb: DynamoDBClient = self.client("dynamodb")
        self.s3: S3Client = self.client("s3")

    def write(self, name: str, text: str) -> Path:
        """Write a file into migrations/."""
        file = self.folder / "migrations" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return file

    def put(self, *items: dict[str, Any]) -> None:
        """Write items."""
        for item in items:
            self.dynamodb.put_item(TableName="shop-dev", Item=stored(item))

    def items(self) -> list[dict[str, Any]]:
        """Return the app's items."""
        found = map(plain, self.dynamodb.scan(TableName="shop-dev")["Items"])
        return sorted((item for item in found if not item["id"].startswith(OWN)), key=lambda item: item["id"])

    def clear(self) -> None:
        """Make all as it was at the beginning."""
        for item in self.dynamodb.scan(TableName="shop-dev")["Items"]:
            self.dynamodb.delete_item(TableName="shop-dev", Key={name: item[name] for name in ("id", "part")})
        for found in self.s3.list_objects_v2(Bucket="shop-dev-files").get("Contents", []):
            self.s3.delete_object(Bucket="shop-dev-files", Key=found["Key"])
        for file in (self.folder / "migrations").glob("*.py"):
            file.unlink()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Run an embedded AWS for an app of a table and a bucket."""
    folder = tmp_path_factory.mktemp("shop")
    with serving_aws(folder, REGISTERED, {"models": MODELS}):
        yield Stage(folder)


@pytest.fixture
def stage(served: Stage) -> Stage:
    """Return the stage, empty."""
    served.clear()
    return served


def test_a_migration_from_its_file_to_its_rollback(stage: Stage) -> None:
    """Written, pushed, planned, applied, verified, listed, rolled back."""
    stage.put(*(user(number) for number in range(30)))
    made = stage.grail("new", "nick", "--type", "user", "--schema-version", "2").strip()
    assert made == "migrations/0001_nick.py"
    file = stage.folder / made
    file.write_text(file.read_text() + DOWN)
    assert stage.grail("push") == f"0001_nick {checksum_of(file.read_bytes())}\n"
    assert stage.grail("push") == ""
    plan = stage.grail("plan", "--sample", "1")
    assert plan.startswith("0001_nick: Nick.\n30 items, ")
    assert '+  "nick": "user 0",' in plan
    assert {item["shape"] for item in stage.items()} == {1}
    assert stage.grail("apply") == "0001_nick applied: 30 items written\n"
    assert {(item["shape"], item["rev"], "nick" in item) for item in stage.items()} == {(2, 2, True)}
    assert stage.grail("verify") == "0001_nick: all items are at schema version 2\n"
    [row] = json.loads(stage.grail("list", "--json"))
    assert (row["migration"], row["state"], row["written"]) == ("0001_nick", "applied", 30)
    assert stage.grail("status") == "lock     free\npending  none\n"
    assert stage.grail("rollback") == "0001_nick rolled back: 30 items written\n"
    assert stage.items() == [user(number, rev=3) for number in range(30)]
    assert stage.grail("list").splitlines()[1].split()[:3] == ["0001_nick", "rolled", "back"]


def test_what_old_code_wrote_since_is_found_and_brought_along(stage: Stage) -> None:
    """`verify` fails and names it; `apply --again` mends it."""
    stage.write("0001_nick", '"""Nick."""\nTYPE = "user"\nSCHEMA_VERSION = 2\n')
    stage.grail("push")
    stage.grail("apply")
    stage.put(user(7))
    process = stage.start("verify")
    printed, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, printed) == (
        1, '0001_nick: 1 item below schema version 2\n  {"id": "user-00007", "part": "main"}\n',
    )  # fmt: skip
    assert stage.grail("apply") == ""
    assert stage.grail("apply", "--again") == "0001_nick applied: 1 item written\n"
    assert stage.grail("verify") == "0001_nick: all items are at schema version 2\n"


def test_an_item_that_fails_is_told_of_and_tried_again(stage: Stage) -> None:
    """The rest is done; the command fails, and says what is left."""
    stage.put(user(0, price=None), *(user(number) for number in range(1, 9)))
    stage.write(
        "0001_cents", '"""Cents."""\nTYPE = "user"\ndef up(item): return {**item, "price": item["price"] * 100}\n'
    )
    stage.grail("push")
    said = stage.grail("apply", code=1)
    assert 'set aside {"id": "user-00000", "part": "main"}: TypeError' in said
    assert said.splitlines()[-1].endswith(
        "0001_cents is not applied: 1 item set aside; mend the data or the code, and run it again"
    )
    status = json.loads(stage.grail("status", "--json"))
    assert (status["half_done"]["written"], list(status["half_done"]["aside"])) == (
        8, ['{"id": "user-00000", "part": "main"}'],
    )  # fmt: skip
    edited = '"""Cents."""\nTYPE = "user"\ndef up(item): return {**item, "price": (item["price"] or 0) * 100}\n'
    before = checksum_of((stage.folder / "migrations" / "0001_cents.py").read_bytes())
    stage.write("0001_cents", edited)
    stage.grail("push")
    refused = stage.grail("apply", code=1)
    assert before in refused
    assert checksum_of(edited.encode()) in refused
    assert stage.grail("apply", "--edited").startswith("0001_cents applied: 9 items written")
    assert [item["price"] for item in stage.items()] == [0, *(number * 100 for number in range(1, 9))]
    refused = stage.grail("rollback", code=1)
    assert "no down(item)" in refused
    assert "restore-table-to-point-in-time" in refused
    assert refused.count("\n") == 1


def test_a_rollback_goes_on_with_a_mended_file(stage: Stage) -> None:
    """Where `down` fails for an item, its file is mended and pushed, and `--edited` does the rest."""
    stage.put(user(1), user(2))
    text = '"""Cents."""\nTYPE = "user"\ndef up(item): return {{**item, "price": item["price"] * 100}}\n{}'
    down = 'def down(item): return {{**item, "price": item["price"] // {}}}\n'
    stage.write("0001_cents", text.format(down.format('(item["price"] - 100)')))
    stage.grail("push")
    stage.grail("apply")
    assert "ZeroDivisionError" in stage.grail("rollback", code=1)
    stage.write("0001_cents", text.format(down.format(100)))
    stage.grail("push")
    stage.grail("rollback", "--edited")
    assert [item["price"] for item in stage.items()] == [1, 2]
    assert "pending  0001_cents" in stage.grail("status")


@pytest.mark.parametrize(("kill", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_one_that_is_stopped_goes_on_later(stage: Stage, kill: signal.Signals, code: int) -> None:
    """Ctrl-C gives the lock back; a process that was killed has it until it is taken away."""
    stage.put(*(user(number) for number in range(1, 40)))
    stage.write(
        "0001_cents", '"""Cents."""\nTYPE = "user"\ndef up(item): return {**item, "price": item["price"] * 100}\n'
    )
    stage.grail("push")
    process = stage.start("apply", "--max-units", "1", "--segments", "8")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("0001_cents: 39 items, ")  # from here on it takes a second per page
    process.send_signal(kill)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    status = json.loads(stage.grail("status", "--json"))
    if kill == signal.SIGINT:
        assert said == "stopped: what is done is kept; run it again for the rest\n"
        assert status["lock"] is None
    elif status["lock"] is not None:
        assert re.search(r"^python -m grail migrate: the lock is held by .*: `migrate unlock`\n$",
                         stage.grail("apply", code=1))  # fmt: skip
        stage.grail("unlock")
    assert stage.grail("apply", "--segments", "2") == "0001_cents applied: 39 items written\n"
    assert [item["price"] for item in stage.items()] == [number * 100 for number in range(1, 40)]


def test_what_can_not_be_says_why_in_one_line(stage: Stage) -> None:
    """An edit of what was applied, with both checksums; a file that is missing, moved, twice there, or none at all."""
    own = '"""{}."""\nTYPE = "user"\ndef up(item): return item\n'
    first = stage.write("0001_a", own.format("A"))
    second = stage.write("0002_b", own.format("B"))
    stage.grail("push")
    stage.grail("apply")
    was = checksum_of(first.read_bytes())
    stage.write("0001_a", own.format("other"))
    refused = [stage.grail("push", code=1)]
    assert refused[0].startswith("python -m grail migrate: 0001_a.py was edited after it was applied")
    assert was in refused[0]
    assert checksum_of(first.read_bytes()) in refused[0]
    differs = stage.grail("pull", code=1)
    assert "0001_a.py differs from the store's" in differs
    first.unlink()
    assert stage.grail("pull") == "migrations/0001_a.py\n"
    assert checksum_of(first.read_bytes()) == was
    twice = stage.write("0002_c", own.format("C"))
    refused += [differs, stage.grail("push", code=1)]
    assert "0002 is there twice: 0002_b.py and 0002_c.py" in refused[-1]
    twice.rename(late := twice.with_name("0004_c.py"))
    refused.append(stage.grail("push", code=1))
    assert "0003 is missing" in refused[-1]
    late.rename(wrong := late.with_name("third.py"))
    refused.append(stage.grail("push", code=1))
    assert "third.py is no migration's name" in refused[-1]
    wrong.unlink()
    second.unlink()
    stage.s3.put_object(Bucket="shop-dev-files", Key=f"migrations/{was}.py", Body=b"evil")
    stage.grail("unlock")
    refused.append(stage.grail("pull", code=1))
    assert "0001_a.py was tampered with" in refused[-1]
    stage.s3.delete_object(Bucket="shop-dev-files", Key=f"migrations/{was}.py")
    refused.append(stage.grail("pull", code=1))
    assert "0001_a.py is missing" in refused[-1]
    stage.s3.delete_object(Bucket="shop-dev-files", Key="migrations/list.json")
    refused.append(stage.grail("apply", code=1))
    assert f"0001_a.py was applied (checksum {was}) and is missing" in refused[-1]
    refused += [stage.grail("apply", "--to", "9", code=1), stage.grail("new", "x", code=1)]
    for mistake in (("--prefix", "user-", "--schema-version", "2"), ("--type", "user", "--schema-version", "1")):
        refused.append(stage.grail("new", "x", *mistake, code=1))
        assert "SCHEMA_VERSION" in refused[-1]
    assert not list((stage.folder / "migrations").glob("*_x.py"))
    assert all(line.count("\n") == 1 for line in refused), refused
    for arguments in (
        ("apply", "--max-units", "0"),
        ("apply", "--segments", "101"),
        ("new", "Bad Name", "--type", "x"),
        ("apply", "--to", "x"),
        (),
    ):
        assert stage.grail(*arguments, code=2).count("\n") == 1
    assert "nothing is lost or done twice" in stage.grail("apply", "--help")


def test_an_app_must_name_its_version_attribute(stage: Stage) -> None:
    """Without it, nothing would protect what others write."""
    models = stage.folder / "models.py"
    models.write_text(MODELS.replace('"version": "rev", ', ""))
    try:
        assert "names no `version`" in stage.grail("plan", code=1)
    finally:
        models.write_text(MODELS)
