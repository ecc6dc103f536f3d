"""Claims:

1. Every plug-in that there is keeps every promise of its kind.
2. Every kind of plug-in has cases, and a new file is found by being there.
3. A plug-in that breaks a promise is caught, with the promise's words.
"""

import numpy as np
import pytest
from pydantic import BaseModel

from shopkeeper import plugins
from shopkeeper.settings import SourceSettings
from shopkeeper.testing import contract_source, contracts
from shopkeeper.types import SCENES, Batch, Offer


@pytest.mark.parametrize("case", contracts.cases(), ids=str)
def test_every_plug_in_keeps_its_promises(case: contracts.Case) -> None:
    case()


def test_every_source_has_a_case_for_every_promise() -> None:
    found = {(case.name, case.check.__name__) for case in contracts.cases(["source"])}
    promises = [check.__name__ for check in (*contracts.EVERY_PLUGIN, *contract_source.CONTRACT)]
    assert found == {(name, promise) for name in plugins.names("source") for promise in promises}


class _Careless:
    """Offers row 23 always, twice, whatever the mask says."""

    class Settings(SourceSettings):
        pass

    scenes = frozenset(SCENES)

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        return [Offer(np.array([23, 23], np.int32), np.ones(2, np.float32))] * len(batch)


class _Forgetful:
    """Offers by how often it was asked."""

    class Settings(SourceSettings):
        pass

    scenes = frozenset(SCENES)

    def __init__(self, settings: Settings) -> None:
        self.asked = 0

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        self.asked += 1
        return [Offer(np.array([self.asked], np.int32), np.ones(1, np.float32))] * len(batch)


class _Stingy:
    """Offers less where its bar is lower."""

    class Settings(SourceSettings):
        pass

    scenes = frozenset(SCENES)

    def __init__(self, settings: Settings, row: int = 1) -> None:
        self.row = row

    def lenient(self, bar: float | None = None) -> "_Stingy":
        return _Stingy(self.Settings(), self.row + 1)

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        return [Offer(np.array([self.row], np.int32), np.ones(1, np.float32))] * len(batch)


class _Undocumented:
    class Settings(BaseModel):
        depth: int = 3

    def __init__(self, settings: Settings) -> None:
        self.settings = settings


def test_a_source_that_offers_a_row_twice_is_caught() -> None:
    with pytest.raises(AssertionError, match="a row was offered twice"):
        contract_source.offers_keep_to_mask_and_limit(_Careless)


def test_a_source_that_ignores_the_mask_is_caught() -> None:
    with pytest.raises(AssertionError, match="rows outside the mask"):
        contract_source.nothing_allowed_means_nothing_offered(_Careless)


def test_a_source_that_answers_one_and_three_differently_is_caught() -> None:
    with pytest.raises(AssertionError, match="request 0 alone: rows"):
        contract_source.one_alone_gets_what_it_gets_in_a_batch(_Forgetful)


def test_a_source_whose_lower_bar_takes_something_away_is_caught() -> None:
    with pytest.raises(AssertionError, match=r"a lower bar took away some of \[1\]"):
        contract_source.a_lower_bar_takes_nothing_away(_Stingy)


def test_undocumented_settings_are_caught() -> None:
    with pytest.raises(AssertionError, match="must extend PluginSettings"):
        contracts.settings_are_documented(_Undocumented)
    with pytest.raises(AssertionError, match="has no docstring"):
        contracts.it_is_documented(_Undocumented)
