"""Claims:

1. the page says the weights that serve, and that without margins the margin is silent.
2. with margins it shows pages before and after another weight: products with more margin come, nothing is logged.
3. it speaks Chinese, refuses a weight that is none, and at 380 px does not scroll sideways.
"""

import re
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from shopkeeper.flow.shop import Shop
from tests.console.conftest import Visitor

WHERE = "/grocer/console/objectives"


def plain(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def give_margins(shop: Shop) -> None:
    """Every other product earns a shilling, the others nothing."""
    products = [shop.product(product_id) for product_id in shop.catalog.row_of]
    said = [replace(own, attributes={**own.attributes, "margin": f"{at % 2 / 2:g}"}) for at, own in enumerate(products)]
    shop.put(said)


def test_without_margins_it_is_silent_and_says_so(client: TestClient) -> None:
    told = plain(client.get(WHERE).text)
    assert "Click 1 Cart 2 Purchase 3 Margin 0" in told
    assert re.search(
        r"0 of \d+ products say a margin in the attribute “margin”. Without it margin changes nothing.", told
    )


def test_with_margins_it_shows_what_a_weight_changes(client: TestClient, shop: Shop) -> None:
    give_margins(shop)
    shop.folder.exposures.flush()
    logged = len(shop.folder.exposures.queries())
    said = r"(\d+) % of the first eight places .* at ([\d.]+) in place of ([\d.]+)"
    found = re.search(said, plain(client.get(f"{WHERE}?margin=1").text))
    assert found is not None
    changed, after, before = map(float, found.groups())
    assert changed > 0 and after > before
    still = re.search(said, plain(client.get(f"{WHERE}?margin=0").text))
    assert still is not None and float(still[1]) == 0 and still[2] == still[3]
    shop.folder.exposures.flush()
    assert len(shop.folder.exposures.queries()) == logged


def test_it_speaks_chinese_and_refuses_a_weight_that_is_none(client: TestClient) -> None:
    assert client.get(f"{WHERE}?margin=7").status_code == 400
    assert "页面为何排序" in client.get(WHERE, headers={"Accept-Language": "zh-CN"}).text


@pytest.mark.browser
@pytest.mark.data
@pytest.mark.server
def test_at_380_px_it_does_not_scroll_sideways(visitor: Visitor) -> None:
    visitor.open("console/objectives")
    visitor.page.get_by_role("spinbutton").fill("0.5")
    visitor.page.get_by_role("button", name="Show what changes").click()
    visitor.page.wait_for_url("**margin=0.5*")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 380
