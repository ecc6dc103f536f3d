"""Claims:

1. Erasing a shopper removes every row, and the receipt counts them.
2. What is left of the shop does not know the shopper; the next page is a stranger's.
3. Erasing somebody unknown is not an error: the receipt counts nothing.
4. A slash in an id is part of it, and a line break; an id is as long as an import takes it.
5. What the shop is told of a shopper is in the portrait until it is told anew or the shopper is erased; too much is
   refused.
6. Who shares a visit with a shopper that is erased goes on with the own part of it, as after a restart.
"""

import pytest
from starlette.testclient import TestClient

from shopkeeper.flow.build import open_shop
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.schemas import Receipt
from shopkeeper.store.folder import open_folder
from shopkeeper.types import LONGEST_ID


def home(client: TestClient, user_id: str) -> list[str]:
    page = client.post("/v1/grocer/recommend", json={"scene": "home", "user_id": user_id, "k": 10}).json()
    return [item["product_id"] for item in page["items"]]


def test_erasing_a_shopper_removes_every_row_and_counts_them(client: TestClient, shop: Shop) -> None:
    view = {"event_id": "e1", "action": "view", "user_id": "u1", "session_id": "s1", "product_id": "p00"}
    client.post("/v1/grocer/events", json=view)
    home(client, "u1")
    receipt = Receipt.model_validate_json(client.delete("/v1/grocer/users/u1").content)
    assert receipt.user_id == "u1"
    assert (receipt.erased["events"], receipt.erased["exposures"], receipt.erased["users"]) == (33, 1, 1)
    with open_folder(shop.folder.path, writable=False) as folder:
        left = folder.events.table().to_pyarrow()
    assert "u1" not in left.column("user_id").to_pylist()
    assert len(left) == 29 * 32


def test_the_next_page_of_an_erased_shopper_is_a_strangers(client: TestClient) -> None:
    assert home(client, "u1") != home(client, "a stranger")
    client.delete("/v1/grocer/users/u1")
    assert home(client, "u1") == home(client, "a stranger")


def test_erasing_somebody_unknown_counts_nothing(client: TestClient) -> None:
    assert set(client.delete("/v1/grocer/users/nobody").json()["erased"].values()) == {0}


def test_a_slash_in_a_shoppers_id_is_part_of_it(client: TestClient) -> None:
    view = {"event_id": "e1", "action": "view", "user_id": "mail/anna", "product_id": "p00"}
    client.post("/v1/grocer/events", json=view)
    receipt = Receipt.model_validate_json(client.delete("/v1/grocer/users/mail/anna").content)
    assert (receipt.user_id, receipt.erased["events"]) == ("mail/anna", 1)


def test_a_shopper_whose_id_holds_a_line_break_is_erased(client: TestClient) -> None:
    view = {"event_id": "e1", "action": "view", "user_id": "mail\nanna", "product_id": "p00"}
    client.post("/v1/grocer/events", json=view)
    receipt = Receipt.model_validate_json(client.delete("/v1/grocer/users/mail%0Aanna").content)
    assert (receipt.user_id, receipt.erased["events"]) == ("mail\nanna", 1)


def test_what_the_shop_is_told_of_a_shopper_is_in_the_portrait(client: TestClient) -> None:
    place = "/v1/grocer/users/mail/anna/demographics"
    told = client.put(place, json={"demographics": {"age": "35-44", "household size": "2"}})
    assert told.status_code == 200 and told.json()["demographics"] == {"age": "35-44", "household size": "2"}
    client.put(place, json={"demographics": {"age": "45-54"}})
    portrait = "/v1/grocer/users/mail/anna/portrait"
    assert client.get(portrait).json()["demographics"] == {"age": "45-54"}
    assert client.delete("/v1/grocer/users/mail/anna").json()["erased"]["users"] == 1
    assert client.get(portrait).json()["demographics"] == {}


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"x" * 65: "1"}, "demographics"),
        ({"": "1"}, "demographics"),
        ({"age": "x" * 401}, "demographics"),
        ({f"n{at}": "1" for at in range(33)}, "demographics"),
        ({"age": 35}, "demographics"),
    ],
)
def test_more_than_a_shop_may_be_told_is_refused(client: TestClient, told: dict[str, object], where: str) -> None:
    answer = client.put("/v1/grocer/users/anna/demographics", json={"demographics": told})
    assert answer.status_code == 422 and where in answer.text
    assert client.get("/v1/grocer/users/anna/portrait").json()["demographics"] == {}


def test_who_shares_a_visit_with_an_erased_shopper_goes_on_with_the_own_part(client: TestClient, shop: Shop) -> None:
    for at, (user, product) in enumerate([("", "p00"), ("ann", "p01"), ("bob", "p02"), ("ann", "p03"), ("bob", "p04")]):
        seen = {"event_id": f"e{at}", "action": "view", "user_id": user, "session_id": "both", "product_id": product}
        assert client.post("/v1/grocer/events", json=seen).status_code == 200
    client.delete("/v1/grocer/users/ann")

    def of_bob(opened: Shop) -> tuple[list[str], list[str], int]:
        portrait = opened.profiles.portrait(opened.folder.users.row("bob"), "both")
        ids = opened.catalog.product_ids
        now, ever = ([ids[row] for row in rows] for rows in (portrait.session_rows, portrait.rows))
        return now, ever, len(set(portrait.baskets.tolist()))

    assert of_bob(shop) == (["p02", "p04"], ["p02", "p04"], 1)
    more = {"event_id": "e9", "action": "view", "user_id": "bob", "session_id": "both", "product_id": "p05"}
    client.post("/v1/grocer/events", json=more)
    assert of_bob(shop) == (["p02", "p04", "p05"], ["p02", "p04", "p05"], 1)
    shop.close()
    with open_shop(shop.folder.path, writable=False) as again:
        assert of_bob(again) == (["p02", "p04", "p05"], ["p02", "p04", "p05"], 1)


def test_the_longest_id_that_an_import_takes_can_be_erased(client: TestClient) -> None:
    longest = "x" * LONGEST_ID
    view = {"event_id": "e1", "action": "view", "user_id": longest, "product_id": "p00"}
    assert client.post("/v1/grocer/events", json=view).json()["accepted"] == 1
    assert home(client, longest)
    assert client.delete(f"/v1/grocer/users/{longest}").json()["erased"]["users"] == 1
    assert client.delete(f"/v1/grocer/users/{longest}x").status_code == 422
