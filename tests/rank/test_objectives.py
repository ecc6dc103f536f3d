"""Claims:

1. weights decide what a label is worth; an action of weight 0 is no label. All three at 0 are refused.
2. a margin lies between the usual lowest and highest, 0 to 1; who says none is in the middle; without any it is silent.
3. weighed, a page leans towards margin by at most the weight's part of the way, as a part of its own; parts add up.
"""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper import plugins
from shopkeeper.attributes import Attributes
from shopkeeper.errors import SettingError
from shopkeeper.flow.personal import MARGIN, earning
from shopkeeper.objectives import Objectives, margins, said_by
from shopkeeper.ports import Ranker
from shopkeeper.rank.labels import labels_between
from shopkeeper.settings import parse
from shopkeeper.store.snapshot import interactions_table
from shopkeeper.testing import worlds
from shopkeeper.testing.contract_world import candidates, one_of, world
from shopkeeper.types import Catalog, FeatureTable, Request

TABLE = interactions_table(
    worlds.interactions([(0, 0, 1.0, "click"), (0, 1, 1.1, "add_to_cart"), (0, 2, 1.2, "purchase")])
)
FUSED = plugins.load("ranker", "fused")
NONE = FeatureTable((), np.empty((7, 0), np.float32))


def shelf(*said: str) -> Catalog:
    texts = [{"margin": each} if each else {} for each in said]
    return replace(worlds.catalog([f"p{row}" for row in range(len(said))]), attributes=Attributes.of(texts))


def test_weights_are_what_labels_are_worth() -> None:
    found = labels_between(TABLE, 0.0, 9.0, worth=Objectives(click=0.0, cart=2.5, purchase=1.0).worth())
    assert dict(zip(found.rows.tolist(), found.grades.tolist(), strict=True)) == {1: 2.5, 2: 1.0}
    usual = labels_between(TABLE, 0.0, 9.0, worth=Objectives().worth())
    assert usual.grades.tolist() == labels_between(TABLE, 0.0, 9.0).grades.tolist() == [1.0, 2.0, 3.0]


def test_a_page_for_nothing_is_refused() -> None:
    with pytest.raises(SettingError, match="click, cart and purchase are all 0"):
        parse("[rank.objectives]\nclick = 0\ncart = 0\npurchase = 0\n")


def test_a_margin_lies_between_the_usual_ones_and_the_unknown_is_in_the_middle() -> None:
    stock = shelf(*[str(n / 100) for n in range(101)], "")
    found = margins(stock, "Margin")
    assert found is not None and said_by(stock, "margin") == 101
    assert found[[0, 5, 50, 95, 100]].tolist() == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0])
    assert found[101] == pytest.approx(0.5)
    assert margins(stock, "margin") is margins(stock, "margin")


@pytest.mark.parametrize("said", [("", ""), ("high", "low")])
def test_without_numbers_it_is_silent(said: tuple[str, ...]) -> None:
    named: tuple[str, Ranker] = ("fused", FUSED(FUSED.Settings()))
    asked = Request(request_id="r", scene="home", day=1.0)
    assert margins(shelf(*said), "margin") is None and not said_by(shelf(*said), "margin")
    assert earning(named, asked, shelf(*said), Objectives(margin=1.0)) is named


def test_a_page_leans_towards_margin_by_a_part_of_its_own() -> None:
    batch = one_of(world().requests("home"), 0)
    offered = candidates(batch, (0, 1, 2, 3, 4, 5, 6))
    stock = shelf("0", "0", "0", "0", "0", "1", "1")
    named: tuple[str, Ranker] = ("fused", FUSED(FUSED.Settings()))
    asked = batch.requests[0]
    plain = named[1].score(offered, NONE)
    order = {}
    for weight in (0.0, 0.3, 1.0):
        _, ranker = earning(named, asked, stock, Objectives(margin=weight))
        scores = ranker.score(offered, NONE)
        names, parts = ranker.parts(offered, NONE)
        assert parts.sum(axis=1) == pytest.approx(scores, rel=1e-5)
        assert (MARGIN in names) == (weight > 0)
        expected = plain + weight * (plain.max() - plain.min()) * np.array([0, 0, 0, 0, 0, 1, 1])
        assert scores == pytest.approx(expected, rel=1e-5)
        order[weight] = offered.rows[np.argsort(-scores, kind="stable")].tolist()
    assert order[0.0].index(5) > order[0.3].index(5) > order[1.0].index(5)
    sorted_page = replace(asked, sort="price_asc")
    assert earning(named, sorted_page, stock, Objectives(margin=1.0)) is named
