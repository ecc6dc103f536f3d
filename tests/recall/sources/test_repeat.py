"""Claims:

1. Without due-ness a score is the sum over purchases of 0.9^weeks: personal frequency with weekly decay.
2. A product at its usual interval scores above one just bought, all else equal; a first purchase is neither.
3. Only purchases count, each shopper's own, inside the mask.
"""

import numpy as np
import pytest

from shopkeeper.recall.sources.repeat import Repeat
from shopkeeper.testing import worlds
from shopkeeper.types import Batch, Offer, Request

VISITS: list[worlds.Visit] = [
    (0, 1, 86.0, "purchase"),
    (0, 1, 93.0, "purchase"),
    (0, 2, 93.0, "purchase"),
    (0, 3, 99.0, "view"),
    (1, 5, 99.0, "purchase"),
]


def asked(source: Repeat, day: float = 100.0, user: int = 0) -> Offer:
    log = worlds.interactions(VISITS)
    return source.recall(worlds.ask(Request(request_id="", scene="home", day=day), worlds.portrait(log, user)), 10)[0]


def test_without_due_ness_a_score_is_personal_frequency() -> None:
    offer = asked(Repeat(Repeat.Settings(due_weight=0.0)))
    assert offer.rows.tolist() == [1, 2]
    assert offer.scores.tolist() == pytest.approx([0.9**2 + 0.9**1, 0.9**1])


@pytest.mark.parametrize(("day", "due"), [(100.0, 1.0), (93.0, -1.0), (96.5, 0.0), (107.0, 0.5)])
def test_due_ness_is_what_the_own_interval_says(day: float, due: float) -> None:
    plain, waiting = (
        asked(Repeat(Repeat.Settings(due_weight=0.0)), day),
        asked(Repeat(Repeat.Settings(due_weight=0.5)), day),
    )
    scores = {
        source: dict(zip(o.rows.tolist(), o.scores.tolist(), strict=True)) for source, o in enumerate((plain, waiting))
    }
    assert scores[1][1] / scores[0][1] == pytest.approx(1 + 0.5 * due)
    assert scores[1][2] == pytest.approx(scores[0][2])


def test_each_shopper_gets_the_own_purchases_inside_the_mask() -> None:
    log = worlds.interactions(VISITS)
    allowed = np.ones(6, bool)
    allowed[1] = False
    requests = tuple(Request(request_id="", scene="home", day=100.0, user=user, allowed=allowed) for user in (1, 0, -1))
    one = worlds.ask(requests[0])
    batch = Batch(requests, one.intents * 3, tuple(worlds.portrait(log, user) for user in (1, 0, -1)))
    offers = Repeat(Repeat.Settings()).recall(batch, 10)
    assert [offer.rows.tolist() for offer in offers] == [[5], [2], []]
