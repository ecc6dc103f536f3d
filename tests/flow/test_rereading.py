"""With a scorer that is known by hand in place of a cross-encoder. Claims:

1. where it puts the better products first, judgments choose it, and what it counts; the version says what it reached.
2. it answers then: the first few come by it, its part is among the reasons and all parts add up to the score.
3. where its time is up the page comes without it and says so; codes, other sorts and an empty query are not read.
4. where it makes nothing better beyond a standard error it is left out; without judgments, too, unless the settings
   say what it counts.
5. weights that are missing leave the order as it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from shopkeeper.flow import build
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.learn import learn
from shopkeeper.types import FloatArray, Page, Sort
from tests.flow.test_search_order import QUERIES, cheap_is_good, made

RERANK = 'rankers = {home = "fused"}\n[rank.lambdarank]\nenabled = false\n[rank.rerank]\ntop = 5\n'
WOODS = ("oak", "elm", "fir", "yew", "ash")


class Wooden:
    """Likes woods in this order, the last most: by cheap_is_good just as people do. `sign` -1 likes the first most."""

    def __init__(self, sign: float = 1.0) -> None:
        self.sign, self.asked = sign, 0

    def scores(self, query: str, texts: Sequence[str], until: float) -> FloatArray | None:
        self.asked += 1
        if until < np.inf:
            return None
        liked = [max((WOODS.index(word) for word in text.split() if word in WOODS), default=0) for text in texts]
        return np.asarray(np.array(liked, np.float32) * self.sign / 10 + 0.5, np.float32)


@pytest.fixture
def wooden(monkeypatch: pytest.MonkeyPatch) -> Wooden:
    scorer = Wooden()
    monkeypatch.setattr(build, "open_pair_scorer", lambda weights, threads: scorer)
    return scorer


def asked(path: Path, query: str, sort: Sort = "relevance", patient: bool = True) -> tuple[Page, list[str]]:
    with open_shop(path, writable=False, patient=patient) as shop:
        page = answer(replace(ask(shop, scene="search", query=query, k=5, sort=sort), deadline_ms=500.0), shop)
        return page, [shop.catalog.titles[item.row].split()[-1] for item in page.items]


def test_judgments_choose_what_makes_the_order_better(tmp_path: Path, wooden: Wooden) -> None:
    path = made(tmp_path / "shop", cheap_is_good(QUERIES[:-2]), RERANK)
    order = learn(path).order
    assert order is not None and order.rerank > 0
    told = orjson.loads((path / "versions" / "0001" / "search_order" / "order.json").read_bytes())
    assert told["rerank"] == order.rerank
    assert told["tried"]["cross_encoder"]["ndcg"] > 0.95 > told["tried"][order.name]["ndcg"]

    page, woods = asked(path, QUERIES[-1])
    assert woods == ["ash", "yew", "fir", "elm", "oak"] and not page.late
    for item in page.items:
        assert sum(part.value for part in item.explanation.children) == pytest.approx(item.score, rel=1e-5)
    assert "cross_encoder" in [part.name for part in page.items[0].explanation.children]

    late, in_order = asked(path, QUERIES[-1], patient=False)
    assert late.late == ("cross_encoder",) and len(in_order) == 5
    assert all("cross_encoder" not in [part.name for part in item.explanation.children] for item in late.items)
    before = wooden.asked
    for query, sort in (("red-cup-3", "relevance"), (QUERIES[-1], "price_asc"), ("", "relevance")):
        asked(path, query, sort)  # type: ignore[arg-type]  # each is a sort
    assert wooden.asked == before


def test_what_makes_nothing_better_is_left_out(tmp_path: Path, wooden: Wooden) -> None:
    wooden.sign = -1.0
    path = made(tmp_path / "shop", cheap_is_good(), RERANK)
    order = learn(path).order
    assert order is not None and order.rerank == 0.0 and "cross_encoder" in order.tried
    before = wooden.asked
    assert not asked(path, QUERIES[0])[0].late and wooden.asked == before


def test_without_judgments_the_settings_say_what_it_counts(tmp_path: Path, wooden: Wooden) -> None:
    path = made(tmp_path / "shop", "", RERANK)
    learn(path)
    asked(path, QUERIES[0])
    assert wooden.asked == 0
    (path / "settings.toml").write_text((path / "settings.toml").read_text() + "weight = 4.0\n")
    assert asked(path, QUERIES[0])[1][:3] == ["ash", "yew", "fir"]


def test_missing_weights_leave_the_order_as_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = made(tmp_path / "shop", "", RERANK + 'weight = 4.0\nweights = "/gone/model.onnx"\n')
    learn(path)
    assert len(asked(path, QUERIES[0])[1]) == 5
    assert "rerank=off reason=rank.rerank.weights: /gone/model.onnx is no ONNX file" in caplog.text
