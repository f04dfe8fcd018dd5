"""Measure what a migration costs: `python -m benchmarks.migrate`.

Each contestant, in a process of its own, makes the same change to every item of a table in a fresh embedded AWS, with
the same number of threads: Grail's engine, and a bare loop, a parallel scan with one conditional put per item. Counted
is the CPU time of the client and of the emulator, which others on the machine disturb less than the time on the clock.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from moto.dynamodb.models import dynamodb_backends

from benchmarks import command, turns
from grail.localcloud.moto_state import ACCOUNT
from grail.localcloud.server import listening
from grail.localcloud.services import REGION
from grail.migrate import change
from grail.migrate.engine import SEGMENTS, Engine
from grail.migrate.layout import Layout
from grail.migrate.ledger import Ledger
from grail.migrate.migration import read
from grail.migrate.pace import Pace
from grail.migrate.stage import CONFIG
from grail.migrate.values import stored
from grail.migrate.walk import PAGE
from grail.terminal import counted

_RESULTS = Path(__file__).parent / "results" / "migrate.json"
_SMALL, _LARGE = 10_000, 100_000
_LAYOUT = Layout("people", ("pk", "sk"), "version", "schema_version", "type")
_MIGRATION = read("0001_initial", b'"""Initials."""\nTYPE = "person"\nSCHEMA_VERSION = 2\n')
_BARE, _GRAIL = "a bare loop", "grail migrate"


def _item(number: int) -> dict[str, Any]:
    return {
        "pk": f"PERSON#{number:08}",
        "sk": "PROFILE",
        "type": "person",
        "version": 1,
        "schema_version": 1,
        "name": f"Person {number}",
        "email": f"person-{number}@example.com",
        "tags": ["a", "b"],
        "created_at": "2026-11-20T09:30:15.123456Z",
        "updated_at": "2026-11-20T09:30:15.123456Z",
    }


def _with_initial(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "initial": item["name"][0]}


def emulate(items: int) -> None:
    """Serve a table with items until a line is read; print the URL, then the CPU seconds that serving took."""
    with listening() as url:
        client = _client(url)
        client.create_table(
            TableName=_LAYOUT.table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in _LAYOUT.key],
        )
        table = dynamodb_backends[ACCOUNT][REGION].tables[_LAYOUT.table]
        for number in range(items):
            table.put_item(stored(_item(number)))
        began = time.process_time()
        print(url, flush=True)
        input()
        print(time.process_time() - began, flush=True)
        os._exit(0)  # at once: there is much to free one by one


def bare(url: str) -> None:
    """Change every item by a loop that anybody would write."""
    client = _client(url)

    def segment(number: int) -> None:
        start: dict[str, Any] = {}
        while True:
            page = client.scan(
                TableName=_LAYOUT.table,
                Segment=number,
                TotalSegments=SEGMENTS,
                Limit=PAGE,
                ConsistentRead=True,
                **start,
            )
            for item in page["Items"]:
                seen = item["version"]
                after = {
                    **item,
                    "initial": {"S": item["name"]["S"][0]},
                    "schema_version": {"N": "2"},
                    "version": {"N": str(int(seen["N"]) + 1)},
                }
                client.put_item(
                    TableName=_LAYOUT.table,
                    Item=after,
                    ConditionExpression="version = :seen",
                    ExpressionAttributeValues={":seen": seen},
                )
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    with ThreadPoolExecutor(SEGMENTS) as threads:
        list(threads.map(segment, range(SEGMENTS)))


def engine(url: str) -> None:
    """Change every item as `python -m grail migrate apply` does."""
    client = _client(url, CONFIG)
    wanted = change.of(_MIGRATION, change.UP, layout=_LAYOUT, upgrades={"person": [_with_initial]})
    ledger = Ledger(client, _LAYOUT, who="benchmark")
    runner = Engine(client, _LAYOUT, ledger, pace=Pace(keep=ledger.keep))
    with runner.locked():
        outcome = runner.perform(_MIGRATION, change.UP, wanted, tell=lambda _: None)
    assert outcome.is_done  # noqa: S101 - else the figures mean nothing


def _client(url: str, config: Config | None = None) -> Any:  # noqa: ANN401 - boto3's
    session = boto3.Session("testing", "testing", region_name=REGION)
    return session.client("dynamodb", endpoint_url=url, config=config)


def contest(work: Callable[[str], None], url: str) -> None:
    """Do the work; print the seconds of this process's CPU and of the clock, and its peak memory in MB."""
    began, cpu = time.perf_counter(), time.process_time()
    work(url)
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"clock": time.perf_counter() - began, "cpu": time.process_time() - cpu, "peak_mb": usage}))


def _run(name: str, items: int) -> dict[str, float]:
    """Return the figures of a contestant at a table of so many items."""
    command_line = [sys.executable, "-m", "benchmarks.migrate"]
    emulator = subprocess.Popen(
        [*command_line, "--emulate", str(items)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if emulator.stdin is None or emulator.stdout is None:
        raise OSError
    try:
        url = emulator.stdout.readline().strip()
        flag = "--bare" if name == _BARE else "--engine"
        done = subprocess.run([*command_line, flag, url], stdout=subprocess.PIPE, text=True, check=True)
        found: dict[str, float] = json.loads(done.stdout)
        emulator.stdin.write("\n")
        emulator.stdin.flush()
        found["emulator"] = float(emulator.stdout.readline())
    finally:
        emulator.kill()
        emulator.wait()
    return found


def _figures(runs: list[dict[str, float]], items: int) -> dict[str, float]:
    """Return the medians: microseconds per item, and MB."""
    micro = {name: statistics.median(run[name] for run in runs) * 1e6 / items for name in ("cpu", "clock", "emulator")}
    return {
        "all_us": round(statistics.median(run["cpu"] + run["emulator"] for run in runs) * 1e6 / items, 1),
        "client_us": round(micro["cpu"], 1),
        "clock_us": round(micro["clock"], 1),
        "peak_mb": round(statistics.median(run["peak_mb"] for run in runs), 1),
    }


def _ratio(runs: list[dict[str, float]], base: list[dict[str, float]]) -> float:
    """Return the median ratio of the CPU time, client's and emulator's, round by round."""
    pairs = zip(runs, base, strict=True)
    return round(
        statistics.median((one["cpu"] + one["emulator"]) / (two["cpu"] + two["emulator"]) for one, two in pairs), 3
    )


def _table(document: dict[str, Any]) -> str:
    lines = []
    for name, sizes in document["results"].items():
        for size, row in sizes.items():
            lines.append(
                (
                    name, f"{int(size):,}", f"{row['ratio']:.2f}", f"{row['all_us']:.0f}",
                    f"{row['client_us']:.0f}", f"{row['clock_us']:.0f}", f"{row['peak_mb']:.0f}",
                )
            )  # fmt: skip
    heads = ("contestant", "items", "times bare", "µs of CPU", "the client's", "µs on the clock", "peak MB")
    libraries = ", ".join(f"{name} {number}" for name, number in document["libraries"].items())
    made_with = f"Python {document['python']}, {libraries}; {document['machine']}; {document['date']}."
    return f"{command.table(heads, lines)}\nPer item; median of {counted(document['rounds'], 'round')}. {made_with}\n"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; return the exit code."""
    parser = command.parser("migrate", "Measure what a migration costs.", results=_RESULTS)
    parser.set_defaults(rounds=1)
    for flag, kind in (("--emulate", int), ("--bare", str), ("--engine", str)):
        parser.add_argument(flag, type=kind, help=argparse.SUPPRESS)  # for itself
    options = parser.parse_args(arguments)
    if options.emulate is not None:
        emulate(options.emulate)
    if options.bare or options.engine:
        contest(bare if options.bare else engine, options.bare or options.engine)
        return 0
    runs: dict[str, dict[int, list[dict[str, float]]]] = {name: {_SMALL: [], _LARGE: []} for name in (_BARE, _GRAIL)}
    try:
        command.check_writable(options.json)
        for turn in range(options.rounds):
            for items in (_SMALL, _LARGE):
                for name, found in runs.items():
                    print(f"round {turn + 1} of {options.rounds}: {name}, {items:,} items", file=sys.stderr)
                    found[items].append(_run(name, items))
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"python -m benchmarks.migrate: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    document = turns.facts_of_run(rounds=options.rounds, libraries=("boto3", "moto"))
    document["results"] = {
        name: {
            str(items): {"ratio": _ratio(found, runs[_BARE][items]), **_figures(found, items)}
            for items, found in sizes.items()
        }
        for name, sizes in runs.items()
    }
    command.report(options.json, document, _table(document))
    return 0


if __name__ == "__main__":
    sys.exit(main())
