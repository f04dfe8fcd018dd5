"""See and change who may do what."""

import argparse
import json
import sys
from typing import Any

from grail.arguments import Actions
from grail.errors import GrailError
from grail.project import Project
from grail.stage import entered
from grail.terminal import confirmed, print_table

NAME = "access"
EXAMPLE = "python -m grail access grant bob --role viewer"

Row = dict[str, Any]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    verb = Actions(parser)
    verb.common.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    verb.common.add_argument("--json", action="store_true", help="print JSON")
    verb.add("list", "List the principals and what they are given.", lambda store, *_: store.principals())
    verb.add("roles", "List the roles and what they give.", lambda store, *_: store.roles())
    verb.add("tokens", "List the service tokens.", lambda store, *_: store.tokens())
    verb.add("audit", "List who changed what, oldest first.", lambda store, *_: store.audit())
    show = verb.add("show", "Show what a principal can do, and why.", _show)
    grant = verb.add("grant", "Give a principal more, or deny it more.", _grant)
    revoke = verb.add("revoke", "Take from a principal what it was given; with nothing named, everything.", _revoke)
    bootstrap = verb.add(
        "bootstrap", "Make a stage's first admin.", lambda store, _, options: [store.bootstrap(options.principal)]
    )
    for declared in (show, grant, revoke, bootstrap):
        declared.add_argument("principal", help="such as bob, or user:<subject> for who signs in")
    for declared in (grant, revoke):
        declared.add_argument("--role", action="append", default=[], help="a role (may be repeated)")
        declared.add_argument("--permission", action="append", default=[], help="such as people:read, orders:*:own")
        declared.add_argument("--deny", action="append", default=[], help="a deny, which beats every grant")
    revoke.add_argument("--yes", action="store_true", help="do not ask before everything is taken")
    revoke_token = verb.add("revoke-token", "Revoke a service token.", _revoke_token)
    revoke_token.add_argument("token", help="its id, as `access tokens` lists it")


def run(options: argparse.Namespace) -> int:
    """Ask the app, with the stage's environment."""
    with entered(options.stage) as project:
        store = project.registered("access")
        if store is None:
            message = "the app has no permission store: pyproject.toml [tool.grail] names no `access`"
            raise GrailError(message)
        rows = options.act(store(), project, options)
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        print_table(rows)
    return 0


def _show(store: Any, project: Project, options: argparse.Namespace) -> list[Row]:  # noqa: ANN401 - the app's own
    """Show a principal's way to each permission that the app's routes name."""
    rows: list[Row] = store.show(options.principal, permissions=project.permissions())
    return rows


def _named(options: argparse.Namespace) -> dict[str, list[str]]:
    return {"roles": options.role, "grants": options.permission, "denies": options.deny}


def _grant(store: Any, project: Project, options: argparse.Namespace) -> list[Row]:  # noqa: ANN401 - the app's own
    if not any(_named(options).values()):
        message = "name what to give: --role, --permission or --deny"
        raise GrailError(message)
    rows = [store.grant(options.principal, **_named(options))]
    known = {part for permission in project.permissions() for part in permission.split(":")} | {"*"}
    for rule in (*options.permission, *options.deny):
        if not set(rule.split(":")[:2]) <= known:
            print(f"note: no route of this app needs {rule}", file=sys.stderr)
    return rows


def _revoke(store: Any, _: Project, options: argparse.Namespace) -> list[Row]:  # noqa: ANN401 - the app's own
    if any(_named(options).values()):
        return [store.revoke(options.principal, **_named(options))]
    if not options.yes and not confirmed(f"Take everything from {options.principal}, and from its tokens?"):
        message = "nothing was changed; to be asked nothing, say --yes"
        raise GrailError(message)
    store.remove(options.principal)
    return []


def _revoke_token(store: Any, _: Project, options: argparse.Namespace) -> list[Row]:  # noqa: ANN401 - the app's own
    store.revoke_token(options.token)
    return []
