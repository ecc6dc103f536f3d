"""What a shopper looked at a moment ago shows on the next page, whatever the ranker has learnt."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.arrange.arrange import reorder
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.types import ACTION_CODES, Catalog, FloatArray, Ranked, Request, RowArray

LEADS = [ACTION_CODES[action] for action in ("view", "click", "add_to_cart", "purchase", "rate")]


class Lately:
    """Lifts a few candidates that are most like the session's latest products to fixed places of a home page.

    Likeness is the cosine of the products' vectors; without vectors 1 in the same category, .5 in the same department.
    Scores stay the ranker's: the rule says how many it lifted. A ranker taught on purchases alone has never seen what a
    click in a session means.
    """

    place: ClassVar[int] = 80

    class Settings(PluginSettings):
        places: tuple[int, ...] = Field((1, 4), description="Places of the list, from 0, that go to lifted products.")
        last: int = Field(3, ge=1, description="How many of the session's latest products count.")
        pool: int = Field(300, ge=1, description="How many of the best candidates may be lifted.")
        least: float = Field(0.5, ge=0, le=1, description="Candidates less like them than this are not lifted.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        if request.scene != "home" or request.sort != "relevance" or not len(portrait.session_rows):
            return ranked, ""
        looked_at = portrait.session_rows[np.isin(portrait.session_actions, LEADS)][-self.settings.last :]
        if not len(looked_at) or not len(ranked.rows):
            return ranked, ""
        rows = ranked.rows[: self.settings.pool]
        likeness = _likeness(rows, looked_at, catalog, vectors)
        likeness[np.isin(catalog.groups[rows], catalog.groups[looked_at])] = -1.0
        best = np.argsort(-likeness, kind="stable")[: len(self.settings.places)]
        lifted = best[likeness[best] >= self.settings.least]
        order = [at for at in range(len(ranked.rows)) if at not in set(lifted.tolist())]
        for slot, at in zip(sorted(self.settings.places), lifted.tolist(), strict=False):
            order.insert(min(slot, len(order)), at)
        moved = len(lifted)
        return reorder(ranked, np.array(order, np.int64)), f"{moved} lifted for the last look" if moved else ""


def _likeness(rows: RowArray, looked_at: RowArray, catalog: Catalog, vectors: FloatArray | None) -> FloatArray:
    """float32 (n,): each row's likeness to the nearest product looked at."""
    if vectors is None or max(rows.max(), looked_at.max()) >= len(vectors):
        same = catalog.categories[rows][:, None] == catalog.categories[looked_at][None, :]
        shelf = catalog.departments[rows][:, None] == catalog.departments[looked_at][None, :]
        return np.where(same.any(axis=1), 1.0, np.where(shelf.any(axis=1), 0.5, 0.0)).astype(np.float32)
    cosines = np.asarray(vectors[rows], np.float32) @ np.asarray(vectors[looked_at], np.float32).T
    return np.asarray(cosines.max(axis=1), np.float32)
