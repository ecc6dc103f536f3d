"""Products to vectors: which text of a product the encoder reads, for the whole catalogue or a few rows of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow.compute as pc

from shopkeeper.encode.vectors import encode_products, product_text, told_by
from shopkeeper.ports import Encoder
from shopkeeper.store.folder import ShopFolder
from shopkeeper.types import FloatArray, RowArray


@dataclass(frozen=True)
class Shelf:
    """The products there are, without deleted ones, in the same order: what the encoder reads of each, and their words.

    rows int32 (m,); `fields` are title, last category, attributes that say what it is; `texts` is all of it, cut;
    `attributes` are all of them by name.
    """

    rows: RowArray
    texts: list[str]
    fields: list[tuple[str, ...]]
    brands: list[str]
    attributes: list[dict[str, str]]

    @classmethod
    def of(cls, folder: ShopFolder, n_products: int) -> "Shelf":
        """The shop's products up to row `n_products`: what was taken since the catalogue was read is left out."""
        names = ("row", "title", "brand", "category", "attributes", "description")
        table = folder.products.table().select(*names).to_pyarrow()
        table = table.filter(pc.less(table.column("row"), n_products))
        rows, titles, brands, categories, attributes, described = (table.column(name).to_pylist() for name in names)
        shared: dict[str, str] = {}  # a million products say a few thousand things many times over
        known = [
            {name: shared.setdefault(value, value) for name, value in orjson.loads(own).items()} for own in attributes
        ]
        return cls(
            np.array(rows, np.int32),
            [product_text(*own) for own in zip(titles, brands, categories, known, described, strict=True)],
            [
                (title, " ".join(category[-1:]), " ".join(told_by(own)))
                for title, category, own in zip(titles, categories, known, strict=True)
            ],
            brands,
            known,
        )


def catalogue_vectors(
    folder: ShopFolder,
    encoder: Encoder,
    shelf: Shelf,
    n_products: int,
    progress: Callable[[int, int], None] | None = None,
) -> FloatArray:
    """float32 (n_products, d) by row. Only texts never seen before are encoded."""
    found = encode_products(encoder, shelf.texts, folder.path / "cache", folder.settings.encode.workers, progress)
    vectors = np.zeros((n_products, found.shape[1]), np.float32)  # a deleted product's row stays zero
    vectors[shelf.rows] = found
    return vectors


def encoded(folder: ShopFolder, encoder: Encoder | None, rows: RowArray) -> FloatArray | None:
    """float32 (m, d) for these rows; None without an encoder."""
    if encoder is None or not len(rows):
        return None
    products = [folder.products.get_row(int(row)) for row in rows]
    texts = [product_text(p.title, p.brand, p.category, p.attributes, p.description) for p in products]
    return np.asarray(encoder.encode(texts, "passage"))
