"""Claims:

1. a product's text says brand, title, type and key attributes, each once, then its description, and at most 64 words.
2. a text that stands many times is encoded once, and every row gets its own text's vector.
3. what was encoded once is not encoded again, in another run, order or catalogue; nor what was put there by others.
4. an interrupted run keeps what it had written; a corrupt shard is dropped and its texts encoded again.
5. many small shards are merged, and nothing in them is lost.
6. progress counts the texts that are encoded.
7. vectors of models that versions learnt are forgotten with the last version that has them, others never.
"""

import logging
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode import vectors
from shopkeeper.encode.vectors import encode_products, forget_vectors, keep_vectors, product_text
from tests.encode.tiny import LetterEncoder

TEXTS = ["a", "bb", "abc", "a", "d", "bb"]


def shards(folder: Path) -> list[Path]:
    return sorted((folder / "vectors" / "letters").glob("*.safetensors"))


def test_a_text_says_brand_title_type_and_key_attributes() -> None:
    said = product_text("Rain jacket", "Nord", ("Clothes", "Outdoor"), {"sku": "77120", "Size": "M", "color": "yellow"})
    assert said == "Nord, Rain jacket, Outdoor, yellow, M"


def test_a_text_says_nothing_twice() -> None:
    said = product_text("Nord rain jacket, yellow", "NORD", ("Clothes", "Jacket"), {"color": "Yellow"})
    assert said == "Nord rain jacket, yellow"


def test_a_text_ends_with_the_description_unless_the_title_says_it() -> None:
    said = product_text("Rain jacket", "Nord", (), {"color": "yellow"}, " Keeps you dry. ")
    assert said == "Nord, Rain jacket, yellow. Keeps you dry."
    assert product_text("Rain jacket", "Nord", (), {}, "rain jacket") == "Nord, Rain jacket"


def test_a_text_ends_after_sixty_four_words_and_a_chinese_character_is_one() -> None:
    assert product_text("word " * 100, "", (), {}) == " ".join(["word"] * 64)
    assert len(product_text("水" * 100, "", (), {})) == 63


def test_identical_texts_are_encoded_once_and_every_row_gets_its_vector(tmp_path: Path) -> None:
    encoder = LetterEncoder()
    found = encode_products(encoder, TEXTS, tmp_path)
    assert sorted(encoder.asked) == ["a", "abc", "bb", "d"]
    assert np.array_equal(found, LetterEncoder().encode(TEXTS, "passage"))


def test_what_is_known_is_not_encoded_again(tmp_path: Path) -> None:
    encode_products(LetterEncoder(), TEXTS, tmp_path)
    again = LetterEncoder()
    found = encode_products(again, ["d", "new a", "abc"], tmp_path)
    assert again.asked == ["new a"]
    assert np.array_equal(found, LetterEncoder().encode(["d", "new a", "abc"], "passage"))


def test_what_was_made_elsewhere_is_not_encoded(tmp_path: Path) -> None:
    encode_products(LetterEncoder(), TEXTS, tmp_path)
    own = np.eye(2, LetterEncoder().dimensions, dtype=np.float32)
    keep_vectors(tmp_path, LetterEncoder().fingerprint, ["e", "f"], own)
    again = LetterEncoder()
    assert np.array_equal(encode_products(again, ["f", "a", "e"], tmp_path)[[2, 0]], own)
    assert again.asked == []


def test_another_encoder_has_another_cache(tmp_path: Path) -> None:
    encode_products(LetterEncoder(), TEXTS, tmp_path)
    other = LetterEncoder()
    other.fingerprint = "other letters"
    encode_products(other, ["a"], tmp_path)
    assert other.asked == ["a"]


def test_an_empty_catalogue_has_no_vectors(tmp_path: Path) -> None:
    assert encode_products(LetterEncoder(), [], tmp_path).shape == (0, 5)


def test_an_interrupted_run_keeps_what_it_had_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "CHUNK", 2)
    monkeypatch.setattr(vectors, "SHARD", 4)
    texts = [letter * count for letter in "abcd" for count in range(1, 6)]
    with pytest.raises(KeyboardInterrupt):
        encode_products(LetterEncoder(breaks_after=10), texts, tmp_path, workers=1)
    assert len(shards(tmp_path)) == 2
    again = LetterEncoder()
    assert np.array_equal(encode_products(again, texts, tmp_path), LetterEncoder().encode(texts, "passage"))
    assert len(again.asked) == len(texts) - 8


def test_a_corrupt_shard_is_dropped_named_and_encoded_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    encode_products(LetterEncoder(), ["a"], tmp_path)
    encode_products(LetterEncoder(), ["b"], tmp_path)
    broken = shards(tmp_path)[0]
    content = bytearray(broken.read_bytes())
    content[-1] ^= 1
    broken.write_bytes(content)
    again = LetterEncoder()
    with caplog.at_level(logging.WARNING):
        found = encode_products(again, ["a", "b"], tmp_path)
    assert again.asked == ["a"]
    assert np.array_equal(found, LetterEncoder().encode(["a", "b"], "passage"))
    assert f"vector_shard={broken.name} corrupt=true dropped=true" in caplog.text


def test_a_shard_that_was_being_written_is_not_read(tmp_path: Path) -> None:
    encode_products(LetterEncoder(), ["a"], tmp_path)
    shards(tmp_path)[0].rename(shards(tmp_path)[0].with_suffix(".making"))
    again = LetterEncoder()
    encode_products(again, ["a"], tmp_path)
    assert again.asked == ["a"]


def test_many_small_shards_are_merged_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "SHARDS_KEPT", 3)
    texts = ["a", "b", "c", "d", "ab"]
    for text in texts:
        encode_products(LetterEncoder(), [text], tmp_path)
    again = LetterEncoder()
    assert np.array_equal(encode_products(again, texts, tmp_path), LetterEncoder().encode(texts, "passage"))
    assert again.asked == []
    assert len(shards(tmp_path)) <= 3


def test_progress_counts_the_texts_that_are_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "CHUNK", 2)
    heard: list[tuple[int, int]] = []
    encode_products(LetterEncoder(), TEXTS, tmp_path, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(2, 4), (4, 4)]


def test_vectors_of_a_model_are_forgotten_with_its_last_version(tmp_path: Path) -> None:
    for fingerprint in ("encoder-aa-t64", "encoder-bb-t64", "all-MiniLM-t64"):
        encoder = LetterEncoder()
        encoder.fingerprint = fingerprint
        encode_products(encoder, ["ab"], tmp_path)
    forget_vectors(tmp_path, {"encoder-bb-t64", ""})
    assert sorted(path.name for path in (tmp_path / "vectors").iterdir()) == ["all-MiniLM-t64", "encoder-bb-t64"]
