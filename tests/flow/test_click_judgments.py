"""Claims:

1. places are told from attraction: what stands low and is clicked as often as its place allows is rated as it deserves,
   where shares of clicks alone would rate it lower than what stands high.
2. a purchase adds one to the rating, up to 3; what nobody clicked gets 0.
3. a query that one shopper alone asked is in nobody's file, nor are searches that name no shopper counted as several.
4. a log too small to tell how places are looked at says so, and counts every place alike.
5. one shopper's pages for one query count a few times, however often they are asked.
6. the file is read by evaluate; no file is overwritten; a log that gives nothing says what it takes.
"""

import csv
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.errors import RequestError, UnlearnableShop
from shopkeeper.exposure import Exposure
from shopkeeper.flow.click_judgments import COLUMNS, OF_ONE, click_judgments, ratings, searches
from shopkeeper.flow.evaluate import evaluate
from shopkeeper.store.folder import open_folder
from shopkeeper.types import Event

IDS = ["DA1A", "DA1B", "DA1C", "BA2A", "BA2B", "BA2C"]
LOOKS = np.array([1.0, 0.5, 0.35, 0.25, 0.2, 0.15])


class Log:
    """Search pages of a shop, written one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages: list[Exposure] = []
        self.events: list[Event] = []

    def page(self, query: str, user: str, shown: Sequence[str], followed: Sequence[tuple[str, str]] = ()) -> None:
        """A page with what followed it, each an action and a product."""
        name, n = f"page-{len(self.pages)}", len(shown)
        now = time.time() - 3600
        self.pages.append(
            Exposure(
                request_id=name,
                timestamp=now + len(self.pages) * 0.001,
                scene="search",
                user_id=user,
                session_id="",
                query=query,
                version="0001",
                variant="",
                product_ids=tuple(shown),
                positions=tuple(range(n)),
                scores=(1.0,) * n,
                propensities=(1.0,) * n,
                feature_names=(),
                rows=lambda: np.empty((n, 0), np.float32),
            )
        )
        for action, product_id in followed:
            self.events.append(
                Event(
                    event_id=f"{name}-{action}-{product_id}",
                    timestamp=now + 1,
                    action=action,  # type: ignore[arg-type]
                    user_id=user,
                    product_id=product_id,
                    request_id=name,
                )
            )

    def written(self) -> None:
        with open_folder(self.folder, writable=True) as folder:
            for page in self.pages:
                folder.exposures.append(page)
            folder.exposures.flush()
            folder.events.append(self.events)


def clicked_by_place(log: Log, n: int, seed: int = 0) -> None:
    """Ten queries whose six products attract alike in reverse: the shop shows the least attractive mostly on top."""
    rng = np.random.default_rng(seed)
    attraction = np.array([0.2, 0.25, 0.3, 0.45, 0.55, 0.8])
    for at in range(n):
        order = np.arange(6) if rng.random() < 0.7 else rng.permutation(6)
        clicks = np.flatnonzero(rng.random(6) < LOOKS * attraction[order])
        shown = [IDS[row] for row in order]
        log.page(f"query {at % 10}", f"u{at % 97}", shown, [("click", shown[place]) for place in clicks])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_what_stands_low_is_rated_as_it_deserves(shop_folder: Path, tmp_path: Path) -> None:
    log = Log(shop_folder)
    clicked_by_place(log, 3000)
    log.written()
    found = click_judgments(shop_folder, tmp_path / "clicks.csv")
    assert found.unknown == "" and found.kept == 10 and found.pages == 3000
    assert found.examination == pytest.approx(LOOKS, abs=0.1)
    rows = rows_of(tmp_path / "clicks.csv")
    assert tuple(rows[0]) == COLUMNS and len(rows) == 60
    last, first = ([row for row in rows if row["product_id"] == name] for name in (IDS[5], IDS[0]))
    assert np.mean([float(row["rating"]) for row in last]) > np.mean([float(row["rating"]) for row in first]) + 0.8
    shares = [[int(row["clicked"]) / int(row["shown"]) for row in own] for own in (last, first)]
    assert np.mean(shares[0]) < 1.5 * np.mean(shares[1])  # by shares of clicks they are near one another
    measured = evaluate(shop_folder, tmp_path / "clicks.csv")
    assert measured.source.read == measured.source.used == 60 and measured.source.refused == ()


def test_a_purchase_adds_one_and_no_click_is_none() -> None:
    attraction, clicks = np.array([0.6, 0.41, 0.25, 0.1, 0.5, 0.3]), np.array([9.0, 5, 3, 2, 0, 4])
    assert ratings(attraction, clicks, np.zeros(6)).tolist() == [2, 2, 1, 0, 0, 1]
    assert ratings(attraction, clicks, np.array([1.0, 0, 2, 1, 0, 0])).tolist() == [3, 2, 2, 1, 0, 1]
    assert ratings(attraction[:1], np.zeros(1), np.zeros(1)).tolist() == [0]


def small(log: Log, users: Sequence[str], query: str = "Butter") -> None:
    """Twelve pages of one query, the first product clicked on each, the second bought once."""
    for at in range(12):
        bought = [("purchase", IDS[1])] if at == 3 else []
        log.page(query, users[at % len(users)], IDS[:3], [("click", IDS[0]), *bought])


def test_a_small_log_says_so_and_counts_every_place_alike(shop_folder: Path, tmp_path: Path) -> None:
    log = Log(shop_folder)
    small(log, ["u1", "u2", "u3"])
    small(log, ["u4"], "secret wish")
    small(log, ["", "u5"], "half known")
    log.written()
    found = click_judgments(shop_folder, tmp_path / "clicks.csv")
    told = "clicks, and 0 products that stood in several places for a query: it takes 200 and 50 to tell"
    assert told in found.unknown and set(found.examination) == {1.0}
    assert [(row["query"], row["product_id"], row["rating"]) for row in rows_of(tmp_path / "clicks.csv")] == [
        ("butter", IDS[0], "2"),
        ("butter", IDS[1], "1"),
        ("butter", IDS[2], "0"),
    ]


def test_one_shoppers_pages_count_a_few_times(shop_folder: Path) -> None:
    log = Log(shop_folder)
    small(log, ["u1"])
    small(log, ["u1"], "milk")
    small(log, [""], "bread")
    log.page("", "u1", IDS[:2], [("click", IDS[0])])
    log.written()
    with open_folder(shop_folder, writable=False) as folder:
        found = searches(folder)
    counts = {query: found.queries.count(query) for query in found.queries}
    assert counts == {"butter": OF_ONE, "milk": OF_ONE, "bread": 12}
    assert found.pages.clicks.sum() == 2 * (OF_ONE + 1) + 13


def test_no_file_is_overwritten_and_an_empty_log_says_what_it_takes(shop_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "clicks.csv"
    told = (
        r"small: no judgments in 0 search pages of 0 queries, 0 clicks\. It takes a query that 2 shoppers asked "
        r"\(learn\.suggest_shoppers\), with a click and a product on 10 of its pages; clicks, carts and purchases must "
        r"name the page's request_id\."
    )
    with pytest.raises(UnlearnableShop, match=told):
        click_judgments(shop_folder, out)
    assert not out.exists()
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(RequestError, match=r"clicks\.csv: there is such a file already\. Name another with --out"):
        click_judgments(shop_folder, out)
    assert out.read_text(encoding="utf-8") == "mine"
