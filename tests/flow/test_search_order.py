"""Claims:

1. What people judged chooses how searches are ordered: trees where a product's price says what is better, ranks where
   nothing else does better. What every way reached on queries it did not learn from stands in the version.
2. The order that was chosen answers, also after the shop was opened again; a code, a sorted search and the home page
   are ordered as before.
3. Too few judged queries, or a file that cannot be read, choose nothing and say so; the version is learnt all the same.
4. Spellings of one query count once, and ratings need not be whole numbers.
5. A way whose features are switched off takes no part, and does not answer.
6. An evaluation by the judgments that chose the order says so.
7. What the settings name is taken, taught where there are judgments; one that needs teaching and has none is not.
"""

from pathlib import Path

import orjson
import pytest

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.evaluate import evaluate
from shopkeeper.flow.learn import learn
from shopkeeper.flow.search_order import LEAST
from shopkeeper.testing import shops
from shopkeeper.types import Page, Product, Sort

TREES = "[rank.lambdarank]\nmin_leaf = 2\ntrees = 30\n"
WORDS = ("cup", "pan", "pot", "lid", "fork", "spoon", "plate", "bowl", "jug", "tray", "knife", "glass")
QUERIES = tuple(f"{colour} {word}" for colour in ("red", "blue") for word in WORDS)


def goods() -> list[Product]:
    """Five of each colour and kind at different prices, the dearest first; their ids tell nothing."""
    return [
        Product(
            product_id=f"{query.replace(' ', '-')}-{number}",
            title=f"{query} {name}",
            price=float(60 - 10 * number),
            currency="EUR",
        )
        for query in QUERIES
        for number, name in enumerate(("oak", "elm", "fir", "yew", "ash"))
    ]


def made(path: Path, judged: str, more: str = "") -> Path:
    shops.small_shop(path, settings=shops.SETTINGS + more, learnt=False)
    with open_shop(path) as shop:
        shop.put(goods())
    if judged:
        (path / "judgments.csv").write_text(judged, encoding="utf-8")
    return path


def cheap_is_good(queries: tuple[str, ...] = QUERIES) -> str:
    rows = [f"{query},{query.replace(' ', '-')}-{number},{number}" for query in queries for number in range(5)]
    return "\n".join(["query,product_id,rating", *rows])


def asked(path: Path, query: str, sort: Sort = "relevance") -> Page:
    with open_shop(path, writable=False, patient=True) as shop:
        return answer(ask(shop, scene="search", query=query, k=5, sort=sort), shop)


def prices(path: Path, page: Page) -> list[float]:
    with open_shop(path, writable=False) as shop:
        return [float(shop.catalog.prices[item.row]) for item in page.items]


@pytest.fixture(scope="module")
def cheap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = made(tmp_path_factory.mktemp("cheap") / "shop", cheap_is_good(QUERIES[:-2]), TREES)
    order = learn(path).order
    assert order is not None and order.name == "lambdarank"
    return path


def test_trees_are_chosen_where_the_price_says_what_is_better(cheap: Path) -> None:
    told = orjson.loads((cheap / "versions" / "0001" / "search_order" / "order.json").read_bytes())
    assert told["ranker"] == "lambdarank" and told["queries"] == len(QUERIES) - 2
    assert told["tried"]["lambdarank"]["ndcg"] > 0.95 > told["tried"]["fused"]["ndcg"]


def test_the_chosen_order_answers_a_query_nobody_judged(cheap: Path) -> None:
    page = asked(cheap, QUERIES[-1])
    assert page.ranker == "lambdarank" and prices(cheap, page) == [20.0, 30.0, 40.0, 50.0, 60.0]


def test_an_evaluation_by_what_chose_the_order_says_so(cheap: Path, tmp_path: Path) -> None:
    assert evaluate(cheap, cheap / "judgments.csv").source.taught
    other = tmp_path / "other.csv"
    other.write_text(cheap_is_good(QUERIES[-2:]), encoding="utf-8")
    assert not evaluate(cheap, other).source.taught


def test_codes_and_sorted_searches_are_ordered_as_before(cheap: Path) -> None:
    assert asked(cheap, "red-cup-3").ranker == "fused"
    page = asked(cheap, QUERIES[-1], sort="price_desc")
    assert page.ranker == "fused" and prices(cheap, page) == [60.0, 50.0, 40.0, 30.0, 20.0]


def test_ranks_stay_where_nothing_does_better(tmp_path: Path) -> None:
    rows = [f"{query},{query.replace(' ', '-')}-{number},1" for query in QUERIES for number in range(5)]
    order = learn(made(tmp_path / "shop", "\n".join(["query,product_id,rating", *rows]))).order
    assert order is not None and order.name == "fused"
    assert order.tried["fused"].ndcg == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("judged", "told"),
    [
        (cheap_is_good(QUERIES[:3]), f"3 queries have a relevant product; it takes {LEAST} to choose an order by."),
        ("query,product\nred cup,x\n", "is missing"),
    ],
)
def test_what_cannot_choose_says_so_and_stops_nothing(tmp_path: Path, judged: str, told: str) -> None:
    learnt = learn(made(tmp_path / "shop", judged))
    assert learnt.promoted and learnt.order is not None
    assert learnt.order.name == "fused" and told in learnt.order.reason
    assert asked(tmp_path / "shop", "red cup").ranker == "fused"


def test_what_the_settings_name_is_taken(tmp_path: Path) -> None:
    path = made(tmp_path / "shop", "", 'rankers = {home = "fused", search = "blend"}\n')
    assert learn(path).order is None
    page = asked(path, "red cup")
    assert page.ranker == "blend" and [part.name for part in page.items[0].explanation.children]
    text = (path / "settings.toml").read_text(encoding="utf-8").replace("blend", "lambdarank")
    (path / "settings.toml").write_text(text, encoding="utf-8")
    assert asked(path, "red cup").ranker == "fused"  # nobody taught it


def test_spellings_of_one_query_count_once(tmp_path: Path) -> None:
    said = [spelling for query in QUERIES[:7] for spelling in (query, query.upper(), f"{query}.")]
    rows = [f"{query},{query.strip('.').lower().replace(' ', '-')}-1,1" for query in said]
    order = learn(made(tmp_path / "shop", "\n".join(["query,product_id,rating", *rows]))).order
    assert order is not None and order.reason.endswith(
        f"7 queries have a relevant product; it takes {LEAST} to choose an order by."
    )


def test_ratings_need_not_be_whole_numbers(tmp_path: Path) -> None:
    judged = cheap_is_good().replace("-1,1", "-1,0.5").replace("-2,2", "-2,1.25")
    order = learn(made(tmp_path / "shop", judged, TREES)).order
    assert order is not None and order.name == "lambdarank" and order.tried["lambdarank"].ndcg > 0.95


def test_a_way_whose_features_are_switched_off_takes_no_part(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = made(tmp_path / "shop", cheap_is_good(), TREES + "[rank.match]\nenabled = false\n")
    order = learn(path).order
    assert order is not None and set(order.tried) == {"fused", "lambdarank"}
    text = (path / "settings.toml").read_text(encoding="utf-8")
    (path / "settings.toml").write_text(text.replace("[rank.match]", "[rank.price]\nenabled = false\n\n[rank.match]"))
    assert asked(path, QUERIES[-1]).ranker == "fused"
    assert "lacks the features price" in caplog.text
