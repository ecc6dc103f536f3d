"""Claims, on goods whose categories are letters:

1. a head that tells held-out searches better than names do is kept, and its figures are written; the version's reader
   then leans a search that names no category to its likeliest, says so, and has a switch.
2. one that tells nothing better is refused: the figures are written, the head is not.
3. what names tell goes before it; a score is 2 p less the squared shares.
4. the card of a version says what its heads gained.
"""

from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode.card import HEADS, HEADS_FILE, as_html, heads_of
from shopkeeper.encode.category_head import FILE, CategoryHead
from shopkeeper.flow.gains import Shelved
from shopkeeper.flow.heads import Asked, measured, taught_heads
from shopkeeper.flow.structured import structured_of
from shopkeeper.flow.vectors import Shelf
from shopkeeper.settings import Understand
from shopkeeper.testing import worlds
from shopkeeper.types import Catalog
from shopkeeper.understand.lexicon import catalog_texts
from shopkeeper.understand.structured import Structured
from shopkeeper.understand.understanding import Understanding
from tests.encode.test_card import CARD
from tests.encode.tiny import LetterEncoder

PATHS = [("All", "North"), ("All", "South")]


def shelf_of(letters: tuple[str, str], n: int = 1500) -> Catalog:
    """Products of three words of the letters of their category."""
    draw = np.random.default_rng(3)
    categories = np.arange(n, dtype=np.int32) % 2
    titles = [
        " ".join("".join(draw.choice(list(letters[own]), 5).tolist()) for _ in range(4)) for own in categories.tolist()
    ]
    return worlds.catalog(titles, categories=categories, category_paths=PATHS)


def goods_of(catalog: Catalog) -> Shelved:
    encoder, n = LetterEncoder(), len(catalog)
    fields: list[tuple[str, ...]] = [(title, "", "") for title in catalog.titles]
    shelf = Shelf(np.arange(n, dtype=np.int32), list(catalog.titles), fields, [""] * n, [{}] * n)
    return Shelved(catalog, shelf, encoder, encoder.encode(shelf.texts, "passage"), 20_000.0)


def taught(catalog: Catalog, draft: Path) -> Understanding:
    understanding = Understanding(LetterEncoder(), catalog_texts(catalog), Understand(spelling=False))
    plain = structured_of(Understand(), catalog, understanding, draft)
    assert plain is not None
    taught_heads(draft, goods_of(catalog), understanding, plain, seed=0)
    return understanding


def test_a_head_that_tells_more_than_names_is_kept_and_leans_a_search(tmp_path: Path) -> None:
    catalog = shelf_of(("abcdef", "uvwxyz"))
    understanding = taught(catalog, tmp_path)
    (told,) = heads_of(tmp_path)
    assert told.kept
    assert told.gain.before == pytest.approx(0.5, abs=0.01)  # one of two is right by chance
    assert told.gain.after > 0.9
    intent = understanding.understand("fade babe")
    reader = structured_of(Understand(category_prior=True), catalog, understanding, tmp_path)
    assert reader is not None
    (stated,) = reader.read(intent).stated
    assert (stated.field, stated.value, stated.role, stated.by) == ("category", "All > North", "boost", "meaning")
    assert (stated.words, reader.read(intent).tokens) == ("fade babe", intent.tokens)
    assert reader.read(intent, ["category"]).stated == reader.read(intent, ["*"]).stated == ()
    off = structured_of(Understand(), catalog, understanding, tmp_path)
    assert off is not None
    assert off.read(intent).stated == ()


def test_a_head_that_tells_nothing_better_is_refused(tmp_path: Path) -> None:
    taught(shelf_of(("abcdef", "abcdef")), tmp_path)
    (told,) = heads_of(tmp_path)
    assert not told.kept
    assert told.gain.low <= 0
    assert not (tmp_path / HEADS / FILE).exists()


def test_what_names_tell_goes_first_and_wrong_certainty_costs() -> None:
    shelf = worlds.catalog(["Kettle", "Mug"], categories=np.array([0, 1], np.int32), category_paths=PATHS)
    understanding = Understanding(LetterEncoder(), catalog_texts(shelf))
    reader = Structured(shelf, understanding.lexicon.counts)
    weights = np.zeros((2, understanding.understand("mug").vector.shape[0]), np.float32)  # type: ignore[union-attr]
    head = CategoryHead(("All > North", "All > South"), weights, np.log(np.array([0.8, 0.2], np.float32)))
    score = 2 * 0.8 - 0.8**2 - 0.2**2
    wrong = 2 * 0.2 - 0.8**2 - 0.2**2
    usual = CategoryHead.usual(np.array([0, 1]), head.names, weights.shape[1])
    for path, after in ((PATHS[0], score), (PATHS[1], wrong)):
        found = measured(head, usual, reader, understanding, Asked(["blue mug"], [path]))
        assert found is not None
        assert [found.before, found.after] == pytest.approx([0.5, after], abs=1e-6)
    named = measured(head, usual, reader, understanding, Asked(["north under 50"], [PATHS[1]]))
    assert named is not None
    assert named.before == named.after < 0
    assert measured(head, usual, reader, understanding, Asked([], [])) is None


def test_the_card_says_what_heads_gained(tmp_path: Path) -> None:
    taught(shelf_of(("abcdef", "abcdef")), tmp_path)
    assert (tmp_path / HEADS_FILE).is_file()
    card = type(CARD)(**{name: getattr(CARD, name) for name in CARD.__slots__} | {"heads": heads_of(tmp_path)})
    assert "no, refused" in as_html(card)
    assert "否，已拒绝" in as_html(card, "zh")
