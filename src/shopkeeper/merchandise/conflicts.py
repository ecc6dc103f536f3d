"""What is wrong with rules by themselves, whatever the catalogue holds: such a file is refused."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

from shopkeeper.merchandise.rules import Index, Rule, RuleBook, falls_under, phrase
from shopkeeper.merchandise.said import Audience


class Remark(NamedTuple):
    """What is wrong with a rule. An error refuses the file, a warning depends on what the catalogue holds today."""

    severity: Literal["error", "warning"]
    rule: str
    text: str


def conflicts(book: RuleBook) -> list[Remark]:
    """Every error of the rules, named; those that are switched off count as well, but for what they do to others."""
    found = [*_twice_named(book), *(remark for rule in book.every for remark in _alone(rule))]
    found += [*_places(book.rules), *_hidden(book.rules), *_loops(book.rules)]
    return list(dict.fromkeys(found))


def together(one: Rule, other: Rule) -> bool:
    """Whether some page is sure to have both: the schedules meet, the audiences, the scenes, and what is asked."""
    if one is other:
        return True
    meet = one.clock.meets(other.clock) and _meet(one.said.audience, other.said.audience)
    return bool(meet and one.scenes & other.scenes) and _one_shelf(one, other) and _one_query(one, other)


def _one_shelf(one: Rule, other: Rule) -> bool:
    here, there = one.said.when.categories, other.said.when.categories
    return not (here and there) or any(falls_under(a, b) or falls_under(b, a) for a in here for b in there)


def _one_query(one: Rule, other: Rule) -> bool:
    """Whether a query of one is heard by the other; of words alone, whether one's are among the other's."""
    queries = one.queries or other.queries
    if queries:
        return any(one.heard(query) and other.heard(query) for query in queries)
    return one.words <= other.words or other.words <= one.words


def _meet(one: Audience, other: Audience) -> bool:
    if {one.who, other.who} == {"guests", "known"}:
        return False
    if one.languages and other.languages and not set(one.languages) & set(other.languages):
        return False
    return all(other.context.get(name, value) == value for name, value in one.context.items())


def _error(rule: Rule, text: str) -> Remark:
    return Remark("error", rule.name, text)


def _twice_named(book: RuleBook) -> Iterator[Remark]:
    seen: set[str] = set()
    for rule in book.every:
        if rule.name in seen:
            yield _error(rule, "two rules have this name. Pages and reports tell rules apart by it: rename one")
        seen.add(rule.name)


def _alone(rule: Rule) -> Iterator[Remark]:
    """What is wrong with one rule."""
    when, does = rule.said.when, rule.said.does()
    if not does:
        yield _error(rule, "does nothing. Give it pin, boost, bury, hide, only, redirect or synonyms")
    for text in (*when.queries, *when.words):
        if not phrase(text):
            yield _error(rule, f"when: can never hold: {text!r} has no words")
    worded = bool(when.queries or when.words)
    if worded and "search" not in rule.scenes:
        yield _error(rule, f"when.scenes: can never hold: {', '.join(when.scenes)} have no words. Add search")
    if when.queries and not any(map(rule.heard, rule.queries)):
        yield _error(rule, "when: can never hold: no one of its queries says all of its words")
    if rule.said.redirect is not None and not worded:
        yield _error(rule, "redirect: needs when.queries or when.words, or every search would lead there")
    if rule.clock.end <= rule.clock.start:
        yield _error(rule, f"schedule: ends ({_said(rule, 'until')}) before it begins ({_said(rule, 'start')})")
    elif not rule.clock.ever():
        yield _error(rule, "schedule: never holds: no such day or hour lies between from and until")
    for word in ("place", "product"):
        given = [getattr(pin, word) for pin in rule.said.pin]
        for value in dict.fromkeys(each for each in given if given.count(each) > 1):
            yield _error(rule, f"pin: {word} {value} stands twice. Keep one")


def _said(rule: Rule, bound: str) -> str:
    return str(getattr(rule.said.schedule, bound))


def _places(rules: Sequence[Rule]) -> Iterator[Remark]:
    """Two pins for one place, where neither rule goes before the other."""
    of_place: dict[tuple[object, ...], list[tuple[Rule, str]]] = defaultdict(list)
    for rule in rules:
        for pin in rule.said.pin:
            for asked in rule.queries or [rule.words]:
                of_place[pin.place, rule.rank, asked].append((rule, pin.product))
    for (place, *_), pins in of_place.items():
        for (one, here), (other, there) in combinations(pins, 2):
            if one is not other and here != there and together(one, other):
                yield _error(
                    one,
                    f"pin: place {place} is of {here} here and of {there} in rule '{other.name}', for the same pages. "
                    "Give one of them another place, schedule or audience, or a higher priority",
                )


def _hidden(rules: Sequence[Rule]) -> Iterator[Remark]:
    """Products that one rule pins and another hides by name."""
    hiding: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        for selection in rule.said.hide:
            alone = not (selection.brands or selection.categories or selection.attributes)
            for product_id in selection.products if alone else ():
                hiding[product_id].append(rule)
    for rule in rules:
        for pin in rule.said.pin:
            for other in hiding.get(pin.product, ()):
                if together(rule, other):
                    yield _error(rule, f"pin: {pin.product} is hidden by rule '{other.name}'. Take out one of them")


def _loops(rules: Sequence[Rule]) -> Iterator[Remark]:
    """Redirects to searches that lead back."""
    leading = [rule for rule in rules if rule.said.redirect is not None]
    index = Index()
    for rule in leading:
        index.add(rule)
    seen: set[frozenset[str]] = set()
    for start in leading:
        ways = [[start]]
        while ways:
            way = ways.pop()
            search = way[-1].said.redirect.search if way[-1].said.redirect is not None else None
            for follows in index.heard([phrase(search)]) if search is not None else ():
                if follows is start and (names := frozenset(rule.name for rule in way)) not in seen:
                    seen.add(names)
                    round_trip = " -> ".join(f"'{rule.name}'" for rule in (*way, start))
                    yield _error(start, f"redirect: goes round: {round_trip}. Lead one of them to an address")
                elif follows not in way and _on_one_way(follows, start):
                    ways.append([*way, follows])


def _on_one_way(one: Rule, other: Rule) -> bool:
    """Whether one shopper may meet both, one search after the other."""
    return one.clock.meets(other.clock) and _meet(one.said.audience, other.said.audience)
