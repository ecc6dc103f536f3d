"""Claims, of the merchant's file in a shop that is open:

1. an edit of the file counts with the next page; the file may come and go.
2. an edit that is wrong leaves the last valid rules serving, and says so without a word of a shopper's.
3. a file that is wrong from the start does not stop the shop; what was valid before a restart serves after it, unless
   the file was taken away in between.
4. rules that are put are written whole, or not at all; what changed meanwhile is not overwritten.
5. synonyms that go round are refused like other conflicts.
6. a preview has both pages and what moved, at that time, and logs nothing.
"""

import hashlib
import logging
from pathlib import Path

import pytest

from shopkeeper.errors import RequestError, RuleError
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.hand import NO_RULES, Hand, serving
from shopkeeper.flow.preview import moment, preview, told
from shopkeeper.flow.shop import Shop, today
from shopkeeper.merchandise.said import LAST_VALID_FILE, RULES_FILE

PIN = '[[rules]]\nname = "tea first"\nwhen = { queries = ["tea"] }\npin = [{ product = "DA0A", place = 1 }]\n'
WRONG = PIN.replace("DA0A", "DR0A") + '[[rules]]\nname = "empty"\n'


def state(shop: Shop) -> str:
    return shop.hand.status.state


def first(shop: Shop, query: str = "tea") -> str:
    return shop.catalog.product_ids[answer(ask(shop, scene="search", query=query), shop).items[0].row]


@pytest.fixture
def attentive(shop: Shop) -> Shop:
    """The shop, which looks at its file with every page."""
    shop.hand = Hand(shop.folder.path, look_s=0.0)
    return shop


def test_an_edit_counts_with_the_next_page(attentive: Shop) -> None:
    path = attentive.folder.path / RULES_FILE
    assert state(attentive) == "none" and first(attentive) != "DA0A"
    path.write_text(PIN, encoding="utf-8")
    assert first(attentive) == "DA0A" and state(attentive) == "ok"
    path.write_text(PIN.replace("DA0A", "DR0A"), encoding="utf-8")
    assert first(attentive) == "DR0A"
    path.unlink()
    assert first(attentive) not in {"DA0A", "DR0A"} and state(attentive) == "none"


def test_a_wrong_edit_leaves_the_last_valid_rules_serving(attentive: Shop, caplog: pytest.LogCaptureFixture) -> None:
    path = attentive.folder.path / RULES_FILE
    path.write_text(PIN, encoding="utf-8")
    assert first(attentive) == "DA0A"
    path.write_text(WRONG, encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert first(attentive, "Tea") == "DA0A"
    status = attentive.hand.status
    assert status.state == "refused"
    assert status.message == (
        "merchandising.toml: Rule 'empty': does nothing. Give it pin, boost, bury, hide, only, redirect or synonyms."
    )
    assert len(caplog.records) == 1 and status.message in caplog.text and "Tea" not in caplog.text
    path.write_bytes(b"\xff\xfe")
    assert first(attentive) == "DA0A" and "cannot be read as UTF-8" in attentive.hand.status.message


def test_a_file_that_is_wrong_from_the_start_does_not_stop_the_shop(shop_folder: Path) -> None:
    (shop_folder / RULES_FILE).write_text(WRONG, encoding="utf-8")
    with open_shop(shop_folder, writable=False) as opened:
        assert state(opened) == "refused" and opened.hand.now().text == ""
        assert first(opened) not in {"DA0A", "DR0A"}


def test_a_wrong_edit_leaves_the_last_valid_rules_serving_after_a_restart(shop_folder: Path) -> None:
    path = shop_folder / RULES_FILE
    with open_shop(shop_folder) as opened:
        opened.hand.put(PIN)
    path.write_text(WRONG, encoding="utf-8")
    for writable in (True, False):
        with open_shop(shop_folder, writable=writable) as opened:
            assert state(opened) == "refused" and first(opened) == "DA0A"
    path.unlink()
    with open_shop(shop_folder) as opened:
        assert state(opened) == "none" and first(opened) != "DA0A"
    path.write_text(WRONG, encoding="utf-8")
    (shop_folder / LAST_VALID_FILE).write_text(WRONG, encoding="utf-8")
    with open_shop(shop_folder) as opened:
        assert opened.hand.now().text == "" and first(opened) != "DA0A"


def test_a_file_with_a_byte_order_mark_is_read(attentive: Shop) -> None:
    (attentive.folder.path / RULES_FILE).write_text("\ufeff" + PIN, encoding="utf-8")
    assert first(attentive) == "DA0A" and state(attentive) == "ok" and attentive.hand.text() == PIN


def test_rules_are_put_whole_or_not_at_all(shop: Shop) -> None:
    shop.hand.put(PIN)
    assert first(shop) == "DA0A" and shop.hand.text() == PIN
    with pytest.raises(RuleError, match="Rule 'empty': does nothing"):
        shop.hand.put(WRONG)
    assert first(shop) == "DA0A" and shop.hand.text() == PIN
    fresh = PIN.replace("DA0A", "DR0A")
    with pytest.raises(RuleError, match=r"changed meanwhile: its sha256 is [0-9a-f]{64}, not abc. Read it again"):
        shop.hand.put(fresh, replaces="abc")
    shop.hand.put(fresh, replaces=hashlib.sha256(PIN.encode()).hexdigest())
    assert first(shop) == "DR0A"


def test_synonyms_that_go_round_and_many_conflicts_are_named() -> None:
    with pytest.raises(RuleError, match=r"Rule 'a': synonyms.also: goes round: tea -> brew -> tea\. Words that mean"):
        serving('[[rules]]\nname = "a"\nsynonyms = { also = { tea = ["brew"], brew = ["tea"] } }')
    with pytest.raises(RuleError, match=r"Rule 'r4': does nothing.* And 2 more\.$"):
        serving("".join(f'[[rules]]\nname = "r{number}"\n' for number in range(7)))


def test_every_rule_tells_its_state_and_what_the_catalogue_lacks(shop: Shop) -> None:
    text = (
        PIN.replace("DA0A", "DA0Z")
        + '[[rules]]\nname = "later"\nschedule = { from = 2030-01-01 }\nhide = [{ brands = ["Aldr"] }]\n'
        + '[[rules]]\nname = "past"\nschedule = { until = 2020-01-01 }\nboost = [{ categories = ["Diary"] }]\n'
        + '[[rules]]\nname = "off"\nenabled = false\nonly = { attributes = { colour = ["red"] } }\n'
    )
    found = told(shop.hand.checked(text), shop.catalog, today())
    assert [(each.name, each.state, each.does) for each in found] == [
        ("tea first", "on", ("pin",)),
        ("later", "scheduled", ("hide",)),
        ("past", "over", ("boost",)),
        ("off", "off", ("only",)),
    ]
    assert [each.remarks for each in found] == [
        ("pin: no product 'DA0Z'. Did you mean 'DA0C'?",),
        ("hide: no brand 'Aldr'. Did you mean 'Alder'?",),
        ("boost: no category 'Diary'. Did you mean 'Dairy'?",),
        ("only: no attribute 'colour'.",),
    ]


def test_pins_that_the_catalogue_keeps_from_showing_are_told(shop: Shop) -> None:
    hide = '[[rules]]\nname = "gone"\nhide = [{ brands = ["Alder"], categories = ["Dairy"] }]\n'
    empty = '[[rules]]\nname = "empty"\nonly = { brands = ["Alder"], products = ["DA0B"] }\n'
    found = told(shop.hand.checked(PIN + hide + empty), shop.catalog, today())
    assert [each.remarks for each in found] == [
        ("pin: DA0A is hidden by rule 'gone'",),
        (),
        ("only: no product is all of this, so it is left aside",),
    ]


def test_a_preview_has_both_pages_and_logs_nothing(shop: Shop) -> None:
    asked = ask(shop, scene="search", query="tea", k=3)
    later = shop.hand.checked(PIN.replace("pin =", "schedule = { from = 2030-01-01 }\npin ="))
    now, then = preview(shop, asked, later), preview(shop, asked, later, moment("2030-01-02T10:00", "UTC"))
    assert all(each.place == each.before and not each.rules for each in now.moved) and now.gone == ()
    row_of = shop.catalog.row_of
    assert then.moved[0] == (row_of["DA0A"], 0, None, ("tea first",))
    assert [each.before for each in then.moved] == [None, 0, 1] and then.gone == (now.moved[2].row,)
    assert answer(asked, shop, NO_RULES, logged=False).items == then.plain.items
    shop.folder.exposures.flush()
    assert shop.folder.exposures.get(asked.request_id) is None


def test_a_moment_is_read_in_the_merchants_zone() -> None:
    assert moment("2026-12-24T18:00", "Asia/Shanghai") == moment("2026-12-24T10:00+00:00", "Asia/Shanghai")
    for odd in ("noon", "0001-01-01T00:00"):
        with pytest.raises(RequestError, match=f"at: must be a date and time such as 2026-12-24T18:00, got '{odd}'"):
            moment(odd, "UTC")
