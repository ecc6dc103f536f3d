"""Claims, in a shop that tries new products:

1. a product put into the shop a moment ago is on a home page at once, and the exposure has the chance that it had.
2. once pages have shown it its share of times, others get the place; a shop that opens again has not forgotten it.
3. a page made for a preview counts for nothing.
"""

from pathlib import Path

import pytest

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.shop import Shop
from shopkeeper.testing.shops import SETTINGS, small_shop
from shopkeeper.types import Page, Product

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
