"""Claims:

1. what counts and what does not is said, every figure with its interval, and where the whole report lies.
2. two sides are set side by side with a verdict; what stands in brackets in titles and queries is shown as it is.
3. judgments made of clicks say how places are looked at, or why that is not known.
4. the verb measures one config against another, and with --json the whole is one object.
"""

import json
import warnings
from pathlib import Path

import pytest

from shopkeeper.errors import UnlearnableShop
from shopkeeper.flow.click_judgments import FromClicks, Graded
from shopkeeper.flow.evaluate import evaluate
from tests.cli.test_verbs import run

RATED = """\
query,product_id,rating
butter [fresh],DA1C,3
butter [fresh],BA2A,bad
butter [fresh],nope,1
milk,DA0B,2
milk,DA0A,0
milk,DA0A,1
"""


def written(folder: Path, text: str, name: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def told(capsys: pytest.CaptureFixture[str], shop: Path, folder: Path, config: str = "") -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of typer, about click
        from shopkeeper.cli.evaluation import evaluation
    configs = [written(folder, config, "other.toml")] if config else []
    found = evaluate(shop, written(folder, RATED, "judged.csv"), configs)
    evaluation(found, shop / "reports", as_json=False)
    return capsys.readouterr().out


def test_what_counts_and_what_does_not_is_said(
    capsys: pytest.CaptureFixture[str], shop_folder: Path, tmp_path: Path
) -> None:
    out = told(capsys, shop_folder, tmp_path)
    assert "judged.csv: 3 of 6 judgments count\n  1 refused, 1 judged again, 1 of products that the shop has not" in out
    assert "refused: line 3: rating must be a number, got 'bad'" in out
    assert "judged again: line 6: product_id comes again in line 7, got 'DA0A'" in out
    assert "not in the shop: nope" in out
    assert "Small Shop: 2 queries, with 95 % intervals" in out
    for metric in ("ndcg@10", "condensed_ndcg@10", "judged@10", "map", "mrr", "precision@10", "capped_recall@10"):
        assert metric in out
    assert out.endswith(f"The whole report: {shop_folder / 'reports' / 'evaluation.html'}\n")


def test_two_sides_are_set_side_by_side(capsys: pytest.CaptureFixture[str], shop_folder: Path, tmp_path: Path) -> None:
    out = told(capsys, shop_folder, tmp_path, "[recall.lexical]\npopularity_weight = 0.0\nbrand_weight = 60.0\n")
    assert "own settings" in out and "other.toml" in out and "queries differ in their first 10 products" in out
    assert "beyond doubt" in out
    assert "s: butter [fresh]" in out or "s: milk" in out
    same = told(capsys, shop_folder, tmp_path, "[recall.lexical]\npopularity_weight = 1.0\n")
    assert "other.toml and own settings give the same first 10 products" in same and "0 queries differ" in same


def test_the_verb_of_judgments_names_the_file_it_would_write(shop_folder: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of typer, about click
        from typer.testing import CliRunner

        from shopkeeper.cli.app import app
    done = CliRunner().invoke(app, ["judgments", str(shop_folder), "--out", str(tmp_path / "clicks.csv")])
    assert isinstance(done.exception, UnlearnableShop) and "no judgments in 0 search pages" in str(done.exception)


def test_the_verb_prints_the_whole_as_one_object(shop_folder: Path, tmp_path: Path) -> None:
    configs = [written(tmp_path, f"[recall]\nkeep = {keep}\n", f"{keep}.toml") for keep in (10, 20)]
    words = ("--judgments", written(tmp_path, RATED, "judged.csv"), "--config", configs[0], "--config", configs[1])
    found = json.loads(run("evaluate", shop_folder, *words, "--json", "--k", 3).stdout)
    assert [query["query"] for query in found["queries"]] == ["butter [fresh]", "milk"]
    assert [side["name"] for side in found["sides"]] == ["10.toml", "20.toml"]
    assert found["k"] == 3 and "ndcg@3" in found["queries"][0]["figures"][0]
    assert found["source"]["refused"] == [{"line": 3, "column": "rating", "reason": "must be a number", "value": "bad"}]


@pytest.mark.parametrize("unknown", ["", "7 clicks: it takes 200"])
def test_judgments_from_clicks_say_how_places_are_looked_at(capsys: pytest.CaptureFixture[str], unknown: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of typer, about click
        from shopkeeper.cli.evaluation import from_clicks
    rows = tuple(Graded("butter", f"p{rating}", rating, 20, rating, 0, 0.1) for rating in (0, 2, 2))
    found = FromClicks(1200, 340, 9, rows, (1.0, 0.5, 0.25), unknown)
    from_clicks(found, Path("corner"), Path("clicks.csv"), as_json=False)
    out = capsys.readouterr().out
    assert "1,200 search pages of 9 queries, 340 clicks on them" in out
    assert "3 judgments of 1 queries that several shoppers asked: clicks.csv" in out
    assert ("looked at, beside the most looked at: 1.00, 0.50, 0.25" in out) == (not unknown)
    assert ("Every place counts alike: 7 clicks: it takes 200." in out) == bool(unknown)
    assert out.endswith("Next: shopkeeper evaluate corner --judgments clicks.csv\n")
    from_clicks(found, Path("corner"), Path("clicks.csv"), as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["ratings"] == {"0": 1, "1": 0, "2": 2, "3": 0} and told["judgments"] == 3 and told["queries_kept"] == 1
