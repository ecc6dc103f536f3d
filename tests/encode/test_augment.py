"""Texts as somebody else might have written them. Claims:

1. each edit changes about its share of the words, the same ones for the same seed; without a share nothing changes.
2. codes, numbers, units and words that deny are never changed, left out or moved, in English and in Chinese.
3. one word at least is left; signs between words stay where they are, and words never cross them.
4. a term of several words is replaced by another of its group, in any case of letters.
5. a file of synonyms is read by lines; one that is not there, or a lonely term, is refused in words.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode.augment import Edits, stays, synonyms, varied
from shopkeeper.errors import TrainingError

LONG = " ".join(["comfortable", "waterproof", "jacket"] * 100)
ALL = Edits(typing=0.5, deletion=0.3, swap=0.5, synonym=0.5, synonyms=(("trousers", "pants"), ("外套", "夹克")))


def found(text: str, edits: Edits, n: int = 300) -> set[str]:
    return {varied(text, edits, np.random.default_rng(seed)) for seed in range(n)}


def test_each_edit_changes_its_share() -> None:
    words = LONG.split()

    def changed(edits: Edits) -> list[str]:
        return varied(LONG, edits, np.random.default_rng(1)).split()

    assert len(changed(Edits(deletion=0.2))) == pytest.approx(240, abs=25)
    wrong = [word for word in changed(Edits(typing=0.2)) if word not in words]
    assert len(wrong) == pytest.approx(60, abs=20)
    moved = changed(Edits(swap=0.1))
    assert sorted(moved) == sorted(words)
    assert sum(one != other for one, other in zip(moved, words, strict=True)) == pytest.approx(55, abs=20)
    called = changed(Edits(synonym=0.5, synonyms=(("jacket", "coat", "parka"),)))
    assert called.count("coat") + called.count("parka") == pytest.approx(50, abs=15)
    assert varied(LONG, Edits(), np.random.default_rng(0)) == LONG
    assert varied(LONG, ALL, np.random.default_rng(3)) == varied(LONG, ALL, np.random.default_rng(3))
    assert not Edits(synonyms=(("a", "b"),)) and Edits(swap=0.1)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("battery AB-12C charger 500 ml 2.4GHz gluten free, not waterproof, doesn't charge", None),
        ("电池三件套装 1.5升充电宝 不太好 没有色差", ("三件", "1.5升", "不太好", "没有")),
    ],
)
def test_what_says_which_product_it_is_stays(text: str, kept: tuple[str, ...] | None) -> None:
    kept = kept or ("AB-12C", "500 ml", "2.4GHz", "free", "not", "doesn't")
    texts = found(text, ALL)
    assert len(texts) > 100
    for other in texts:
        places = [other.index(piece) for piece in kept]
        assert places == sorted(places), other
    assert all(map(stays, ["42", "a4-80gsm", "ml", "kg", "米", "NOT", "isn’t", "不错", "没有", "三件", "½"]))
    assert not any(map(stays, ["jacket", "雨靴", "notes", "freedom"]))


def test_signs_stay_and_one_word_is_left() -> None:
    edits = Edits(deletion=0.9, swap=0.9)
    for other in found("good, cheap phone (new)! Nice", edits):
        assert re.sub(r"[\w ]", "", other) == ",()!"
        assert re.search(r"\w", other)
    assert found("tea", edits) == {"tea"}
    swapped = found("red coat, blue hat", Edits(swap=0.9))
    assert swapped == {"red coat, blue hat", "coat red, blue hat", "red coat, hat blue", "coat red, hat blue"}
    assert found("a good phone", Edits(deletion=0.5)) >= {"a good", "good phone", "a phone", "phone"}
    assert found("很好的手机", Edits(deletion=0.5)) >= {"很好的", "手机", "的手机"}


def test_terms_are_replaced_by_others_of_their_group() -> None:
    edits = Edits(synonym=0.5, synonyms=(("sneakers", "running shoes", "trainers"), ("手机", "电话")))
    assert found("blue Running Shoes", edits) == {"blue Running Shoes", "blue sneakers", "blue trainers"}
    assert found("my sneakers!", edits) == {"my sneakers!", "my running shoes!", "my trainers!"}
    assert found("running, shoes", edits) == {"running, shoes"}
    assert found("手机很好", edits) == {"手机很好", "电话很好"}
    assert found("手机很好", Edits(synonym=0.5)) == {"手机很好"}


def test_a_file_of_synonyms_is_read_by_lines(tmp_path: Path) -> None:
    file = tmp_path / "synonyms.txt"
    file.write_text("# shoes\nsneakers, trainers , sneakers\n\n手机, 电话  # telephones\n", encoding="utf-8")
    assert synonyms(file) == (("sneakers", "trainers"), ("手机", "电话"))
    file.write_text("sneakers, trainers\nboots\n", encoding="utf-8")
    with pytest.raises(TrainingError, match=r"synonyms\.txt line 2: 'boots' stands alone\. Write terms that mean the"):
        synonyms(file)
    with pytest.raises(TrainingError, match=r"gone\.txt: no synonyms can be read from it \(FileNotFoundError\)\."):
        synonyms(tmp_path / "gone.txt")
