"""Claims:

1. a query that several shoppers asked often enough is kept with its count, however they wrote it; the most asked first.
2. what one shopper alone asks, also before signing in, or only visitors without a name, is never kept; nothing that is
   kept says who asked.
3. past queries complete what is being typed in the version that is learnt next.
4. after a shopper is erased, the next version counts without them.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.flow.build import open_shop
from shopkeeper.flow.learn import learn
from shopkeeper.flow.past import LONGEST, past_queries
from shopkeeper.settings import Settings
from shopkeeper.store.folder import ShopFolder, create, open_folder
from shopkeeper.types import Event


def searches(query: str, *users: str) -> list[Event]:
    return [
        Event(
            event_id=f"{query}-{place}",
            timestamp=1e9 + place,
            action="search",
            user_id=user,
            session_id=f"s{place}",
            query=query,
        )
        for place, user in enumerate(users)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ShopFolder]:
    create(tmp_path / "shop", "")
    with open_folder(tmp_path / "shop", writable=True) as opened:
        yield opened


def kept(folder: ShopFolder, **learning: int) -> dict[str, int]:
    return dict(past_queries(folder.events.table(), Settings({"learn": learning})))


def test_what_several_shoppers_ask_often_is_kept_most_asked_first(folder: ShopFolder) -> None:
    folder.events.append(searches("oat milk", "ann", "bob", "ann"))
    folder.events.append(searches("Birthday Candles", "ann", "ann") + searches("birthday  candles", "bob", "cy"))
    assert list(kept(folder).items()) == [("birthday candles", 4), ("oat milk", 3)]


@pytest.mark.parametrize(
    "users", [["ann"] * 9, [""] * 9, ["ann", "ann", ""], ["ann", "bob"]], ids=["one", "nameless", "before", "rarely"]
)
def test_what_is_one_shoppers_alone_is_never_kept(folder: ShopFolder, users: list[str]) -> None:
    folder.events.append(searches("gift for my boss", *users))
    assert kept(folder) == {}


def test_the_settings_say_how_often_and_by_how_many(folder: ShopFolder) -> None:
    folder.events.append(searches("tea", "ann", "bob") + searches("x" * (LONGEST + 1), "ann", "bob", "cy"))
    folder.events.append(searches("cocoa", "ann", "bob", "bob", ""))
    assert kept(folder, suggest_after=2) == {"cocoa": 4, "tea": 2}
    folder.events.append(searches("coffee", "ann", "bob", "cy"))
    assert kept(folder, suggest_after=2, suggest_shoppers=3) == {"coffee": 3}


def test_past_queries_complete_what_is_typed_until_their_shopper_is_erased(shop_folder: Path) -> None:
    asked = searches("birthday party", "u1", "u2", "u2")
    with open_folder(shop_folder, writable=True) as folder:
        folder.events.append(asked)
    with open_shop(shop_folder) as shop:
        assert shop.trained.suggester.suggest("birthd") == []
    learn(shop_folder)
    with open_shop(shop_folder) as shop:
        assert shop.trained.suggester.suggest("birthd") == shop.trained.suggester.suggest("party") == ["birthday party"]
        version = shop.folder.versions.list()[-1]
        assert b'"birthday party": 3' in (version.path / "queries.json").read_bytes()
        shop.erase("u1")
    learn(shop_folder)
    with open_shop(shop_folder) as shop:
        assert shop.version is not None and shop.version.number == 3
        assert shop.trained.suggester.suggest("birthd") == []
