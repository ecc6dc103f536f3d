"""A linear autoencoder in closed form: for small catalogues."""

import logging
from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.recall.latest import AsksNeighbours, SeedSettings, chosen
from shopkeeper.recall.neighbours import Neighbours
from shopkeeper.types import FloatArray, IntArray, RowArray, Scene, Snapshot

log = logging.getLogger(__name__)


class Ease(AsksNeighbours):
    """Offers by B = I - P / diag(P), P = (X'X + ridge I)^-1, X who chose what: each product foretold by all others.

    Time grows with the cube of the products that anybody chose (12,000 take a minute or so of one core and 1.2 GB), so
    that above `most_products` it learns nothing and offers nothing. A score is the sum over the shopper's latest lines
    of decay^(baskets since) x B[line]; of B the largest entries of each row are kept.
    Source: Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019, eq. 8.
    """

    class Settings(SeedSettings):
        neighbours: int = Field(1000, ge=1, description="How many entries of each product's row are kept.")
        ridge: float = Field(100.0, gt=0, description="How far entries are held back.")
        most_products: int = Field(
            6000, ge=1, description="With more products that anybody chose it learns nothing: too slow, too large."
        )

    scenes: frozenset[Scene] = frozenset({"home", "together", "cart"})
    in_memory: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings: Ease.Settings = settings

    def fit(self, snapshot: Snapshot) -> None:
        users, rows = chosen(snapshot.log, self.settings.lines)
        known, own = np.unique(rows, return_inverse=True)
        self._neighbours = Neighbours.none()
        most = self.settings.most_products
        if len(known) > most:
            log.warning(
                "source=ease products=%d most=%d learns nothing and offers nothing: raise recall.ease.most_products, "
                "or leave the source off",
                len(known),
                most,
            )
        elif len(known):
            weights = _autoencoder(users, own, self.settings.ridge)
            self._neighbours = _table(weights, known, len(snapshot.catalog), self.settings.neighbours)


def _autoencoder(users: RowArray, rows: IntArray, ridge: float) -> FloatArray:
    """B, float32 (m, m), its diagonal 0; users (p,) chose rows (p,), 0 to m - 1."""
    from scipy.linalg import lapack
    from scipy.sparse import csr_array

    who = csr_array((np.ones(len(rows), np.float32), (users, rows)))
    gram = np.asfortranarray((who.T @ who).toarray())
    m = len(gram)
    gram[np.diag_indices(m)] += ridge
    # the inverse of a symmetric positive matrix: half the time and the memory of a general one
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
    assert not failed, "X'X + ridge I is positive"
    half, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    inverse: FloatArray = np.tril(half)
    inverse += np.tril(half, -1).T
    inverse /= -np.diag(inverse).copy()
    inverse[np.diag_indices(m)] = 0.0
    return inverse


def _table(weights: FloatArray, known: RowArray, n_rows: int, most: int) -> Neighbours:
    """The `most` largest entries of each row, above zero, by the catalogue's rows."""
    kept = min(most, len(known))
    columns = np.argpartition(-weights, kept - 1, axis=1)[:, :kept]
    columns.sort(axis=1)
    values = np.take_along_axis(weights, columns, axis=1)
    above = values > 0
    starts = np.zeros(n_rows + 1, np.int64)
    starts[known + 1] = above.sum(axis=1)
    return Neighbours(np.cumsum(starts), known[columns[above]].astype(np.int32), values[above])
