"""What a stage is made of, by the names that its parts have in AWS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chalice.app import Chalice
from chalice.config import Config

from grail.project import Project
from grail.stack import data, event_sources, functions
from grail.stack.functions import Function
from grail.stack.known_settings import HTTP

_API_STAGE = "api"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A stage's parts. `name` is what all their names begin with.

    `api_stage` is the stage of its API, which may be an HTTP API; `queues` are queues' names to the seconds that all
    tries of a message take, `dead_letters` the names of those where nothing should be; `indexes` are the table's.
    """

    name: str
    functions: Sequence[Function] = ()
    api_stage: str | None = None
    is_http: bool = False
    queues: Mapping[str, int] = field(default_factory=dict)
    dead_letters: Sequence[str] = ()
    table: str | None = None
    indexes: Sequence[str] = ()


def api_stage(config: Config) -> str:
    """Return the name that an API has for its stage: the setting, or Chalice's default."""
    return str(config.api_gateway_stage or _API_STAGE)


def of(project: Project, stage: str, app: Chalice) -> Parts:
    """Return a stage's parts; the stage must be entered."""
    config = Config(chalice_stage=stage, config_from_disk=dict(project.config))
    found = functions.of(app, name=project.name, stage=stage)
    queues = project.registered("queues") or {}
    dead_letters = [data.dead_letters_name(project.name, stage, name) for name in queues]
    if any(map(event_sources.gives_up, found)):
        dead_letters.append(event_sources.failures_name(project.name, stage))
    table = project.registered("table")
    return Parts(
        name=f"{project.name}-{stage}",
        functions=found,
        api_stage=api_stage(config) if app.routes else None,
        is_http=project.setting(stage, "api_kind") == HTTP,
        queues={
            data.queue_name(project.name, stage, name): wanted["receives"] * wanted["visibility_seconds"]
            for name, wanted in queues.items()
        },
        dead_letters=dead_letters,
        table=None if table is None else data.table_name(project.name, stage),
        indexes=() if table is None else list(table["indexes"]),
    )
