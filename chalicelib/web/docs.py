"""The API page: Swagger UI out of the Powertools package, with no call to any other host."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from chalicelib.errors import NotFoundError
from chalicelib.web import etags
from chalicelib.web.results import Document

AssetName = Annotated[str, StringConstraints(pattern=r"^[a-z.-]{1,40}$")]

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title>
<base href="{base}">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="docs/swagger-ui.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
"""Every address is relative to the API's root, so that it works behind a stage's prefix too."""

_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#page",
  deepLinking: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
});
"""


def page(path: str) -> Document:
    """Return the page, as asked for at a path: `/docs`, or `/docs/` which a gateway takes for the same."""
    base = "../" if path.endswith("/") else "./"
    return _document(_PAGE.format(base=base), "text/html; charset=utf-8", _POLICY)


@cache
def asset(name: str) -> Document:
    """Return a file that the page loads. Raises NotFoundError."""
    kind = name.rpartition(".")[2]
    match name:
        case "start.js":
            text = _START
        case "swagger-ui.js" | "swagger-ui.css":
            text = _packaged(name.replace("ui.js", "ui-bundle.min.js").replace("ui.css", "ui.min.css"))
        case _:
            what = "asset"
            raise NotFoundError(what, name)
    return _document(text, _TYPES[kind])


def _document(body: str, media_type: str, security_policy: str | None = None) -> Document:
    return Document(body, media_type, etags.of_text(body), security_policy)


def _packaged(name: str) -> str:
    """Read a file of Powertools' copy of Swagger UI, found without importing what stands around it."""
    spec = importlib.util.find_spec("aws_lambda_powertools")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name="aws_lambda_powertools")
    folder = Path(spec.origin).parent / "event_handler" / "openapi" / "swagger_ui"
    return (folder / name).read_text(encoding="utf-8")
