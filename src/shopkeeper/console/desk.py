"""What all pages share: the shops, the templates, the visitors' memory, and the headers every page carries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from shopkeeper.console import static
from shopkeeper.console.guest import Guest
from shopkeeper.console.language import LANGUAGES, Words
from shopkeeper.console.shelf import Shelves
from shopkeeper.console.shoppers import Directory
from shopkeeper.console.visits import Visits
from shopkeeper.flow.shop import Shop

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Cookie, Accept-Language, HX-Request",
}


class Desk:
    """Shared by all pages of one app."""

    def __init__(self, shops: Mapping[str, Shop]) -> None:
        self.shops = shops
        self.visits = Visits(held=lambda shop, user_id: shops[shop].folder.users.row(user_id) >= 0)
        self.directory = Directory()
        self.templates = environment()
        self.shelves = Shelves()

    def page(self, guest: Guest, template: str, status: int = 200, **view: Any) -> HTMLResponse:
        """A page, or a part of one, for this visitor; the cookies are written back."""
        text = self.templates.get_template(template).render(
            guest=guest, shop=guest.shop, t=guest.words, languages=LANGUAGES, **view
        )
        response = HTMLResponse(text, status, HEADERS)
        guest.remember(response)
        return response

    def plain(self, template: str, words: Words, status: int = 200, **view: Any) -> HTMLResponse:
        """A page outside any shop."""
        text = self.templates.get_template(template).render(guest=None, t=words, shops=self.shops, **view)
        return HTMLResponse(text, status, HEADERS)


def environment() -> Environment:
    """The templates, escaping everything, refusing names that do not exist."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = static.url
    made.globals["language_words"] = {language: Words(language) for language in LANGUAGES}
    made.filters["segment"] = lambda text: quote(str(text), safe="")
    made.filters["query"] = urlencode
    return made
