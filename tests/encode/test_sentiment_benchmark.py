"""What the benchmark of sentiment draws and chooses by. Claims:

1. of other reviews half are of each label; none is known, stands twice or has both labels.
2. experts are taught by all categories but those set aside, which alone weigh them; a taught model is kept, and found
   again by what taught it.
3. accuracy counts every judged review, its second interval every different text once.
4. a strength is never chosen by the category that is judged: heads that were tried did not see it, nor does it count.
"""

import gzip
from pathlib import Path

import numpy as np
import pytest

from benchmarks import sentiment
from benchmarks.sentiment import STRENGTHS, Others, _accuracy, _left_out, _strength, drawn, taught
from shopkeeper.encode.weights import find
from tests.encode.bodies import write_body
from tests.encode.test_sentiment import REVIEWS


def test_reviews_are_drawn_once_and_by_label(tmp_path: Path) -> None:
    rows = [f"tea,{at % 2},review {at}" for at in range(20)]
    rows += ["mug,1,known", "mug,1,\ufefftwice", "tea,1,twice", "mug,1,both", "mug,0,both", "mug,0,alone"]
    (tmp_path / "reviews.csv.gz").write_bytes(gzip.compress("\n".join(["category,label,review", *rows]).encode()))
    texts, labels, categories = drawn(tmp_path, 8, {"known"})
    assert len(texts) == len(set(texts)) == 10
    assert [labels[at] for at, name in enumerate(categories) if name == "tea"].count("Positive") == 4
    assert {texts[at] for at, name in enumerate(categories) if name == "mug"} == {"twice", "alone"}


@pytest.mark.weights
def test_experts_are_taught_and_weighed_on_different_goods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sentiment.TEACHING, "method", {"layers": 1})
    monkeypatch.setitem(sentiment.TEACHING, "schedule", {"every": 2})
    goods = ["tea", "tea", "mug", *sentiment.ASIDE]
    kinds = [goods[at % len(goods)] for at in range(len(REVIEWS))]
    rows = [
        f"{kind},{int(good == 'good')},{text}"
        for kind, good, text in zip(kinds, REVIEWS.labels, REVIEWS.texts, strict=True)
    ]
    (tmp_path / "reviews.csv.gz").write_bytes(gzip.compress("\n".join(["category,label,review", *rows]).encode()))
    weights = find(str(write_body(tmp_path / "tiny", "bert")))
    (tmp_path / "kept").mkdir()
    asked = (weights, tmp_path, {REVIEWS.texts[0]}, 2, tmp_path / "kept")
    panel, about = taught(*asked)
    aside = sum(kind in sentiment.ASIDE for kind in kinds)
    assert (about["reviews"], about["weighed_by"]) == (len(REVIEWS) - aside - 1, aside)
    (kept,) = (tmp_path / "kept").iterdir()
    assert (kept / "head.safetensors").is_file()
    monkeypatch.setattr(sentiment, "train", None)
    again, _ = taught(*asked)
    assert again.predict(REVIEWS.texts) == panel.predict(REVIEWS.texts)
    assert (
        np.mean(
            np.array(panel.predict(REVIEWS.texts))
            == ["Positive" if g == "good" else "Negative" for g in REVIEWS.labels]
        )
        > 0.9
    )


def test_accuracy_counts_reviews_and_its_second_interval_texts() -> None:
    told = _accuracy([np.array([True, True]), np.array([True, False])], ["a", "a", "a", "b"])
    assert told["accuracy"] == 75.0
    assert told["splits"] == [100.0, 50.0]
    assert told["interval_by_text"] == [0.0, 100.0]
    narrow = _accuracy([np.array([True] * 300 + [False] * 100)], ["a"] * 300 + ["b"] * 100)
    assert narrow["interval"][0] > 65
    assert narrow["interval_by_text"] == [0.0, 100.0]


def test_a_strength_is_not_chosen_by_what_is_judged() -> None:
    names = ("a", "b", "c")
    draw = np.random.default_rng(0)
    vectors = draw.normal(size=(900, 5)).astype(np.float32)
    labels = ["Positive" if first > 0 else "Negative" for first in vectors[:, 0]]
    categories = [name for name in names for _ in range(300)]
    turned = [{"Positive": "Negative"}.get(label, "Positive") if at < 300 else label for at, label in enumerate(labels)]
    true, false = (_left_out(Others([""] * 900, own, categories, vectors)) for own in (labels, turned))
    for other in ("b", "c"):
        assert true[other, "a"] == false[other, "a"]
        assert true[other, other] != false[other, other]
    worst = {("b", "a"): dict(zip(STRENGTHS, (0.1, 0.9, 0.2), strict=True))}
    worst |= {("c", "a"): dict(zip(STRENGTHS, (0.3, 0.4, 0.2), strict=True))}
    assert _strength(worst, names, ("a",)) == STRENGTHS[1]
