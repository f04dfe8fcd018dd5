"""One type, four judges: the gateway's model, the handler, the OpenAPI schema and the served API, of the same bodies.

The gateway may let through what the handler refuses. It must never refuse what the handler takes.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator, validators

from app import app
from chalicelib import bootstrap
from chalicelib.web import bodies, openapi
from chalicelib.web.problems import ProblemError
from grail.stack import operations
from grail.stack.schemas import definitions
from tests import instances
from tests.front import Front
from tests.unit.test_matrix import USER, World, credentials

DOCUMENT = openapi.describe(app)
SCHEMAS: Mapping[str, Any] = DOCUMENT["components"]["schemas"]
MODELS = definitions(DOCUMENT)
BODIES = {
    endpoint.body.__name__: (path, method)
    for (path, method), (endpoint, *_) in app.operations.items()
    if endpoint.body is not None
}
"""A route for each model of a body."""


def _matches(validator: Any, pattern: str, text: object, _: Any) -> Iterator[Any]:
    """Match as ECMA 262 does without its flag `u`: on UTF-16, `$` at the very end only."""
    if isinstance(text, str):
        halves = text.encode("utf-16-le", "surrogatepass")
        units = "".join(chr(halves[at] + 256 * halves[at + 1]) for at in range(0, len(halves), 2))
        assert "$" not in re.sub(r"\[[^\]]*\]|\\.", "", pattern.removesuffix("$")), f"where does {pattern} end?"
        if not re.search(re.sub(r"\$$", r"\\Z", pattern), units):
            yield from validator.descend(text, {"not": {}})


Ecma: Any = validators.extend(Draft4Validator, {"pattern": _matches})


def model_of(path: str, method: str) -> dict[str, Any]:
    """Return the model of a method's body as the template has it, with all that it refers to."""
    described = operations.described(DOCUMENT["paths"][path][method.lower()])
    [body] = [parameter for parameter in described["parameters"] if parameter["in"] == "body"]
    return {**body["schema"], "definitions": MODELS}


class Judges:
    """What each says of a body."""

    def __init__(self, name: str) -> None:
        self.path, self.method = BODIES[name]
        self.endpoint = app.operations[self.path, self.method].endpoint
        model = model_of(self.path, self.method)
        self.gateways = [Draft4Validator(model), Ecma(model)]
        request = DOCUMENT["paths"][self.path][self.method.lower()]["requestBody"]
        self.schema = request["content"][self.endpoint.media_types[0]]["schema"]
        self.openapi = Draft202012Validator({**self.schema, "components": DOCUMENT["components"]})

    def handler(self, text: str) -> bool:
        """Tell whether the handler reads a body."""
        assert self.endpoint.body is not None
        try:
            bodies.read(text, "application/json", self.endpoint.body, self.endpoint.media_types)
        except ProblemError:
            return False
        return True


def made(judges: Judges) -> st.SearchStrategy[Any]:
    """Return bodies of a judge's model, some of them good."""
    good, bad = (make(judges.schema, SCHEMAS) for make in (instances.valid, instances.nearly_valid))
    return good | bad


COUNTS: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _counted(figure: Callable[[str], None]) -> Iterator[None]:
    yield
    refused, caught = COUNTS["refused"], COUNTS["caught"]
    if refused:
        figure(
            f"gateway models: of {COUNTS['bodies']} bodies, the handler refused {refused}, {caught / refused:.1%} of "
            f"which the gateway had; of {COUNTS['bodies'] - refused} that it took, the gateway refused none"
        )


@pytest.mark.parametrize("name", BODIES)
def test_the_gateway_refuses_nothing_that_the_handler_takes(name: str) -> None:
    """Nor does the OpenAPI document."""
    judges = Judges(name)

    @given(instances.written(made(judges)))
    @settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
    def judge(text: str) -> None:
        body = json.loads(text)
        taken, documented = judges.handler(text), judges.openapi.is_valid(body)
        let_through = [gateway.is_valid(body) for gateway in judges.gateways]
        assert (documented and all(let_through)) or not taken, (text, documented, let_through)
        COUNTS["bodies"] += 1
        COUNTS["refused"] += not taken
        COUNTS["caught"] += not taken and not all(let_through)

    judge()


@pytest.mark.parametrize("name", BODIES)
def test_valid_bodies_are_taken_by_all(name: str) -> None:
    """What is made from the schema is taken by all four, so that the bodies above are not all refused anyway."""
    judges = Judges(name)
    taken: Counter[bool] = Counter()

    @given(instances.valid(judges.schema, SCHEMAS))
    @settings(max_examples=25, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
    def judge(body: Any) -> None:
        assert judges.openapi.is_valid(body)
        assert all(gateway.is_valid(body) for gateway in judges.gateways)
        taken[judges.handler(json.dumps(body))] += 1

    judge()
    assert taken[True] >= 20


@pytest.mark.parametrize("name", BODIES)
def test_the_served_api_says_what_the_handler_says(name: str) -> None:
    """Behind the local gateway, a body that is refused is 400 or 413, and one that is taken is not."""
    judges = Judges(name)
    world = World()
    token = next(token for kind, token in credentials(world, judges.endpoint) if kind == "right permission")
    bootstrap.use(world.services)
    path = world.path(judges.path, USER)
    front = Front(app)

    @given(made(judges))
    @settings(max_examples=15, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
    def judge(body: Any) -> None:
        if body is None:
            return  # the front sends none
        answer = front(judges.method, path, token=token, body=body)
        assert answer.status < 500, answer
        assert (answer.status in {400, 413}) == (not judges.handler(json.dumps(body))), (answer, body)

    judge()
    bootstrap.use(None)
