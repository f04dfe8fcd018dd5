"""What functions ask of AWS, noted as each request is signed: presigned forms and links too, which others send.

    recorder.install()                                  # before any client is made; botocore is told once
    with recorder.calling("on_event", noted.append):    # around an invocation of a function
        app.handler_map["on_event"](event, context)

What a function does in threads of its own is its own only if they run in a copy of its context (`contextvars`).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import botocore
from botocore import handlers

from grail.iam.requests import Request


class Call(NamedTuple):
    """A request, and the function that made it, by its name in `.chalice/config.json`."""

    function: str
    request: Request


_PARAMETERS = "grail_parameters"
_FORM = "s3-presign-post-policy"
"""Where botocore keeps the policy of the form that it signs."""

_calling: ContextVar[Callable[[Request], None] | None] = ContextVar("calling", default=None)


def install() -> None:
    """Have botocore tell of every request, of all sessions that are made from now on."""
    hooks = [("before-parameter-build", _keep_parameters), ("before-sign", _note)]
    if hooks[0] not in handlers.BUILTIN_HANDLERS:
        handlers.BUILTIN_HANDLERS += hooks


@contextmanager
def calling(function: str, note: Callable[[Call], object]) -> Iterator[None]:
    """Note what a function asks of AWS while the block runs; a block within notes its own."""

    def take(request: Request) -> None:
        note(Call(function, request))

    token = _calling.set(take)
    try:
        yield
    finally:
        _calling.reset(token)


def _keep_parameters(params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
    """Keep what the operation was called with, where its signature will be made."""
    context[_PARAMETERS] = params


def _note(
    request: Any,  # noqa: ANN401 - botocore's
    *,
    operation_name: str,
    signing_name: str,
    signature_version: object,
    **_: object,
) -> None:
    take = _calling.get()
    if take is None or signature_version is botocore.UNSIGNED:  # who does not sign is nobody to IAM
        return
    form = request.context.get(_FORM)
    parameters = request.context[_PARAMETERS] if form is None else _of_form(form["conditions"])
    take(Request(signing_name, operation_name, parameters))


def _of_form(conditions: list[Any]) -> dict[str, str]:
    """Return bucket and key that a form's policy allows; a key may go on as whoever fills it in likes."""
    found: dict[str, str] = {}
    for condition in conditions:
        if isinstance(condition, dict):
            found |= {name.capitalize(): value for name, value in condition.items() if name in {"bucket", "key"}}
        elif condition[:2] == ["starts-with", "$key"]:
            found["Key"] = f"{condition[2]}*"
    return found
