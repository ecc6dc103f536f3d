"""Claims:

1. who is erased while a version is learnt is gone from the log that it learns from: it begins again and says so, and so
   does an incremental one; with repairs, which are held in memory, it goes on without the shopper.
2. what fails for another reason fails at once, as it is; what is filed anew under every attempt ends with what to do.
"""

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from shopkeeper.errors import StoreError
from shopkeeper.flow import increment as incremental
from shopkeeper.flow import learn as learning
from shopkeeper.flow.again import MOST, reading
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.choices import Followed
from shopkeeper.flow.increment import increment
from shopkeeper.flow.learn import learn
from shopkeeper.store.folder import ShopFolder, open_folder
from shopkeeper.testing.shops import events
from shopkeeper.types import DayArray, Snapshot

if TYPE_CHECKING:
    import ibis

AGAIN = "reading again: shoppers were erased or late events filed meanwhile"


@pytest.fixture
def filed(shop_folder: Path) -> Path:
    """The shop with nearly all of its log in files."""
    with open_folder(shop_folder, writable=True) as folder:
        assert folder.tidy(time.time()) > 0
    return shop_folder


def counts(version: Path) -> DayArray:
    with np.load(version / "sources" / "popular" / "counts.npz") as held:
        return np.asarray(held["weights"])


@pytest.mark.parametrize(("repairs", "times"), [("[]", 1), ('["clip_quantities"]', 0)])
def test_who_is_erased_while_a_version_is_learnt_is_not_learnt_from(
    filed: Path, monkeypatch: pytest.MonkeyPatch, repairs: str, times: int
) -> None:
    settings = filed / "settings.toml"
    settings.write_text(settings.read_text("utf-8") + f"\n[quality]\nrepairs = {repairs}\n", encoding="utf-8")
    told: list[str] = []
    with open_shop(filed) as shop:
        begin = learning.known

        def known(folder: ShopFolder, repaired: "ibis.Table | None", *rest: Any) -> tuple[Snapshot, Followed]:
            if shop.folder.users.row("u7") >= 0:
                reader = folder.events.table() if repaired is None else repaired
                shop.erase("u7")
                reader.count().to_pyarrow()  # of files that are gone
            return begin(folder, repaired, *rest)

        monkeypatch.setattr(learning, "known", known)
        first = learn(filed, lambda step, *_: told.append(step)).version
        monkeypatch.undo()
    assert told.count(AGAIN) == times
    np.testing.assert_allclose(counts(first.path), counts(learn(filed).version.path), rtol=1e-4)


def test_an_incremental_version_begins_again_too(filed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_more = [event for event in events(time.time(), weeks=1) if event.user_id != "u7"]
    told: list[str] = []
    with open_shop(filed) as shop:
        shop.folder.events.append([replace(event, event_id=f"m{event.event_id}") for event in one_more])

        def known(folder: ShopFolder, *rest: Any) -> tuple[Snapshot, Followed]:
            if shop.folder.users.row("u7") >= 0:
                reader = folder.events.table()
                shop.erase("u7")
                reader.count().to_pyarrow()
            return learning.known(folder, *rest)

        monkeypatch.setattr(incremental, "known", known)
        version = increment(filed, lambda step, *_: told.append(step)).version
    assert told.count(AGAIN) == 1
    np.testing.assert_allclose(counts(version.path), counts(learn(filed).version.path), rtol=1e-2)


def test_what_fails_for_another_reason_fails_at_once(filed: Path) -> None:
    asked: list[ShopFolder] = []

    def attempt(folder: ShopFolder) -> None:
        asked.append(folder)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        reading(filed, attempt, lambda *_: None)
    assert len(asked) == 1


def test_a_log_that_is_always_filed_anew_ends_with_what_to_do(filed: Path) -> None:
    told: list[str] = []
    with open_shop(filed) as shop:
        users = iter(range(100))

        def attempt(_: ShopFolder) -> None:
            shop.erase(f"u{next(users)}")
            raise FileNotFoundError

        with pytest.raises(StoreError, match=f"filed anew {MOST} times while it was read.*Try again"):
            reading(filed, attempt, lambda step, *_: told.append(step))
    assert told == [AGAIN] * MOST
