"""What shoppers clicked and bought after their searches, as judgments: evaluate reads what this writes."""

import csv
import io
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shopkeeper.errors import RequestError, UnlearnableShop
from shopkeeper.feedback.joins import by_page, outcomes
from shopkeeper.measure.clicks import Chances, Pages, position_based
from shopkeeper.observed import SECONDS_A_DAY
from shopkeeper.settings import Settings
from shopkeeper.store.disk import replace
from shopkeeper.store.folder import ShopFolder, open_folder
from shopkeeper.text import normalise
from shopkeeper.types import FloatArray, IntArray

COLUMNS = ("query", "product_id", "rating", "shown", "clicked", "bought", "attraction")
PLACES = 50
"""What stands further down is left out."""
OF_ONE = 5
"""So many pages of one shopper for one query count at most."""
LEAST_CLICKS, LEAST_MOVED = 200, 50
"""Fewer clicks, or fewer pairs of query and product that stood in several places, say nothing of places."""
LEAST_SHOWN = 10
"""A product that stood on fewer pages of a query gets no rating for it."""
CLIP = 10.0
"""A click counts so much at most, however seldom its place is looked at."""
SMOOTH = 5.0
"""Views at the mean of the shop that each pair of query and product is given."""


@dataclass(frozen=True, slots=True)
class Graded:
    """One judgment: how often the product was shown, clicked and bought after the query, and what that comes to."""

    query: str
    product_id: str
    rating: int
    shown: int
    clicked: int
    bought: int
    attraction: float


@dataclass(frozen=True)
class FromClicks:
    """What the log gave: search pages, clicks on them, queries asked, those of several shoppers, and the judgments.

    `examination` is how likely each place is looked at beside the one most looked at; where the log is too small to
    tell, `unknown` says why, and every place counts alike.
    """

    pages: int
    clicks: int
    queries: int
    judgments: tuple[Graded, ...]
    examination: tuple[float, ...]
    unknown: str = ""

    @property
    def kept(self) -> int:
        """How many queries have judgments."""
        return len({row.query for row in self.judgments})


@dataclass(frozen=True)
class Searches:
    """Search pages with what followed them: a query's number and each shopper's, empty for nobody, by page.

    grades float32 (s, d): 3 bought, 2 into the cart, 1 clicked, 0 or less nothing; `pairs` numbers what `names` names.
    """

    pages: Pages
    names: tuple[tuple[str, str], ...]
    queries: tuple[str, ...]
    shoppers: tuple[str, ...]
    grades: FloatArray


def click_judgments(path: Path, out: Path) -> FromClicks:
    """Ratings 0 to 3 from the shop's exposures and events, written to `out` as a CSV file that evaluate reads.

    Only queries that several shoppers asked (`learn.suggest_shoppers`) are in it, and nothing of who did.
    Raises RequestError where there is such a file already, UnlearnableShop where the log says too little.
    """
    if out.exists():
        raise RequestError(f"{out}: there is such a file already. Name another with --out, or remove it first.")
    with open_folder(path, writable=False) as folder:
        found = judged(searches(folder), folder.settings)
    if not found.judgments:
        least = folder.settings.learn.suggest_shoppers
        raise UnlearnableShop(
            f"{path}: no judgments in {found.pages} search pages of {found.queries} queries, {found.clicks} clicks. "
            f"It takes a query that {least} shoppers asked (learn.suggest_shoppers), with a click and a product on "
            f"{LEAST_SHOWN} of its pages; clicks, carts and purchases must name the page's request_id."
        )
    replace(out, _csv(found).encode("utf-8"))
    return found


def searches(folder: ShopFolder, end: float | None = None) -> Searches:
    """The search pages that the shop remembers, oldest first, at most OF_ONE of one shopper and query; with `end` (UTC
    seconds) those before it."""
    start, end = time.time() - folder.settings.store.exposure_days * SECONDS_A_DAY, time.time() if end is None else end
    followed = by_page(event for event in folder.events.tail(start) if event.timestamp < end)
    numbers: dict[tuple[str, str], int] = {}
    lines: list[tuple[str, str, list[int], list[int], list[float]]] = []
    times: Counter[tuple[str, str]] = Counter()
    for exposure in folder.exposures.between(start, end, searches=True):
        query, who = normalise(exposure.query), exposure.user_id or exposure.session_id
        times[query, who] += 1
        if exposure.scene != "search" or not query or (who and times[query, who] > OF_ONE):
            continue
        grades = outcomes(exposure, followed.get(exposure.request_id, ())).tolist()
        pairs = [numbers.setdefault((query, product_id), len(numbers)) for product_id in exposure.product_ids]
        lines.append((query, exposure.user_id, pairs, list(exposure.positions), grades))
    width = min(max((max(line[3], default=0) + 1 for line in lines), default=1), PLACES)
    table, worth = np.full((len(lines), width), -1, np.int64), np.zeros((len(lines), width), np.float32)
    for at, (_, _, pairs, places, grades) in enumerate(lines):
        for pair, place, grade in zip(pairs, places, grades, strict=True):
            if place < width:
                table[at, place], worth[at, place] = pair, grade
    pages = Pages(table, worth > 0, len(numbers))
    return Searches(pages, tuple(numbers), tuple(line[0] for line in lines), tuple(line[1] for line in lines), worth)


def judged(found: Searches, settings: Settings) -> FromClicks:
    """The judgments of the queries that several shoppers asked; see `ratings`."""
    pages, shown = found.pages, found.pages.shown
    looked_at, unknown = examination(pages)
    views, clicks, bought = (
        np.bincount(pages.pairs[shown], weights[shown], pages.n_pairs).astype(np.float64)
        for weights in (shown, pages.clicks, found.grades >= 3)
    )
    attraction = _attraction(pages, looked_at, views)
    asked: dict[str, set[str]] = defaultdict(set)
    for query, shopper in zip(found.queries, found.shoppers, strict=True):
        asked[query].update({shopper} - {""})
    open_pairs: dict[str, list[int]] = defaultdict(list)
    for pair, (query, _) in enumerate(found.names):
        if len(asked[query]) >= settings.learn.suggest_shoppers and views[pair] >= LEAST_SHOWN:
            open_pairs[query].append(pair)
    rows = []
    for query, own in sorted(open_pairs.items()):
        index = np.array(own, np.int64)
        given = ratings(attraction[index], clicks[index], bought[index])
        if given.max() > 0:
            rows += [
                Graded(
                    query, found.names[pair][1], rating, int(views[pair]), int(clicks[pair]), int(bought[pair]), share
                )
                for pair, rating, share in zip(own, given.tolist(), attraction[index].round(4).tolist(), strict=True)
            ]
    return FromClicks(
        pages=len(pages.pairs),
        clicks=int(pages.clicks.sum()),
        queries=len(asked),
        judgments=tuple(rows),
        examination=tuple(round(float(value), 4) for value in looked_at),
        unknown=unknown,
    )


def ratings(attraction: Chances, clicks: Chances, bought: Chances) -> IntArray:
    """int64 (n,), 0 to 3, of the products of one query: 2 from two thirds of the most attractive one's attraction, 1
    from a third, 1 more where it was bought; 0 for what nobody clicked."""
    best = float(attraction[clicks > 0].max(initial=0.0))
    level = np.where(clicks > 0, np.floor(3 * attraction / max(best, 1e-12) + 1e-9), 0)
    return np.asarray(np.minimum(np.minimum(level, 2) + (bought > 0), 3), np.int64)


def examination(pages: Pages) -> tuple[Chances, str]:
    """How likely each place is looked at, float64 (d,); ones, and why, where the log cannot tell."""
    clicks, shown, width = int(pages.clicks.sum()), pages.shown, pages.pairs.shape[1]
    places = np.broadcast_to(np.arange(width), pages.pairs.shape)
    cells = np.unique(pages.pairs[shown] * width + places[shown])
    moved = int((np.bincount(cells // width, minlength=pages.n_pairs) > 1).sum())
    if clicks < LEAST_CLICKS or moved < LEAST_MOVED:
        told = f"{clicks} clicks, and {moved} products that stood in several places for a query"
        return np.ones(width), f"{told}: it takes {LEAST_CLICKS} and {LEAST_MOVED} to tell how places are looked at"
    return position_based(pages).examination, ""


def _attraction(pages: Pages, examination: Chances, views: Chances) -> Chances:
    """The share of views that would be clicks if every place were looked at, float64 (n_pairs,), smoothed.

    Each click counts 1 / examination of its place, at most CLIP. Source: Wang et al., WSDM 2018, section 3 (inverse
    propensities); Joachims, Swaminathan, Schnabel, WSDM 2017 (clipping).
    """
    weights = np.broadcast_to(np.minimum(1 / np.maximum(examination, 1e-9), CLIP), pages.pairs.shape)
    worth = np.bincount(pages.pairs[pages.clicks], weights[pages.clicks], pages.n_pairs)
    mean = worth.sum() / max(float(views.sum()), 1.0)
    return np.asarray(np.minimum((worth + SMOOTH * mean) / (views + SMOOTH), 1.0))


def _csv(found: FromClicks) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in found.judgments:
        writer.writerow(tuple(getattr(row, name) for name in COLUMNS))
    return text.getvalue()


def summary(found: FromClicks) -> Mapping[str, object]:
    """The figures without the judgments themselves."""
    grades = Counter(row.rating for row in found.judgments)
    return {
        "pages": found.pages,
        "clicks": found.clicks,
        "queries": found.queries,
        "queries_kept": found.kept,
        "judgments": len(found.judgments),
        "ratings": {str(rating): grades[rating] for rating in range(4)},
        "examination": found.examination,
        "unknown": found.unknown,
    }
