"""CORS on what API Gateway answers by itself.

A mock's or an integration's answer may run a template, which names the caller's origin of several. A gateway response
knows constants only. Its words are the same for everyone, so where there are several origins it lets any page read
them; unless pages send credentials, with which `*` is void: then only the first origin's may.
"""

from collections.abc import Mapping

from grail.localcloud.cors import Cors

_ORIGIN = "Access-Control-Allow-Origin"
_CREDENTIALS = "Access-Control-Allow-Credentials"


def constant_headers(cors: Cors | None) -> dict[str, str]:
    """Return the headers of a gateway response."""
    if cors is None:
        return {}
    if _may_differ(cors) and _CREDENTIALS not in cors.headers:
        return {**cors.headers, _ORIGIN: "*"}
    return dict(cors.headers)


def headers(cors: Cors | None) -> dict[str, str]:
    """Return the headers of an answer that also runs `template`: they name the first origin, of several."""
    if cors is None:
        return {}
    return {**cors.headers, "Vary": "Origin"} if _may_differ(cors) else dict(cors.headers)


def template(cors: Cors | None) -> str:
    """Return the part of a response template that names the caller's origin, where it is another than the first."""
    if cors is None or not _may_differ(cors):
        return ""
    others = sorted((cors.origins or frozenset()) - {cors.headers[_ORIGIN]})
    known = " || ".join(f"$origin == '{origin}'" for origin in others)
    # Over HTTP/2 the names of headers are in lower case, and here their case counts.
    return (
        "#set($origin = $input.params('Origin'))"
        "#if($origin == '')#set($origin = $input.params('origin'))#end"
        f"#if({known})#set($context.responseOverride.header.{_ORIGIN} = $origin)#end"
    )


def parameters(place: str, constant: Mapping[str, str]) -> dict[str, str]:
    """Return a mapping of headers with constant values, and of the request's id."""
    found = {f"{place}.header.{name}": f"'{value}'" for name, value in constant.items()}
    return found | {f"{place}.header.X-Request-Id": "context.requestId"}


def _may_differ(cors: Cors) -> bool:
    return cors.origins is not None and len(cors.origins) > 1
