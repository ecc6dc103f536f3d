"""What a load did, in numbers that add up."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shopkeeper.intake.rows import Kind


@dataclass(frozen=True, slots=True)
class Count:
    """The rows of one kind in one file: read == accepted + refused + duplicate, always.

    A duplicate is a row whose id the load, or for events the shop, has already seen: of products the last one stands,
    of events the first. `repaired` rows had their encoding mended and are counted among the others as well.
    """

    source: str
    kind: Kind
    read: int
    accepted: int
    refused: int
    duplicate: int
    repaired: int = 0

    def __post_init__(self) -> None:
        assert self.read == self.accepted + self.refused + self.duplicate, self


@dataclass(frozen=True, slots=True)
class Twice:
    """An id in a column that comes again: the file and line of the one that does not count, and where the other is."""

    file: str
    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class Report:
    """What came of a load: counts per file and kind, how often each reason refused, where rows that do not count are.

    `twice` names every product and shopper that came more than once, in the order of the files; `untaken` the columns
    of each file that no field is read from.
    """

    reader: str
    counts: tuple[Count, ...]
    reasons: Mapping[str, int] = field(default_factory=Counter)
    rejected: tuple[Path, ...] = ()
    seconds: float = 0.0
    twice: tuple[Twice, ...] = ()
    untaken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def total(self, kind: Kind) -> Count:
        """The sum over all files."""
        own = [count for count in self.counts if count.kind == kind]
        sums = (sum(getattr(count, name) for count in own) for name in _SUMMED)
        return Count("", kind, *sums)


_SUMMED = ("read", "accepted", "refused", "duplicate", "repaired")
