"""Words that the merchant says mean the same, or may stand in for another: alternatives for the words of a query."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from shopkeeper.errors import SettingError
from shopkeeper.settings import SETTINGS_FILE
from shopkeeper.settings import Synonyms as Said
from shopkeeper.text import folded, singular_of, tokens
from shopkeeper.understood import Alternative, Change, Mined

LONGEST = 6
"""The most words of a phrase."""

Phrase = tuple[str, ...]


class Meant(NamedTuple):
    """Alternatives for parts of a query, and the same as the trace tells them."""

    alternatives: tuple[Alternative, ...] = ()
    changes: tuple[Change, ...] = ()


class Synonyms:
    """The alternatives of every phrase that has some, by its words in the singular."""

    def __init__(self, said: Said, folder: Path = Path(), where: str = "understand.synonyms") -> None:
        """Of the settings, with what the file says that they name; `where` they stand. Raises SettingError: loops and
        conflicts by name."""
        self._weight, self._by = said.weight, "synonyms"
        told, where = _with_file(said, folder, where)
        self._of: dict[Phrase, dict[Phrase, str]] = {}
        self._said: dict[Phrase, str] = {}
        same = [_phrases(group, f"{where}.same") for group in told.same]
        also = {word: _phrases((word, *others), f"{where}.also") for word, others in told.also.items()}
        _check(same, list(also.values()), where)
        for group in same:
            for word in group:
                self._add(word, group)
        for word, *others in also.values():
            self._add(word, others)

    @classmethod
    def mined(cls, found: Iterable[Mined], said: Said) -> "Synonyms":
        """Of what was mined, without what the merchant refuses; what stands in the settings is told by those."""
        own = cls(Said(weight=said.mined_weight))
        own._by = "mined synonym"
        for each in found:
            if in_use(each, said):
                own._add(each.said, [each.meant])
                if each.both:
                    own._add(each.meant, [each.said])
        return own

    def texts(self) -> list[str]:
        """The phrases that have synonyms: the shop knows them, though no product says them."""
        return list(self._said.values())

    def meant(self, words: Sequence[str]) -> Meant:
        """What else may be meant by each part of the words, longer parts first; no word is in two parts."""
        if not self._of:
            return Meant()
        found = list(self._found(words))
        alternatives = tuple(Alternative(part, other, self._weight) for part, others in found for other in others)
        told = ((self._said[_key(part)], other) for part, others in found for other in others.values())
        return Meant(alternatives, tuple(Change(self._by, said, meant) for said, meant in told))

    def _found(self, words: Sequence[str]) -> Iterator[tuple[Phrase, Mapping[Phrase, str]]]:
        at = 0
        while at < len(words):
            for n in range(min(LONGEST, len(words) - at), 0, -1):
                part = tuple(words[at : at + n])
                if (others := self._of.get(_key(part))) is not None:
                    yield part, others
                    at += n - 1
                    break
            at += 1

    def _add(self, word: str, others: Iterable[str]) -> None:
        self._said.setdefault(_key(tokens(word)), word)
        own = self._of.setdefault(_key(tokens(word)), {})
        own.update({tuple(tokens(other)): other for other in others if other != word})


def in_use(mined: Mined, said: Said) -> bool:
    """Whether the settings allow it: the way it was found, the pair, and each of its words."""
    words = {folded(mined.said), folded(mined.meant)}
    refused = [set(map(folded, own)) for own in said.refused]
    return mined.by in said.mined and not any(own == words or (len(own) == 1 and own < words) for own in refused)


def _with_file(said: Said, folder: Path, where: str) -> tuple[Said, str]:
    """The settings' own synonyms and those of their file together, and how to call them in a message."""
    if not said.file:
        return said, where
    path = folder / said.file
    try:
        more = Said.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError:
        raise SettingError(
            f"understand.synonyms.file: no such file, got {said.file!r} ({SETTINGS_FILE}). It is looked for in the "
            "shop's folder and may say same and also."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{said.file}: not valid TOML in UTF-8: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SettingError(
            f"{said.file}: {place}: {first['msg']}, got {first['input']!r}. Allowed: same, also."
        ) from None
    if set(said.also) & set(more.also):
        word = min(set(said.also) & set(more.also))
        raise SettingError(f"understand.synonyms.also: {word!r} stands here and in {said.file}. Keep one of them.")
    together = said.model_copy(update={"same": (*said.same, *more.same), "also": {**said.also, **more.also}})
    return together, f"{where} (with {said.file})"


def _phrases(words: Sequence[str], where: str) -> list[str]:
    """The phrases, folded, at least two. Raises SettingError where one has no words, or stands twice."""
    found = [folded(word) for word in words]
    for said, phrase in zip(words, found, strict=True):
        if not tokens(phrase):
            raise SettingError(f"{where}: must be words, got {said!r}. Name at least two that mean the same.")
        if len(tokens(phrase)) > LONGEST:
            raise SettingError(f"{where}: must be at most {LONGEST} words, got {said!r}. Shorten it.")
        if found.count(phrase) > 1:
            raise SettingError(f"{where}: {said!r} stands twice in one list: a word is its own synonym. Take one out.")
    if len(found) < 2:
        raise SettingError(f"{where}: must be two words or more, got {list(words)!r}. Name at least two.")
    return found


def _check(same: list[list[str]], also: list[list[str]], where: str) -> None:
    """Raises SettingError where lists contradict one another, or a row of one-way synonyms leads back."""
    list_of: dict[str, int] = {}
    for number, group in enumerate(same):
        for word in group:
            if list_of.setdefault(word, number) != number:
                lists = f"{same[list_of[word]]} and {group}"
                raise SettingError(f"{where}.same: {word!r} stands in two lists, {lists}. Join them, or take out one.")
    leads: dict[str, list[str]] = {}
    for word, *others in also:
        if word in leads:
            raise SettingError(f"{where}.also: {word!r} stands twice, in two spellings. Join what they say.")
        for other in others:
            if word in list_of and list_of.get(other) == list_of[word]:
                raise SettingError(
                    f"{where}: {word!r} and {other!r} mean the same both ways (same) and one way (also). Keep one."
                )
        leads[word] = others
    for word in leads:
        if (row := _round(word, leads)) is not None:
            raise SettingError(
                f"{where}.also: goes round: {' -> '.join(row)}. Words that mean the same belong into same."
            )


def _round(start: str, leads: Mapping[str, Sequence[str]]) -> list[str] | None:
    """A way from the word back to itself, None where there is none."""
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop()
        for word in leads.get(way[-1], ()):
            if word == start:
                return [*way, start]
            if word not in seen:
                seen.add(word)
                ways.append([*way, word])
    return None


def _key(words: Iterable[str]) -> Phrase:
    return tuple(singular_of(word) or word for word in words)
