"""What the functions ask of AWS, in every scenario there is, is what `.chalice/usage.json` says.

`python -m grail iam check` compares that with the policies. `RECORD=1 pytest tests/api/test_iam.py` writes it anew.
"""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from app import app
from chalicelib import bootstrap
from chalicelib.repositories import keys
from chalicelib.services.resources import RESOURCES
from chalicelib.settings import APP
from grail.iam import roles, usage
from grail.iam.recorder import Call
from grail.project import Project
from grail.stack import functions
from tests import emulators
from tests.recorded import Recorded
from tests.sample import sample
from tests.scenarios import ENDPOINTS, FILE, FIXTURES, SCENARIOS, document, form, look

PROJECT = Project(Path(__file__).resolve().parents[2])


def what_nothing_else_reaches(stage: Recorded) -> Iterator[None]:
    """Go by the routes that make no call worth a fault."""
    for path in ("/health", "/openapi.json", "/docs", "/docs/start.js", "/me", "/access/roles", "/access/roles/viewer"):
        assert stage("GET", path).status == 200
    for path in ("{principal}", "{token}"):
        assert stage("GET", FIXTURES[path](stage)).status == 200
    assert stage("GET", "/access/tokens").status == 200
    for name, kept in RESOURCES.items():
        assert stage("GET", f"/api/{name}").status == 200
        if kept.contents is not None:
            assert stage("GET", f"/api/{name}/{next(iter(kept.contents))}").status == 200
            continue
        body = sample(kept.shapes.new)
        path = stage("POST", f"/api/{name}", body).headers["Location"]
        answers = [stage(method, path, body).status for method in ("PUT", "PATCH")]
        assert [*answers, stage("GET", path).status, stage("DELETE", path).status] == [200, 200, 200, 204]
    yield


def what_an_owner_sees(stage: Recorded) -> Iterator[None]:
    """List what is somebody's own, which is in another index."""
    owner = FIXTURES["{person}"](stage)
    stage.become("*:read:own")
    kept = [f"/api/{name}" for name, kept in RESOURCES.items() if kept.contents is None]
    for path in ("/people", f"{owner}/orders", f"{owner}/documents", *kept):
        assert stage("GET", path).status in {200, 404}
    yield


def an_upload_can_not_be_noted(stage: Recorded) -> Iterator[None]:
    """Upload while the table does not answer: the queue tries again."""
    path = document(stage)
    stage.upload(form(stage, path), FILE)
    stage.outages.operations = {"update_item"}
    stage.step()
    stage.outages.operations = set()
    stage.pump()
    assert look(stage, path)["status"] == "stored"
    yield


ALL: dict[str, Callable[[Recorded], Iterator[None]]] = {
    **SCENARIOS,
    **{each.__name__: each for each in (what_nothing_else_reaches, what_an_owner_sees, an_upload_can_not_be_noted)},
}


class Recording(NamedTuple):
    """What all scenarios did together: the calls of AWS, the functions that ran, the routes that were reached."""

    calls: list[Call]
    ran: set[str]
    reached: set[tuple[str, str]]


@pytest.fixture
def stage(_moto: None) -> Iterator[tuple[str, str]]:
    """Create a stage, which each run empties."""
    yield emulators.create_stage()
    bootstrap.use(None)


def record(stage: tuple[str, str]) -> Recording:
    """Run every scenario, without faults; an endpoint's request comes twice."""
    recording = Recording([], set(), set())
    for name, scenario in ALL.items():
        platform = Recorded(stage)
        with emulators.on_clock(platform.clock):
            acts = scenario(platform)
            next(acts)
            if name in ENDPOINTS:
                platform.again()
            platform.pump()
            next(acts, None)
        recording.calls.extend(platform.calls)
        recording.ran.update(platform.ran)
        recording.reached.update(platform.reached)
    return recording


@cache
def asked(function: str) -> set[str]:
    """Return the condition keys that a function's policies ask for."""
    files = [roles.policy_files(PROJECT, stage, [function])[function] for stage in PROJECT.config["stages"]]
    return {key for file in files for key in roles.condition_keys(roles.policy(file))}


def test_what_the_functions_ask_of_aws_is_what_is_committed(stage: tuple[str, str]) -> None:
    """Every function runs, on every route; a call that is new, or gone, changes what the policies have to allow."""
    recording = record(stage)
    ran = {each.name for each in functions.of(app, name=APP, stage="dev")}
    assert ran == recording.ran, "let a scenario run each function, here or in tests/scenarios.py"
    routes = {(method, path) for path, methods in app.routes.items() for method in methods}
    assert routes == recording.reached, "let a scenario go by each route, here or in tests/scenarios.py"
    text = usage.text(usage.of(recording.calls, stage=stage[0], table=keys.TABLE, asked=asked))
    file = PROJECT.folder / usage.FILE
    if "RECORD" in os.environ:
        file.write_text(text)
    assert file.read_text() == text, "RECORD=1 .venv/bin/pytest tests/api/test_iam.py; python -m grail iam write"
