"""The merchant's rules, ready to be asked: which of them concern a page, the most particular first."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from shopkeeper.merchandise.said import Merchandising, MerchantRule, Selection
from shopkeeper.merchandise.schedule import MINUTES_A_DAY, Clock
from shopkeeper.merchandise.shelf import Shelves, chosen, filters_of, rows_of
from shopkeeper.portrait import Portrait
from shopkeeper.text import folded, has_han, singular_of, tokens
from shopkeeper.types import NEW_USER, SCENES, BoolArray, Catalog, Filters, Request, RowArray, Scene

Phrase = tuple[str, ...]
Masked = Callable[[Catalog, Filters], BoolArray]
"""What filters let through of a catalogue, bool (n_products,)."""
_REMEMBERED = 4
_BETWEEN = " > "


def phrase(text: str) -> Phrase:
    """The words of a text, each in the singular: what two spellings of one query have in common."""
    return tuple(singular_of(word) or word for word in tokens(text))


@dataclass(frozen=True, eq=False)
class Rule:
    """A rule with its words cut. `place` is its place in the file."""

    place: int
    said: MerchantRule
    queries: frozenset[Phrase]
    words: frozenset[str]
    scenes: frozenset[Scene]
    clock: Clock

    @classmethod
    def of(cls, place: int, said: MerchantRule, zone: str) -> "Rule":
        """The rule as the file says it; a rule that asks for words concerns searches alone."""
        worded: tuple[Scene, ...] = ("search",) if said.when.queries or said.when.words else SCENES
        words = frozenset(word for text in said.when.words for word in phrase(text))
        queries = frozenset(map(phrase, said.when.queries))
        scenes = frozenset(said.when.scenes or worded)
        return cls(place, said, queries, words, scenes, said.schedule.clock(zone))

    @property
    def name(self) -> str:
        return self.said.name

    @property
    def rank(self) -> tuple[int, int, int]:
        """What goes before what: priority, then a whole query before words, more words before fewer."""
        return -self.said.priority, -int(bool(self.queries)), -len(self.words)

    def heard(self, asked: Phrase) -> bool:
        """Whether these words are among those that the rule is about."""
        return (not self.queries or asked in self.queries) and self.words.issubset(asked)


@dataclass(frozen=True)
class Asker:
    """A page as rules look at it: `phrases` are the query as typed and as it was understood."""

    request: Request
    portrait: Portrait
    phrases: tuple[Phrase, ...]
    catalog: Catalog


@dataclass
class Index:
    """The rules of a scene that hold at a moment, by what must be said for them."""

    exact: dict[Phrase, list[Rule]] = field(default_factory=dict)
    by_word: dict[str, list[Rule]] = field(default_factory=dict)
    always: list[Rule] = field(default_factory=list)

    def add(self, rule: Rule) -> None:
        for query in rule.queries:
            self.exact.setdefault(query, []).append(rule)
        if not rule.queries and rule.words:
            self.by_word.setdefault(max(rule.words, key=len), []).append(rule)  # long words are rare
        elif not rule.queries:
            self.always.append(rule)

    def heard(self, phrases: Iterable[Phrase]) -> Iterable[Rule]:
        yield from self.always
        for asked in phrases:
            yield from (rule for rule in self.exact.get(asked, ()) if rule.heard(asked))
            for word in asked:
                yield from (rule for rule in self.by_word.get(word, ()) if rule.heard(asked))


class RuleBook:
    """Every enabled rule of a file. Never changed: another file makes another book."""

    def __init__(self, said: Merchandising, masked: Masked) -> None:
        """`masked` says what filters let through."""
        self.said = said
        self.masked = masked
        self.every = [Rule.of(place, rule, said.timezone) for place, rule in enumerate(said.rules)]
        self.rules = [rule for rule in self.every if rule.said.enabled]
        self.kept = whole_words(said.dictionary)
        self.shelves = Shelves()
        self._at: dict[int, dict[Scene, Index]] = {}
        self._filters: dict[int, Filters | None] = {}

    def selected(self, selection: Selection, catalog: Catalog) -> BoolArray:
        """bool (n_products,): the products that a selection names."""
        filters = self._filters_of(selection)
        return chosen(selection, catalog, None if filters is None else self.masked(catalog, filters))

    def among(self, selection: Selection, rows: RowArray, catalog: Catalog) -> BoolArray:
        """bool (n,): which of these rows a selection names."""
        filters = self._filters_of(selection)
        found = np.ones(len(rows), bool) if filters is None else self.masked(catalog, filters)[rows]
        return found & np.isin(rows, rows_of(selection, catalog)) if selection.products else found

    def _filters_of(self, selection: Selection) -> Filters | None:
        """The selection's filters, made once; every selection lives as long as the book."""
        if id(selection) not in self._filters:
            self._filters[id(selection)] = filters_of(selection)
        return self._filters[id(selection)]

    @cached_property
    def redirects(self) -> bool:
        """Whether a search may lead elsewhere."""
        return any(rule.said.redirect for rule in self.rules)

    def concerning(self, asker: Asker) -> list[Rule]:
        """The rules that hold for this page, in the order in which they go before one another."""
        request = asker.request
        index = self._index(request.day)[request.scene]
        found = {rule.place: rule for rule in index.heard(asker.phrases)}
        held = [rule for rule in found.values() if self._narrowed_to(rule, request) and self._meant(rule, asker)]
        return sorted(held, key=lambda rule: (rule.rank, rule.place))

    def _index(self, day: float) -> dict[Scene, Index]:
        minute = int(day * MINUTES_A_DAY)
        held = self._at.get(minute)
        if held is None:
            held = {scene: Index() for scene in SCENES}
            for rule in self.rules:
                if rule.clock.on(day):
                    for scene in rule.scenes:
                        held[scene].add(rule)
            if len(self._at) >= _REMEMBERED:
                self._at.clear()  # cheaper and safer among threads than keeping order
            self._at[minute] = held
        return held

    @staticmethod
    def _narrowed_to(rule: Rule, request: Request) -> bool:
        wanted = rule.said.when.categories
        chosen = (*request.filters.categories, *request.filters.departments)
        return not wanted or any(falls_under(each, name) for each in chosen for name in wanted)

    def _meant(self, rule: Rule, asker: Asker) -> bool:
        audience, request = rule.said.audience, asker.request
        if audience.who != "everyone" and (audience.who == "known") != (request.user != NEW_USER):
            return False
        if audience.languages and request.language not in audience.languages:
            return False
        if any(request.context.get(name) != value for name, value in audience.context.items()):
            return False
        if not (audience.categories or audience.brands):
            return True
        rows = np.concatenate([asker.portrait.rows, asker.portrait.session_rows])
        filters = [Filters(categories=audience.categories, in_stock=False)] if audience.categories else []
        filters += [Filters(brands=audience.brands, in_stock=False)] if audience.brands else []
        return all(bool(self.masked(asker.catalog, one)[rows].any()) for one in filters)


def falls_under(category: str, name: str) -> bool:
    """Whether a category is the one of this name, lies below it, or has it as a part of its path."""
    return category == name or category.startswith(name + _BETWEEN) or name in category.split(_BETWEEN)


def whole_words(said: tuple[str, ...]) -> re.Pattern[str] | None:
    """Finds these words in a folded text, the longest first, no part of longer Latin ones; None for none."""
    words = sorted({folded(word) for word in said if tokens(word)}, key=lambda word: (-len(word), word))
    if not words:
        return None
    return re.compile(
        "|".join(re.escape(word) if has_han(word) else rf"(?<!\w){re.escape(word)}(?!\w)" for word in words)
    )
