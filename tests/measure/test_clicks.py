"""Claims:

1. the chances of clicks, given those above or not, are those of enumerating everything that may have happened.
2. one round of learning the dynamic model counts what enumerating says was looked at, satisfied and gone on from.
3. each model finds back what made the clicks, and tells new pages best among all models.
4. the cascade's shares are of what was looked at, up to the first click.
5. log likelihood and perplexity are their formulas, over places that hold something.
6. places that are empty, pages without a click and pairs never seen are no error.
"""

from itertools import product

import numpy as np
import pytest

from shopkeeper.measure.clicks import (
    MODELS,
    PRIOR,
    ByPlace,
    Chances,
    ClickModel,
    Dynamic,
    Pages,
    PositionBased,
    UserBrowsing,
    by_place,
    cascade,
    dynamic,
    log_likelihood,
    perplexity,
    position_based,
    user_browsing,
)

D = 3
ATTRACTION, SATISFACTION = np.array([0.7, 0.4, 0.2]), np.array([0.5, 0.3, 0.9])
BROWSING = np.array([[0.9, 0, 0, 0], [0.6, 0.8, 0, 0], [0.3, 0.4, 0.7, 0]])
MODELS_KNOWN: dict[str, ClickModel] = {
    "position_based": PositionBased(ATTRACTION, np.array([1.0, 0.6, 0.3])),
    "user_browsing": UserBrowsing(ATTRACTION, BROWSING),
    "dynamic": Dynamic(ATTRACTION, SATISFACTION, 0.8),
    "cascade": Dynamic(ATTRACTION, np.ones(3), 1.0),
}


def every_page() -> Pages:
    clicks = np.array(list(product([False, True], repeat=D)))
    return Pages(np.tile([2, 0, 1], (len(clicks), 1)), clicks, 3)


def told(model: ClickModel, pages: Pages) -> Chances:
    """The chance of each page's clicks."""
    chances = model.conditional(pages)
    whole: Chances = np.where(pages.clicks, chances, 1 - chances).prod(axis=1)
    return whole


def dynamic_worlds(pairs: list[int]) -> list[tuple[float, tuple[bool, ...], list[bool], list[bool]]]:
    """Everything that may happen on one page under the dynamic model: chance, clicks, looked at, satisfied."""
    model, worlds = MODELS_KNOWN["dynamic"], []
    assert isinstance(model, Dynamic)
    for coins in product([False, True], repeat=3 * D):
        chance, clicks, looked, satisfied, looks = 1.0, [], [], [], True
        for place, pair in enumerate(pairs):
            attracts, satisfies, goes = coins[3 * place : 3 * place + 3]
            for coin, share in (
                (attracts, model.attraction[pair]),
                (satisfies, model.satisfaction[pair]),
                (goes, model.going_on),
            ):
                chance *= share if coin else 1 - share
            clicks.append(looks and attracts)
            looked.append(looks)
            satisfied.append(clicks[-1] and satisfies)
            looks = looks and not satisfied[-1] and goes
        worlds.append((chance, tuple(clicks), looked, satisfied))
    return worlds


def test_the_chances_of_the_dynamic_model_are_those_of_all_worlds() -> None:
    pages, worlds = every_page(), dynamic_worlds([2, 0, 1])
    by_clicks = {tuple(row): 0.0 for row in pages.clicks.tolist()}
    for chance, clicks, _, _ in worlds:
        by_clicks[clicks] += chance
    assert told(MODELS_KNOWN["dynamic"], pages) == pytest.approx(
        [by_clicks[tuple(row)] for row in pages.clicks.tolist()]
    )


@pytest.mark.parametrize("name", list(MODELS_KNOWN))
def test_chances_of_all_pages_add_up_to_those_of_each_place(name: str) -> None:
    pages, model = every_page(), MODELS_KNOWN[name]
    chances = told(model, pages)
    assert chances.sum() == pytest.approx(1)
    assert model.marginal(pages)[0] == pytest.approx((chances[:, None] * pages.clicks).sum(axis=0))


def test_one_round_of_the_dynamic_model_counts_what_all_worlds_say() -> None:
    from shopkeeper.measure.clicks import _better

    pages, worlds = every_page(), dynamic_worlds([2, 0, 1])
    looked, satisfied, could, went = np.zeros(D), np.zeros(D), 0.0, 0.0
    for row in map(tuple, pages.clicks.tolist()):
        own = [world for world in worlds if world[1] == row]
        total = sum(world[0] for world in own)
        for chance, _, looks, satisfies in own:
            looked += chance / total * np.array(looks)
            satisfied += chance / total * np.array(satisfies)
            goes = [looks[place] and not satisfies[place] for place in range(D - 1)]
            could += chance / total * sum(goes)
            went += chance / total * sum(looks[1:])
    known = MODELS_KNOWN["dynamic"]
    assert isinstance(known, Dynamic)
    found, clicks = _better(known, pages), pages.clicks.sum(axis=0)
    assert found.going_on == pytest.approx(went / could)
    mean_attraction, mean_satisfaction = clicks.sum() / looked.sum(), satisfied.sum() / clicks.sum()
    assert found.attraction[[2, 0, 1]] == pytest.approx((clicks + PRIOR * mean_attraction) / (looked + PRIOR))
    assert found.satisfaction[[2, 0, 1]] == pytest.approx((satisfied + PRIOR * mean_satisfaction) / (clicks + PRIOR))


def made(model: ClickModel, n: int, seed: int, n_pairs: int = 12, width: int = 6) -> Pages:
    """Shuffled pages, clicked place by place as the model says."""
    rng = np.random.default_rng(seed)
    pages = Pages(
        rng.permuted(np.tile(np.arange(n_pairs), (n, 1)), axis=1)[:, :width], np.zeros((n, width), bool), n_pairs
    )
    for place in range(width):
        pages.clicks[:, place] = rng.random(n) < model.conditional(pages)[:, place]
    return pages


RNG = np.random.default_rng(5)
WIDE = np.tril(RNG.uniform(0.2, 0.9, (6, 7)))
TRUE: dict[str, ClickModel] = {
    "position_based": PositionBased(np.linspace(0.1, 0.8, 12), np.array([1, 0.7, 0.5, 0.35, 0.2, 0.1])),
    "user_browsing": UserBrowsing(np.linspace(0.1, 0.8, 12), WIDE),
    "dynamic": Dynamic(np.linspace(0.1, 0.8, 12), np.linspace(0.9, 0.2, 12), 0.85),
    "cascade": Dynamic(np.linspace(0.1, 0.8, 12), np.ones(12), 1.0),
}


@pytest.mark.parametrize("name", list(TRUE))
def test_each_model_tells_pages_of_its_own_making_best(name: str) -> None:
    learnt, kept = made(TRUE[name], 4000, 1), made(TRUE[name], 4000, 2)
    found = {other: float(log_likelihood(learn(learnt), kept).mean()) for other, learn in MODELS.items()}
    truth = float(log_likelihood(TRUE[name], kept).mean())
    assert found[name] == pytest.approx(truth, abs=0.002)
    # the cascade is a dynamic and a browsing model, and the position-based one a browsing model: these tell as well
    twins = {"cascade": {"dynamic", "user_browsing"}, "position_based": {"user_browsing"}}.get(name, set())
    assert all(found[name] > own + 0.001 for other, own in found.items() if other not in {name, *twins})


def test_learning_finds_back_what_made_the_clicks() -> None:
    truth = TRUE["position_based"]
    assert isinstance(truth, PositionBased)
    found = position_based(made(truth, 6000, 3))
    assert found.examination == pytest.approx(truth.examination, abs=0.04)
    assert found.attraction == pytest.approx(truth.attraction, abs=0.05)
    assert found.examination.max() == 1.0
    known = TRUE["dynamic"]
    assert isinstance(known, Dynamic)
    again = dynamic(made(known, 6000, 4))
    assert again.attraction == pytest.approx(known.attraction, abs=0.04)
    assert again.going_on == pytest.approx(known.going_on, abs=0.04)


def test_the_cascade_counts_up_to_the_first_click() -> None:
    pages = Pages(np.array([[0, 1, 2], [1, 0, 2]]), np.array([[False, True, True], [True, False, False]]), 3)
    mean = 2 / 3
    assert cascade(pages).attraction == pytest.approx(
        [PRIOR * mean / (1 + PRIOR), (2 + PRIOR * mean) / (2 + PRIOR), mean]
    )


def test_likelihood_and_perplexity_are_their_formulas() -> None:
    model = ByPlace(np.array([0.5, 0.25]))
    pages = Pages(np.array([[0, 1], [1, -1]]), np.array([[True, False], [False, False]]), 2)
    assert log_likelihood(model, pages) == pytest.approx([(np.log(0.5) + np.log(0.75)) / 2, np.log(0.5)])
    assert perplexity(model, pages) == pytest.approx([2.0, 2 ** -np.log2(0.75)])


@pytest.mark.parametrize("learn", [by_place, cascade, dynamic, position_based, user_browsing])
def test_empty_places_and_pairs_never_seen_are_no_error(learn: object) -> None:
    assert callable(learn)
    silent = Pages(np.array([[0, 1, -1], [1, -1, -1]]), np.zeros((2, 3), bool), 5)
    model: ClickModel = learn(silent)
    assert np.isfinite(log_likelihood(model, silent)).all() and np.isfinite(perplexity(model, silent)).all()
    seen = Pages(np.array([[4, 3, -1]]), np.array([[True, False, False]]), 5)
    assert np.isfinite(log_likelihood(model, seen)).all()
