"""Claims:

1. words of one list stand for one another, in either number and spelling; one-way synonyms stand one way only. They are
   known words, though no product says them: never corrected away, and what is nearly one becomes it.
2. a phrase is taken before its words, each word once; a code has no synonyms.
3. a match by a synonym counts less than one by the word, by the weight of the settings, and the intent says it.
4. loops, words in two lists, words that are their own synonyms and contradictions are refused by name.
5. a file in the shop's folder says more; one that is missing or wrong is named.
"""

from pathlib import Path

import pytest

from shopkeeper.errors import SettingError
from shopkeeper.recall.sources.lexical import Lexical
from shopkeeper.settings import Synonyms as Said
from shopkeeper.settings import Understand, parse
from shopkeeper.testing import worlds
from shopkeeper.types import Request
from shopkeeper.understand.lexicon import catalog_texts
from shopkeeper.understand.synonyms import Synonyms
from shopkeeper.understand.understanding import Understanding

SAID = Said(
    same=(("TV", "television"), ("手机", "移动电话"), ("mobile phone", "handset")),
    also={"notebook": ("laptop",), "drink": ("lemonade 1,5 l", "juice")},
)
TITLES = [
    "Television stand",
    "TV stand",
    "Laptop bag",
    "Notebook bag",
    "Handset case",
    "Mobile phone case",
    "手机 壳",
    "Tea",
]
SHELF = worlds.catalog(TITLES)
SOURCE = Lexical(Lexical.Settings())
SOURCE.fit(worlds.snapshot(SHELF, [], 10.0))


def found(query: str, said: Said = SAID) -> dict[int, float]:
    """The scores by row of what holds every word, or a synonym of it."""
    intent = Understanding(None, catalog_texts(SHELF), Understand(synonyms=said)).understand(query)
    request = Request(request_id="", scene="search", day=10.0, query=query)
    offer = SOURCE.recall(worlds.ask(request, None, intent), 20)[0]
    scores = dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True))
    return {row: score for row, score in scores.items() if offer.whole and row not in offer.partly}


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("tv stand", {0, 1}),
        ("televisions stand", {0, 1}),
        ("notebook bag", {2, 3}),
        ("laptop bag", {2}),
        ("mobile phone case", {4, 5}),
        ("handset case", {4, 5}),
        ("移动电话", {6}),
        ("移动店话", {6}),
        ("televisoin stand", {0, 1}),
        ("tea", {7}),
    ],
)
def test_synonyms_are_found(query: str, rows: set[int]) -> None:
    assert set(found(query)) == rows


def test_without_synonyms_the_word_alone_is_found() -> None:
    assert set(found("tv stand", Said())) == {1}


def test_a_synonym_counts_less_than_the_word_by_its_weight() -> None:
    by_word, by_synonym = (found("tv stand")[row] for row in (1, 0))
    assert by_synonym < by_word
    lighter = found("tv stand", SAID.model_copy(update={"weight": 0.1}))
    assert lighter[0] < by_synonym
    assert lighter[1] == pytest.approx(by_word, rel=0.1)


def test_a_phrase_is_taken_before_its_words_and_each_word_once() -> None:
    synonyms = Synonyms(Said(same=(("ice cream", "gelato"), ("cream", "lotion"))))
    assert [(one.said, one.meant) for one in synonyms.meant(["ice", "cream", "cream"]).alternatives] == [
        (("ice", "cream"), ("gelato",)),
        (("cream",), ("lotion",)),
    ]


def test_the_intent_says_what_stands_for_what() -> None:
    made = Understanding(None, TITLES, Understand(synonyms=SAID))
    assert made.understand("notebook drink").changes == (
        ("synonyms", "notebook", "laptop"),
        ("synonyms", "drink", "lemonade 1,5 l"),
        ("synonyms", "drink", "juice"),
    )
    assert made.understand("laptop").alternatives == ()


def test_a_code_has_no_synonyms() -> None:
    made = Understanding(None, TITLES, Understand(synonyms=Said(same=(("wd-40", "spray"),))))
    assert made.understand("wd-40").alternatives == ()
    assert made.understand("wd-40 oil").alternatives != ()


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        (
            Said(also={"notebook": ("laptop",), "laptop": ("ultrabook",), "ultrabook": ("notebook",)}),
            "understand.synonyms.also: goes round: notebook -> laptop -> ultrabook -> notebook. "
            "Words that mean the same belong into same.",
        ),
        (
            Said(same=(("tv", "telly"), ("Telly", "set"))),
            "understand.synonyms.same: 'telly' stands in two lists, ['tv', 'telly'] and ['telly', 'set']. "
            "Join them, or take out one.",
        ),
        (
            Said(same=(("tv", "telly"),), also={"telly": ("tv",)}),
            "understand.synonyms: 'telly' and 'tv' mean the same both ways (same) and one way (also). Keep one.",
        ),
        (
            Said(also={"TV": ("telly",), "tv": ("set",)}),
            "understand.synonyms.also: 'tv' stands twice, in two spellings. Join what they say.",
        ),
        (
            Said(same=(("tv", "T V", "TV"),)),
            "understand.synonyms.same: 'tv' stands twice in one list: a word is its own synonym. Take one out.",
        ),
        (Said(same=(("tv",),)), "understand.synonyms.same: must be two words or more, got ['tv']. Name at least two."),
        (
            Said(same=(("tv", "?!"),)),
            "understand.synonyms.same: must be words, got '?!'. Name at least two that mean the same.",
        ),
        (
            Said(also={"tv": ("a set to look at far things with",)}),
            "understand.synonyms.also: must be at most 6 words, got 'a set to look at far things with'. Shorten it.",
        ),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(said: Said, refused: str) -> None:
    with pytest.raises(SettingError) as error:
        Synonyms(said)
    assert str(error.value) == refused


def test_a_file_says_more(tmp_path: Path) -> None:
    (tmp_path / "words.toml").write_text('same = [["sofa", "couch"]]\n[also]\nhat = ["cap"]\n', encoding="utf-8")
    synonyms = Synonyms(SAID.model_copy(update={"file": "words.toml"}), tmp_path)
    assert [one.meant for one in synonyms.meant(["couch", "tv", "hat"]).alternatives] == [
        ("sofa",),
        ("television",),
        ("cap",),
    ]


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (None, "understand.synonyms.file: no such file, got 'words.toml' (settings.toml)."),
        ("same = [", "words.toml: not valid TOML in UTF-8: "),
        ("sane = []", "words.toml: sane: Extra inputs are not permitted, got []. Allowed: same, also."),
        ('[also]\nnotebook = ["pad"]', "understand.synonyms.also: 'notebook' stands here and in words.toml."),
        ('same = [["tv", "box"]]', "understand.synonyms (with words.toml).same: 'tv' stands in two lists"),
    ],
)
def test_a_file_that_is_missing_or_wrong_is_named(text: str | None, refused: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "words.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingError) as error:
        Synonyms(SAID.model_copy(update={"file": "words.toml"}), tmp_path)
    assert str(error.value).startswith(refused)


def test_a_wrong_setting_is_named_with_its_table() -> None:
    with pytest.raises(SettingError) as error:
        parse("[understand.synonyms]\nweight = 2\n")
    expected = "understand.synonyms.weight: must be <= 1.0, got 2 (settings.toml line 2). The default is 0.5."
    assert str(error.value) == expected
    with pytest.raises(SettingError) as error:
        parse("[understand.synonyms]\nsam = []\n")
    expected = "understand.synonyms.sam: no such setting (settings.toml line 2). Allowed: also, enabled, file, mined"
    assert str(error.value).startswith(expected)
