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
        import rjieba
        from pypinyin import lazy_pinyin

        counts: Counter[str] = Counter()
        for text in {text for text in texts if has_han(text)}:
            counts.update(_terms(rjieba.cut(text)))
        self._by_sound: dict[str, str] = {}
        for term, _ in counts.most_common(TERMS_KEPT):
            self._by_sound.setdefault("".join(lazy_pinyin(term)), term)
        self._terms = frozenset(self._by_sound.values())

    def term(self, query: str) -> str | None:
        """The catalogue's term that sounds like the whole query; None when there is none or the query is one."""
        from pypinyin import lazy_pinyin

        whole = query.replace(" ", "").replace("'", "")
        if whole in self._terms or (whole.isascii() and (len(whole) < SHORTEST or not whole.isalpha())):
            return None
        return self._by_sound.get(whole if whole.isascii() else "".join(lazy_pinyin(whole)))


def _terms(words: list[str]) -> set[str]:
    """Runs of one to LONGEST Chinese words side by side."""
    found = set()
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
            if not has_han(words[end - 1]):
                break
            found.add("".join(words[start:end]))
    return found
