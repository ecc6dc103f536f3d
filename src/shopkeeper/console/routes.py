"""The addresses of the pages. Each route enters, acts, and shows; the work stands in the modules it calls."""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Annotated, Any, cast
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, FastAPI, Form, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shopkeeper.console import static
from shopkeeper.console.basket import basket, check_out, lines_of, put_in, set_quantity
from shopkeeper.console.cart import Cart
from shopkeeper.console.desk import Desk
from shopkeeper.console.failure import FOR_PROGRAMS, failure_page
from shopkeeper.console.guest import Guest, KeyNeeded, Merchant, Sender, Visitor, enter_as_merchant, inside
from shopkeeper.console.home import home
from shopkeeper.console.interview import learnt_tastes, liked, sitting, take
from shopkeeper.console.language import LANGUAGES, Words, choose
from shopkeeper.console.merchant import counter, report
from shopkeeper.console.objectives import Tried as Weight
from shopkeeper.console.objectives import objectives
from shopkeeper.console.product import product
from shopkeeper.console.query import Address
from shopkeeper.console.rules import Tried, led, onward, rules, save
from shopkeeper.console.search import search
from shopkeeper.console.sections import card, section
from shopkeeper.console.shoppers import shopper
from shopkeeper.console.visits import session_of
from shopkeeper.console.why import waterfall
from shopkeeper.errors import RequestError, UnknownProduct, UnknownShop
from shopkeeper.flow.completing import complete
from shopkeeper.flow.self_portrait import correct, take_out
from shopkeeper.flow.shop import Shop
from shopkeeper.portrait import LONGEST_NAME, Refused, Trait
from shopkeeper.types import SORTS

LAST_PLACE = 10_000
"""No page has a place beyond; a number without bounds would not fit into the log."""
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """Turns what people may do wrong into a page in their language."""

    def get_route_handler(self) -> Handler:
        """The route's handler with readable failures."""
        handle = super().get_route_handler()

        async def readable(request: Request) -> Response:
            try:
                return await handle(request)
            except (RequestError, RequestValidationError) as error:
                if request.path_params.get("shop") in FOR_PROGRAMS:  # /v1 and nothing behind it
                    raise HTTPException(404) from error
                return _sorry(request, error)

        return readable


router = APIRouter(route_class=PageRoute, include_in_schema=False)


def mount(app: FastAPI, shops: Mapping[str, Shop]) -> None:
    """Adds the storefront of these shops to the app."""
    app.state.console = Desk(shops)
    app.include_router(router)
    app.state.failure_page = failure_page


@router.get("/")
def shops_page(request: Request) -> Response:
    """The shops, or the shop where there is one."""
    desk = _desk(request)
    if len(desk.shops) == 1:
        return RedirectResponse(f"/{next(iter(desk.shops))}/", 307)
    return desk.plain("shops.html", _words(request))


@router.get(static.PREFIX + "/{name}")
def static_file(name: str) -> Response:
    """A stylesheet, a script or a drawing."""
    return static.respond(name)


@router.get("/{shop}", response_class=RedirectResponse)
def shop_page(guest: Visitor) -> Response:
    """The shop without its slash."""
    return RedirectResponse(guest.url(), 307)


@router.get("/{shop}/")
def home_page(guest: Visitor) -> Response:
    """The home feed."""
    return _desk(guest.request).page(guest, "home.html", home=home(guest))


@router.get("/{shop}/search")
def search_page(guest: Visitor, asked: Annotated[Address, Query()]) -> Response:
    """Results for words, filters, an order and a page; or where the merchant leads who asks this."""
    query = asked.query()
    if (leads := led(guest, query)) is not None:
        page = partial(_desk(guest.request).page, guest, "leads.html", words=query.words, to=leads.to)
        return onward(guest, leads) or page()
    return _desk(guest.request).page(guest, "search.html", results=search(guest, query), sorts=SORTS)


@router.get("/{shop}/suggest")
def suggest_part(guest: Visitor, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Completions of what is being typed, as options of a list."""
    open_for = q.strip() and guest.shop.version
    found = complete(guest.shop, q, 8, guest.user_id, guest.session) if open_for else []
    return _desk(guest.request).page(guest, "_suggestions.html", suggestions=found, typed=q)


@router.get("/{shop}/product/{product_id:path}")
def product_page(
    guest: Visitor, product_id: str, r: str = "", p: Annotated[int | None, Query(ge=0, le=LAST_PLACE)] = None
) -> Response:
    """A product; `r` and `p` say from which page and place the visitor came."""
    shown = product(guest, product_id, r[:64], p)
    return _desk(guest.request).page(guest, "product.html", shown=shown)


@router.get("/{shop}/why/{request_id}/{position}")
def why_page(guest: Visitor, request_id: str, position: int) -> Response:
    """Why a product stands where it stands."""
    page = guest.visits.page(guest.session, request_id)
    item = next((each for each in page.items if each.position == position), None) if page else None
    view: dict[str, Any] = {"item": None}
    if page and item:
        view = {"item": item, "page": page, "card": card(guest, item.row), "bars": waterfall(item.explanation)}
    template = "_why.html" if guest.by_script else "why.html"
    return _desk(guest.request).page(guest, template, 200 if item else 404, **view)


@router.get("/{shop}/cart")
def cart_page(guest: Visitor) -> Response:
    """The cart."""
    return _desk(guest.request).page(guest, "cart.html", basket=basket(guest))


@router.post("/{shop}/cart")
def cart_add(
    guest: Sender,
    product_id: Annotated[str, Form()],
    quantity: Annotated[int, Form(ge=1, le=99)] = 1,
    request_id: Annotated[str, Form(max_length=64)] = "",
    position: Annotated[int | None, Form(ge=0, le=LAST_PLACE)] = None,
) -> Response:
    """Puts a product into the cart and says what goes with it."""
    put_in(guest, product_id, quantity, request_id, position)
    if not guest.by_script:
        return _onward(guest, _back(guest))
    beside = section(guest, "cart", "added", product_ids=tuple(guest.cart.lines)[-12:], k=3)
    added = card(guest, guest.shop.row(product_id))
    return _desk(guest.request).page(guest, "_added.html", added=added, beside=beside)


@router.post("/{shop}/dismiss")
def dismiss(
    guest: Sender,
    product_id: Annotated[str, Form()],
    request_id: Annotated[str, Form(max_length=64)] = "",
    position: Annotated[int | None, Form(ge=0, le=LAST_PLACE)] = None,
) -> Response:
    """Takes a product off this visitor's pages; the page it stood on comes again, without it."""
    guest.tell("dismiss", product_id, request_id=request_id, position=position)
    return _onward(guest, _back(guest))


@router.post("/{shop}/cart/quantity")
def cart_quantity(
    guest: Sender, product_id: Annotated[str, Form()], quantity: Annotated[int, Form(ge=0, le=99)]
) -> Response:
    """Changes how many of a product are in the cart; none takes it out."""
    set_quantity(guest, product_id, quantity)
    return _onward(guest, guest.url("cart"))


@router.post("/{shop}/checkout")
def checkout(guest: Sender) -> Response:
    """The pretend checkout."""
    if guest.cart.lines:
        check_out(guest)
    return _onward(guest, guest.url("thanks"))


@router.get("/{shop}/thanks")
def thanks_page(guest: Visitor) -> Response:
    """What was bought, and what comes next."""
    bought = lines_of(guest, Cart(dict(guest.visit.bought)))
    return _desk(guest.request).page(
        guest, "thanks.html", bought=bought, trending=section(guest, "trending", "thanks", k=6).unmarked()
    )


@router.get("/{shop}/shoppers")
def shoppers_page(guest: Merchant, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Shoppers to choose from."""
    desk = _desk(guest.request)
    found = desk.directory.interesting(guest.shop)
    named = shopper(guest.shop, q.strip()) if q.strip() else None
    current = shopper(guest.shop, guest.user_id)
    view: dict[str, Any] = {"shoppers": found, "named": named, "asked": q.strip(), "current": current}
    return desk.page(guest, "shoppers.html", **view)


@router.post("/{shop}/shopper")
def shopper_switch(guest: Sender, user_id: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Steps into a shopper's shoes, or out of them; what was done in this session stays with the one before."""
    enter_as_merchant(guest)
    guest.user_id = user_id if user_id and guest.shop.folder.users.row(user_id) >= 0 else ""
    guest.session, guest.cart = session_of(None), Cart()
    response = _onward(guest, guest.url())
    guest.give(response, "shopper", quote(guest.user_id, safe=""))
    return response


@router.get("/{shop}/interview")
def interview_page(guest: Visitor) -> Response:
    """The question that tells most of this visitor now."""
    return _desk(guest.request).page(guest, "interview.html", sitting=sitting(guest))


@router.post("/{shop}/interview")
def interview_answer(
    guest: Sender,
    choice: Annotated[str, Form(max_length=10)],
    first: Annotated[list[str], Form(max_length=12)] = [],  # noqa: B006 FastAPI copies it
    second: Annotated[list[str], Form(max_length=12)] = [],  # noqa: B006
) -> Response:
    """Takes an answer in and asks on; `off` waves the offer away."""
    if choice == "off":
        response = _onward(guest, guest.url())
        guest.give(response, "interview", "off")
        return response
    take(guest, first, second, choice)
    return _onward(guest, guest.url("interview"))


@router.get("/{shop}/you")
def you_page(guest: Visitor) -> Response:
    """What the shop thinks this visitor likes."""
    asks = bool(sitting(guest).sides)
    return _desk(guest.request).page(guest, "you.html", liked=liked(guest), asks=asks)


@router.post("/{shop}/you")
def you_correct(
    guest: Sender,
    trait: Annotated[Trait, Form()],
    name: Annotated[str, Form(min_length=1, max_length=400)],
    again: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Takes a trait out, or back; the next page goes by it."""
    correct(guest.shop, guest.user_id, guest.session, Refused(trait, name), again=again == "yes")
    return _onward(guest, guest.url("you"))


@router.post("/{shop}/you/demographics")
def you_take_out(guest: Sender, name: Annotated[str, Form(min_length=1, max_length=LONGEST_NAME)]) -> Response:
    """Forgets one thing that the shop was told of this visitor."""
    take_out(guest.shop, guest.user_id, name)
    return _onward(guest, guest.url("you"))


@router.get("/{shop}/language/{code}")
def language_switch(guest: Visitor, code: str, to: str = "") -> Response:
    """The interface in another language, from the next page on."""
    response = _onward(guest, inside(to, guest.url()))
    if code in LANGUAGES:
        guest.give(response, "language", code)
    return response


@router.get("/{shop}/personal/{state}")
def personal_switch(guest: Visitor, state: str, to: str = "") -> Response:
    """Searches in the order of what this visitor usually chooses, or in the same order for everybody."""
    response = _onward(guest, inside(to, guest.url()))
    if state in ("on", "off"):
        guest.give(response, "personal", state)
    return response


@router.get("/{shop}/console")
def console_page(guest: Merchant) -> Response:
    """Behind the counter."""
    return _desk(guest.request).page(guest, "merchant.html", counter=counter(guest), tastes=learnt_tastes(guest))


@router.post("/{shop}/console")
def console_open(
    guest: Sender, key: Annotated[str, Form(max_length=400)], to: Annotated[str, Form(max_length=400)] = ""
) -> Response:
    """Lets the merchant in with a secret key, which the browser then keeps for this shop."""
    if not guest.request.app.state.front.trusts(key.strip(), guest.shop.name):
        raise KeyNeeded(guest.words("key.wrong"))
    response = _onward(guest, inside(to, guest.url("console")))
    guest.trust(response, key.strip())
    return response


@router.get("/{shop}/console/rules")
def rules_page(guest: Merchant) -> Response:
    """The merchant's rules."""
    language = guest.words.language
    return _desk(guest.request).page(guest, "rules.html", view=rules(guest, Tried(language=language)))


@router.post("/{shop}/console/rules")
def rules_tried(guest: Sender, tried: Annotated[Tried, Form()]) -> Response:
    """A draft of the rules, tried on a page or saved."""
    enter_as_merchant(guest)
    wrong = save(guest, tried) if tried.act == "save" else ""
    if tried.act == "save" and not wrong:
        return _onward(guest, guest.url("console/rules"))
    return _desk(guest.request).page(guest, "rules.html", view=rules(guest, tried, wrong))


@router.get("/{shop}/console/objectives")
def objectives_page(guest: Merchant, tried: Annotated[Weight, Query()]) -> Response:
    """What pages are ordered for, and what another weight of margin would change."""
    return _desk(guest.request).page(guest, "objectives.html", view=objectives(guest, tried))


@router.get("/{shop}/console/quality")
def quality_page(guest: Merchant) -> Response:
    """The quality report, as the check wrote it: its style stands inside it, and it runs nothing."""
    path = report(guest)
    if path is None:
        raise RequestError(guest.words("merchant.no_quality"))
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(path.read_text(encoding="utf-8"), headers={"Content-Security-Policy": policy})


def _desk(request: Request) -> Desk:
    return cast(Desk, request.app.state.console)


def _words(request: Request) -> Words:
    return Words(choose(request.cookies.get("language"), request.headers.get("accept-language", "")))


def _onward(guest: Guest, path: str) -> Response:
    """After a form, a page; so that a reload repeats nothing."""
    response = RedirectResponse(path, 303)
    guest.remember(response)
    return response


def _back(guest: Guest) -> str:
    """The page a form was sent from."""
    sent_from = urlsplit(guest.request.headers.get("referer", ""))
    path = sent_from.path + (f"?{sent_from.query}" if sent_from.query else "")
    # the page of reasons would only say that it is too old
    return guest.url() if "/why/" in path else inside(path, guest.url())


def _sorry(request: Request, error: RequestError | RequestValidationError) -> Response:
    words, desk = _words(request), _desk(request)
    name = request.path_params.get("shop", "")
    if isinstance(error, KeyNeeded):
        asked = request.url.path if request.method == "GET" else ""
        return desk.plain("key.html", words, 401, text=str(error), shop_path=f"/{name}/", to=asked)
    status = 404 if isinstance(error, UnknownShop | UnknownProduct) else 400
    title, text = words("error.title"), str(error)
    if isinstance(error, RequestValidationError):
        text = words("error.unreadable", where=".".join(str(part) for part in error.errors()[0]["loc"][1:]))
    elif isinstance(error, UnknownShop):
        text = words("error.unknown_shop", name=name[:64], shops=", ".join(desk.shops))
    elif isinstance(error, UnknownProduct):
        title, text = words("product.not_found"), words("product.not_found_help")
    back = f"/{name}/" if name in desk.shops else "/"
    return desk.plain("error.html", words, status, title=title, text=text, back=back)
