"""A Chalice app's folder, read as the Chalice CLI reads it.

What the app offers to `grail` stands in its pyproject.toml, as object references (`module:name`):

    [tool.grail]
    table = "chalicelib.repositories.keys:TABLE"   # the one table: key, indexes, ttl, stream; for `migrate`, the names
                                                   # of its version, and schema_version, type, tombstone if it has them
    queues = "chalicelib.repositories.queue:QUEUES"  # each queue's short name to what grail.stack.queues wants
    bucket = "chalicelib.repositories.objects:BUCKET"  # the one bucket: expire_days, cors; {} will do
    upgrades = "chalicelib.tools:UPGRADES"         # of each type, what takes an item from a schema version to the next
    token = "chalicelib.tools:token"               # token(role=, subject=) -> str, or ValueError, RuntimeError
    sample = "chalicelib.tools:sample"             # sample() -> None, harmless when done again
    openapi = "chalicelib.web.openapi:describe"    # describe(app) -> the OpenAPI 3.1 document, for the gateway's models
    access = "chalicelib.administration:Administration"  # what `python -m grail access` calls; it raises the same
    unseen = "tests.unseen:UNSEEN"                 # what its functions need that no request shows (grail.iam.unseen)

Each is optional.
"""

import importlib
import json
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from chalice.app import Chalice
from chalice.config import Config

from grail.errors import GrailError


@dataclass(frozen=True)
class Project:
    """The app in a folder."""

    folder: Path

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The contents of `.chalice/config.json`. Raises GrailError."""
        file = self.folder / ".chalice" / "config.json"
        try:
            config: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            message = f"{self.folder} is not a Chalice project: it has no .chalice/config.json"
            raise GrailError(message) from None
        except ValueError as error:
            message = f"{file} is not JSON: {error}"
            raise GrailError(message) from error
        stages = config.get("stages", {})
        if not isinstance(config.get("app_name"), str):
            message = f"{file} has no app_name"
            raise GrailError(message)
        if not isinstance(stages, dict) or not all(isinstance(stage, dict) for stage in stages.values()):
            message = f"{file}: stages is no object of objects"
            raise GrailError(message)
        return config

    @property
    def name(self) -> str:
        """The app's name."""
        return str(self.config["app_name"])

    def check_stage(self, stage: str) -> None:
        """Raise GrailError for a stage that the configuration does not have."""
        stages = self.config.get("stages", {})
        if stage not in stages:
            message = f"there is no stage {stage!r}; .chalice/config.json has {', '.join(stages)}"
            raise GrailError(message)

    def setting(self, stage: str, name: str) -> Any:  # noqa: ANN401 - whatever stands there
        """Return a setting of `.chalice/config.json` that is not Chalice's own, which overlooks names it doesn't know.

        As with Chalice's settings, a stage's goes before the one for all stages; None where there is neither.
        """
        return self.config.get("stages", {}).get(stage, {}).get(name, self.config.get(name))

    def enter(self, stage: str) -> None:
        """Set this process up as the Chalice CLI does before it imports the app: path and stage's environment."""
        self.check_stage(stage)
        if str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))
        os.environ.update(self.environment(stage))

    def environment(self, stage: str) -> dict[str, str]:
        """Return the environment variables of a stage, as the functions get them that have none of their own."""
        config = Config(chalice_stage=stage, config_from_disk=dict(self.config))
        return dict(config.environment_variables)

    @property
    def app(self) -> Chalice:
        """The Chalice app, of the stage that was entered: an app is imported for one stage."""
        app: Chalice = importlib.import_module("app").app
        return app

    def permissions(self) -> dict[str, bool]:
        """Return the permissions that the app's routes name, and whether some route knows owners (for `:own`).

        Sorted. The stage must be entered.
        """
        routes = self.app.routes.values()
        views = [route.view_function for methods in routes for route in methods.values()]
        found: dict[str, bool] = {}
        for view in views:
            permission = getattr(view, "permission", None)
            if permission is not None:
                found[permission] = found.get(permission, False) or bool(getattr(view, "owned", False))
        return dict(sorted(found.items()))

    def registered(self, name: str) -> Any:  # noqa: ANN401 - whatever the app registered
        """Return the object that the app registered under a name; None where it did not. Raises GrailError."""
        file = self.folder / "pyproject.toml"
        tables = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        reference = tables.get("tool", {}).get("grail", {}).get(name)
        if reference is None:
            return None
        module, _, attribute = str(reference).partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            message = f"pyproject.toml [tool.grail] {name} = {reference!r}: {error}"
            raise GrailError(message) from error
