"""What shoppers say of themselves, and the interview, in a world of two tastes.

1. an answer to a question takes the place of an earlier one; a trait taken out can be taken back.
2. what a guest said is the shopper's once it is known who that is; told again it is there once.
3. forgetting removes it.
4. the posterior is Bayes' rule: prior times likelihood, over their sum; a skipped question changes nothing.
5. an expected gain is the mutual information, worked out by hand; the next question is the one that gains most.
6. a question of an earlier version counts by what its products are wanted.
7. saved and loaded, tastes say the same to what float16 keeps.
"""

from pathlib import Path

import numpy as np
import pytest

from shopkeeper.portrait import Refused, Said
from shopkeeper.profile.interview import MOST_QUESTIONS, next_question
from shopkeeper.profile.sayings import NOTHING_TOLD, Sayings
from shopkeeper.tastes import NOISE, SKIPPED, Answer, Tastes, noisy

TEA, COFFEE, SOAP = (0,), (1,), (2,)
CLEAR, VAGUE = (TEA, COFFEE), (TEA, SOAP)


def two_tastes() -> Tastes:
    """The first taste wants tea, the second coffee; the first question tells them apart, the second hardly."""
    clear = noisy(np.array([[1, 0, 0, 0], [0, 1, 0, 0]], np.float32))
    vague = noisy(np.array([[0.6, 0, 0, 0.4], [0.4, 0, 0, 0.6]], np.float32))
    return Tastes(
        prior=np.array([0.5, 0.5], np.float32),
        likelihood=np.stack([clear, vague]),
        pairs=np.array([[0, 1], [0, 2]], np.int32),
        cards=np.array([[0], [1], [2]], np.int32),
        names=("Tea", "Coffee", "Soap"),
        rows=np.array([0, 1], np.int32),
        shares=np.array([[0.9, 0.1], [0.1, 0.9]], np.float32),
    )


def test_an_answer_replaces_the_earlier_one_and_a_trait_can_be_taken_back() -> None:
    sayings, tea = Sayings(), Refused("category", "Tea")
    for choice in (0, 1):
        sayings.say(Said(3, "s", answer=Answer(*CLEAR, choice)))
    sayings.say(Said(3, "s", refused=tea))
    assert sayings.of(3, "").answers == (Answer(*CLEAR, 1),)
    assert sayings.of(3, "").refused == {tea}
    sayings.say(Said(3, "s", refused=tea, again=True))
    assert sayings.of(3, "").refused == frozenset()


def test_what_a_guest_said_becomes_the_shoppers_once() -> None:
    sayings, tea = Sayings(), Refused("brand", "Alder")
    sayings.say(Said(-1, "s", answer=Answer(*CLEAR, 0)))
    sayings.say(Said(-1, "s", refused=tea))
    assert sayings.of(3, "s").answers == (Answer(*CLEAR, 0),), "known before anybody says whose it is"
    assert sayings.know(3, "s").refused == {tea}
    assert sayings.know(3, "s") == NOTHING_TOLD
    assert sayings.of(3, "").answers == (Answer(*CLEAR, 0),)
    assert sayings.of(4, "s") == NOTHING_TOLD, "nobody else has it"


def test_forgetting_removes_it() -> None:
    sayings = Sayings()
    sayings.say(Said(3, "s", answer=Answer(*CLEAR, 0)))
    sayings.forget(3)
    assert sayings.of(3, "s") == NOTHING_TOLD


def test_the_posterior_is_bayes_rule() -> None:
    found = two_tastes().posterior([Answer(*CLEAR, 0), Answer(*VAGUE, SKIPPED)])
    right, wrong = 1 - NOISE, NOISE / 3
    assert found.tolist() == pytest.approx([right / (right + wrong), wrong / (right + wrong)])


def test_the_gain_is_the_mutual_information_and_the_best_question_comes_first() -> None:
    tastes = two_tastes()
    right, wrong = 1 - NOISE, NOISE / 3
    either = (right + wrong) / 2
    before = -2 * either * np.log(either) - 2 * wrong * np.log(wrong)
    after = -right * np.log(right) - 3 * wrong * np.log(wrong)
    gains = tastes.gains(tastes.prior[None, :])[0]
    assert gains[0] == pytest.approx(before - after, rel=1e-5)
    assert gains[0] > gains[1] > 0
    first = next_question(tastes, [])
    assert first is not None and (first.first, first.second) == (0, 1)
    second = next_question(tastes, [], [CLEAR])
    assert second is not None and (second.first, second.second) == (0, 2)
    assert next_question(tastes, [Answer(*CLEAR, 0), Answer(*VAGUE, 0)]) is None
    assert next_question(tastes, [], [CLEAR] * MOST_QUESTIONS) is None
    assert next_question(Tastes.none(), []) is None


def test_a_question_of_an_earlier_version_counts_by_what_its_products_are_wanted() -> None:
    found = two_tastes().posterior([Answer(COFFEE, TEA, 0)])
    # tea is wanted .9 and .1, of .5 on the whole: liked with .9 / 1.4 and .1 / .6; coffee the other way round
    much, little = 0.9 / 1.4, 0.1 / 0.6
    coffee_drinker = noisy(np.array(much * (1 - little), np.float32))
    tea_drinker = noisy(np.array(little * (1 - much), np.float32))
    assert found[1] == pytest.approx(coffee_drinker / (coffee_drinker + tea_drinker), rel=1e-4)


def test_saved_and_loaded_tastes_say_the_same(tmp_path: Path) -> None:
    tastes = two_tastes()
    tastes.save(tmp_path)
    again = Tastes.load(tmp_path)
    assert again.names == tastes.names
    answers = [Answer(*VAGUE, 0), Answer(*CLEAR, 3)]
    np.testing.assert_allclose(again.posterior(answers), tastes.posterior(answers), rtol=3e-3)
    np.testing.assert_allclose(again.shares, tastes.shares, rtol=1e-3)
