"""The time split: what was known before each cut, and what shoppers did in the days after it."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import replace

from shopkeeper.rank.labels import labels_between
from shopkeeper.rank.train import Window
from shopkeeper.rank.youth import drawn, first_wanted, thinned
from shopkeeper.settings import Settings
from shopkeeper.types import Action, Snapshot


def earlier(snapshot: Snapshot, day: float) -> Snapshot:
    """What was known at an earlier moment. Vectors are kept: they are of texts, or learnt from days before those that
    a version is measured on."""
    table = snapshot.interactions
    choices = snapshot.choices[: bisect_left(snapshot.choices, day, key=lambda choice: choice.day)]
    earlier_log, earlier_table = snapshot.log.before(day), table.filter(table.day < day)
    moments = snapshot.moments.before(day)
    return replace(snapshot, day=day, log=earlier_log, interactions=earlier_table, choices=choices, moments=moments)


def up_to(snapshot: Snapshot, now: float) -> Snapshot:
    """The snapshot without what is dated after `now`: one clock that runs ahead must not move the present."""
    return snapshot if snapshot.day <= now else earlier(snapshot, now)


def window(snapshot: Snapshot, start: float, days: float, worth: Mapping[Action, float] | None = None) -> Window:
    """The window of `days` after `start`: the snapshot before it, and the first basket of each shopper inside it."""
    return Window(earlier(snapshot, start), labels_between(snapshot.interactions, start, start + days, worth=worth))


def training_windows(snapshot: Snapshot, settings: Settings) -> Iterator[Window]:
    """The windows that end at the snapshot's moment or earlier, oldest first, one at a time; in each of them some
    products have only just come."""
    days = settings.rank.window_days
    first = snapshot.log.days.min(initial=snapshot.day)
    for back in range(settings.rank.windows, 0, -1):
        start = snapshot.day - back * days
        if start > first:
            found = window(snapshot, start, days, settings.rank.objectives.worth())
            young = drawn(found.snapshot, settings.rank.young)
            if young.any():
                labels = first_wanted(found.labels, found.snapshot.log, young)
                found = Window(thinned(found.snapshot, young), labels)
            yield found
