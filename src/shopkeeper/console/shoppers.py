"""Real shoppers to step into the shoes of: who buys what, how often, until when."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shopkeeper.flow.shop import Shop
from shopkeeper.types import PURCHASE, FloatArray

MOST = 3000
"""Of more shoppers than this, a steady sample is looked at."""
SHOWN = 12
TOP = 3
FEWEST_LINES = 20


@dataclass(frozen=True, slots=True)
class Shopper:
    """A shopper of the log: visits are baskets, `last` is a day since 1970, departments by share of lines."""

    user_id: str
    visits: int
    last: float
    departments: tuple[tuple[str, float], ...]
    marked: str = ""


def shopper(shop: Shop, user_id: str) -> Shopper | None:
    """What is known of one shopper; None where the id is unknown."""
    row = shop.folder.users.row(user_id) if user_id else -1
    if row < 0:
        return None
    portrait = shop.profiles.portrait(row)
    bought = portrait.actions == PURCHASE
    share = _shares(shop, row)
    top = [at for at in np.argsort(-share, kind="stable")[:TOP].tolist() if share[at] > 0]
    return Shopper(
        user_id=user_id,
        visits=len(np.unique(portrait.baskets[bought])),
        last=float(portrait.days[bought].max(initial=0.0)),
        departments=tuple((shop.catalog.department_names[at], float(share[at])) for at in top),
    )


class Directory:
    """A short list of quite different shoppers, made once a process for each shop."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    def interesting(self, shop: Shop) -> list[Shopper]:
        """Up to twelve shoppers whose baskets differ most from everybody's and from each other."""
        with self._lock:
            if shop.name not in self._made:
                self._made[shop.name] = tuple(_choose(shop))
            found = [each for user_id in self._made[shop.name] if (each := shopper(shop, user_id))]
            self._made[shop.name] = tuple(each.user_id for each in found)  # who was erased is forgotten here too
        return found


def _choose(shop: Shop) -> list[str]:
    every = max(1, len(shop.folder.users) // MOST)
    rows = [row for row in range(0, len(shop.folder.users), every) if shop.folder.users.id(row)]
    lines = [(row, _shares(shop, row)) for row in rows if len(shop.profiles.portrait(row).rows) >= FEWEST_LINES]
    if not lines:
        return [shop.folder.users.id(row) for row in rows[:SHOWN]]
    shares = np.stack([share for _, share in lines])
    taken = _unlike(np.sqrt(shares), min(SHOWN, len(lines)))
    return [shop.folder.users.id(lines[at][0]) for at in taken]


def _unlike(points: FloatArray, n: int) -> Sequence[int]:
    """Farthest-point choice: first the one nearest to the mean, then always the one farthest from all chosen."""
    nearest = int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))
    taken, distance = [nearest], np.full(len(points), np.inf)
    while len(taken) < n:
        distance = np.minimum(distance, ((points - points[taken[-1]]) ** 2).sum(axis=1))
        taken.append(int(distance.argmax()))
    return taken


def _shares(shop: Shop, row: int) -> FloatArray:
    """float32 (n_departments,): each department's share of what the shopper bought."""
    portrait, catalog = shop.profiles.portrait(row), shop.catalog
    codes = catalog.departments[portrait.rows[portrait.actions == PURCHASE]]
    counts = np.bincount(codes[codes >= 0], minlength=len(catalog.department_names))
    shares: FloatArray = (counts / max(1, counts.sum())).astype(np.float32)
    return shares
