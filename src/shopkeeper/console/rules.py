"""The merchant's rules: which hold, what is wrong with them, and a page with them beside the page without."""

from dataclasses import dataclass
from urllib.parse import urlencode

from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from shopkeeper.console.guest import Guest
from shopkeeper.console.query import Query
from shopkeeper.console.sections import Card, card
from shopkeeper.errors import NoVersion, RequestError, RuleError
from shopkeeper.flow.ask import ask
from shopkeeper.flow.hand import Serving
from shopkeeper.flow.leading import leading
from shopkeeper.flow.preview import Told, moment, preview, told
from shopkeeper.flow.shop import today
from shopkeeper.types import NEW_USER, Language, Page, Scene
from shopkeeper.understood import Redirect

PLACES = 12


class Tried(BaseModel):
    """What the merchant tries a page with. `text` is a draft; without it the rules that serve are tried."""

    q: str = Field("", max_length=200)
    scene: Scene = "search"
    user: str = Field("", max_length=200)
    language: Language = "en"
    at: str = Field("", max_length=40)
    text: str = Field("", max_length=1_000_000)
    sha256: str = Field("", max_length=64)
    act: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A product of one of both pages: `change` is new, gone, up, down or nothing, `places` how far, `rules` by what."""

    card: Card
    change: str = ""
    places: int = 0
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Beside:
    """Both pages."""

    ruled: tuple[Mark, ...]
    plain: tuple[Mark, ...]
    page: Page


@dataclass(frozen=True, slots=True)
class Rules:
    """What the page shows. `wrong` says why a draft, or the file, does not serve."""

    status: str
    wrong: str
    rules: tuple[Told, ...]
    text: str
    sha256: str
    zone: str
    tried: Tried
    beside: Beside | None


def rules(guest: Guest, tried: Tried, refused: str = "") -> Rules:
    """The rules that serve, and where a draft is tried the page with it; `refused` says why it was not saved."""
    hand = guest.shop.hand
    status, serving = hand.status, hand.now()
    wrong, drafted = status.message, bool(tried.act)
    beside, zone = None, serving.book.said.timezone
    text = tried.text.replace("\r\n", "\n") if drafted else _file(guest)
    try:
        draft = hand.checked(text) if drafted else serving
        zone = draft.book.said.timezone
        wrong = refused if drafted else wrong
        if tried.act == "try":
            beside = _beside(guest, tried, draft)
    except (RuleError, RequestError, NoVersion) as error:
        wrong = str(error)
    sha256 = tried.sha256 if drafted else hand.sha256()
    listed = tuple(told(serving, guest.shop.catalog, today()))
    return Rules(status.state, wrong, listed, text, sha256, zone, tried, beside)


def save(guest: Guest, tried: Tried) -> str:
    """Writes the merchant's text; why it was not written, where it cannot serve or the file was changed meanwhile."""
    try:
        guest.shop.hand.put(tried.text.replace("\r\n", "\n"), tried.sha256)
    except RuleError as error:
        return str(error)
    return ""


def led(guest: Guest, query: Query) -> Redirect | None:
    """Where the merchant sends who searches for this."""
    if not query.words or not guest.shop.hand.now().book.redirects:
        return None
    request = ask(
        guest.shop,
        scene="search",
        query=query.words,
        filters=query.filters(),
        user_id=guest.user_id,
        session_id=guest.session,
        language=guest.words.language,
    )
    return leading(guest.shop, request)


def onward(guest: Guest, redirect: Redirect) -> Response | None:
    """The answer that leads there; None for another site, to which a form may not lead: a page says where."""
    if redirect.to.startswith("http"):
        return None
    to = redirect.to or guest.url("search?" + urlencode({"q": redirect.search}))
    return RedirectResponse(to, 303)


def _file(guest: Guest) -> str:
    try:
        return guest.shop.hand.text()
    except RuleError:
        return ""  # the status says that it cannot be read


def _beside(guest: Guest, tried: Tried, serving: Serving) -> Beside:
    shop = guest.shop
    if tried.user and shop.folder.users.row(tried.user) == NEW_USER:
        raise RequestError(guest.words("rules.no_shopper", id=tried.user))
    request = ask(shop, scene=tried.scene, query=tried.q, user_id=tried.user, language=tried.language, k=PLACES)
    found = preview(shop, request, serving, moment(tried.at, serving.book.said.timezone) if tried.at else None)
    ruled = tuple(_mark(card(guest, row), place, before, by) for row, place, before, by in found.moved)
    gone = frozenset(found.gone)
    plain = tuple(Mark(card(guest, item.row), "gone" if item.row in gone else "") for item in found.plain.items)
    return Beside(ruled, plain, found.ruled)


def _mark(shown: Card, place: int, before: int | None, by: tuple[str, ...]) -> Mark:
    if before is None:
        return Mark(shown, "new", 0, by)
    moved = before - place
    return Mark(shown, "up" if moved > 0 else "down" if moved else "", abs(moved), by)
