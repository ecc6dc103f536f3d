"""Claims:

1. every page answers without JavaScript, with a strict policy and no inline script, style or handler.
2. a hostile title is text wherever it is shown.
3. clicks, carts, purchases and searches become events of the shop, a reload none.
4. the next page says what was noted and how it changed.
5. the parts shown for a place add up to the score shown, and only to whom the page was shown.
6. where more is found than can be paged to, the page says so, and a chosen value leaves its neighbours to choose.
7. what is not wanted goes; a product put meanwhile spoils no page; photographs stand over drawings; a shop that has not
   learnt says so.
8. forms from other sites, unknown shops, products and addresses get a readable page in the reader's language.
"""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from benchmarks.small_shop import make
from shopkeeper.console import merchant, search
from shopkeeper.console.sections import Section, section
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys
from shopkeeper.types import Product
from shopkeeper.understood import Mined
from tests.console.conftest import HOSTILE

PAGES = [
    "",
    "search?q=tea",
    "search",
    "search?department=Drinks",
    "search?q=zzzz",
    "product/p00",
    "cart",
    "thanks",
    "interview",
    "you",
    "shoppers",
    "console",
    "console/rules",
]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    """Every element with its attributes, as a browser would read the page."""
    parser = _Tags()
    parser.feed(text)
    return parser.found


def events(shop: Shop, session: str) -> list[tuple[str, str]]:
    return [
        (each.action, each.product_id or each.query)
        for each in shop.folder.events.tail(0)
        if each.session_id == session
    ]


def session(client: TestClient) -> str:
    return next(str(cookie.value) for cookie in client.cookies.jar if cookie.name == "session")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_with_a_strict_policy(client: TestClient, path: str) -> None:
    reply = client.get(f"/grocer/{path}")
    assert reply.status_code == 200
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for tag, attributes in tags(reply.text):
        assert tag != "style" and (tag != "script" or attributes["src"])
        assert not any(name == "style" or name.startswith("on") for name in attributes)
        led = [attributes.get(name) or "" for name in ("src", "href", "action", "hx-get", "hx-post")]
        assert not any(address.startswith(("http", "//", "javascript:", "data:")) for address in led)


@pytest.mark.parametrize("path", ["", "search?q=tea", "search?department=Drinks", "product/x%2F%221", "cart"])
def test_a_hostile_title_is_text(client: TestClient, path: str) -> None:
    client.post("/grocer/cart", data={"product_id": HOSTILE.product_id})
    text = client.get(f"/grocer/{path}").text
    for attack in ("<script>alert", "<b>tea", "<i>odd", "<img src=x", "<u>name", "<script>3"):
        assert attack not in text
    if path not in {""}:
        assert "&lt;script&gt;alert" in text


def test_a_hostile_query_is_text(client: TestClient) -> None:
    text = client.get("/grocer/search", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_what_a_visitor_does_becomes_events_and_a_reload_none(client: TestClient, shop: Shop) -> None:
    client.get("/grocer/search?q=tea")
    client.get("/grocer/search?q=tea&sort=price_asc")
    href = re.search(r'href="(/grocer/product/p00\?r=[^"]+)"', client.get("/grocer/search?q=green tea").text)
    assert href
    for _ in range(2):
        client.get(href[1].replace("&amp;", "&"))
    client.post("/grocer/cart", data={"product_id": "p00", "quantity": 2})
    client.post("/grocer/cart", data={"product_id": "p01"})
    client.post("/grocer/cart/quantity", data={"product_id": "p01", "quantity": 0})
    client.post("/grocer/checkout")
    assert events(shop, session(client)) == [
        ("search", "tea"),
        ("search", "green tea"),
        ("click", "p00"),
        ("view", "p00"),
        ("add_to_cart", "p00"),
        ("add_to_cart", "p01"),
        ("remove_from_cart", "p01"),
        ("purchase", "p00"),
    ]
    bought = next(each for each in shop.folder.events.tail(0) if each.action == "purchase" and each.session_id)
    assert bought.session_id != session(client) or bought.quantity == 2.0


def test_a_click_names_the_page_and_the_place_it_came_from(client: TestClient, shop: Shop) -> None:
    text = client.get("/grocer/").text
    product_id, request_id, position = re.findall(r'href="/grocer/product/(\w+)\?r=(\w+)&amp;p=(\d+)"', text)[3]
    client.get(f"/grocer/product/{product_id}?r={request_id}&p={position}")
    click = next(each for each in shop.folder.events.tail(0) if each.action == "click")
    assert (click.product_id, click.request_id, click.position) == (product_id, request_id, int(position))
    shop.folder.exposures.flush()
    exposure = shop.folder.exposures.get(request_id)
    assert exposure is not None and exposure.product_ids[int(position)] == product_id


def test_the_next_page_says_what_was_noted_and_how_it_changed(client: TestClient) -> None:
    assert 'id="strip"' not in client.get("/grocer/").text
    client.get("/grocer/product/p03")
    text = client.get("/grocer/").text
    assert "Noted: you looked at <b>Orange juice, 1 l</b>" in text
    assert "On this page since then" in text or "Nothing moved" in text
    assert 'id="strip"' not in client.get("/grocer/").text


def test_parts_add_up_and_are_private(client: TestClient, shop: Shop) -> None:
    client.post("/grocer/shopper", data={"user_id": "u1"})
    why = re.search(r'href="(/grocer/why/\w+/0)"', client.get("/grocer/").text)
    assert why
    text = client.get(why[1]).text
    parts = [float(value) for value in re.findall(r'data-value="([-\d.]+)"', text)]
    score = re.search(r'data-score="([-\d.]+)"', text)
    assert score and len(parts) > 1
    assert sum(parts) == pytest.approx(float(score[1]), abs=1e-5)
    client.cookies.clear()
    reply = client.get(why[1])
    assert reply.status_code == 404
    assert "too old to explain" in reply.text


def test_a_shopper_is_welcomed_and_known(client: TestClient) -> None:
    assert "Welcome" in client.get("/grocer/").text
    home = client.post("/grocer/shopper", data={"user_id": "u3"}).text
    assert "Good to see you, Shopper u3" in home
    assert "8 visits" in home
    assert "Buy again" in home or "You have bought it" in home
    assert "Welcome" in client.post("/grocer/shopper", data={"user_id": "nobody"}).text


def test_a_shopper_is_found_by_id(client: TestClient) -> None:
    assert "Be " not in client.get("/grocer/shoppers?q=u7").text
    assert "Shop as Shopper u7" in client.get("/grocer/shoppers?q=u7").text
    assert "There is no shopper “u99”" in client.get("/grocer/shoppers?q=u99").text


def test_the_cart_counts_and_goes_with_something(client: TestClient) -> None:
    assert "Your cart is empty" in client.get("/grocer/cart").text
    client.post("/grocer/cart", data={"product_id": "p00", "quantity": 3})
    text = client.get("/grocer/cart").text
    assert "€4.47" in text and "Goes well with your cart" in text
    added = client.post("/grocer/cart", data={"product_id": "p05"}, headers={"HX-Request": "true"}).text
    assert "Added to your cart" in added and "hx-swap-oob" in added and "4 items" in added
    thanks = client.post("/grocer/checkout").text
    assert "Thank you, it is noted" in thanks and "Rye bread" in thanks
    assert "Your cart is empty" in client.get("/grocer/cart").text


def test_forms_from_another_site_are_not_accepted(client: TestClient, shop: Shop) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        reply = client.post("/grocer/cart", data={"product_id": "p00"}, headers=headers)
        assert reply.status_code == 400
        assert "sent from another site" in reply.text
    assert not any(each.action == "add_to_cart" for each in shop.folder.events.tail(0))


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/nowhere/", 404, "There is no shop “nowhere” here. Served here: grocer."),
        ("/grocer/product/p99", 404, "This product is not on the shelf"),
        ("/grocer/search?page=x", 400, "cannot be read: page"),
        ("/_static/nothing.css", 400, "no static file 'nothing.css'"),
        ("/_static/" + "x" * 5000, 400, "no static file 'xxx"),
        ("/grocer/product/p00?p=99999999999999999999", 400, "cannot be read: p"),
        ("/grocer/product/p00?p=-1", 400, "cannot be read: p"),
    ],
)
def test_what_is_not_there_gets_a_readable_page(client: TestClient, path: str, status: int, said: str) -> None:
    reply = client.get(path)
    assert reply.status_code == status
    assert said in reply.text.replace("&#39;", "'")


def test_a_person_gets_a_page_where_there_is_none_and_a_program_json(client: TestClient) -> None:
    page = client.get("/grocer/nope", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.status_code == 404 and "There is no such page" in page.text and 'href="/grocer/"' in page.text
    assert client.get("/grocer/nope").json()["error"]["code"] == "not_found"
    assert client.get("/v1/grocer/nope", headers={"Accept": "text/html"}).json()["error"]["code"] == "not_found"
    assert client.get("/v1/grocer/search", headers={"Accept": "text/html"}).status_code == 405


@pytest.mark.parametrize("path", ["cart", "dismiss"])
def test_a_place_beyond_any_page_is_refused(client: TestClient, shop: Shop, path: str) -> None:
    reply = client.post(f"/grocer/{path}", data={"product_id": "p00", "position": "99999999999999999999"})
    assert reply.status_code == 400 and "cannot be read: position" in reply.text
    assert not any(each.action in {"add_to_cart", "dismiss"} for each in shop.folder.events.tail(0))


def test_what_is_trending_stands_nowhere_above(client: TestClient, shop: Shop) -> None:
    text = client.get("/grocer/").text
    above, trending = text.split('id="trending"')
    shown = [re.findall(r'data-product="(\w+)"', part) for part in (above, trending)]
    assert len(shown[1]) == 6 and not set(shown[0]) & set(shown[1])
    assert "What many people are buying this week" in trending
    shop.folder.exposures.flush()
    request_id = re.findall(r"/grocer/why/(\w+)/0", trending)[0]
    exposure = shop.folder.exposures.get(request_id)
    assert exposure is not None and list(exposure.product_ids) == shown[1]


def test_a_shopper_who_is_erased_is_gone_from_the_memory_of_the_pages(client: TestClient, shop: Shop) -> None:
    client.post("/grocer/shopper", data={"user_id": "u1"})
    client.get("/grocer/product/p03")
    why = re.search(r'href="(/grocer/why/\w+/0)"', client.get("/grocer/").text)
    assert why and client.get(why[1]).status_code == 200
    assert client.delete("/v1/grocer/users/u1").json()["erased"]["pages"] > 1
    assert client.get(why[1]).status_code == 404
    assert "Welcome" in client.get("/grocer/").text and 'id="strip"' not in client.get("/grocer/").text


def test_more_than_can_be_paged_to_is_said(client: TestClient, shop: Shop) -> None:
    assert "1 product<" in client.get("/grocer/search?q=goat").text
    shop.plan = replace(shop.plan, keep=10, depth=10)
    assert "10 best of 21, with every size and variety" in client.get("/grocer/search?sort=price_asc").text
    assert client.get("/grocer/search?page=9").status_code == 200


def test_another_department_can_be_chosen_beside_the_chosen_one(client: TestClient) -> None:
    page = client.get("/grocer/search?q=oat&department=Drinks").text
    assert re.search(r'value="Drinks" checked', page) and re.search(r'name="department" value="Bakery">', page)


def test_the_interface_speaks_chinese(client: TestClient) -> None:
    text = client.get("/grocer/", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).text
    assert 'lang="zh-CN"' in text and "欢迎光临" in text and "€1.49" in text
    assert "购物车" in client.get("/grocer/language/zh?to=/grocer/cart").text
    assert "购物车是空的" in client.get("/grocer/cart").text
    assert (
        client.get("/grocer/language/zh?to=//evil.example/", follow_redirects=False).headers["location"] == "/grocer/"
    )


def test_one_shop_is_gone_to_at_once(client: TestClient) -> None:
    assert client.get("/", follow_redirects=False).headers["location"] == "/grocer/"


def test_static_files_are_kept_by_browsers(client: TestClient) -> None:
    address = re.search(r'href="(/_static/base\.css\?v=\w+)"', client.get("/grocer/").text)
    assert address
    reply = client.get(address[1])
    assert "immutable" in reply.headers["cache-control"]
    assert reply.headers["content-type"].startswith("text/css")
    assert client.get("/_static/..%2Froutes.py").status_code in {400, 404}


def test_suggestions_are_options(client: TestClient) -> None:
    text = client.get("/grocer/suggest?q=gre", headers={"HX-Request": "true"}).text
    assert 'role="option"' in text and "green tea" in text.lower()
    assert 'role="option"' not in client.get("/grocer/suggest?q=").text


def test_the_merchant_sees_what_was_learnt_and_what_is_on(client: TestClient) -> None:
    text = client.get("/grocer/console").text
    assert "serving now" in text and "popular" in text and "diversity" in text
    assert client.get("/grocer/console/quality").status_code == 200
    assert "Next basket R@10" in text and "personal frequency" in text
    chinese = client.get("/grocer/console", headers={"Accept-Language": "zh"}).text
    assert "下一次购物 R@10" in chinese and "按个人购买频率" in chinese and "Next basket" not in chinese


def test_a_question_for_the_shop_is_said_to_be_one(client: TestClient) -> None:
    text = client.get("/grocer/search?q=how+do+i+return+tea").text
    assert "This reads as a question about returns and refunds. The product search cannot answer it" in text
    chinese = client.get("/grocer/search?q=怎么退货", headers={"Accept-Language": "zh"}).text
    assert "这像是关于退货退款的问题。" in chinese
    assert "reads as a question" not in client.get("/grocer/search?q=tea").text
    intent = client.post("/v1/grocer/search", json={"query": "opening hours"}).json()["intent"]
    assert (intent["kind"], intent["about"], intent["stated"]) == ("service", "hours", [])


def test_the_merchant_sees_what_was_mined_and_whether_it_is_used(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "None: too few searches" in client.get("/grocer/console").text
    found = [
        Mined("oj", "<b>juice</b>", False, "reformulations", 7, "oj > <b>juice</b>"),
        Mined("sofa", "couch", True, "neighbours", 1200, ""),
    ]
    monkeypatch.setattr(merchant, "mined_of", lambda version: found)
    text = client.get("/grocer/console").text
    assert '→ &lt;b&gt;juice&lt;/b&gt; <span class="pill new">on' in text and "7 who chose nothing" in text
    assert '↔ couch <span class="pill gone">off' in text and "in 1,200 titles" in text
    chinese = client.get("/grocer/console", headers={"Accept-Language": "zh"}).text
    assert "7 位顾客没有选中" in chinese


def test_what_is_not_wanted_is_gone_from_the_page_it_stood_on(client: TestClient, shop: Shop) -> None:
    text = client.get("/grocer/").text
    product_id = re.findall(r'data-product="(\w+)"', text)[0]
    reply = client.post(
        "/grocer/dismiss", data={"product_id": product_id}, headers={"Referer": "http://testserver/grocer/"}
    )
    assert reply.url.path == "/grocer/"
    assert "Noted: not for you" in reply.text and re.search(r"[1-9]\d* gone", reply.text)
    assert f'data-product="{product_id}"' not in reply.text
    assert events(shop, session(client)) == [("dismiss", product_id)]


def test_without_script_a_cart_comes_back_to_the_page_it_was_filled_from(client: TestClient) -> None:
    came = {"Referer": "http://testserver/grocer/search?q=tea&page=1"}
    assert str(client.post("/grocer/cart", data={"product_id": "p00"}, headers=came).url).endswith(
        "/grocer/search?q=tea&page=1"
    )
    away = {"Referer": "https://evil.example//evil.example/"}
    assert client.post("/grocer/cart", data={"product_id": "p00"}, headers=away).url.host == "testserver"


def test_a_photograph_stands_over_its_drawing(client: TestClient, shop: Shop) -> None:
    pictured = {"https": "https://img.example/a b.jpg", "own": "/pictures/1.jpg", "odd": 'javascript:alert("1")'}
    shop.put(
        [
            Product(product_id=name, title=f"Pictured thing {name}", category=("Drinks",), images=(image,), price=1.0)
            for name, image in pictured.items()
        ]
    )
    shown = {name: client.get(f"/grocer/product/{name}").text for name in pictured}
    assert '<img class="photo" src="https://img.example/a b.jpg" alt=""' in shown["https"]
    assert '<img class="photo" src="/pictures/1.jpg" alt=""' in shown["own"]
    assert '<svg class="tile' in shown["https"]
    assert "javascript:" not in shown["odd"]


def test_a_product_put_while_a_department_is_shown_spoils_no_page(
    client: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = section

    def put_beside(*asked: Any, **more: Any) -> Section:
        shop.put([Product(product_id="new", title="New tea", category=("Drinks",), price=1.0)])
        return made(*asked, **more)

    monkeypatch.setattr(search, "section", put_beside)
    assert client.get("/grocer/search?department=Drinks").status_code == 200


def test_a_shop_that_has_not_learnt_says_so(tmp_path: Path) -> None:
    make(tmp_path / "grocer")
    shop = open_shop(tmp_path / "grocer")
    with TestClient(create_app({shop.name: shop}, keys=Keys())) as client:
        assert "has not learnt yet" in client.get("/grocer/").text
        for path in ("search?q=tea", "product/p00", "cart", "shoppers", "suggest?q=te", "console", "thanks"):
            assert client.get(f"/grocer/{path}").status_code == 200, path
    shop.close()
