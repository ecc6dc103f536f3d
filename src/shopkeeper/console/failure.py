"""What a shopper reads where a page cannot be shown: too many requests, no such page, something that broke."""

from collections.abc import Mapping
from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from shopkeeper.console.desk import Desk
from shopkeeper.console.language import Words, choose
from shopkeeper.serve.failures import Refused

FOR_PROGRAMS = frozenset({"v1", "health", "metrics", "openapi.json"})
"""The first parts of the paths that answer in JSON."""
SAID: Mapping[int, str] = {404: "nowhere", 405: "nowhere", 408: "slow", 413: "too_large", 429: "busy", 503: "slow"}
"""The words of each status; any other means that something broke."""


def failure_page(request: Request, error: Refused) -> Response | None:
    """The refusal as a page in the visitor's language, with its status and headers; None where a program asks."""
    desk = cast(Desk, request.app.state.console)
    name = request.url.path.split("/")[1]
    by_people = "text/html" in request.headers.get("accept", "") or "hx-request" in request.headers
    if name in FOR_PROGRAMS or not (by_people or (name in desk.shops and error.status != 404)):
        return None
    words = Words(choose(request.cookies.get("language"), request.headers.get("accept-language", "")))
    said = SAID.get(error.status, "broken")
    seconds, number = error.headers.get("retry-after", ""), request.state.request_id
    help_text = words(f"error.{said}_help", seconds=seconds, number=number)
    back = f"/{name}/" if name in desk.shops else "/"
    page = desk.plain("error.html", words, error.status, title=words(f"error.{said}"), text=help_text, back=back)
    page.headers.update(error.headers)
    return page
