"""What a route declares to be given its shop: `shop: PublicShop` or `shop: SecretShop`."""

from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import APIKeyHeader

from shopkeeper.flow.shop import Shop
from shopkeeper.serve.front import Front

PUBLIC = APIKeyHeader(name="X-API-Key", scheme_name="public", auto_error=False, description="A public or secret key.")
SECRET = APIKeyHeader(name="X-API-Key", scheme_name="secret", auto_error=False, description="A secret key.")

ShopName = Annotated[str, Path(description="The shop's name.")]


async def _front(request: Request) -> Front:
    front: Front = request.app.state.front
    return front


TheFront = Annotated[Front, Depends(_front)]


async def _public(
    request: Request, front: TheFront, shop: ShopName, _: Annotated[str | None, Security(PUBLIC)]
) -> Shop:
    found = front.shop(shop)
    front.admit(request, "public", shop)
    return found


async def _secret(
    request: Request, front: TheFront, shop: ShopName, _: Annotated[str | None, Security(SECRET)]
) -> Shop:
    found = front.shop(shop)
    front.admit(request, "secret", shop)
    return found


PublicShop = Annotated[Shop, Depends(_public)]
SecretShop = Annotated[Shop, Depends(_secret)]
