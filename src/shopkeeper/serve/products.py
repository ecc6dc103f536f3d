"""Products in, out and away."""

from collections import Counter
from dataclasses import asdict
from typing import Annotated

from fastapi import Body, Path, Response

from shopkeeper.serve.access import SecretShop
from shopkeeper.serve.failures import Refused
from shopkeeper.serve.quick import shop_router
from shopkeeper.serve.reply import reply
from shopkeeper.serve.schemas import MAX_ROWS, CountOut, ProductIn, ProductOut
from shopkeeper.types import LONGEST_ID

router = shop_router("products")

Rows = Annotated[list[ProductIn], Body(min_length=1, max_length=MAX_ROWS)]
ProductId = Annotated[
    str, Path(max_length=LONGEST_ID, description="The product's id; a slash in it may stand as it is.")
]


@router.put("/products", response_model=CountOut)
def put(shop: SecretShop, rows: Rows) -> Response:
    """New and changed products; all of them or none."""
    counted = Counter(row.product_id for row in rows)
    twice, times = counted.most_common(1)[0]
    if times > 1:
        message = f"product_id '{twice}' stands {times} times in this call; send each product once"
        raise Refused(422, "invalid_request", message, where="body")
    shop.put([row.product() for row in rows])
    return reply({"count": len(rows)})


@router.get("/products/{product_id:id}", response_model=ProductOut)
def get(shop: SecretShop, product_id: ProductId) -> Response:
    """One product as it is kept."""
    return reply(asdict(shop.product(product_id)))


@router.delete("/products/{product_id:id}", response_model=CountOut)
def delete(shop: SecretShop, product_id: ProductId) -> Response:
    """Takes a product off the shelf."""
    shop.product(product_id)  # an unknown id is an error, not a silence
    shop.delete([product_id])
    return reply({"count": 1})
