"""A stage that is deployed directly, in a folder where the Chalice CLI can be run on it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grail.deploy import api, stacks, state
from grail.deploy.account import Account
from grail.deploy.mirror import Mirror, mirrored
from grail.localcloud.routes import UserPool
from grail.project import Project
from grail.stack import data, parts
from grail.stack.functions import Caller
from grail.stack.parts import Parts


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A stage of an app, in a mirror where the Chalice CLI can be run. `data` is the template of its data stack."""

    project: Project
    stage: str
    account: Account
    parts: Parts
    mirror: Mirror
    data: Mapping[str, Any]

    @property
    def bucket(self) -> str | None:
        """The stage's bucket; None where the app has none."""
        has_one = self.project.registered("bucket") is not None
        return data.bucket_name(self.project.name, self.stage) if has_one else None

    @property
    def local_record(self) -> Path:
        """Chalice's record of the stage in the project, which plain `chalice` reads."""
        return self.project.folder / ".chalice" / "deployed" / f"{self.stage}.json"

    def saved(self) -> list[state.Record]:
        """Return the record that is kept of the stage; only where there is none, the one in this folder."""
        there = [] if self.bucket is None else state.fetch(self.bucket, self.stage)
        return there or state.read(self.local_record)

    def find_api(self, saved: list[state.Record]) -> str | None:
        """Return the id of the stage's API; None where there is none."""
        handler = next((one.lambda_name for one in self.parts.functions if one.caller is Caller.API), None)
        return None if handler is None else api.find(saved, name=self.parts.name, handler=handler)


@contextmanager
def prepared(project: Project, stage: str, account: Account) -> Iterator[Prepared]:
    """Yield a stage; its data stack is there, where it needs one. Raises GrailError."""
    project.enter(stage)
    made = outputs(project, stage)
    of_users = users(made, account)
    os.environ.update(({"TABLE_STREAM_ARN": made["TableStreamArn"]} if "TableStreamArn" in made else {}) | of_users)
    found = parts.of(project, stage, project.app)
    of_data = data.template_of(
        project, stage, functions={function.logical: function.lambda_name for function in found.functions}
    )
    with mirrored(project, stage, variables=of_users, functions=[one.name for one in found.functions]) as mirror:
        yield Prepared(project=project, stage=stage, account=account, parts=found, mirror=mirror, data=of_data)


def outputs(project: Project, stage: str) -> dict[str, str]:
    """Return what the data stack says; nothing where none was made."""
    stack = stacks.data(project.name, stage)
    return stack.outputs() if stack.exists() else {}


def users(made: Mapping[str, str], account: Account) -> dict[str, str]:
    """Return what tells the app of the users that a data stack made."""
    if "UserPoolId" not in made:
        return {}
    return {
        "OIDC_ISSUER": UserPool(account.region, made["UserPoolId"]).issuer,
        "OIDC_AUDIENCE": made["UserPoolClientId"],
        "USER_POOL_ARN": made["UserPoolArn"],
    }
