"""What shoppers chose who chose what this one did: it reaches departments where this one never was."""

from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.portrait import Portrait
from shopkeeper.recall.latest import LEAN, added_up
from shopkeeper.recall.neighbours import Neighbours
from shopkeeper.recall.offers import NOTHING, best
from shopkeeper.settings import SourceSettings
from shopkeeper.store.mapped import mapped
from shopkeeper.types import (
    NO_ROWS,
    Batch,
    Catalog,
    DayArray,
    FloatArray,
    IntArray,
    Offer,
    Request,
    RowArray,
    Scene,
    Snapshot,
)

_RARITY, _BUYERS, _CHOSE = "rarity.npy", "buyers", "chose"


class UserNeighbours:
    """Offers what the nearest shoppers chose: log(1 + how often, each time faded by its age), times how near they are.

    Near is the cosine of two such vectors over products, each product times the square root of log(shoppers / its
    shoppers). The asker's vector is of now, the others' are of when the shop learnt. Source: Herlocker et al., "An
    algorithmic framework for performing collaborative filtering", SIGIR 1999, with counts that fade.
    """

    class Settings(SourceSettings):
        enabled: bool = Field(False, description="Whether this plug-in takes part.")
        neighbours: int = Field(300, ge=1, description="How many of the nearest shoppers are asked.")
        half_life_days: float = Field(60.0, gt=0, description="How fast what was chosen fades.")
        products: int = Field(
            500, ge=1, description="Of each shopper so many products are known: what they chose most."
        )
        buyers: int = Field(
            1000, ge=1, description="Of each product's shoppers so many are known: whom it says most of."
        )

    scenes: frozenset[Scene] = frozenset({"home"})
    in_memory: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._rarity: FloatArray = np.empty(0, np.float32)
        self._buyers = self._chose = Neighbours.none()
        self._gone: frozenset[int] = frozenset()

    def fit(self, snapshot: Snapshot) -> None:
        from scipy.sparse import csr_array

        log, width = snapshot.log, len(snapshot.catalog)
        said = LEAN[log.actions] > 0
        ages, leans = snapshot.day - log.days[said], LEAN[log.actions[said]]
        pairs, of = np.unique(log.users[said].astype(np.int64) * width + log.rows[said], return_inverse=True)
        users, rows = pairs // width, pairs % width
        self._rarity = _rarity(rows, width, len(np.unique(users)))
        counted = np.log1p(np.bincount(of, leans * self._left(ages), len(pairs)))
        weights = counted * self._rarity[rows]
        weights /= np.maximum(np.sqrt(np.bincount(users, weights**2, log.n_users)), 1e-9)[users]
        buyers = csr_array((weights.astype(np.float32), (rows, users)), shape=(width, log.n_users))
        chose = csr_array((counted.astype(np.float32), (users, rows)), shape=(log.n_users, width))
        self._buyers = Neighbours.heaviest(buyers, self.settings.buyers)
        self._chose, self._gone = Neighbours.heaviest(chose, self.settings.products), frozenset()

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        asked = zip(batch.requests, batch.portraits, strict=True)
        return [self._offer(request, portrait, limit) for request, portrait in asked]

    def forget(self, user: int) -> None:
        self._gone |= {user}

    def save(self, folder: Path) -> None:
        np.save(folder / _RARITY, self._rarity)
        for name, table in ((_BUYERS, self._buyers), (_CHOSE, self._chose)):
            (folder / name).mkdir()
            table.save(folder / name)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._rarity, self._gone = mapped(folder / _RARITY), frozenset()
        self._buyers, self._chose = Neighbours.load(folder / _BUYERS), Neighbours.load(folder / _CHOSE)

    def _offer(self, request: Request, portrait: Portrait, limit: int) -> Offer:
        others, near = added_up(*self._buyers.of_all(*self._own(request.day, portrait)))
        meant = (near > 0) & ~np.isin(others, [request.user, *self._gone])
        others, near = others[meant], near[meant]
        if not len(others):
            return NOTHING
        if len(near) > (most := self.settings.neighbours):
            nearest = np.argpartition(-near, most)[:most]
            others, near = others[nearest], near[nearest]
        rows, scores = added_up(*self._chose.of_all(others, near))
        return best(rows.astype(np.int32), scores.astype(np.float32), limit, request.allowed)

    def _own(self, day: float, portrait: Portrait) -> tuple[RowArray, DayArray]:
        """The asker's vector, of length one: known products int32 (h,), and what each says, float64 (h,).

        The visit's own lines count once more, as in `latest`: before a login they are nowhere else.
        """
        rows = np.concatenate((portrait.rows, portrait.session_rows))
        actions = np.concatenate((portrait.actions, portrait.session_actions))
        ages = np.maximum(day - np.concatenate((portrait.days, portrait.session_days)), 0.0)
        known = (LEAN[actions] > 0) & (rows < len(self._rarity))
        if not known.any():
            return NO_ROWS, np.empty(0)
        rows, counted = added_up(rows[known], LEAN[actions[known]] * self._left(ages[known]))
        weights = np.log1p(counted) * self._rarity[rows]
        return rows, np.asarray(weights / max(float(np.linalg.norm(weights)), 1e-9), np.float64)

    def _left(self, ages: DayArray) -> DayArray:
        return np.exp2(-ages / self.settings.half_life_days)


def _rarity(rows: IntArray, n_products: int, n_users: int) -> FloatArray:
    """float32 (n_products,): of a product that few chose much, of one that everybody chose nothing."""
    shoppers = np.bincount(rows, minlength=n_products)
    return np.sqrt(np.log(max(n_users, 1) / np.maximum(shoppers, 1))).astype(np.float32)
