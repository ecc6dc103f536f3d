"""Claims:

1. versions that were measured on different data stand in different tables, each with its data's hash, and it is said.
2. versions that were measured on the same data stand in one, without a word.
3. the verdict of a check is a line, with the place of the whole report.
4. where a page's scores do not descend, the rules that moved places are named.
5. a search says how its page came about, and has what others buy beside it, in a table and as JSON.
6. each product of a page stands with its id and, as JSON, with the currency of its price.
"""

import json
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.compare import Comparison
from shopkeeper.flow.instead import answer_or_instead
from shopkeeper.flow.shop import Shop
from shopkeeper.understood import Redirect, Relaxed

BASKET = "next_basket.R@10"


def score(mean: float) -> dict[str, Any]:
    interval = {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}
    return {
        "n": 50,
        "ours": interval,
        "baselines": {"popularity": interval},
        "lead": {"over": "popularity", **interval},
    }


def told(capsys: pytest.CaptureFixture[str], *data_hashes: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of typer, about click
        from shopkeeper.cli import show
    names = [f"{number:04d}" for number in range(1, len(data_hashes) + 1)]
    scores = {BASKET: {name: score(0.1 * place) for place, name in enumerate(names, start=1)}}
    show.comparison(Comparison(names[-1], dict(zip(names, data_hashes, strict=True)), scores, {}), as_json=False)
    return capsys.readouterr().out


def test_versions_of_different_data_stand_apart(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "aaaaaaaa11", "bbbbbbbb22", "aaaaaaaa11")
    first, second = out.split("on data bbbbbbbb")
    assert "next basket.R@10 on data aaaaaaaa" in first
    assert "0001" in first and "0003 (serves)" in first and "0002" not in first
    assert "0002" in second and "0003" not in second
    assert out.endswith("measured on different data: their figures do not compare.\n")


def test_versions_of_the_same_data_stand_together(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "aaaaaaaa11", "aaaaaaaa11")
    assert out.count("on data") == 1 and "different" not in out


def test_the_verdict_is_a_line(capsys: pytest.CaptureFixture[str], shop_folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of typer, about click
        from shopkeeper.cli import show
    show.verdict(shop_folder / "reports")
    said, where = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"checked: the data are (sound|doubtful) \(0 blocking, \d+ warning, \d+ note\)", said)
    assert where == f"The whole report: {shop_folder / 'reports' / 'quality.html'}"


def test_rules_that_moved_places_are_named_where_scores_do_not_descend(
    capsys: pytest.CaptureFixture[str], shop: Shop
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of typer, about click
        from shopkeeper.cli import show
    page = answer(ask(shop, scene="home", user_id="u7", k=5), shop)
    falling = sorted(page.items, key=lambda item: -item.score)
    assert falling[0].score > falling[-1].score
    rules = ("diversity: 3 moved for variety", "lately: 1 lifted for the last look")
    for items, told in ((falling, False), (falling[::-1], True)):
        show.page(replace(page, items=tuple(items), rules=rules), shop, as_json=False)
        line = "Not by score alone: diversity: 3 moved for variety; lately: 1 lifted for the last look.\n"
        assert (line in capsys.readouterr().out) == told


@pytest.mark.parametrize(
    ("query", "how", "line"),
    [
        ("butter shoes", "words", "No product has every word. Shown: butter; none has: shoes.\n"),
        ("butter under 0.01", "filters", "Nothing has all of the filters that the words state: some were widened or"),
        ("xqzkvb", "popular", "Nothing was found. What others buy:\n"),
    ],
)
def test_a_search_says_how_its_page_came_about(
    capsys: pytest.CaptureFixture[str], shop: Shop, query: str, how: str, line: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of typer, about click
        from shopkeeper.cli import show
    page = answer_or_instead(ask(shop, scene="search", query=query), shop)
    show.page(page, shop, as_json=False)
    assert line in capsys.readouterr().out
    show.page(replace(page, redirect=Redirect("/sale", "", "sale")), shop, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["relaxed"]["how"] == [how] and told["rules"] == list(page.rules)
    assert told["redirect"] == {"to": "/sale", "search": "", "rule": "sale"}
    assert (told["instead"] is None) == (how != "popular")
    assert how != "popular" or len(told["instead"]["items"]) == 12


def test_products_that_are_nearest_in_meaning_are_called_so(capsys: pytest.CaptureFixture[str], shop: Shop) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of typer, about click
        from shopkeeper.cli import show
    page = answer(ask(shop, scene="search", query="butter"), shop)
    show.page(replace(page, relaxed=Relaxed(("meaning",))), shop, as_json=False)
    assert "No product has any of the words. These are nearest in meaning.\n" in capsys.readouterr().out


def test_a_product_stands_with_its_id_and_currency(capsys: pytest.CaptureFixture[str], shop: Shop) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of typer, about click
        from shopkeeper.cli import show
    page = answer(ask(shop, scene="home", user_id="u7", k=3), shop)
    ids = [shop.catalog.product_ids[item.row] for item in page.items]
    show.page(page, shop, as_json=False)
    lines = [line for line in capsys.readouterr().out.splitlines() if re.match(r"│ +\d+ │", line)]
    assert [line.split("│")[2].strip() for line in lines] == ids
    show.page(page, shop, as_json=True)
    told = json.loads(capsys.readouterr().out)["items"]
    assert shop.catalog.currency
    assert [(item["product_id"], item["currency"]) for item in told] == [(own, shop.catalog.currency) for own in ids]
