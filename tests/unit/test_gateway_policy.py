"""The authorizer's policy: valid, small, and never in the way of what was granted."""

import json
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.access.gateway_policy import BUDGET, GatewayPolicy, Guarded
from chalicelib.models.permissions import EVERYTHING, NOTHING, Grants, Reach, parse
from grail.localcloud import policy

ARN = "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/api/GET/people"
API = "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/api"

ROUTES = [
    Guarded("GET", "/me", None, owned=False),
    Guarded("GET", "/people", "people:read", owned=True),
    Guarded("POST", "/people", "people:write", owned=True),
    Guarded("GET", "/people/{person_id}", "people:read", owned=True),
    Guarded("GET", "/people/{person_id}/orders", "orders:read", owned=True),
    Guarded("GET", "/access/roles", "access:audit", owned=False),
]
POLICY = GatewayPolicy(ROUTES)


def resources(grants: Grants, policies: GatewayPolicy = POLICY) -> list[str]:
    """Return what of each ARN follows the stage."""
    [statement] = policies.document(grants, arn=ARN)["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    return [arn.removeprefix("arn:aws:execute-api:*:*:abcdefghij/api/") for arn in statement["Resource"]]


@pytest.mark.parametrize(
    ("grants", "patterns"),
    [
        ("", ["GET/me"]),
        ("people:read", ["GET/me", "GET/people", "GET/people/*"]),
        ("people:read:own", ["GET/me", "GET/people", "GET/people/*"]),
        ("access:audit", ["GET/me", "GET/access/roles"]),
        ("access:audit:own", ["GET/me"]),
        ("*:read -people:read", ["GET/me", "GET/people/*/orders"]),
        ("people:write", ["GET/me", "POST/people"]),
    ],
)
def test_it_names_what_is_granted(grants: str, patterns: list[str]) -> None:
    """Method and path, a star for each parameter; `:own` passes where the route is owned."""
    assert sorted(resources(parse(grants))) == sorted(patterns)


def test_nothing_granted_is_a_policy_too() -> None:
    """A statement must name a resource; this one names none that there is."""
    policies = GatewayPolicy(ROUTES[1:])
    document = policies.document(NOTHING, arn=ARN)
    assert document["Statement"][0]["Resource"]
    assert not any(policy.allows(document, action="execute-api:Invoke", resource=arn_of(route)) for route in ROUTES)


@pytest.mark.parametrize("arn", [ARN, ARN.replace("arn:aws:", "arn:aws-cn:"), ARN.replace("/api/", "/$default/")])
def test_it_is_for_one_stage_of_one_api(arn: str) -> None:
    """Of whatever partition; no other API's and no other stage's methods."""
    document = POLICY.document(EVERYTHING, arn=arn)
    assert policy.allows(document, action="execute-api:Invoke", resource=arn)
    for other in (arn.replace("abcdefghij", "zyxwvutsrq"), re.sub(r"/(api|\$default)/", "/other/", arn)):
        assert not policy.allows(document, action="execute-api:Invoke", resource=other)


def arn_of(route: Guarded) -> str:
    """Return the ARN of a call of a route, with odd values for its parameters."""
    return f"{API}/{route.method}{re.sub('{[a-z_]+}', 'a.b-c', route.path)}"


NAMES = ["people", "orders", "documents", "access-keys", "a", "audit-log-entries", "x-y-z"]
ACTIONS = ["read", "write", "cancel"]


def some_routes(seed: int) -> list[Guarded]:
    """Return 300 routes, and one that API Gateway answers by itself."""
    chance = random.Random(seed)
    found: dict[tuple[str, str], Guarded] = {}
    while len(found) < 300:
        parts = [chance.choice([*NAMES, "{id}", "{other_id}"]) for _ in range(chance.randint(1, 5))]
        method, path = chance.choice(["GET", "POST", "PUT", "PATCH", "DELETE"]), "/" + "/".join(parts)
        permission = f"{chance.choice(NAMES)}:{chance.choice(ACTIONS)}"
        found[method, path] = Guarded(method, path, permission, owned=chance.random() < 0.5)
    return [Guarded("POST", "/inbox/take", "inbox:write", owned=False, direct=True), *found.values()]


APPS = st.builds(some_routes, st.integers(0, 2**32))
RULES = st.builds("{}:{}".format, st.sampled_from([*NAMES, "*"]), st.sampled_from([*ACTIONS, "*"]))
GRANTS = st.builds(
    Grants,
    st.frozensets(st.builds("{}{}".format, RULES, st.sampled_from(["", ":own"])), max_size=50),
    st.frozensets(RULES, max_size=5),
)


def granted(route: Guarded, grants: Grants) -> bool:
    """Tell what the handler would say."""
    reach = Reach.ANY if route.permission is None else grants.reach(route.permission)
    return reach is Reach.ANY or (route.owned and reach is Reach.OWN)


@given(APPS, st.lists(GRANTS, min_size=1, max_size=2), st.integers(600, BUDGET))
def test_of_300_routes_none_that_is_granted_is_refused(
    routes: list[Guarded], all_grants: list[Grants], room: int
) -> None:
    """In the room that there is, with every granted route let through; of a direct route just that is."""
    policies = GatewayPolicy(routes)
    for grants in all_grants:
        document = policies.document(grants, arn=ARN, room=room)
        assert len(json.dumps(document)) <= room
        for route in routes:
            allowed = policy.allows(document, action="execute-api:Invoke", resource=arn_of(route))
            assert allowed or not granted(route, grants), route
            assert allowed is granted(route, grants) or not route.direct, route


def test_a_policy_that_is_too_long_coarsens_by_path() -> None:
    """Whole branches become one pattern where all of them is granted, and the rest stays shut."""
    routes = [
        Guarded("GET", f"/{branch}/{number}", f"{branch}:read", owned=False)
        for branch in ("granted", "shut")
        for number in range(200)
    ]
    assert resources(parse("granted:read"), GatewayPolicy(routes)) == ["GET/granted/*"]


def test_a_coarse_pattern_never_opens_a_direct_route() -> None:
    """No function behind it would decide again, so it is denied by name."""
    routes = [Guarded("POST", f"/in/{number}", "all:write", owned=False) for number in range(200)]
    direct = Guarded("POST", "/in/box", "inbox:write", owned=False, direct=True)
    document = GatewayPolicy([*routes, direct]).document(parse("all:write"), arn=ARN)
    assert policy.allows(document, action="execute-api:Invoke", resource=arn_of(routes[0]))
    assert not policy.allows(document, action="execute-api:Invoke", resource=arn_of(direct))


def test_what_fits_is_exact() -> None:
    """Nothing is coarsened before it must be."""
    routes = [Guarded("GET", f"/all/{number}", "all:read", owned=False) for number in range(60)]
    assert len(resources(parse("all:read"), GatewayPolicy(routes))) == 60
