"""Claims:

1. a card reads back from its JSON as it was.
2. its page stands alone: curves without a script, no address, everything escaped, in English and Chinese.
3. both languages have the same words, and every kind of search has one.
4. a card whose model was not adapted says why, and shows no empty tables.
5. the chances of clicks stand in it with their baselines and a reliability diagram, or what they lack.
"""

from dataclasses import replace
from pathlib import Path

from shopkeeper.encode.card import Card, Form, Gain, Neighbours, as_html, as_json, card_of, from_json, words, write
from shopkeeper.measure.calibration import Quality
from shopkeeper.measure.click_card import ClickCard, write_clicks

CARD = Card(
    key="ab12",
    shop="Cups & Co",
    made="2026-11-22T08:00:00+00:00",
    reason="",
    model="all-MiniLM-L6-v2",
    weights_sha256="53aa",
    licence="Apache-2.0",
    method="full",
    tasks=("matching",),
    settings={"full": {}, "matching": {"batch": 32}},
    minutes=1.0,
    seed=0,
    n_products=92331,
    n_held_out=2386,
    n_parameters=10_000_000,
    seconds=61.5,
    points=((0, 0.5, None, 0.5), (25, 30.0, 3.5, 0.6), (50, 61.5, 3.0, 0.55)),
    gains=(Gain("all", 746, 0.493, 0.538, 0.027, 0.063), Gain("new", 16, 0.2, 0.24, -0.07, 0.18)),
    neighbours=(Neighbours("cup <b>", ("Blue cup",), ("Red cup", "Blue cup")),),
    forms=(Form("float32", 90_852_864), Form("int8", 23_943_639, 0.993, 5.08, 0.712)),
)


def test_a_card_reads_back_as_it_was(tmp_path: Path) -> None:
    assert from_json(as_json(CARD)) == CARD
    page = write(CARD, tmp_path)
    assert page.name == "card.html" and {path.name for path in tmp_path.iterdir()} == {
        "card.html",
        "card.zh.html",
        "card.json",
    }
    assert card_of(tmp_path) == CARD
    assert card_of(tmp_path / "nowhere") is None


def test_the_page_stands_alone_and_draws_the_curves() -> None:
    page = as_html(CARD)
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")
    assert "Cups &amp; Co" in page and "cup &lt;b&gt;" in page
    assert 'points="0.0,160.0 320.0,0.0 640.0,80.0"' in page
    assert "from 0.500 to 0.550, 50 steps; highest 0.600, after 25" in page
    assert "+0.045 [+0.027, +0.063]" in page and "batch = 32" in page and "23.9 MB" in page and "92,331" in page
    assert '<td class="n">5.1 ×</td><td class="n">0.9930</td><td class="n">0.712</td>' in page


def test_the_page_is_chinese_where_that_is_asked() -> None:
    page = as_html(CARD, "zh")
    assert 'lang="zh-CN"' in page and "已适应本店" in page and "Before" not in page


def test_both_languages_have_the_same_words() -> None:
    english, chinese = words("en"), words("zh")
    assert english.keys() == chinese.keys()
    assert all(
        english[key].keys() == chinese[key].keys() for key in ("kinds", "form_names", "calibrations", "clickers")
    )
    assert {gain.kind for gain in CARD.gains} <= english["kinds"].keys()


def test_a_model_that_stays_as_it_came_says_why() -> None:
    card = replace(CARD, reason="too few products", points=(), gains=(), neighbours=(), forms=())
    page = as_html(card)
    assert not card.adapted
    assert "Why: too few products" in page and "Nothing was measured." in page
    assert "<table" not in page and "<polyline" not in page


def test_the_chances_of_clicks_stand_in_the_card(tmp_path: Path) -> None:
    ours, place = Quality(0.85, 0.1, 0.02, 0.001), Quality(0.8, 0.11, 0.025, 0.002)
    bins = ((0.05, 0.04, 30), (0.2, 0.4, 30))
    clicks = ClickCard("", 100, 600, 60, 20, "platt", ours, {"rate_by_place": place}, (0.01, 0.005, 0.015), bins)
    (tmp_path / "card.json").write_text(as_json(CARD), encoding="utf-8")
    write_clicks(tmp_path, clicks)
    found = card_of(tmp_path)
    assert found is not None and found.clicks == clicks and from_json(as_json(found)) == found
    page = as_html(found)
    assert "two numbers (Platt)" in page and "+0.0100 [+0.0050, +0.0150]" in page and "100 / 600 / 60" in page
    assert '<th scope="row">this model</th><td class="n">0.8500</td><td class="n">0.1000</td>' in page
    assert '<circle cx="20.0" cy="144.0" r="4.0"/><circle cx="80.0" cy="0.0" r="4.0"/>' in page
    assert "位置的点击率" in as_html(found, "zh")
    few = as_html(replace(CARD, clicks=ClickCard("3 clicks: it takes 200", 2, 12, 3)))
    assert "No model is kept: 3 clicks: it takes 200" in few and '<svg class="reliability"' not in few
