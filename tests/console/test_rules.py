"""Claims:

1. the merchant's page lists every rule with its state, and what the catalogue lacks.
2. a draft is tried beside the page without it, with marks of what moved and by which rule; nothing is saved or logged.
3. a draft is saved where it can serve; where it cannot, or the file was changed meanwhile, the reason is said and the
   draft stays.
4. a search that a rule redirects leads there; to another site by a link.
5. the reasons of a product name the rule that placed it, and still add up.
6. the page is the merchant's, and speaks Chinese.
"""

import re

from starlette.testclient import TestClient

from shopkeeper.flow.hand import Hand
from shopkeeper.flow.shop import Shop
from shopkeeper.merchandise.said import RULES_FILE
from shopkeeper.serve.app import create_app
from tests.console.test_keys import KEYS, SECRET

WHERE = "/grocer/console/rules"
PIN = '[[rules]]\nname = "milk <first>"\nwhen = { queries = ["tea"] }\npin = [{ product = "p10", place = 1 }]\n'
LEADS = '[[rules]]\nname = "go"\nwhen = { words = ["help"] }\nredirect = { to = "%s" }\n'


def plain(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def tried(client: TestClient, text: str, act: str = "try", **more: str) -> str:
    return client.post(WHERE, data={"q": "tea", "text": text, "act": act, **more}).text


def test_the_page_lists_every_rule_with_its_state(client: TestClient, shop: Shop) -> None:
    assert "There are no rules yet." in client.get(WHERE).text
    over = '[[rules]]\nname = "old"\nschedule = { until = 2020-01-01 }\nhide = [{ brands = ["Nobody"] }]\n'
    shop.hand.put(PIN + over)
    told = plain(client.get(WHERE).text)
    assert "on milk &lt;first&gt; pins over please check old hides hide: no brand &#39;Nobody&#39;." in told
    assert 'href="/grocer/console/rules"' in client.get("/grocer/console").text


def test_a_draft_is_tried_beside_the_page_without(client: TestClient, shop: Shop) -> None:
    text = tried(client, PIN)
    ruled, without = re.findall(r'<ol class="tried" id="\w+">(.*?)</ol>', text, re.DOTALL)
    first, second = re.findall(r'<li class="(\w*)" data-product="([^"]+)">', ruled)[:2]
    assert first == ("new", "p10") and second[0] == "down"
    assert plain(ruled).startswith("Whole milk, 1 l new milk &lt;first&gt;") and "↓ 1" in plain(ruled)
    assert "p10" not in without
    assert "merchant: milk &lt;first&gt;: p10 at place 1" in text
    assert not (shop.folder.path / RULES_FILE).exists()
    later = PIN.replace("pin =", "schedule = { from = 2030-01-01 }\npin =")
    assert 'class="new"' not in tried(client, later)
    assert 'class="new" data-product="p10"' in tried(client, later, at="2030-01-02T10:00")
    assert "There is no shopper “ghost”." in tried(client, PIN, user="ghost")
    assert "at: must be a date and time" in tried(client, PIN, at="noon")


def test_a_draft_is_saved_where_it_can_serve(client: TestClient, shop: Shop) -> None:
    saved = client.post(WHERE, data={"text": PIN.replace("\n", "\r\n"), "act": "save"}, follow_redirects=False)
    assert (saved.status_code, saved.headers["location"]) == (303, WHERE)
    assert shop.hand.text() == PIN
    stale = tried(client, PIN + LEADS % "/help", "save")
    assert "changed meanwhile" in stale and "redirect =" in stale and shop.hand.text() == PIN
    wrong = tried(client, PIN + PIN, "save", sha256=shop.hand.sha256())
    assert "two rules have this name" in wrong and shop.hand.text() == PIN


def test_a_file_that_was_edited_into_nonsense_is_told(client: TestClient, shop: Shop) -> None:
    shop.hand = Hand(shop.folder.path, look_s=0.0)
    shop.hand.put(PIN)
    (shop.folder.path / RULES_FILE).write_text("rules = [", encoding="utf-8")
    told = plain(client.get(WHERE).text)
    assert "the last valid rules do: merchandising.toml: not valid TOML" in told and "milk &lt;first&gt;" in told


def test_a_search_that_a_rule_redirects_leads_there(client: TestClient, shop: Shop) -> None:
    def asked(to: str) -> tuple[int, str]:
        shop.hand.put(to)
        reply = client.get("/grocer/search?q=help me", follow_redirects=False)
        return reply.status_code, reply.headers.get("location", "")

    assert asked(LEADS % "/grocer/cart") == (303, "/grocer/cart")
    search = LEADS.replace('to = "%s"', 'search = "green tea"')
    assert asked(search) == (303, "/grocer/search?q=green+tea")
    assert asked(LEADS % "https://help.example/returns") == (200, "")
    assert 'href="https://help.example/returns"' in client.get("/grocer/search?q=help").text
    assert "Green tea" in client.get("/grocer/search?q=green tea").text


def test_the_reasons_name_the_rule_and_add_up(client: TestClient, shop: Shop) -> None:
    shop.hand.put(PIN)
    page = client.get("/grocer/search?q=tea").text
    assert "The shop itself has placed it here." in page
    why = client.get(re.findall(r'href="(/grocer/why/[^"]+/0)"', page)[0]).text
    assert "Placed here by the shop: milk &lt;first&gt;" in why
    values = [float(value) for value in re.findall(r'data-value="([^"]+)"', why)]
    assert abs(sum(values) - float(re.findall(r'data-score="([^"]+)"', why)[0])) < 1e-6


def test_the_page_is_the_merchants_and_speaks_chinese(client: TestClient, shop: Shop) -> None:
    shop.hand.put(PIN)
    told = plain(client.get(WHERE, headers={"Accept-Language": "zh"}).text)
    assert "店家自己的规则" in told and "生效中 milk &lt;first&gt; 置顶" in told
    with TestClient(create_app({shop.name: shop}, keys=KEYS)) as guarded:
        assert guarded.post(WHERE, data={"text": "", "act": "save"}).status_code == 401
        assert shop.hand.text() == PIN
        foreign = {"Origin": "https://elsewhere.example", "X-API-Key": SECRET}
        assert guarded.post(WHERE, data={"text": "", "act": "save"}, headers=foreign).status_code == 400
    assert shop.hand.text() == PIN
