"""Products to vectors: which text of a product the encoder reads, for the whole catalogue or a few rows of it."""

import json
from collections.abc import Callable

import numpy as np
import pyarrow.compute as pc

from shopkeeper.encode.vectors import encode_products, product_text
from shopkeeper.ports import Encoder
from shopkeeper.store.folder import ShopFolder
from shopkeeper.types import FloatArray, RowArray


def catalogue_vectors(
    folder: ShopFolder, encoder: Encoder | None, n_products: int, progress: Callable[[int, int], None] | None = None
) -> FloatArray | None:
    """float32 (n_products, d) by row; None without an encoder. Only texts never seen before are encoded.

    Products from row `n_products` on, taken since the catalogue was read, are left out.
    """
    if encoder is None:
        return None
    table = folder.products.table().select("row", "title", "brand", "category", "attributes").to_pyarrow()
    table = table.filter(pc.less(table.column("row"), n_products))
    rows, *columns = (table.column(name).to_pylist() for name in table.column_names)
    texts = [
        product_text(title, brand, category, json.loads(attributes))
        for title, brand, category, attributes in zip(*columns, strict=True)
    ]
    found = encode_products(encoder, texts, folder.path / "cache", folder.settings.encode.workers, progress)
    vectors = np.zeros((n_products, found.shape[1]), np.float32)  # a deleted product's row stays zero
    vectors[rows] = found
    return vectors


def encoded(folder: ShopFolder, encoder: Encoder | None, rows: RowArray) -> FloatArray | None:
    """float32 (m, d) for these rows; None without an encoder."""
    if encoder is None or not len(rows):
        return None
    products = [folder.products.get_row(int(row)) for row in rows]
    texts = [product_text(p.title, p.brand, p.category, p.attributes) for p in products]
    return np.asarray(encoder.encode(texts, "passage"))
