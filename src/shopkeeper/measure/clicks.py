"""How shoppers click on a page: what attracts them, and how far down they look. Learnt from pages and their clicks.

Every model knows two kinds of chance: that a product attracts who looks at it, one for each pair of query and product,
and that somebody looks at a place at all. They differ in what the second depends on: the place alone (position-based),
the place and the last click (user browsing), or whether an earlier product satisfied (cascade, dynamic Bayesian).
Pairs that were seen little are drawn towards the mean of all by PRIOR views.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shopkeeper.types import BoolArray, IntArray

Chances = NDArray[np.float64]
ROUNDS, ENOUGH = 200, 1e-5
PRIOR = 2.0
LEAST = 1e-6
"""No click is taken for less likely than this, nor for more likely than 1 less this."""


@dataclass(frozen=True)
class Pages:
    """Result pages: pairs int64 (s, d), the pair of query and product in each place, -1 for none, from the top; clicks
    bool (s, d); `n_pairs` different pairs."""

    pairs: IntArray
    clicks: BoolArray
    n_pairs: int

    def take(self, index: IntArray) -> "Pages":
        """Some of the pages."""
        return Pages(self.pairs[index], self.clicks[index], self.n_pairs)

    @property
    def shown(self) -> BoolArray:
        """bool (s, d): whether a product stands there."""
        return self.pairs >= 0

    def last_click(self) -> IntArray:
        """int64 (s, d): the place of the last click above each place, from 1; 0 where there is none."""
        places = np.where(self.clicks, np.arange(1, self.clicks.shape[1] + 1), 0)
        above = np.maximum.accumulate(places, axis=1)
        return np.concatenate([np.zeros((len(above), 1), np.int64), above[:, :-1]], axis=1)


class ClickModel(Protocol):
    """What was learnt. Both give float64 (s, d); what they say of empty places means nothing."""

    def conditional(self, pages: Pages) -> Chances:
        """The chance of a click in each place, given the clicks above it."""

    def marginal(self, pages: Pages) -> Chances:
        """The chance of a click in each place, before anything of the page is known."""


@dataclass(frozen=True)
class ByPlace:
    """How often each place is clicked, whatever stands there: what a model of products has to beat. chances (d,)."""

    chances: Chances

    def conditional(self, pages: Pages) -> Chances:
        return np.tile(self.chances[: pages.pairs.shape[1]], (len(pages.pairs), 1))

    marginal = conditional


@dataclass(frozen=True)
class PositionBased:
    """attraction (n_pairs,), examination (d,) of which the largest is 1: a click is both, independently.

    Source: Craswell, Zoeter, Taylor, Ramsey, WSDM 2008, section 3.4.
    """

    attraction: Chances
    examination: Chances

    def conditional(self, pages: Pages) -> Chances:
        return self.attraction[pages.pairs] * self.examination[: pages.pairs.shape[1]]

    marginal = conditional


@dataclass(frozen=True)
class UserBrowsing:
    """attraction (n_pairs,), examination (d, d + 1) of a place given the place of the last click, 0 for none.

    Source: Dupret, Piwowarski, SIGIR 2008.
    """

    attraction: Chances
    examination: Chances

    def conditional(self, pages: Pages) -> Chances:
        places = np.arange(pages.pairs.shape[1])
        return self.attraction[pages.pairs] * self.examination[places, pages.last_click()]

    def marginal(self, pages: Pages) -> Chances:
        n, d = pages.pairs.shape
        last = np.zeros((n, d + 1))  # the chance that the last click was there
        last[:, 0] = 1.0
        found = np.zeros((n, d))
        for place in range(d):
            click = self.attraction[pages.pairs[:, place], None] * self.examination[place, : d + 1] * last
            click *= pages.shown[:, place, None]
            found[:, place] = click.sum(axis=1)
            last -= click
            last[:, place + 1] = found[:, place]
        return found


@dataclass(frozen=True)
class Dynamic:
    """attraction, satisfaction (n_pairs,), and the chance to go on: looking begins at the top, ends where a clicked
    product satisfies, and else goes on to the next place with that chance.

    With satisfaction 1 and going on certain it is the cascade model. Source: Chapelle, Zhang, WWW 2009, section 3;
    the cascade: Craswell, Zoeter, Taylor, Ramsey, WSDM 2008, section 3.3.
    """

    attraction: Chances
    satisfaction: Chances
    going_on: float

    def conditional(self, pages: Pages) -> Chances:
        n, d = pages.pairs.shape
        looks, found = np.ones(n), np.zeros((n, d))
        for place in range(d):
            pair, clicked = pages.pairs[:, place], pages.clicks[:, place]
            attracts = np.where(pages.shown[:, place], self.attraction[pair], 0.0)
            found[:, place] = attracts * looks
            unclicked = looks * (1 - attracts) / np.maximum(1 - found[:, place], LEAST)
            looks = self.going_on * np.where(clicked, 1 - self.satisfaction[pair], unclicked)
        return found

    def marginal(self, pages: Pages) -> Chances:
        ends = np.where(pages.shown, self.attraction[pages.pairs] * self.satisfaction[pages.pairs], 0.0)
        goes = np.cumprod(self.going_on * (1 - ends), axis=1)
        looks = np.concatenate([np.ones((len(goes), 1)), goes[:, :-1]], axis=1)
        return np.where(pages.shown, self.attraction[pages.pairs] * looks, 0.0)


def by_place(pages: Pages) -> ByPlace:
    """The share of pages clicked in each place, with PRIOR views at the mean of all."""
    mean = pages.clicks[pages.shown].mean() if pages.shown.any() else 0.0
    return ByPlace((pages.clicks.sum(axis=0) + PRIOR * mean) / (pages.shown.sum(axis=0) + PRIOR))


def position_based(pages: Pages) -> PositionBased:
    """Learnt by expectation maximisation, where nobody shuffled the pages to find out.

    The examination of places can only be told from attraction where products stood in several places.
    Source: Wang, Golbandi, Bendersky, Metzler, Najork, WSDM 2018, section 4.1.
    """
    d = pages.pairs.shape[1]
    attraction, examination = _two_factors(pages, np.broadcast_to(np.arange(d), pages.pairs.shape), d)
    most = max(float(examination.max(initial=0.0)), LEAST)
    return PositionBased(np.minimum(attraction * most, 1.0), examination / most)


def user_browsing(pages: Pages) -> UserBrowsing:
    """Learnt by expectation maximisation, with an examination for each place and place of the last click."""
    d = pages.pairs.shape[1]
    attraction, examination = _two_factors(pages, np.arange(d) * (d + 1) + pages.last_click(), d * (d + 1))
    return UserBrowsing(attraction, examination.reshape(d, d + 1))


def cascade(pages: Pages) -> Dynamic:
    """Everybody looks from the top to the first click, and there it ends: shares of what was looked at."""
    looked = (pages.last_click() == 0) & pages.shown
    attraction = _shares(pages.pairs[looked], pages.clicks[looked].astype(np.float64), np.ones(looked.sum()), pages)
    return Dynamic(attraction, np.ones(pages.n_pairs), 1.0)


def dynamic(pages: Pages) -> Dynamic:
    """Learnt by expectation maximisation over who was satisfied, and how far each page was looked at."""
    model = Dynamic(np.full(pages.n_pairs, 0.5), np.full(pages.n_pairs, 0.5), 0.9)
    for _ in range(ROUNDS):
        before, model = model, _better(model, pages)
        moved = (
            np.abs(model.attraction - before.attraction).max() + np.abs(model.satisfaction - before.satisfaction).max()
        )
        if moved + abs(model.going_on - before.going_on) < ENOUGH:
            break
    return model


MODELS: Mapping[str, Callable[[Pages], ClickModel]] = {
    "by_place": by_place,
    "cascade": cascade,
    "position_based": position_based,
    "user_browsing": user_browsing,
    "dynamic": dynamic,
}


def log_likelihood(model: ClickModel, pages: Pages) -> Chances:
    """The natural logarithm of the chance of each page's clicks, over its places: float64 (s,), higher is better."""
    told = _told(model.conditional(pages), pages.clicks)
    total: Chances = np.where(pages.shown, np.log(told), 0.0).sum(axis=1) / np.maximum(pages.shown.sum(axis=1), 1)
    return total


def perplexity(model: ClickModel, pages: Pages) -> Chances:
    """2 to the mean surprise, in bits, at a click or none in each place, float64 (d,): 1 knows all, 2 is a coin.

    By chances before anything of the page is known. Source: Dupret, Piwowarski, SIGIR 2008, section 5.
    """
    bits = np.where(pages.shown, -np.log2(_told(model.marginal(pages), pages.clicks)), 0.0)
    mean: Chances = np.exp2(bits.sum(axis=0) / np.maximum(pages.shown.sum(axis=0), 1))
    return mean


def _told(chances: Chances, clicks: BoolArray) -> Chances:
    """The chance that was given to what happened."""
    bounded = np.clip(chances, LEAST, 1 - LEAST)
    return np.where(clicks, bounded, 1 - bounded)


def _two_factors(pages: Pages, places: IntArray, n_places: int) -> tuple[Chances, Chances]:
    """attraction (n_pairs,) and examination (n_places,) whose products are the chances of clicks: EM over cells.

    A click says both; without one, what is left over is shared out by how likely each alone is.
    """
    shown = pages.shown
    cells, which = np.unique(pages.pairs[shown] * n_places + places[shown], return_inverse=True)
    pair, place = cells // n_places, cells % n_places
    views = np.bincount(which, minlength=len(cells)).astype(np.float64)
    clicks = np.bincount(which, pages.clicks[shown], len(cells))
    attraction, examination = np.full(pages.n_pairs, 0.5), np.full(n_places, 0.5)
    at_place = np.maximum(np.bincount(place, views, n_places), LEAST)
    for _ in range(ROUNDS):
        before = attraction, examination
        attracts, looks = attraction[pair], examination[place]
        neither = np.maximum(1 - attracts * looks, LEAST)
        attracted = clicks + (views - clicks) * attracts * (1 - looks) / neither
        looked = clicks + (views - clicks) * looks * (1 - attracts) / neither
        attraction = _shares(pair, attracted, views, pages)
        examination = np.bincount(place, looked, n_places) / at_place
        if max(np.abs(attraction - before[0]).max(), np.abs(examination - before[1]).max()) < ENOUGH:
            break
    return attraction, examination


def _shares(pair: IntArray, parts: Chances, wholes: Chances, pages: Pages) -> Chances:
    """The share of each pair, float64 (n_pairs,), with PRIOR at the share of all."""
    mean = parts.sum() / max(float(wholes.sum()), LEAST)
    part, whole = np.bincount(pair, parts, pages.n_pairs), np.bincount(pair, wholes, pages.n_pairs)
    return np.asarray((part + PRIOR * mean) / (whole + PRIOR))


def _better(model: Dynamic, pages: Pages) -> Dynamic:
    """One round: what each page was looked at and who was satisfied, given its clicks, and the shares of those."""
    shown, clicks = pages.shown, pages.clicks
    attracts = np.where(shown, model.attraction[pages.pairs], 0.0)
    satisfies = np.where(shown, model.satisfaction[pages.pairs], 0.0)
    n, d = clicks.shape
    below = clicks[:, ::-1].cumsum(axis=1)[:, ::-1] > clicks  # a click further down
    is_last = clicks & ~below
    silent = np.ones((n, d + 1))  # the chance of no click from here on, to one who looks
    for place in range(d - 1, -1, -1):
        on = model.going_on * silent[:, place + 1] + 1 - model.going_on
        silent[:, place] = (1 - attracts[:, place]) * on
    onward = model.going_on * silent[:, 1:]
    stays = onward / np.maximum(onward + 1 - model.going_on, LEAST)  # of those who look and are not satisfied
    quiet = satisfies + (1 - satisfies) * (onward + 1 - model.going_on)
    satisfied = np.where(is_last, satisfies / np.maximum(quiet, LEAST), 0.0)
    looks = np.ones((n, d))
    went = np.zeros((n, d))
    for place in range(d):
        went[:, place] = np.where(below[:, place], 1.0, looks[:, place] * (1 - satisfied[:, place]) * stays[:, place])
        if place + 1 < d:
            looks[:, place + 1] = went[:, place]
    could = looks * (1 - satisfied) * shown
    could[:, -1] = 0.0  # nothing stands below
    could[:, :-1] *= shown[:, 1:]
    attraction = _shares(pages.pairs[shown], clicks[shown].astype(np.float64), looks[shown], pages)
    satisfaction = _shares(pages.pairs[clicks], satisfied[clicks], np.ones(clicks.sum()), pages)
    going_on = float((went * (could > 0)).sum() / max(float(could.sum()), LEAST))
    return Dynamic(attraction, satisfaction, min(going_on, 1.0))
