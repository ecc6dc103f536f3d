"""What a route declares to be given its shop: `shop: PublicShop` or `shop: SecretShop`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Security
from fastapi.security import APIKeyHeader

from shopkeeper.flow.shop import Shop
from shopkeeper.serve.front import Front
from shopkeeper.serve.keys import Scope

PUBLIC = APIKeyHeader(name="X-API-Key", scheme_name="public", auto_error=False, description="A public or secret key.")
SECRET = APIKeyHeader(name="X-API-Key", scheme_name="secret", auto_error=False, description="A secret key.")

ShopName = Annotated[str, Path(description="The shop's name.")]


def enter(scope: Scope, request: Request) -> Shop:
    """The shop that the path names, where the asker may come in; a request that asks twice is counted once.

    Raises UnknownShop and Refused.
    """
    state = request.scope["state"]
    if "shop" not in state:
        front, name = front_of(request), request.path_params["shop"]
        shop = front.shop(name)
        front.admit(request, scope, name)
        state["shop"] = shop
    entered: Shop = state["shop"]
    return entered


def front_of(request: Request) -> Front:
    """The front of the app that the request came to."""
    front: Front = request.app.state.front
    return front


async def _front(request: Request) -> Front:
    return front_of(request)


async def _public(request: Request, shop: ShopName, _: Annotated[str | None, Security(PUBLIC)]) -> Shop:
    return enter("public", request)


async def _secret(request: Request, shop: ShopName, _: Annotated[str | None, Security(SECRET)]) -> Shop:
    return enter("secret", request)


TheFront = Annotated[Front, Depends(_front)]
PublicShop = Annotated[Shop, Depends(_public)]
SecretShop = Annotated[Shop, Depends(_secret)]

STRAIGHT: Mapping[Callable[..., Any] | None, Callable[[Request], Any]] = {
    _front: front_of,
    _public: partial(enter, "public"),
    _secret: partial(enter, "secret"),
}
"""What each of these dependencies gives, for those who do not ask FastAPI to resolve it."""
