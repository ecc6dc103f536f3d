"""Claims:

1. A search answers with the products of its words, in the documented form, and with the time of each stage.
2. Every scene of recommend answers; seeds that are missing or unknown are named.
3. The tree behind a score comes on request and adds up.
4. What was logged of a page explains each of its products; other pages and products are named as unknown.
5. An event changes the next page.
6. A request that cannot be read says which field, what was given and what is allowed.
7. A shop that has not learnt says so.
8. Any attribute is a filter, in any case, numbers by range in any unit; what a facet names is what its filter takes;
   an attribute that there is not, and a range that cannot be, are refused with the names that there are.
9. What words state is in the answer with what was made of it, and can be left words.
10. The page says what was made of the query's words, and by which part.
10. Filters that leave nothing, and the page after the last, give an empty page, not a failure.
"""

import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from shopkeeper.flow.build import open_shop
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.failures import NEEDS_JSON
from shopkeeper.serve.keys import Keys
from shopkeeper.serve.schemas import ExplainOut, PageOut, SuggestOut

SEARCH, RECOMMEND = "/v1/grocer/search", "/v1/grocer/recommend"


def page_of(client: TestClient, route: str, **asked: Any) -> PageOut:
    response = client.post(route, json=asked)
    assert response.status_code == 200, response.text
    return PageOut.model_validate_json(response.content)


def ids(page: PageOut) -> list[str]:
    return [item.product_id for item in page.items]


def test_a_search_answers_with_the_products_of_its_words(client: TestClient) -> None:
    page = page_of(client, SEARCH, query="green tea", k=3)
    best = page.items[0]
    assert (best.product_id, best.title, best.price, best.currency) == ("p00", "Green tea, 20 bags", 1.49, "EUR")
    assert (best.position, best.department, best.category, best.available) == (0, "Drinks", ["Drinks"], True)
    assert (page.scene, page.intent.query, page.version) == ("search", "green tea", "0001")
    assert len(page.items) <= 3


def test_a_search_says_what_was_made_of_its_words(client: TestClient) -> None:
    intent = page_of(client, SEARCH, query="Gren tea").intent
    assert (intent.query, intent.correction, intent.maybe) == ("gren tea", "green tea", None)
    assert [change.model_dump() for change in intent.changes] == [{"by": "spelling", "said": "gren", "meant": "green"}]
    assert not page_of(client, SEARCH, query="green tea").intent.changes


def test_the_time_of_each_stage_is_in_a_header(client: TestClient) -> None:
    timing = client.post(SEARCH, json={"query": "tea"}).headers["server-timing"]
    stages = dict(part.split(";dur=") for part in timing.split(", "))
    assert {"understand", "recall", "rank"} <= set(stages)
    assert all(float(span_ms) >= 0 for span_ms in stages.values())


def test_the_second_page_goes_on_where_the_first_ended(client: TestClient) -> None:
    whole = page_of(client, RECOMMEND, scene="trending", k=6)
    second = page_of(client, RECOMMEND, scene="trending", k=3, offset=3)
    assert ids(second) == ids(whole)[3:]
    assert [item.position for item in second.items] == [3, 4, 5]


@pytest.mark.parametrize(
    ("scene", "seeds"), [("home", []), ("similar", ["p00"]), ("together", ["p00"]), ("cart", ["p00"]), ("trending", [])]
)
def test_every_scene_answers(client: TestClient, scene: str, seeds: list[str]) -> None:
    page = page_of(client, RECOMMEND, scene=scene, user_id="u1", product_ids=seeds, k=4)
    assert page.scene == scene
    assert page.items
    assert not set(ids(page)) & set(seeds)


def test_filters_narrow_the_page(client: TestClient) -> None:
    asked = {"departments": ["Bakery"], "price_max": 4.0}
    page = page_of(client, RECOMMEND, scene="trending", filters=asked, k=20)
    assert page.items
    assert all(item.department == "Bakery" and item.price and item.price <= 4.0 for item in page.items)


def test_the_tree_comes_on_request_and_adds_up(client: TestClient) -> None:
    assert page_of(client, RECOMMEND, scene="home", user_id="u1").items[0].explanation is None
    for item in page_of(client, RECOMMEND, scene="home", user_id="u1", explain=True).items:
        tree = item.explanation
        assert tree is not None
        assert tree.value == pytest.approx(item.score, abs=1e-4)
        assert sum(part.value for part in tree.children) == pytest.approx(tree.value, abs=1e-4)


def test_suggestions_finish_the_words(client: TestClient) -> None:
    found = client.get("/v1/grocer/suggest", params={"q": "gre"}).json()["suggestions"]
    assert any("green" in text.lower() for text in found)


def test_what_was_logged_explains_a_product_of_the_page(client: TestClient) -> None:
    page = page_of(client, RECOMMEND, scene="home", user_id="u1")
    shown = page.items[1]
    response = client.get(f"/v1/grocer/explain/{page.request_id}/{shown.product_id}")
    why = ExplainOut.model_validate_json(response.content)
    assert (why.position, why.version, why.scene) == (1, "0001", "home")
    assert why.score == pytest.approx(shown.score)
    assert why.features
    assert (why.click_chance, why.click_chance_first) == (None, None)  # nobody has clicked here yet


def test_an_unknown_page_and_a_product_it_did_not_show_are_named(client: TestClient) -> None:
    error = client.get("/v1/grocer/explain/no-such-page/p00").json()["error"]
    assert (error["code"], error["where"]) == ("unknown_page", "path.request_id")
    assert error["message"].startswith("no page with this request_id is in the log")
    page = page_of(client, RECOMMEND, scene="trending", k=1)
    error = client.get(f"/v1/grocer/explain/{page.request_id}/p99").json()["error"]
    assert (error["code"], error["message"]) == (
        "not_on_page",
        f"the page did not show this product. It showed: {page.items[0].product_id}",
    )


def test_an_event_changes_the_next_page(client: TestClient) -> None:
    asked = {"scene": "home", "user_id": "u1", "session_id": "now", "k": 10}
    before = page_of(client, RECOMMEND, **asked)
    last = before.items[-1].product_id
    event = {"event_id": "e1", "action": "add_to_cart", "user_id": "u1", "session_id": "now", "product_id": last}
    assert client.post("/v1/grocer/events", json=event).json()["accepted"] == 1
    after = page_of(client, RECOMMEND, **asked)
    assert [item.product_id for item in after.items] != [item.product_id for item in before.items]


BAD = [
    ({"quer": "tea"}, "body.quer", "no such field. Allowed: after, as_words, context, explain, filters, k, language, "
     "offset, personal, query, session_id, sort, user_id. Did you mean 'query'?"),
    ({}, "body.query", "is required"),
    ({"query": "x" * 401}, "body.query", "string should have at most 400 characters, got '" + "x" * 80 + "'"),
    ({"query": 3}, "body.query", "must be a valid string, got 3"),
    ({"query": "tea", "k": 500}, "body.k", "must be less than or equal to 100, got 500"),
    ({"query": "tea", "k": 0}, "body.k", "must be greater than or equal to 1, got 0"),
    ({"query": "tea", "offset": 10_001}, "body.offset", "must be less than or equal to 10000, got 10001"),
    ({"query": "tea", "sort": "cheap"}, "body.sort",
     "must be 'relevance', 'price_asc', 'price_desc', 'newest', 'best_selling' or 'rating', got 'cheap'"),
    ({"query": "tea", "filters": {"price_min": 3, "price_max": 1}}, "body.filters", "price_min 3 is above price_max 1"),
    ({"query": "tea", "filters": {"brand": ["x"]}}, "body.filters.brand", "no such field. Allowed: attributes, "
     "brands, categories, departments, in_stock, price_max, price_min, ranges. Did you mean 'brands'?"),
    ([], "body", "must be a JSON object"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "where", "message"), BAD, ids=[f"{where}-{at}" for at, (_, where, _) in enumerate(BAD)]
)
def test_a_search_that_cannot_be_read_says_where_and_why(
    client: TestClient, body: Any, where: str, message: str
) -> None:
    response = client.post(SEARCH, json=body)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["where"], error["message"]) == (
        422, "invalid_request", where, message,
    )  # fmt: skip


def test_seeds_that_are_missing_or_unknown_are_named(client: TestClient) -> None:
    error = client.post(RECOMMEND, json={"scene": "similar"}).json()["error"]
    assert error["message"] == "scene 'similar' needs product_ids: the products to start from"
    response = client.post(RECOMMEND, json={"scene": "together", "product_ids": ["p99"]})
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (404, "unknown_product")
    assert error["message"].startswith("no product 'p99' in shop 'grocer'.")


@pytest.mark.parametrize(
    ("content", "kind", "status", "message"),
    [
        (b'{"query": ', "application/json", 400, "the body is not JSON: Expecting value at byte 10"),
        (b'{"query": "tea"}', "text/plain", 415, NEEDS_JSON),
        (b"", "application/json", 422, "is required"),
    ],
)  # fmt: skip
def test_a_body_that_is_not_json_is_told_apart(
    client: TestClient, content: bytes, kind: str, status: int, message: str
) -> None:
    response = client.post(SEARCH, content=content, headers={"Content-Type": kind})
    assert (response.status_code, response.json()["error"]["message"]) == (status, message)


def test_half_a_character_is_refused(client: TestClient) -> None:
    response = client.post(SEARCH, content=b'{"query": "a\\ud800"}', headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]["where"]) == (422, "body.query")


def test_a_shop_that_has_not_learnt_says_so(unlearnt: Path, tmp_path: Path) -> None:
    opened: Shop = open_shop(Path(shutil.copytree(unlearnt, tmp_path / "young")))
    with TestClient(create_app({"grocer": opened}, keys=Keys())) as asking:
        response = asking.post(SEARCH, json={"query": "tea"})
        assert asking.get("/health").json()["status"] == "learning"
    opened.close()
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (409, "not_learnt")
    assert "has not learnt yet. Run: shopkeeper learn" in error["message"]


@pytest.mark.parametrize("rest", [{"filters": {"price_max": 0.01}}, {"offset": 10_000}], ids=["filters", "offset"])
@pytest.mark.parametrize("scene", ["search", "home", "trending"])
def test_where_nothing_is_left_the_page_is_empty(client: TestClient, scene: str, rest: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"query": "tea"} if scene == "search" else {"scene": scene, "user_id": "u1"}
    page = page_of(client, SEARCH if scene == "search" else RECOMMEND, **asked, **rest)
    assert page.items == []
    assert page.total == 0 or "offset" in rest


TAGGED: list[dict[str, Any]] = [
    {"product_id": f"x{at}", "title": f"Zither model {at}", "attributes": {"Colour": colour, "Volume": volume}}
    for at, (colour, volume) in enumerate([("Red", "1 l"), ("red", "500 ml"), ("Blue", "2 l"), ("Blue", "1 l")])
]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, {"x0", "x1", "x2", "x3"}),
        ({"attributes": {"colour": ["RED"]}}, {"x0", "x1"}),
        ({"ranges": {"volume": ["1000..1500 ml", "2 l"]}}, {"x0", "x2", "x3"}),
        ({"ranges": {"volume": ["..1"]}, "attributes": {"Colour": ["Red", "Blue"]}}, {"x0", "x1", "x3"}),
        ({"attributes": {"colour": ["Green"]}}, set()),
    ],
)
def test_any_attribute_is_a_filter(client: TestClient, filters: dict[str, Any], found: set[str]) -> None:
    assert client.put("/v1/grocer/products", json=TAGGED).status_code == 200
    page = page_of(client, SEARCH, query="zither", filters=filters)
    assert set(ids(page)) == found
    if found:
        assert set(page.facets["attributes.Colour"]) == {"Red", "Blue"}


def test_the_names_of_facets_are_what_filters_take(client: TestClient) -> None:
    client.put("/v1/grocer/products", json=TAGGED)
    facets = page_of(client, SEARCH, query="zither").facets
    assert facets["ranges.Volume"] == {"0.5 l": 1, "1 l": 2, "2 l": 1}
    for text, n in facets["ranges.Volume"].items():
        assert page_of(client, SEARCH, query="zither", filters={"ranges": {"Volume": [text]}}).total == n
    for text, n in facets["attributes.Colour"].items():
        assert page_of(client, SEARCH, query="zither", filters={"attributes": {"Colour": [text]}}).total == n


BAD_ATTRIBUTES = [
    ({"attributes": {"color": ["Red"]}}, "unknown_attribute", "body.filters.attributes.color",
     "no product has an attribute 'color'. Did you mean 'Colour'? The most common: Colour, Volume."),
    ({"ranges": {"size": ["1..2"]}}, "unknown_attribute", "body.filters.ranges.size",
     "no product has an attribute 'size'. The most common: Colour, Volume."),
    ({"ranges": {"Colour": ["1..2"]}}, "no_range", "body.filters.ranges.Colour",
     "the values of 'Colour' are no numbers of one kind. Filter by them: filters.attributes"),
    ({"ranges": {"Volume": ["1..2 kg"]}}, "no_range", "body.filters.ranges.Volume",
     "'1..2 kg' is in a unit of another kind: 'Volume' is in l"),
    ({"ranges": {"Volume": ["big"]}}, "invalid_request", "body.filters.ranges",
     "'big' is no range. Write LOW..HIGH and a unit: '8..16 GB', '..2 kg', '27 inch'"),
]  # fmt: skip


@pytest.mark.parametrize(("filters", "code", "where", "message"), BAD_ATTRIBUTES)
def test_a_filter_on_an_attribute_that_cannot_be_says_why(
    client: TestClient, filters: dict[str, Any], code: str, where: str, message: str
) -> None:
    client.put("/v1/grocer/products", json=TAGGED)
    error = client.post(SEARCH, json={"query": "zither", "filters": filters}).json()["error"]
    assert (error["code"], error["where"], error["message"]) == (code, where, message)


def test_where_no_product_has_attributes_the_error_says_so(client: TestClient) -> None:
    error = client.post(SEARCH, json={"query": "tea", "filters": {"attributes": {"size": ["L"]}}}).json()["error"]
    assert error["message"] == "no product has an attribute 'size'. The most common: there is none."


def test_what_words_state_is_in_the_answer_and_can_be_left_words(client: TestClient) -> None:
    client.put(
        "/v1/grocer/products", json=[{**own, "category": ["Music", "Zither"], "brand": "Pluck"} for own in TAGGED]
    )
    page = page_of(client, SEARCH, query="red pluck zither up to 1 l")
    assert set(ids(page)) == {"x0", "x1"}
    said = {own.field: (own.value, own.words, own.role) for own in page.intent.stated}
    assert said == {
        "attributes.Colour": ("Red", "red", "filter"),
        "brand": ("Pluck", "pluck", "filter"),
        "category": ("Zither", "zither", "filter"),
        "ranges.Volume": ("..1 l", "up to 1 l", "filter"),
    }
    assert page.intent.tokens == []
    page = page_of(client, SEARCH, query="red pluck zither up to 1 l", as_words=["ranges.Volume"])
    assert "ranges.Volume" not in {own.field for own in page.intent.stated}
    assert page_of(client, SEARCH, query="red pluck zither", as_words=["*"]).intent.stated == []


def test_what_gave_way_is_in_the_answer(client: TestClient) -> None:
    client.put("/v1/grocer/products", json=[{**own, "category": ["Music", "Zither"], "price": 90} for own in TAGGED])
    page = page_of(client, SEARCH, query="red zither under 5")
    assert set(ids(page)) == {"x0", "x1"}
    assert [own.role for own in page.intent.stated] == ["filter", "filter", "dropped"]


def test_a_search_says_how_its_page_came_about(client: TestClient) -> None:
    part = page_of(client, SEARCH, query="green tea lantern")
    assert part.relaxed is not None and part.items and part.instead is None
    assert (part.relaxed.how, part.relaxed.shown, part.relaxed.dropped) == (["words"], "green tea", ["lantern"])
    whole = page_of(client, SEARCH, query="green tea")
    assert (whole.relaxed, whole.instead) == (None, None)
    assert page_of(client, RECOMMEND, scene="trending").instead is None


def test_a_search_that_finds_nothing_offers_what_others_buy_apart(client: TestClient, shop: Shop) -> None:
    page = page_of(client, SEARCH, query="xqzkvb", k=5)
    assert (page.items, page.total, page.reachable) == ([], 0, 0)
    assert page.relaxed is not None and page.relaxed.how == ["popular"]
    assert page.instead is not None and len(page.instead.items) == 5
    shop.folder.exposures.flush()
    told = client.get(f"/v1/grocer/explain/{page.instead.request_id}/{page.instead.items[0].product_id}")
    assert ExplainOut.model_validate_json(told.content).scene == "trending"


def test_completions_say_what_they_are_and_whose(client: TestClient) -> None:
    searched = {"event_id": "s1", "action": "search", "user_id": "u1", "query": "green soap"}
    client.post("/v1/grocer/events", json=searched)
    reply = client.get("/v1/grocer/suggest", params={"q": "green", "k": "3", "user_id": "u1"})
    told = SuggestOut.model_validate_json(reply.content)
    assert told.completions[0].model_dump() == {"text": "green soap", "kind": "query", "own": True}
    assert told.suggestions == [each.text for each in told.completions]
    others = client.get("/v1/grocer/suggest", params={"q": "green"}).json()
    assert others["completions"] == [{"text": "Green tea, 20 bags", "kind": "product", "own": False}]
