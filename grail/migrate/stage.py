"""A stage as migrations see it: its table, its bucket, the checkout's folder and models."""

import getpass
import os
import socket
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from grail.migrate import change, folder, sequence
from grail.migrate.change import Change, Upgrades
from grail.migrate.layout import Layout
from grail.migrate.ledger import Ledger
from grail.migrate.migration import Entry, Migration
from grail.migrate.store import Store
from grail.project import Project
from grail.stack import data

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 8},
    max_pool_connections=100,
    parameter_validation=False,  # what is sent is made here, and AWS validates it too
)


@dataclass(frozen=True)
class Stage:
    """A stage of an app. `upgrades` are its models'."""

    layout: Layout
    store: Store
    folder: Path
    upgrades: Upgrades

    @classmethod
    def of(cls, project: Project, stage: str, *, table: str | None, bucket: str | None) -> "Stage":
        """Return a project's stage, which must be entered. Table and bucket are the stage's own, unless told."""
        upgrades: Upgrades | None = project.registered("upgrades")
        return cls(
            layout=Layout.read(project.registered("table"), table=table or data.table_name(project.name, stage)),
            store=Store(boto3.client("s3"), bucket=bucket or data.bucket_name(project.name, stage)),
            folder=project.folder,
            upgrades=upgrades or {},
        )

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """A client, which tries again by itself what may pass."""
        return boto3.client("dynamodb", config=CONFIG)

    def ledger(self) -> Ledger:
        """Return the ledger, as it is now."""
        ledger = Ledger(self.dynamodb, self.layout, who=f"{getpass.getuser()}@{socket.gethostname()} ({os.getpid()})")
        ledger.read()
        return ledger

    def entries(self, ledger: Ledger) -> list[Entry]:
        """Return the store's list, once it is certain that it goes with what was applied. Raises GrailError."""
        entries = self.store.entries()
        sequence.check(entries, applied=ledger.settled)
        return entries

    def push(self) -> list[Entry]:
        """Store the folder's files; return those that were not there. Raises GrailError for what can't follow."""
        local = folder.files(self.folder)
        stored = self.store.listing()
        entries = sequence.merged(stored.entries, [migration.entry for migration in local])
        sequence.check(entries, applied=self.ledger().settled)
        mine = {migration.entry: migration for migration in local}
        sequence.check_schemas([mine.get(entry) or self.store.fetch(entry) for entry in entries])
        new = [migration for migration in local if migration.entry not in stored.entries]
        self.store.push(new, entries=entries, since=stored)
        return [migration.entry for migration in new]

    def pull(self) -> list[Path]:
        """Write the store's files that are not in the folder; return them. Raises GrailError where one differs."""
        return folder.bring(self.folder, [self.store.fetch(entry) for entry in self.store.entries()])

    def change(self, migration: Migration, direction: str) -> Change:
        """Return what a migration does to an item. Raises GrailError where it can't."""
        return change.of(migration, direction, layout=self.layout, upgrades=self.upgrades)
