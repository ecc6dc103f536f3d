"""Shoppers: erased on request."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path, Request, Response

from shopkeeper.serve.access import SecretShop
from shopkeeper.serve.quick import shop_router
from shopkeeper.serve.reply import reply
from shopkeeper.serve.schemas import Receipt

router = shop_router("users")


@router.delete("/users/{user_id:id}", response_model=Receipt)
def erase(shop: SecretShop, request: Request, user_id: Annotated[str, Path(min_length=1, max_length=256)]) -> Response:
    """Erases a shopper: rows, states and caches. The receipt counts what was found in each place."""
    erased = dict(shop.erase(user_id))
    console = getattr(request.app.state, "console", None)
    if console is not None:  # the storefront remembers for a while what it showed
        erased["pages"] = console.visits.forget(shop.name, user_id)
    return reply({"user_id": user_id, "erased": erased, "erased_at": datetime.now(UTC).isoformat()})
