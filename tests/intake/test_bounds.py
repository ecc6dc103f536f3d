"""Claim: numbers beyond what HTTP takes are refused with their row, and the rest of the file comes in."""

from tests.intake.shelf import Shelf

GOODS = "product_id,title,price\np1,Cup,1e308\np2,Plate,1e12\np3,Fork,1000000000001\n"
LOG = """event_id,timestamp,action,product_id,user_id,quantity,value
e1,2024-05-01,purchase,p2,u1,1e10,1
e2,2024-05-01,purchase,p2,u1,1,-1e13
e3,2024-05-01,purchase,p2,u1,1e9,1e12
e4,2024-05-01,refund,p2,u1,1,-5
e5,2024-05-01,purchase,p2,u1,,
"""


def test_numbers_beyond_all_measure_are_refused_with_their_row(shelf: Shelf) -> None:
    shelf.load(shelf.file("products.csv", GOODS), shelf.file("events.csv", LOG))
    told = [(row["raw"].get("event_id") or row["raw"]["product_id"], row["column"]) for row in shelf.rejected()]
    assert sorted(told) == [("e1", "quantity"), ("e2", "value"), ("p1", "price"), ("p3", "price")]
    assert all("1000000000" in row["reason"] for row in shelf.rejected())
    assert shelf.product("p2").price == 1e12
