"""Claims:

1. what a caller says of the moment is taken as labels; a sentence is refused, and the answer says what may be said.
2. an event carries it into the log, with the class of the browser's device where the caller says none.
3. what was learnt of it leans the page of who says so, and of nobody else.
4. the log of the server says nothing of it.
"""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from shopkeeper.flow.build import open_shop
from shopkeeper.flow.learn import learn
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys
from shopkeeper.store.folder import open_folder
from shopkeeper.types import Event

RECOMMEND, EVENTS = "/v1/grocer/recommend", "/v1/grocer/events"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 Mobile/15E148 Safari/604.1"
VIEW = {"event_id": "e1", "action": "view", "user_id": "u1", "session_id": "s1", "product_id": "p00"}
WET = "Household"
MUST = "must be one word of at most 32 letters, digits, - and _"


def contexts(shop: Shop) -> list[dict[str, str]]:
    """Of the new events, read by somebody else."""
    with open_folder(shop.folder.path, writable=False) as folder:
        rows = folder.events.table().to_pyarrow().to_pylist()
    return [orjson.loads(row["context"]) for row in rows if row["event_id"].startswith("e")]


def test_what_is_said_of_the_moment_is_a_label(client: TestClient) -> None:
    asked: dict[str, Any] = {"scene": "home", "context": {"weather": "Rain", "place": "北京", "till": "any words"}}
    assert client.post(RECOMMEND, json=asked).status_code == 200
    for route, more in ((RECOMMEND, {"scene": "home"}), ("/v1/grocer/search", {"query": "tea"})):
        response = client.post(route, json={**more, "context": {"weather": "it rains, I am wet"}})
        error = response.json()["error"]
        assert (response.status_code, error["where"]) == (422, "body.context")
        assert f"weather: {MUST}" in error["message"]


def test_an_event_carries_the_moment_into_the_log(client: TestClient, shop: Shop) -> None:
    rows = [
        {**VIEW, "context": {"weather": "RAIN"}},
        {**VIEW, "event_id": "e2", "context": {"device": "kiosk"}},
        {**VIEW, "event_id": "e3", "context": {"place": "12 High Street"}},
        {**VIEW, "event_id": "e4", "context": {"device": ""}},
    ]
    told = client.post(EVENTS, json=rows, headers={"User-Agent": PHONE}).json()
    assert told["accepted"] == 3 and MUST in told["refused"][0]["reason"]
    assert contexts(shop) == [{"weather": "RAIN", "device": "phone"}, {"device": "kiosk"}, {"device": ""}]


@pytest.fixture
def rainy(folder: Path, tmp_path: Path) -> Iterator[TestClient]:
    """The grocer after forty days by turns of rain, which sold household goods alone, and of sun; learnt anew."""
    path = Path(shutil.copytree(folder, tmp_path / "rainy" / "grocer"))
    settings = path / "settings.toml"
    said = settings.read_text(encoding="utf-8")
    settings.write_text(said + "\n[rank.context]\nprior = 10.0\nstrength = 1.0\n", encoding="utf-8")
    with open_folder(path, writable=True) as opened:
        table = opened.events.table().to_pyarrow()
        last, catalog = table["timestamp"].to_pylist()[-1].timestamp(), opened.products.catalog()
        wet = [path == (WET,) for path in catalog.category_paths]
        rain, sun = (
            [at for at in range(len(catalog)) if wet[catalog.categories[at]] == sold] for sold in (True, False)
        )
        opened.events.append(
            [
                Event(
                    event_id=f"w{day}-{at}",
                    timestamp=last - (40 - day) * 86_400.0,
                    action="purchase",
                    session_id=f"w{day}-{at}",
                    product_id=catalog.product_ids[rows[at % len(rows)]],
                    context={"weather": weather},
                )
                for day in range(40)
                for weather, rows in ((("rain", rain), ("sun", sun))[day % 2],)
                for at in range(12)
            ]
        )
    learn(path)
    opened_shop = open_shop(path)
    with TestClient(create_app({opened_shop.name: opened_shop}, keys=Keys())) as asking:
        yield asking
    opened_shop.close()


def test_a_page_in_rain_leans_to_what_rain_sells(rainy: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    def categories(**context: str) -> list[str]:
        asked = {"scene": "home", "k": 30, "context": context}
        return ["/".join(item["category"]) for item in rainy.post(RECOMMEND, json=asked).json()["items"]]

    with caplog.at_level(logging.DEBUG):
        plain, rain, sun = categories(), categories(weather="Rain"), categories(weather="sun")
    places = [sum(at for at, name in enumerate(page) if name == WET) for page in (rain, plain, sun)]
    assert places[0] < places[1] < places[2]
    assert categories(weather="hail") == plain
    assert "weather" not in caplog.text and "rain" not in caplog.text
