"""What differs from stage to stage. The only module that reads the environment, and only when asked."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

APP = "grail"
"""The app's name, as in `.chalice/config.json`: every resource's name starts with it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One stage's settings, read once.

    `stage` is the Chalice stage. `people_shards` is the number of partitions the list of people is spread over: it
    may only grow, since a person stays on the shard it was written to. `mocks_in_memory` keeps the `mocks` resource in
    this process, which only makes sense where there is one process.
    """

    stage: str
    people_shards: int
    mocks_in_memory: bool

    @property
    def table_name(self) -> str:
        """The one DynamoDB table's name; `grail.stack` derives the same from the app's and the stage's name."""
        return f"{APP}-{self.stage}"

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the environment that Chalice fills from `.chalice/config.json`; what is absent has dev's value.

        Raises ValueError for a value that is not what it must be.
        """
        environ = os.environ if environ is None else environ
        stage = environ.get("STAGE", "dev")
        shards = int(environ.get("PEOPLE_SHARDS", "1"))
        if shards < 1:
            message = f"PEOPLE_SHARDS must be 1 or more, not {shards}"
            raise ValueError(message)
        return cls(stage=stage, people_shards=shards, mocks_in_memory=stage == "dev")
