"""Claims, in a shop of four products and five shoppers:

1. a score is n(i, j) / sqrt((n(i) + prior) (n(j) + prior)), n the shoppers who chose them, added up over the seeds.
2. at home the seeds are the shopper's latest lines, each basket back counting `decay` times less.
3. who chose a product twice counts once, and of everybody only the latest lines teach.
4. only so many neighbours are kept, the nearest.
"""

import pytest

from shopkeeper.recall.sources.item_neighbours import ItemNeighbours
from shopkeeper.testing import worlds
from shopkeeper.types import Offer, Request

# who chose what: 0 and 1 together three times, 0 and 2 once, 3 alone
CHOSEN = {0: (0, 1), 1: (0, 1), 2: (0, 1, 2), 3: (3,), 4: (0, 0)}
VISITS = [(user, row, float(day), "purchase") for user, rows in CHOSEN.items() for day, row in enumerate(rows)]


def source(**settings: float) -> ItemNeighbours:
    made = ItemNeighbours(ItemNeighbours.Settings.model_validate(settings))
    made.fit(worlds.snapshot(worlds.catalog([f"t{row}" for row in range(4)]), VISITS, 100.0))
    return made


def home(made: ItemNeighbours, *rows: int) -> dict[int, float]:
    """What is offered to a shopper who chose these, one a day."""
    log = worlds.interactions([(0, row, float(day), "purchase") for day, row in enumerate(rows)])
    offer: Offer = made.recall(worlds.ask(Request(request_id="", scene="home", day=100.0), worlds.portrait(log, 0)), 9)[
        0
    ]
    return dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True))


def test_a_score_is_the_cosine_with_a_prior() -> None:
    # shoppers: 0 has four, 1 three, 2 one
    assert home(source(prior=2.0), 0) == pytest.approx({1: 3 / (6 * 5) ** 0.5, 2: 1 / (6 * 3) ** 0.5})
    assert home(source(prior=0.0), 3) == {}


def test_what_was_chosen_longer_ago_counts_less() -> None:
    found = home(source(prior=0.0, decay=0.5), 1, 0)
    assert found[2] == pytest.approx(1 / (4 * 1) ** 0.5 + 0.5 * 1 / (3 * 1) ** 0.5)


def test_of_everybody_only_the_latest_lines_teach() -> None:
    assert home(source(prior=0.0, lines=2), 2) == pytest.approx({1: 1 / (3 * 1) ** 0.5})


def test_only_the_nearest_neighbours_are_kept() -> None:
    assert set(home(source(neighbours=1), 0)) == {1}
