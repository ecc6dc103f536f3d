"""Claims:

1. the shop's own search is measured: figures by query are those of the pages that it gives, as worked out by hand.
2. nothing of it is logged, and the report lies in the shop's reports, in both languages.
3. other settings are set against the shop's own, or one file against another; what they say replaces key by key.
4. products that the shop has not are named, queries without a relevant product left out, out of stock is said.
5. variants, and products of one title, count as one with their best rating.
6. settings that are learnt, that decide nothing, that switch on what learnt nothing, or are wrong, are refused.
7. judgments without a relevant product, and a shop that has not learnt, are refused with what to do.
8. a source that fails is named with how often.
"""

from dataclasses import replace
from math import log2
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.errors import IntakeError, NoVersion, RequestError, SettingError
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.evaluate import evaluate
from shopkeeper.flow.overlay import overlay
from shopkeeper.flow.sample import alike, sampled
from shopkeeper.intake.judgments import judgments
from shopkeeper.measure.evaluation_page import from_json
from shopkeeper.recall.sources.lexical import Lexical
from shopkeeper.settings import Settings, parse
from shopkeeper.store.folder import open_folder
from shopkeeper.testing.shops import small_shop
from shopkeeper.testing.worlds import catalog

# brands are Alder, Birch, Cedar: three products a title, whose ids end in A, B, C
RATED = """\
query,product_id,rating
butter,DA1A,3
butter,DA1C,1
butter,BA2A,0
rye bread,BA1B,2
rye bread,nope,3
nothing like it,DA0A,0
"""
BRANDS_FIRST = "[recall.lexical]\nbrand_weight = 60.0\npopularity_weight = 0.0\n"


def written(folder: Path, text: str, name: str = "judged.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_figures_are_those_of_the_pages(shop_folder: Path, tmp_path: Path) -> None:
    found = evaluate(shop_folder, written(tmp_path, RATED))
    assert [one.query for one in found.queries] == ["butter", "rye bread"]
    with open_shop(shop_folder, writable=False) as shop:
        page = answer(ask(shop, scene="search", query="butter", k=200), shop)
        ids = [shop.catalog.product_ids[item.row] for item in page.items]
    gains = {"DA1A": 2**3 - 1, "DA1C": 2**1 - 1}
    dcg = sum(gains.get(name, 0) / log2(place + 2) for place, name in enumerate(ids[:10]))
    figures = found.queries[0].figures[0]
    assert figures["ndcg@10"] == pytest.approx(dcg / (7 / log2(2) + 1 / log2(3)), abs=1e-6)
    assert figures["mrr"] == pytest.approx(1 / (1 + min(ids.index(name) for name in gains)), abs=1e-6)
    assert figures["recall@10"] == sum(name in ids[:10] for name in gains) / 2
    assert figures["judged@10"] == pytest.approx(sum(name in {*gains, "BA2A"} for name in ids[:10]) / len(ids[:10]))
    assert found.queries[1].figures[0]["auc"] is None
    assert {metric.metric: metric.n for metric in found.metrics}["auc"] == 1
    assert [one.query for one in found.hardest] == ["butter"] and found.winners == found.losers == ()
    best = found.hardest[0].pages[0]
    assert [shown.product_id for shown in best] == ids[:10]
    assert {shown.product_id: shown.rating for shown in best if shown.rating is not None}.items() >= {
        "DA1A": 3.0
    }.items()


def test_nothing_is_logged_and_the_report_lies_there(shop_folder: Path, tmp_path: Path) -> None:
    before = {path.name for path in (shop_folder / "reports").iterdir()}
    found = evaluate(shop_folder, written(tmp_path, RATED), k=3)
    with open_folder(shop_folder, writable=True) as folder:
        assert list(folder.exposures.between(0, 1e11)) == []
    reports = shop_folder / "reports"
    assert {path.name for path in reports.iterdir()} - before == {
        "evaluation.json",
        "evaluation.html",
        "evaluation.zh.html",
    }
    assert from_json((reports / "evaluation.json").read_text(encoding="utf-8")) == found
    assert "Small Shop" in (reports / "evaluation.html").read_text(encoding="utf-8")


def test_one_config_is_set_against_the_shops_own(shop_folder: Path, tmp_path: Path) -> None:
    config = written(tmp_path, f"{BRANDS_FIRST}[understand]\nfilters = false\n", "brands.toml")
    rated = "query,product_id,rating\n" + "".join(f"birch butter,DA1{brand},{brand == 'B':d}\n" for brand in "ABC")
    rated += "alder butter croissant,BA2A,3\n"
    steps: list[str] = []
    found = evaluate(shop_folder, written(tmp_path, rated), [config], tell=lambda step, done, total: steps.append(step))
    assert [side.name for side in found.sides] == ["", "brands.toml"]
    lexical = {"brand_weight": 60.0, "popularity_weight": 0.0}
    assert found.sides[1].settings == {"recall": {"lexical": lexical}, "understand": {"filters": False}}
    assert [side.version for side in found.sides] == ["0001", "0001"]
    assert list(dict.fromkeys(steps)) == ["asking with own settings", "asking with brands.toml", "comparing"]
    main = found.metrics[0]
    assert main.gain is not None
    gaps = [one.figures[1]["ndcg@10"] - one.figures[0]["ndcg@10"] for one in found.queries]  # type: ignore[operator]
    assert main.gain.mean == pytest.approx(np.mean(gaps), abs=1e-6)
    assert len(found.winners) == sum(gap > 0 for gap in gaps) and len(found.losers) == sum(gap < 0 for gap in gaps)
    assert found.changed > 0 and found.hardest == ()


def test_two_configs_are_set_against_one_another(shop_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    first = written(tmp_path, BRANDS_FIRST, "one.toml")
    second = written(tmp_path / "b", "[recall]\nkeep = 10\n", "one.toml")
    rated = written(tmp_path, RATED)
    found = evaluate(shop_folder, rated, [first, second])
    assert [side.name for side in found.sides] == [str(first), str(second)]
    assert found.sides[1].settings == {"recall": {"keep": 10}}
    with pytest.raises(RequestError, match=r"--config: at most two, got 3: .* Compare two at a time\."):
        evaluate(shop_folder, rated, [first, second, first])


def test_what_a_config_says_replaces_key_by_key(tmp_path: Path) -> None:
    own = parse("[recall]\nkeep = 50\n[recall.lexical]\ntitle_weight = 2.0\n[recall.covisit]\nlast = 9\n")
    config = written(tmp_path, "[recall]\nrrf_k = 10\n[recall.lexical]\nbrand_weight = 9.0\n", "b.toml")
    tables, merged = overlay(config, tmp_path, own)
    assert tables == {"recall": {"rrf_k": 10, "lexical": {"brand_weight": 9.0}}}
    lexical = merged.of("source", "lexical")
    assert (merged.recall.keep, merged.recall.rrf_k) == (50, 10)
    assert (lexical.title_weight, lexical.brand_weight, merged.of("source", "covisit").last) == (2.0, 9.0, 9)


def test_unknown_products_and_queries_left_out_are_named(shop_folder: Path, tmp_path: Path) -> None:
    with open_folder(shop_folder, writable=True) as folder:
        product = folder.products.get("DA1C")
        assert product is not None
        folder.products.upsert([replace(product, availability=False)])
    source = evaluate(shop_folder, written(tmp_path, RATED)).source
    assert (source.read, source.used, source.n_unknown, source.unknown) == (6, 5, 1, ("nope",))
    assert source.without == ("nothing like it",) and source.unavailable == 1


def test_variants_and_equal_titles_count_as_one(tmp_path: Path) -> None:
    titles = ["red cup", "blue cup", "red cup", "green cup", "blue cup"]
    shelf = catalog(titles, groups=np.array([0, 1, 2, 0, 4], np.int32))
    assert alike(shelf).tolist() == [0, 1, 0, 0, 1]
    text = "query,product_id,rating\ncup,p2,1\ncup,p3,3\ncup,p4,0\ncup,p1,2\n"
    task, source = sampled(judgments(written(tmp_path, text)), shelf)
    assert [rows.tolist() for rows in task.judged] == [[0, 1]]
    assert [grades.tolist() for grades in task.grades] == [[3.0, 2.0]]
    assert source.used == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[encode]\nminutes = 5\n",
            r"\[encode\] counts when the shop learns, not when it answers\. Write it into .*settings\.toml, then: "
            r"shopkeeper learn .*, and evaluate the new version\. An .* may differ in: arrange, recall, understand\.",
        ),
        (
            "[serve]\nport = 5\n",
            r"\[serve\] changes no answer of a search\. Leave it out\. .* may differ in: arrange, recall, understand\.",
        ),
        (
            "[recall.lexical]\ntitel_weight = 5\n",
            r"recall\.lexical\.titel_weight: no such setting \(.*b\.toml line 2\)",
        ),
        ("[recall\n", r"b\.toml: not valid TOML: "),
        (
            "[recall.covisit]\nenabled = true\n",
            r"recall\.covisit\.enabled: 'covisit' has learnt nothing in this shop, where it is switched off\. Switch "
            r"it on in .*settings\.toml, then: shopkeeper learn ",
        ),
    ],
)
def test_configs_that_cannot_be_compared_are_refused(tmp_path: Path, text: str, told: str) -> None:
    own = parse("[recall.covisit]\nenabled = false\n")
    with pytest.raises(SettingError, match=told):
        overlay(written(tmp_path, text, "b.toml"), tmp_path / "shop", own)


def test_a_config_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"none\.toml: no such file\. Name a TOML file with what differs"):
        overlay(tmp_path / "none.toml", tmp_path, Settings({}))
    (tmp_path / "latin.toml").write_bytes(b'[shop]\ntitle = "caf\xe9"\n')
    with pytest.raises(SettingError, match=r"latin\.toml: not UTF-8 .* Save the file as UTF-8\."):
        overlay(tmp_path / "latin.toml", tmp_path, Settings({}))


def test_judgments_without_a_relevant_product_are_refused(shop_folder: Path, tmp_path: Path) -> None:
    text = "query,product_id,rating\ncup,DA1A,0\n" + "".join(f"cup,x{n},3\n" for n in range(4))
    told = (
        r"judged\.csv: no query has a relevant product\. Of 5 judgments 4 name products that the shop has not \(x0, "
        r"x1, x2, \.\.\.\), and none of the other 1 has a rating above 0\. Rate at least one product of the shop"
    )
    with pytest.raises(IntakeError, match=told):
        evaluate(shop_folder, written(tmp_path, text))


def test_a_shop_that_has_not_learnt_says_so(tmp_path: Path) -> None:
    young = small_shop(tmp_path / "young", learnt=False)
    with pytest.raises(NoVersion, match=r"young has not learnt yet\. Run: shopkeeper learn"):
        evaluate(young, written(tmp_path, RATED))


def test_a_source_that_fails_is_named(shop_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the index is gone")

    monkeypatch.setattr(Lexical, "recall", broken)
    found = evaluate(shop_folder, written(tmp_path, RATED))
    assert found.sides[0].failed == {"lexical": 2}
    assert found.metrics[0].means[0].mean == 0.0
