"""Claims:

1. each metric has its mean and interval over the queries that have it; the gain is the second side's less the first's.
2. winners and losers come in the order of their gap in nDCG, the hardest by nDCG; equal ones are none.
3. queries change where the first k products or their order do.
4. JSON reads back as the same evaluation.
5. the page stands alone: no script, no address, everything escaped, ratings marked, in English and Chinese.
6. both languages have the same words, one for every metric, and reasons of refusals.
7. the verdict is beyond doubt, or says that there is none.
"""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.measure.evaluation import (
    Answers,
    Evaluation,
    Looked,
    Measured,
    Refused,
    Shown,
    Side,
    Source,
    Task,
    by_query,
    changed,
    compared,
    figures,
    gained,
    named,
    worst,
)
from shopkeeper.measure.evaluation_page import as_html, as_json, from_json, said, verdict, words, write
from shopkeeper.measure.statistics import Difference, Interval

TASK = Task(
    ("cup", "tea", "jam"),
    [np.array([1, 2]), np.array([3]), np.array([4, 5])],
    [np.array([3.0, 0.0]), np.array([1.0]), np.array([0.0, 2.0])],
)
FIRST = Answers(np.array([[2, 1], [3, 9], [5, -1]]), np.array([[2.0, 1.0], [2.0, 1.0], [2.0, 0.0]]))
SECOND = Answers(np.array([[1, 2, 7], [9, 3, 8], [5, 6, 4]]), np.array([[3.0, 2.0, 1.0]] * 3))
SIDES = [figures(FIRST, TASK, 2), figures(SECOND, TASK, 2)]


def test_a_gain_is_the_second_side_less_the_first() -> None:
    found = {measured.metric: measured for measured in compared(SIDES, 2)}
    assert (found["mrr"].means[0].mean, found["mrr"].means[1].mean) == pytest.approx(((0.5 + 1 + 1) / 3, 2.5 / 3))
    assert found["auc"].n == 2 and found["ndcg@2"].n == 3
    assert [own.mean for own in found["auc"].means] == pytest.approx([(0 + 1) / 2, (1 + 1) / 2])
    gain = found["auc"].gain
    assert gain is not None and gain.mean == pytest.approx(0.5) and gain.low <= 0.5 <= gain.high
    alone = compared(SIDES[:1], 2)
    assert all(measured.gain is None and len(measured.means) == 1 for measured in alone)


def test_a_metric_that_no_query_has_is_left_out() -> None:
    task = Task(("tea",), [np.array([3])], [np.array([1.0])])
    answers = Answers(np.array([[3]]), np.array([[1.0]]))
    assert "auc" not in {measured.metric for measured in compared([figures(answers, task, 5)], 5)}


def test_winners_losers_and_the_hardest_come_in_order() -> None:
    assert gained(SIDES, 5) == ([0], [1])
    assert gained(SIDES[:1] * 2, 5) == ([], [])
    assert worst(SIDES[0], 5) == [0] and worst(SIDES[1], 5) == [1]


def test_queries_change_where_their_first_products_do() -> None:
    assert changed([FIRST, SECOND], 1) == 2
    assert changed([FIRST, SECOND], 3) == 3
    assert changed([FIRST, FIRST], 3) == changed([FIRST], 3) == 0


def test_a_query_without_a_figure_has_none() -> None:
    tea = by_query(TASK, SIDES, 2)[1]
    assert (tea.query, tea.n_relevant) == ("tea", 1)
    assert [own["auc"] for own in tea.figures] == [None, None]
    assert [own["ndcg@2"] for own in tea.figures] == [1.0, round(1 / np.log2(3), 6)]


EVIL = "<script>alert('x')</script>"
PAGES = (
    (Shown("p1", f"Blue cup {EVIL}", 3.0), Shown("p2", "Red cup", None)),
    (Shown("p3", "Saucer", 0.0),),
)
FOUND = Evaluation(
    shop=f"Cups & {EVIL}",
    made="2026-11-22T08:00:00+00:00",
    k=10,
    source=Source(
        file="judged.csv",
        sha256="ab" * 32,
        read=1300,
        used=1200,
        refused=(Refused(7, "rating", "must be >= 0", f"-1 {EVIL}"),) * 60,
        repeated=(Refused(9, "product_id", "comes again in line 12", "p4"),),
        n_unknown=39,
        unknown=("q7", "q8"),
        without=("flat screen",),
        unavailable=2,
    ),
    sides=(
        Side("", {}, "0001"),
        Side("b.toml", {"recall": {"keep": 10, "lexical": {"scene_weights": {"search": 2}}}}, "0001", {"lexical": 3}),
    ),
    metrics=(
        Measured(
            "ndcg@10", 56, (Interval(0.6, 0.5, 0.7), Interval(0.65, 0.55, 0.75)), Difference(0.05, 0.01, 0.09, 0.0, 9)
        ),
        Measured("auc", 48, (Interval(0.7, 0.6, 0.8), Interval(0.6, 0.5, 0.7)), Difference(-0.1, -0.2, -0.05, 1.0, 9)),
    ),
    queries=by_query(TASK, SIDES, 10),
    changed=38,
    winners=(Looked(f"cup {EVIL}", 2, (0.2, 0.9), PAGES),),
    losers=(Looked("tea", 1, (0.9, 0.0), (PAGES[0], ())),),
)


def test_json_reads_back_as_the_same_evaluation(tmp_path: Path) -> None:
    assert from_json(as_json(FOUND)) == FOUND
    assert write(FOUND, tmp_path) == tmp_path / "evaluation.html"
    assert from_json((tmp_path / "evaluation.json").read_text(encoding="utf-8")) == FOUND


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_stands_alone_and_escapes_everything(language: str) -> None:
    page = as_html(FOUND, language)  # type: ignore[arg-type]
    assert "<script" not in page and "http" not in page.replace("http-equiv", "") and "url(" not in page
    assert page.count("&lt;script&gt;") >= 5 and "default-src 'none'" in page
    for tag in ("section", "article", "table", "ol", "dl", "tr"):
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>"), tag
    assert '<b class="good">3</b>Blue cup' in page and '<b class="unjudged">–</b>Red cup' in page
    assert '<b class="bad">0</b>Saucer' in page


def test_the_page_says_what_was_found() -> None:
    page = as_html(FOUND)
    assert "The second finds better" in page and "+0.050 [+0.010, +0.090]" in page and "1,300" in page
    assert "recall.keep = 10" in page and "recall.lexical.scene_weights.search = 2<" in page
    assert "source lexical failed in 3 queries" in page and "Nothing was found." in page
    assert page.count("must be &gt;= 0") == 50 and "and 10 more: evaluation.json has all" in page
    assert "q7, q8" in page and "flat screen" in page and "comes again in line 12" in page
    alone = as_html(replace(FOUND, sides=FOUND.sides[:1], metrics=compared(SIDES[:1], 10), winners=(), losers=()))
    assert "Measured alone" in alone and "second less first" not in alone and "Queries that gain most" not in alone


def test_the_page_is_chinese_where_that_is_asked() -> None:
    page = as_html(FOUND, "zh")
    assert 'lang="zh-CN"' in page and "第二组找得更好" in page and "本店的设置" in page
    assert "必须 &gt;= 0" in page and "在第 12 行再次出现" in page and "Queries" not in page
    assert said("some other reason", "zh") == said("some other reason", "en") == "some other reason"
    assert said("must be <= 20: a gain is 2^rating - 1", "zh") == "必须 <= 20：增益为 2^评分 - 1"


def test_both_languages_have_the_same_words() -> None:
    english, chinese = words("en"), words("zh")
    assert english.keys() == chinese.keys()
    assert all(english[key].keys() == chinese[key].keys() for key in ("verdicts", "meaning", "listed"))
    assert set(SIDES[0]) == english["meaning"].keys()
    assert {named(metric, 10) for metric in ("ndcg", "map")} == {"ndcg@10", "map"}


@pytest.mark.parametrize(
    ("low", "high", "told"), [(0.01, 0.09, "better"), (-0.09, -0.01, "worse"), (-0.01, 0.09, "even")]
)
def test_the_verdict_is_beyond_doubt_or_there_is_none(low: float, high: float, told: str) -> None:
    main = replace(FOUND.metrics[0], gain=Difference(0.02, low, high, 0.1, 9))
    assert verdict(replace(FOUND, metrics=(main,))) == told
    assert verdict(replace(FOUND, metrics=(main,), changed=0)) == "same"
    assert verdict(replace(FOUND, metrics=(replace(main, gain=None),))) == "alone"
