"""Claims, of pages that say what is so:

1. what stands under "buy again" says that it was bought, on the card and in the dialog.
2. a visitor nobody knows is not told of habits.
3. what has no price cannot be put into the cart, and the total says what it leaves out.
4. a corrected search says what it shows and what was typed.
5. "New" is said on the home page alone, where a strip says since when; an erased shopper is counted no more.
6. a search leans towards its shopper only where it is sorted by relevance and something is known of who asks, and says
   so only there; who switched it off can always switch it on.
"""

import re

import pytest
from starlette.testclient import TestClient

from shopkeeper.flow.shop import Shop
from shopkeeper.types import Product


def test_what_to_buy_again_says_so_on_the_card_and_in_the_dialog(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopkeeper.console.home.FIRST", 1)  # the grocer's shelves are small
    text = client.post("/grocer/shopper", data={"user_id": "u3"}).text
    again = text.split('id="again"')[1].split("</section>")[0]
    reasons = re.findall(r'class="card-reason">([^<]+)<', again)
    assert len(reasons) >= 3 and all(reason.startswith(("You have bought it", "You bought it")) for reason in reasons)
    whys = re.findall(r'href="(/grocer/why/\w+/\d+)"', again)
    for why, reason in zip(whys, reasons, strict=True):
        assert f'<p class="reasons-sentence">{reason}</p>' in client.get(why).text


def test_a_visitor_nobody_knows_is_not_told_of_habits(client: TestClient) -> None:
    why = re.search(r'href="(/grocer/why/\w+/0)"', client.get("/grocer/").text)
    assert why
    text = client.get(why[1]).text
    assert "How often you bought it" not in text and "Due by your rhythm" not in text
    assert "a score below zero is no bad mark" in text


def test_what_has_no_price_cannot_be_bought_for_nothing(client: TestClient, shop: Shop) -> None:
    client.post("/grocer/cart", data={"product_id": "p00"})
    priced = client.get("/grocer/cart").text
    for price in (None, 0.0):
        shop.put([Product(product_id="odd", title="Unpriced thing", category=("Drinks",), price=price)])
        page = client.get("/grocer/product/odd").text
        form = re.findall(r'name="product_id" value="odd"', page + client.get("/grocer/search?q=unpriced").text)
        assert "Price on request" in page and not form
        reply = client.post("/grocer/cart", data={"product_id": "odd"})
        assert reply.status_code == 400 and "has no price yet" in reply.text
    shop.put([Product(product_id="odd", title="Unpriced thing", category=("Drinks",), price=9.0)])
    client.post("/grocer/cart", data={"product_id": "odd"})
    shop.put([Product(product_id="odd", title="Unpriced thing", category=("Drinks",))])
    text = client.get("/grocer/cart").text
    assert "1 product without a price is not in the total." in text
    total = re.search(r"<b>(€[\d.]+)</b>", priced)
    assert total and f"<b>{total[1]}</b>" in text and "€0.00" not in text
    chinese = client.get("/grocer/cart", headers={"Accept-Language": "zh"}).text
    assert "1 件暂无价格的商品没有计入合计" in chinese and "加入购物车：" in chinese


def test_a_corrected_search_says_what_it_shows_and_what_was_typed(client: TestClient) -> None:
    text = client.get("/grocer/search?q=gren tea").text
    assert "<h1>Showing results for green tea</h1>" in text and "You typed: gren tea" in text
    assert "Did you mean" not in text


def test_what_is_only_doubted_is_offered(client: TestClient, shop: Shop) -> None:
    shop.put([Product(product_id="odd", title="Wooden lamtern holder", category=("Home",), price=9.0)])
    shop.put([Product(product_id=f"c{n}", title=f"Lantern {n}", category=("Home",), price=9.0) for n in range(60)])
    text = client.get("/grocer/search?q=lamtern").text
    assert '<a href="?q=lantern">Did you mean lantern?</a>' in text and "Results for lamtern" in text
    chinese = client.get("/grocer/search?q=lamtern", headers={"Accept-Language": "zh"}).text
    assert "您是不是要找：lantern" in chinese


def test_a_reason_in_chinese_has_no_latin_full_stop(client: TestClient) -> None:
    why = re.search(r'href="(/grocer/why/\w+/0)"', client.get("/grocer/").text)
    assert why
    place = re.search(r'<p class="quiet">(.*?)</p>', client.get(why[1], headers={"Accept-Language": "zh"}).text)
    assert place and place[1].endswith("。") and ". " not in place[1] and "。下面各部分" in place[1]
    english = re.search(r'<p class="quiet">(.*?)</p>', client.get(why[1]).text)
    assert english and ". The parts below" in english[1]


BADGE = '<span class="badge">New</span>'


def test_new_is_marked_on_the_home_page_alone(client: TestClient) -> None:
    first = client.get("/grocer/").text
    assert BADGE not in first
    for product_id in re.findall(r'data-product="(\w+)"', first)[:2]:
        client.post("/grocer/dismiss", data={"product_id": product_id}, follow_redirects=False)
    for path in ("search?q=zzzz", "thanks", "search?q=tea", "product/p03"):
        client.get(f"/grocer/{path}")
        client.post("/grocer/cart", data={"product_id": "p05"}, follow_redirects=False)
        assert BADGE not in client.get(f"/grocer/{path}").text
    home = client.get("/grocer/").text
    assert 'id="strip"' in home and BADGE in home


def test_who_was_erased_is_counted_no_more(client: TestClient, shop: Shop) -> None:
    def counted() -> int:
        found = re.search(r"<dt>Shoppers</dt><dd>(\d+)</dd>", client.get("/grocer/console").text)
        assert found
        return int(found[1])

    before = counted()
    assert client.delete("/v1/grocer/users/u1").status_code == 200
    assert counted() == before - 1 == len(shop.folder.users) - 1


def test_a_sorted_search_does_not_say_that_it_leans(client: TestClient) -> None:
    leans = "What you chose or looked at before stands a little higher."
    assert leans not in client.get("/grocer/search?q=tea").text
    client.post("/grocer/cart", data={"product_id": "p05"}, follow_redirects=False)
    assert leans in client.get("/grocer/search?q=tea").text
    assert leans not in client.get("/grocer/search?q=tea&sort=price_asc").text
    client.get("/grocer/personal/off", follow_redirects=False)
    client.cookies.delete("session")
    assert "personal/on" in client.get("/grocer/search?q=tea").text
