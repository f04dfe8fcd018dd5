"""What gateway and handler together allow is exactly what the permission store says: nothing bleeds from path to path.

An IAM `*` also matches `/`, so a policy for `GET /people/*` would open `GET /people/1/orders` too.
"""

from collections import Counter
from collections.abc import Callable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from chalicelib import bootstrap
from chalicelib.access import gates
from chalicelib.models.admission import Admission
from chalicelib.models.caller import Caller
from chalicelib.models.fields import View
from chalicelib.models.principals import PrincipalNew
from chalicelib.models.roles import RoleNew
from chalicelib.models.tokens import TokenNew
from chalicelib.repositories.memory import MemoryTable
from chalicelib.settings import Settings
from chalicelib.web.api import Api
from chalicelib.web.context import Context
from chalicelib.web.endpoint import endpoint
from tests.front import Front

# Paths that begin alike, end alike, and differ in one part that is a parameter in one of them.
PATHS = [
    "/a",
    "/a/{x}",
    "/a/b",
    "/a/{x}/b",
    "/a/b/b",
    "/a/{x}/b/{y}",
    "/a-b",
    "/a-b/{x}",
    "/b",
    "/b/{x}",
    "/b/a",
    "/b/{x}/a",
]
METHODS = ["GET", "PUT", "DELETE"]
RESOURCES, ACTIONS = ["a", "b", "a-b"], ["read", "write"]
ADMIN = Caller("admin")

permissions = st.builds("{}:{}".format, st.sampled_from(RESOURCES), st.sampled_from(ACTIONS))
routes = st.dictionaries(
    st.tuples(st.sampled_from(PATHS), st.sampled_from(METHODS)), st.tuples(permissions, st.booleans()), min_size=8
)
rules = st.builds("{}:{}".format, st.sampled_from([*RESOURCES, "*"]), st.sampled_from([*ACTIONS, "*"]))
grants = st.lists(st.builds("{}{}".format, rules, st.sampled_from(["", ":own"])), max_size=4)
denies = st.lists(rules, max_size=2)

Declared = Mapping[tuple[str, str], tuple[str, bool]]
"""The permission of each path and method, and whether `:own` is enough to come in."""


class Told(View):
    """What every route answers: whether its caller reaches only what is theirs."""

    confined: bool


def _views() -> list[Callable[..., Told]]:
    """Return a function for each number of path parameters."""

    def no_parameter(ctx: Context) -> Told:
        """Tell."""
        return Told(confined=ctx.caller.only_own)

    def one_parameter(x: str, ctx: Context) -> Told:
        """Tell."""
        return Told(confined=ctx.caller.only_own and bool(x))

    def two_parameters(x: str, y: str, ctx: Context) -> Told:
        """Tell."""
        return Told(confined=ctx.caller.only_own and bool(x + y))

    return [no_parameter, one_parameter, two_parameters]


def make_app(declared: Declared, services: bootstrap.Services) -> Api:
    """Return an app with these routes, behind the real decision."""
    app = Api("bleed")

    @gates.authorizer(app, Settings.read({}))
    def gate(authorization: str) -> Admission:
        """Tell who is calling."""
        return services.credentials.admit(authorization)

    for number, ((path, method), (permission, owned)) in enumerate(declared.items()):
        view = _views()[path.count("{")]
        app.route(path, methods=[method], authorizer=gate, name=f"view{number}")(
            endpoint(permission, owned=owned)(view)
        )
    return app


def said(permission: str, owned: bool, allowed: list[str], denied: list[str]) -> str:  # noqa: FBT001 - a route's flag
    """Return what the store says, by its definition and not by our code."""
    resource, action = permission.split(":")

    def covers(rule: str) -> bool:
        parts = rule.split(":")
        return parts[0] in {"*", resource} and parts[1] in {"*", action}

    if any(covers(rule) for rule in denied):
        return "refused"
    covering = [rule for rule in allowed if covers(rule)]
    if any(not rule.endswith(":own") for rule in covering):
        return "all"
    return "own" if covering and owned else "refused"


STOPPED: Counter[str] = Counter()


@given(routes, grants, denies)
def _together_they_are_the_store(declared: Declared, allowed: list[str], denied: list[str]) -> None:
    services = bootstrap.build(Settings.read({}), table=MemoryTable())
    if allowed:
        services.roles.put("some", RoleNew(permissions=allowed), expected=None, caller=ADMIN)
    given_roles = ["some"] if allowed else []
    services.roles.put("none", RoleNew(permissions=["no:thing"]), expected=None, caller=ADMIN)
    services.principals.put(
        "bob", PrincipalNew(roles=[*given_roles, "none"], denies=denied), expected=None, caller=ADMIN
    )
    body = TokenNew(principal="bob", roles=[*given_roles, "none"])
    token = services.tokens.create(body, once=None, caller=ADMIN).entity.secret
    front = Front(make_app(declared, services))
    for (path, method), (permission, owned) in declared.items():
        front.called.clear()
        answer = front(method, path.replace("{x}", "7").replace("{y}", "b"), token=token)
        found = "refused" if answer.status == 403 else "own" if answer.body["confined"] else "all"
        assert found == said(permission, owned, allowed, denied), (method, path, permission)
        if found == "refused":
            STOPPED["handler" if "api_handler" in front.called else "gateway"] += 1
        else:
            STOPPED["nobody"] += 1


def test_gateway_and_handler_together_allow_what_the_store_says(figure: Callable[[str], None]) -> None:
    """For routes whose paths are prefixes and look-alikes of each other, and any grants and denies."""
    _together_they_are_the_store()
    figure(
        f"of {STOPPED.total()} generated calls the gateway's policy stopped {STOPPED['gateway']}, the handler "
        f"{STOPPED['handler']}, and {STOPPED['nobody']} were to be let in"
    )
    assert min(STOPPED.values()) > 0
    assert len(STOPPED) == 3


def test_without_the_handler_it_would_bleed() -> None:
    """The policy of whoever may read a thing lets through to what hangs on it; the handler does not."""
    services = bootstrap.build(Settings.read({}), table=MemoryTable())
    services.principals.put("bob", PrincipalNew(roles=["viewer"], denies=["b:read"]), expected=None, caller=ADMIN)
    token = services.tokens.create(TokenNew(principal="bob", roles=["viewer"]), once=None, caller=ADMIN).entity.secret
    declared = {("/a/{x}", "GET"): ("a:read", False), ("/a/{x}/b", "GET"): ("b:read", False)}
    front = Front(make_app(declared, services))
    assert front("GET", "/a/1", token=token).status == 200
    front.called.clear()
    assert front("GET", "/a/1/b", token=token).status == 403
    assert "api_handler" in front.called
