"""Titles and searches of a catalogue with what they name, and how well somebody tells it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.generated import FILLERS, joined, mistyped
from shopkeeper.encode.projection import Place, Span, Told, Value, atoms, in_characters, spans

NAMED, OTHERS = 2, 2
"""A search has at most so many of what its product's title names, and of its other words."""
TURNED, TYPED = 0.25, 0.25
"""How many searches have their parts in another order, and a part as somebody may type it."""


@dataclass(frozen=True, slots=True)
class Example:
    """A title or a search of the product in `row`: what it names, by words; what the shop says of that."""

    row: int
    text: str
    kind: Literal["query", "passage"]
    named: tuple[Place, ...]
    own: Mapping[Value, str]

    @property
    def spans(self) -> list[Span]:
        """What it names, by its characters."""
        return in_characters(atoms(self.text), self.named)


def of_products(corpus: Corpus, patterns: Mapping[str, Sequence[str]], draw: np.random.Generator) -> list[Example]:
    """The title of each product, then a search for each with words in its title."""
    paths = corpus.categories or [()] * len(corpus)
    attributes = corpus.attributes or [{}] * len(corpus)
    says, titles = Told(patterns), []
    for row, (fields, brand, path, said) in enumerate(
        zip(corpus.fields, corpus.brands, paths, attributes, strict=True)
    ):
        own = says.values(brand, path, said)
        titles.append(Example(row, fields[0], "passage", tuple(spans(atoms(fields[0]), own)), own))
    return [*titles, *(search for title in titles if (search := searched(title, draw)) is not None)]


def searched(title: Example, draw: np.random.Generator) -> Example | None:
    """A search made of some of what the title names and some of its other words, None where it has no words."""
    said = atoms(title.text)
    words = [title.text[atom.start : atom.end].casefold() for atom in said]
    inside = {at for first, end, _ in title.named for at in range(first, end)}
    named = [(words[first:end], label) for first, end, label in title.named]
    others = [([word], "") for at, word in enumerate(words) if at not in inside and word not in FILLERS]
    parts = [*_some(named, NAMED, draw), *_some(others, OTHERS, draw)]
    if not parts:
        return None
    if draw.random() < TURNED:
        parts = [parts[place] for place in draw.permutation(len(parts)).tolist()]
    if draw.random() < TYPED:
        place = int(draw.integers(len(parts)))
        parts[place] = (mistyped(parts[place][0], draw), parts[place][1])
    found, at = list[Place](), 0
    for part, label in parts:
        end = at + len(atoms(joined(part)))
        if label:
            found.append((at, end, label))
        at = end
    return Example(title.row, joined([word for part, _ in parts for word in part]), "query", tuple(found), title.own)


def _some(parts: Sequence[tuple[list[str], str]], most: int, draw: np.random.Generator) -> list[tuple[list[str], str]]:
    """At most so many of the parts, one at least, in their order."""
    if not parts:
        return []
    n = int(draw.integers(1, min(most, len(parts)) + 1))
    return [parts[place] for place in sorted(draw.choice(len(parts), n, replace=False).tolist())]


@dataclass(frozen=True, slots=True)
class Counts:
    """Spans that were told right, all that were told, and all that there are."""

    right: int
    told: int
    named: int

    @property
    def f1(self) -> float:
        """0 where nothing is right."""
        return 2 * self.right / max(self.told + self.named, 1)


def counted(examples: Sequence[Example], told: Iterable[Sequence[Span]], labels: Sequence[str]) -> dict[str, Counts]:
    """By label, what was told of these examples: right are begin, end and label together.

    What the shop does not know for a product can be neither right nor wrong, and is not counted.
    """
    right, said, named = Counter[str](), Counter[str](), Counter[str]()
    for example, own in zip(examples, told, strict=True):
        known = set(example.own.values()) & set(labels)
        wanted = {span[:3] for span in example.spans if span.label in known}
        found = {span[:3] for span in own if span.label in known}
        right.update(label for *_, label in wanted & found)
        said.update(label for *_, label in found)
        named.update(label for *_, label in wanted)
    return {label: Counts(right[label], said[label], named[label]) for label in labels}


def whole(counts: Mapping[str, Counts]) -> Counts:
    """All labels together."""
    own = counts.values()
    return Counts(sum(each.right for each in own), sum(each.told for each in own), sum(each.named for each in own))
