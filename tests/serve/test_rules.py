"""Claims:

1. rules are read and written whole; the next page goes by them, and its redirect is told.
2. rules that contradict one another are refused with the reason, and so is a text that was changed meanwhile.
3. a preview shows rules that are not written yet, with what moved, and nothing of it is logged.
"""

from starlette.testclient import TestClient

from shopkeeper.flow.shop import Shop


def rules_of(shop: Shop) -> str:
    product_id = shop.catalog.product_ids[5]
    return (
        '[[rules]]\nname = "tea first"\nwhen = { queries = ["tea"] }\n'
        f'pin = [{{ product = "{product_id}", place = 1 }}]\n'
        '[[rules]]\nname = "help"\nwhen = { words = ["help"] }\nredirect = { to = "/help" }\n'
    )


def test_rules_are_put_and_the_next_page_goes_by_them(client: TestClient, shop: Shop) -> None:
    where = f"/v1/{shop.name}"
    empty = client.get(f"{where}/rules").json()
    assert empty == {"status": "none", "message": "", "text": "", "sha256": "", "rules": []}
    text = rules_of(shop)
    put = client.put(f"{where}/rules", json={"text": text, "replaces": ""})
    assert put.status_code == 200 and put.json() == client.get(f"{where}/rules").json()
    assert put.json()["text"] == text and put.json()["status"] == "ok"
    assert client.get("/health").json()["shops"][shop.name]["rules"] == "ok"
    assert put.json()["rules"][0] == {"name": "tea first", "state": "on", "does": ["pin"], "remarks": []}
    page = client.post(f"{where}/search", json={"query": "tea", "explain": True}).json()
    first = page["items"][0]
    assert first["product_id"] == shop.catalog.product_ids[5] and page["redirect"] is None
    assert {"name": "pinned", "value": 0.0, "note": "tea first", "children": []} in first["explanation"]["children"]
    led = client.post(f"{where}/search", json={"query": "help"}).json()
    assert led["redirect"] == {"to": "/help", "search": "", "rule": "help"}


def test_rules_that_contradict_are_refused(client: TestClient, shop: Shop) -> None:
    where = f"/v1/{shop.name}/rules"
    text = rules_of(shop)
    wrong = client.put(where, json={"text": text.replace('name = "help"', 'name = "tea first"')})
    assert wrong.status_code == 422 and wrong.json()["error"]["code"] == "invalid_rules"
    assert "Rule 'tea first': two rules have this name." in wrong.json()["error"]["message"]
    assert client.get(where).json()["status"] == "none"
    stale = client.put(where, json={"text": text, "replaces": "0" * 64})
    assert stale.status_code == 422 and "changed meanwhile" in stale.json()["error"]["message"]


def test_a_preview_shows_rules_that_are_not_written_yet(client: TestClient, shop: Shop) -> None:
    where = f"/v1/{shop.name}/rules/preview"
    asked = {"query": "tea", "k": 3, "text": rules_of(shop), "at": "2030-01-01T10:00:00Z"}
    found = client.post(where, json=asked).json()
    assert found["moved"][0] == {
        "product_id": shop.catalog.product_ids[5],
        "place": 0,
        "before": None,
        "rules": ["tea first"],
    }
    assert [each["before"] for each in found["moved"][1:]] == list(range(len(found["moved"]) - 1))
    assert found["ruled"]["rules"] and len(found["plain"]["items"]) <= 3
    assert client.get(f"/v1/{shop.name}/rules").json()["status"] == "none"
    shop.folder.exposures.flush()
    assert shop.folder.exposures.get(found["ruled"]["request_id"]) is None
    bare = client.post(where, json={"scene": "similar"})
    assert bare.status_code == 422 and bare.json()["error"]["where"] == "body.product_ids"
