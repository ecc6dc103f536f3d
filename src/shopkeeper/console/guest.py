"""Who is at the door: shop, language, session, shopper and cart of one request, from its cookies."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlsplit

from fastapi import Depends, Request
from starlette.responses import Response

from shopkeeper.console.cart import Cart, cart_of
from shopkeeper.console.language import Words, choose
from shopkeeper.console.shelf import Shelf
from shopkeeper.console.visits import Visit, Visits, session_of
from shopkeeper.errors import RequestError, UnknownShop
from shopkeeper.flow.observe import observe
from shopkeeper.flow.shop import Shop
from shopkeeper.moments import with_device
from shopkeeper.types import Action, Event

YEAR_S = 365 * 24 * 3600
KEY = "key"
"""The cookie that carries the merchant's key where the server has keys; a browser cannot send the header."""


class KeyNeeded(RequestError):
    """A page of the merchant's was asked for without a secret key."""


@dataclass
class Guest:
    """One visitor at one moment. Cookies are written back by `remember`."""

    request: Request
    shop: Shop
    words: Words
    session: str
    user_id: str
    cart: Cart
    visits: Visits
    shelf: Shelf
    merchant: bool = True
    personal: bool = True

    @property
    def visit(self) -> Visit:
        """What the pages remember of this session."""
        return self.visits.of(self.shop.name, self.session, self.user_id)

    @property
    def row(self) -> int:
        """The shopper's row, NEW_USER for nobody in particular."""
        return self.shop.folder.users.row(self.user_id) if self.user_id else -1

    @property
    def context(self) -> Mapping[str, str]:
        """What the browser says of the moment: the class of its device, where it says one."""
        return with_device({}, self.request.headers.get("user-agent", ""))

    @property
    def known(self) -> bool:
        """Whether the shopper or the session has done anything that pages may lean on."""
        portrait = self.shop.profiles.portrait(self.row, self.session)
        return len(portrait.rows) > 0 or len(portrait.session_rows) > 0

    @property
    def by_script(self) -> bool:
        """Whether a part of a page is asked for, not a page."""
        return "hx-request" in self.request.headers

    def url(self, path: str = "") -> str:
        """An address inside this shop."""
        return f"/{self.shop.name}/{path}"

    def title(self, product_id: str) -> str:
        """What a product is called; its id where it is gone."""
        row = self.shop.catalog.row_of.get(product_id)
        return product_id if row is None else self.shop.catalog.titles[row]

    def tell(self, action: Action, product_id: str = "", **more: Any) -> None:
        """Posts an event to the shop and notes it for the next page.

        `once` makes the event's id from its value, so that a reload is not counted again.
        """
        once = more.pop("once", "") or uuid.uuid4().hex
        event_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{self.session}|{action}|{product_id}|{once}").hex
        event = Event(
            event_id=event_id,
            timestamp=time.time(),
            action=action,
            user_id=self.user_id,
            session_id=self.session,
            product_id=product_id,
            context={**self.context, **more.pop("context", {})},
            **more,
        )
        if observe([event], self.shop)[0].status == "accepted":
            self.visit.note(action, self.title(product_id) if product_id else event.query, product_id)

    def remember(self, response: Response) -> None:
        """Writes session and cart back; both belong to this shop alone."""
        held = self.request.cookies
        if held.get("session") != self.session:
            self.give(response, "session", self.session, lasting=False)
        if held.get("cart", "") != self.cart.cookie():  # a page on its way must not undo what a click just put in
            self.give(response, "cart", self.cart.cookie())

    def trust(self, response: Response, key: str) -> None:
        """Keeps the merchant's key until the browser closes, out of reach of scripts and of other sites."""
        secure, path = self.request.url.scheme == "https", f"/{self.shop.name}"
        response.set_cookie(KEY, key, path=path, secure=secure, httponly=True, samesite="strict")

    def give(self, response: Response, name: str, value: str, *, lasting: bool = True) -> None:
        """Writes a cookie that only this shop's pages see, and no script."""
        secure = self.request.url.scheme == "https"
        age = YEAR_S if lasting else None
        path = f"/{self.shop.name}"
        response.set_cookie(name, value, max_age=age, path=path, secure=secure, httponly=True, samesite="lax")


def enter(request: Request, shop: str) -> Guest:
    """The visitor of the shop that the address names. Raises UnknownShop."""
    desk = request.app.state.console
    found: Shop | None = desk.shops.get(shop)
    if found is None:
        raise UnknownShop(f"no shop '{shop[:64]}' is served here. Served: {', '.join(desk.shops)}.")
    cookies = request.cookies
    merchant = True
    if front := getattr(request.app.state, "front", None):
        presented, _ = front.pace(request, shop)
        merchant = front.trusts(presented or cookies.get(KEY, ""), shop)
    user_id = unquote(cookies.get("shopper", "")) if merchant else ""
    return Guest(
        request=request,
        shop=found,
        words=Words(choose(cookies.get("language"), request.headers.get("accept-language", ""))),
        session=session_of(cookies.get("session")),
        user_id=user_id if user_id and found.folder.users.row(user_id) >= 0 else "",
        cart=cart_of(cookies.get("cart"), found.catalog.row_of),
        visits=desk.visits,
        shelf=desk.shelves.of(found),
        merchant=merchant,
        personal=cookies.get("personal") != "off",
    )


def enter_as_merchant(guest: Annotated[Guest, Depends(enter)]) -> Guest:
    """The visitor who may look behind the counter. Raises KeyNeeded for everybody else."""
    if not guest.merchant:
        raise KeyNeeded(guest.words("key.needed"))
    return guest


def enter_by_form(request: Request, guest: Annotated[Guest, Depends(enter)]) -> Guest:
    """The visitor who sends a form of ours. Raises RequestError for a form that another site sends."""
    origin = request.headers.get("origin")
    crossed = request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
    if crossed or (origin and urlsplit(origin).netloc != request.headers.get("host")):
        raise RequestError(guest.words("error.foreign"))
    return guest


def inside(path: str | None, otherwise: str) -> str:
    """A path of this server to go on to; anything that could lead elsewhere becomes `otherwise`."""
    parts = urlsplit(path or "")
    elsewhere = parts.scheme or parts.netloc or parts.path.startswith("//") or "\\" in (path or "")
    fine = parts.path.startswith("/") and not elsewhere
    if not fine or any(ord(character) < 32 for character in path or ""):
        return otherwise
    return quote(parts.path, safe="/%:@!$&'()*+,;=~") + (f"?{parts.query}" if parts.query else "")


Visitor = Annotated[Guest, Depends(enter)]
Sender = Annotated[Guest, Depends(enter_by_form)]
Merchant = Annotated[Guest, Depends(enter_as_merchant)]
