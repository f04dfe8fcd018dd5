"""A stage's roles: each function of the app, the file with its policy, and what it needs to be allowed."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalice.config import Config

from grail.errors import GrailError
from grail.iam import unseen, usage
from grail.iam.evaluator import statements
from grail.iam.needs import Need
from grail.project import Project
from grail.stack import data, functions


@dataclass(frozen=True)
class Role:
    """A function's: its policy stands in `file`."""

    function: str
    file: Path
    needs: tuple[Need, ...]


def of(project: Project, stage: str) -> list[Role]:
    """Return the roles of a stage, which must be entered. Raises GrailError."""
    config = Config(chalice_stage=stage, config_from_disk=dict(project.config))
    app = project.app
    if unknown := functions.unknown(app):
        message = (
            f"what {', '.join(sorted(unknown))} may do can't be checked: on_s3_event and WebSockets are not known here"
        )
        raise GrailError(message)
    found = {each.name: each for each in functions.of(app, name=project.name, stage=stage)}
    seen = usage.in_stage(usage.read(project.folder), stage)
    if unknown := seen.keys() - found.keys():
        message = f"{usage.FILE} has functions that the app has not: {', '.join(sorted(unknown))}"
        raise GrailError(message)
    table = data.table_name(project.name, stage)
    return [
        Role(
            name,
            file,
            (
                *seen.get(name, ()),
                *unseen.needs(found[name], config, table=table),
                *unseen.registered(project.registered("unseen") or (), name, stage),
            ),
        )
        for name, file in policy_files(project, stage, found).items()
    ]


def policy_files(project: Project, stage: str, names: Iterable[str]) -> dict[str, Path]:
    """Return the file that each function's policy stands in, as Chalice finds it. Raises GrailError."""
    config = Config(chalice_stage=stage, config_from_disk=dict(project.config))
    found: dict[str, Path] = {}
    for function in names:
        scoped = config.scope(stage, function)
        if scoped.autogen_policy:
            message = f"{function}: set autogen_policy to false in .chalice/config.json, or Chalice makes the policy up"
            raise GrailError(message)
        file = project.folder / ".chalice" / (scoped.iam_policy_file or f"policy-{stage}.json")
        if file in found.values():
            message = f"{function} has no policy of its own in stage {stage}: give it an iam_policy_file"
            raise GrailError(message)
        found[function] = file
    return found


def policy(file: Path) -> Mapping[str, Any]:
    """Return a policy; one that allows nothing where there is no file. Raises GrailError."""
    try:
        document: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        message = f"{file} is not JSON: {error}"
        raise GrailError(message) from error
    return document


def condition_keys(document: Mapping[str, Any]) -> set[str]:
    """Return the condition keys that a policy asks for."""
    return {
        key
        for statement in statements(document)
        for conditions in statement.get("Condition", {}).values()
        for key in conditions
    }
