"""What the benchmark of sentiment draws and chooses by. Claims:

1. of other reviews half are of each label; none is known, stands twice or has both labels.
2. a strength is never chosen by the category that is judged: heads that were tried did not see it, nor does it count.
"""

import gzip
from pathlib import Path

import numpy as np

from benchmarks.sentiment import STRENGTHS, Others, _left_out, _strength, drawn


def test_reviews_are_drawn_once_and_by_label(tmp_path: Path) -> None:
    rows = [f"tea,{at % 2},review {at}" for at in range(20)]
    rows += ["mug,1,known", "mug,1,\ufefftwice", "tea,1,twice", "mug,1,both", "mug,0,both", "mug,0,alone"]
    (tmp_path / "reviews.csv.gz").write_bytes(gzip.compress("\n".join(["category,label,review", *rows]).encode()))
    texts, labels, categories = drawn(tmp_path, 8, {"known"})
    assert len(texts) == len(set(texts)) == 10
    assert [labels[at] for at, name in enumerate(categories) if name == "tea"].count("Positive") == 4
    assert {texts[at] for at, name in enumerate(categories) if name == "mug"} == {"twice", "alone"}


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
