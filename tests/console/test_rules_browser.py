"""Claims, in a real browser on a real shop, where nothing may be complained of in the console:

1. a draft is tried beside the page without it, saved, and the next search goes by it; then it is taken back.
2. at 380 px the page of rules does not scroll sideways.
"""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.data, pytest.mark.server]


def test_a_draft_is_tried_saved_and_taken_back(visitor: Visitor) -> None:
    visitor.open("search?q=milk")
    last = visitor.page.locator("#results .card").last
    product_id, title = last.get_attribute("data-product"), last.locator(".card-title").inner_text()
    pin = f"pin = [{{ product = {product_id!r}, place = 1 }}]"
    rule = f'[[rules]]\nname = "milk day"\nwhen = {{ queries = ["milk"] }}\n{pin}'
    visitor.open("console/rules")
    draft, words = visitor.page.locator("textarea"), visitor.page.locator(".try input[name=q]")
    draft.fill(rule)
    words.fill("milk")
    visitor.page.get_by_role("button", name="Preview").click()
    expect(visitor.page.locator("#ruled li").first).to_contain_text(title)
    expect(visitor.page.locator("#ruled li").first).to_contain_text("milk day")
    expect(draft).to_have_value(rule)
    visitor.picture("rules")
    visitor.page.get_by_role("button", name="Save").click()
    expect(visitor.page.locator("#rules")).to_contain_text("milk day")
    visitor.open("search?q=milk")
    expect(visitor.page.locator("#results .card-title").first).to_have_text(title)
    visitor.page.locator("#results .why").first.click()
    expect(visitor.page.locator("#sheet")).to_contain_text("Placed here by the shop: milk day")
    visitor.open("console/rules")
    draft.fill("")
    visitor.page.get_by_role("button", name="Save").click()
    expect(visitor.page.get_by_text("There are no rules yet.")).to_be_visible()


def test_at_380_px_the_page_of_rules_does_not_scroll_sideways(visitor: Visitor) -> None:
    visitor.open("console/rules")
    visitor.page.locator(".try input[name=q]").fill("milk")
    visitor.page.get_by_role("button", name="Preview").click()
    expect(visitor.page.locator("#plain li").first).to_be_visible()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 380
