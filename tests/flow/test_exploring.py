"""Claims, in a shop that tries new products:

1. a product put into the shop a moment ago is on a home page at once, and the exposure has the chance that it had.
2. once pages have shown it its share of times, others get the place; a shop that opens again has not forgotten it.
3. a page made for a preview counts for nothing.
4. one that whoever sees it buys, as the best are bought, stands on strangers' pages once its trial is over; one that
   nobody buys is on none of them.
"""

import time
from pathlib import Path

import pytest

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.observe import observe
from shopkeeper.flow.shop import Shop
from shopkeeper.testing.shops import SETTINGS, small_shop
from shopkeeper.types import Event, Page, Product

TRIES = (
    SETTINGS + "[recall.fresh]\nenabled = true\n[arrange.explore]\nenabled = true\nshare = 1.0\nslot = 2\nshows = 3\n"
)
NEW = "FRESH1"


@pytest.fixture(scope="module")
def trying(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_shop(tmp_path_factory.mktemp("shops") / "trying", settings=TRIES)


def home(shop: Shop, session: str, *, logged: bool = True) -> Page:
    return answer(ask(shop, scene="home", user_id="u7", session_id=session, k=8), shop, logged=logged)


def places(shop: Shop, page: Page) -> list[int]:
    return [item.position for item in page.items if shop.catalog.product_ids[item.row] == NEW]


def test_a_new_product_is_tried_its_share_of_times_and_no_more(trying: Path) -> None:
    with open_shop(trying) as shop:
        shop.put([Product(product_id=NEW, title="fresh green tea", category=("Tea",), price=3.0)])
        for at in range(5):
            assert places(shop, home(shop, f"preview {at}", logged=False)) == [2]
        pages = [home(shop, f"visit {at}") for at in range(5)]
        assert [places(shop, page) for page in pages[:3]] == [[2]] * 3
        assert 2 not in [place for page in pages[3:] for place in places(shop, page)]
        assert any(f"explore: {NEW} is new and tried at place 3" in line for line in pages[0].rules)
        exposure = shop.folder.exposures.get(pages[0].request_id)
        assert exposure is not None
        assert exposure.propensities[:2] == (1.0, 1.0) and exposure.propensities[2] == 1.0 / _drawn_from(pages[0])
    with open_shop(trying) as shop:
        assert 2 not in places(shop, home(shop, "the day after"))


def _drawn_from(page: Page) -> int:
    (line,) = [line for line in page.rules if line.startswith("explore")]
    return int(line.rsplit(" ", 1)[1])


@pytest.mark.parametrize("good", [True, False])
def test_what_is_good_stays_when_its_trial_is_over(tmp_path: Path, good: bool) -> None:
    settings = TRIES.replace("share = 1.0", "share = 0.5").replace("shows = 3", "shows = 8")
    with open_shop(small_shop(tmp_path / "world", settings=settings)) as shop:
        shop.put([Product(product_id=NEW, title="fresh green tea", category=("Tea",), price=3.0)])
        seen = 0
        for at in range(30):
            page = answer(ask(shop, scene="home", session_id=f"visit {at}", k=8), shop)
            if places(shop, page):
                seen += 1
                if good:
                    bought = Event(event_id=f"b{at}", timestamp=time.time(), action="purchase", user_id=f"new{at}",
                                   session_id=f"visit {at}", product_id=NEW)  # fmt: skip
                    observe([bought], shop)
        assert seen >= 8
        rule = shop.trained.rules["explore"]
        strangers = [answer(ask(shop, scene="home", session_id=f"late {at}", k=8), shop) for at in range(10)]
        assert not any(line.startswith("explore") for page in strangers for line in page.rules), rule
        assert [bool(places(shop, page)) for page in strangers] == [good] * 10
