"""Claims, in a shop of three kettles, a filter and a cup:

1. a score is n(i, j) / (n(i) n(j))^rarity, held back by n / (n + prior), n in baskets; no pair below `support` counts.
2. what is looked at together and not bought together stands in for each other: on a page of what is similar, never
   beside a product; what is bought together is offered there, though it was looked at together, too.
   Of what is bought too seldom to tell nothing is said.
3. baskets of too many products say nothing; without views nothing stands in for anything.
4. a cart's products are added up, and never offered again.
"""

from collections.abc import Sequence

import numpy as np
import pytest

from shopkeeper.recall.sources.bought_together import BoughtTogether
from shopkeeper.testing import worlds
from shopkeeper.testing.worlds import Visit
from shopkeeper.types import Request, Scene

KETTLE, OTHER_KETTLE, FILTER, CUP, FAR = range(5)
BASKETS: list[tuple[int, ...]] = (
    [(KETTLE, FILTER)] * 4 + [(OTHER_KETTLE, FILTER)] * 3 + [(KETTLE, CUP)] * 2 + [(CUP,)] * 6
)
LOOKED = [(KETTLE, OTHER_KETTLE)] * 5 + [(KETTLE, FILTER)] * 2 + [(FAR,)] * 7
MANY = BASKETS * 2
"""With these the kettle is in 18 of 45 baskets, the other one in 9; in visits the two are together 2 times chance."""


def visits(baskets: Sequence[tuple[int, ...]], action: str, first: int) -> list[Visit]:
    """One shopper a basket."""
    return [(first + at, row, 1.0, action) for at, rows in enumerate(baskets) for row in rows]


def source(more: Sequence[tuple[int, ...]] = (), looked: bool = True, **settings: float) -> BoughtTogether:
    made = BoughtTogether(
        BoughtTogether.Settings.model_validate({"support": 2, "prior": 0.0, "rarity": 1.0, **settings})
    )
    known = visits([*BASKETS, *more], "purchase", 0) + (visits(LOOKED, "view", 100) if looked else [])
    made.fit(worlds.snapshot(worlds.catalog([f"t{row}" for row in range(5)]), known, 100.0))
    return made


def beside(made: BoughtTogether, scene: Scene, *seeds: int) -> dict[int, float]:
    request = Request(request_id="", scene=scene, day=100.0, seeds=np.array(seeds, np.int32))
    offer = made.recall(worlds.ask(request), 9)[0]
    return dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True))


def test_a_score_is_the_pairs_baskets_over_those_of_both() -> None:
    # baskets: six with the kettle, seven with the filter, eight with the cup
    assert beside(source(), "together", KETTLE) == pytest.approx({FILTER: 4 / (6 * 7), CUP: 2 / (6 * 8)})
    assert beside(source(support=3), "together", KETTLE) == pytest.approx({FILTER: 4 / (6 * 7)})
    held_back = beside(source(rarity=0.5, prior=2.0), "together", KETTLE)
    assert held_back == pytest.approx({FILTER: 4 / 42**0.5 * 4 / 6, CUP: 2 / 48**0.5 * 2 / 4})


def test_what_is_looked_at_and_not_bought_together_stands_in_for_each_other() -> None:
    made = source(more=[*MANY, (KETTLE, OTHER_KETTLE)])
    assert set(beside(made, "similar", KETTLE)) == {OTHER_KETTLE}
    assert OTHER_KETTLE not in beside(made, "together", KETTLE)
    assert FILTER in beside(made, "together", KETTLE)
    often = source(more=[*MANY, *[(KETTLE, OTHER_KETTLE)] * 10])
    assert OTHER_KETTLE in beside(often, "together", KETTLE)
    assert beside(often, "similar", KETTLE) == {}


def test_few_purchases_do_not_tell_what_stands_in_for_what() -> None:
    # foretold: 2 x 18 x 9 / 45 = 7.2 baskets, where more than 2 x support tell; of a third of the baskets 2.4
    assert set(beside(source(more=MANY), "similar", KETTLE)) == {OTHER_KETTLE}
    assert set(beside(source(more=MANY, support=3), "similar", KETTLE)) == {OTHER_KETTLE}
    assert beside(source(more=MANY, support=4), "similar", KETTLE) == {}
    assert beside(source(), "similar", KETTLE) == {}


def test_without_views_nothing_stands_in_for_anything() -> None:
    assert beside(source(more=MANY, looked=False), "similar", KETTLE) == {}


def test_large_baskets_say_nothing() -> None:
    whole = [tuple(range(5))] * 5
    assert FAR in beside(source(more=whole), "together", KETTLE)
    assert beside(source(more=whole, most_lines=4), "together", KETTLE) == beside(source(), "together", KETTLE)


def test_a_carts_products_are_added_up() -> None:
    one, other = (beside(source(), "cart", seed) for seed in (KETTLE, OTHER_KETTLE))
    assert beside(source(), "cart", KETTLE, OTHER_KETTLE) == pytest.approx(
        {FILTER: one[FILTER] + other[FILTER], CUP: one[CUP]}
    )
