"""Shoppers: erased on request."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response

from shopkeeper.serve.access import SecretShop
from shopkeeper.serve.reply import reply
from shopkeeper.serve.schemas import Receipt

router = APIRouter(prefix="/v1/{shop}", tags=["users"])


@router.delete("/users/{user_id:path}", response_model=Receipt)
def erase(shop: SecretShop, user_id: Annotated[str, Path(min_length=1, max_length=256)]) -> Response:
    """Erases a shopper: rows, states and caches. The receipt counts what was found in each place."""
    erased = shop.erase(user_id)
    return reply({"user_id": user_id, "erased": erased, "erased_at": datetime.now(UTC).isoformat()})
