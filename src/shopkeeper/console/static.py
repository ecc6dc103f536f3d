"""The files that pages refer to, each at an address that changes with its content."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.responses import Response

from shopkeeper.errors import RequestError

PREFIX = "/_static"
"""No shop's name can begin with an underscore, so no shop is hidden."""
_FOLDER = Path(__file__).parent / "static"
_KINDS = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css", ".txt": "text/plain"}
_FILES = {path.name: path for path in sorted(_FOLDER.iterdir()) if path.suffix in _KINDS}
"""Looked up by name, never built from it."""


@cache
def url(name: str) -> str:
    """The address of a static file, with the hash of its content."""
    digest = hashlib.sha256((_FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"{PREFIX}/{name}?v={digest}"


def respond(name: str) -> Response:
    """The file itself, to be kept by browsers for a year. Raises RequestError for a name that is not there."""
    path = _FILES.get(name)
    if path is None:
        raise RequestError(f"no static file '{name[:64]}'. There are: {', '.join(_FILES)}.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(path.read_bytes(), media_type=_KINDS[path.suffix], headers=headers)
