"""Chinese words by how they sound: a query typed in pinyin, or with a wrong character of the same sound."""

from collections import Counter
from collections.abc import Iterable

from shopkeeper.text import has_han

LONGEST = 3
"""Terms of up to this many words side by side are known by their sound."""
TERMS_KEPT = 200_000
SHORTEST = 3
"""Fewer Latin letters are no pinyin of anything in particular."""


class Pinyin:
    """The terms of a catalogue's Chinese texts by toneless pinyin; the term that most texts say wins a sound."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_sound: dict[str, str] = {}
        self._terms: set[str] = set()
        self.add(texts)

    def add(self, texts: Iterable[str]) -> None:
        """Knows the terms of these texts too; a sound that is known keeps its term. Safe while others read."""
        import rjieba

        counts: Counter[tuple[str, ...]] = Counter()
        for text in {text for text in texts if has_han(text)}:
            inside = {(word,) for word in rjieba.cut_for_search(text) if has_han(word)}
            counts.update(_terms(rjieba.cut(text)) | inside)
        sounds: dict[str, str] = {}
        for term, _ in counts.most_common(TERMS_KEPT):
            for word in term:
                if word not in sounds:
                    sounds[word] = sound_of(word)
            self._by_sound.setdefault("".join(sounds[word] for word in term), "".join(term))
            self._terms.add("".join(term))

    def term(self, query: str) -> str | None:
        """The catalogue's term that sounds like the whole query; None when there is none or the query is one."""
        whole = query.replace(" ", "").replace("'", "")
        if whole in self._terms:
            return None
        if whole.isascii():
            return self._by_sound.get(whole) if whole.isalpha() and len(whole) >= SHORTEST else None
        return self._by_sound.get(sound_of(whole)) if len(whole) > 1 else None


def sound_of(word: str) -> str:
    """The word's pinyin without tones, syllables joined: 牛奶 is niunai."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(word))


def _terms(words: list[str]) -> set[tuple[str, ...]]:
    """Runs of one to LONGEST Chinese words side by side."""
    found = set()
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
            if not has_han(words[end - 1]):
                break
            found.add(tuple(words[start:end]))
    return found
