"""Claims:

1. questions on returns, delivery, opening hours, payment, orders, accounts and contact are told, in English and
   Chinese, with what they are about; in capitals and traditional characters, too.
2. words for products are none, though they hold a word of the kind, nor what products say side by side.
3. such a question is searched for as it stands: not corrected, not replaced, no filter made of it.
4. an intent says what is asked for: a product, a code, a brand, a question.
5. it can be switched off, and so can synonyms.
"""

import pytest

from shopkeeper.settings import Synonyms, Understand
from shopkeeper.testing import worlds
from shopkeeper.understand.lexicon import catalog_texts
from shopkeeper.understand.question import service_of
from shopkeeper.understand.structured import Structured
from shopkeeper.understand.understanding import Understanding
from shopkeeper.understood import About

SHELF = worlds.catalog(
    ["Return address stamp", "Delivery box", "Green tea", "Acme kettle", "快递 纸箱", "Shipping labels"],
    brands=["", "", "", "Acme", "", ""],
)
TEXTS = catalog_texts(SHELF)


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ("return policy", "returns"),
        ("How do I return my kettle?", "returns"),
        ("怎么退货", "returns"),
        ("可以退款吗？", "returns"),
        ("退換貨", "returns"),
        ("when will my parcel arrive", "delivery"),
        ("delivery times", "delivery"),
        ("运费", "delivery"),
        ("多久发货", "delivery"),
        ("Opening Hours", "hours"),
        ("what time do you close", "hours"),
        ("营业时间", "hours"),
        ("几点关门", "hours"),
        ("can I pay by invoice", "payment"),
        ("能不能开发票", "payment"),
        ("cancel my order", "order"),
        ("我的订单", "order"),
        ("forgot password", "account"),
        ("会员怎么注册", "account"),
        ("customer service", "contact"),
        ("人工客服", "contact"),
    ],
)
def test_questions_for_the_service(query: str, about: About) -> None:
    assert service_of(query) == about


@pytest.mark.parametrize(
    "query",
    [
        *("green tea", "mailing box", "account book", "order pad", "open toe shoes", "check shirt", "get well card"),
        *("password manager book", "how to train your dragon", "what a plant knows", "closed back headphones"),
        *("密码箱", "订单本", "绿茶", "快递袋", "我的世界积木", ""),
    ],
)
def test_words_for_products(query: str) -> None:
    assert service_of(query) is None


def test_what_products_say_side_by_side_is_for_them() -> None:
    made = Understanding(None, TEXTS)
    assert service_of("shipping labels", made.lexicon.says_all) is None
    assert [made.understand(query).kind for query in ("delivery box", "return", "returns")] == ["product"] * 2 + [
        "service"
    ]


def test_a_question_is_searched_for_as_it_stands() -> None:
    made = Understanding(None, TEXTS, Understand(synonyms=Synonyms(same=(("return", "refund"),))))
    intent = made.understand("how do i return my grean kettle of acme under 50")
    assert (intent.kind, intent.about, intent.correction, intent.maybe, intent.alternatives) == (
        ("service", "returns", None, None, ())
    )
    assert "grean" in intent.tokens
    assert Structured(SHELF, made.lexicon.counts).read(intent) == intent


def test_an_intent_says_what_is_asked_for() -> None:
    made = Understanding(None, TEXTS)
    structured = Structured(SHELF, made.lexicon.counts)
    kinds = [structured.read(made.understand(query)).kind for query in ("acme", "acme kettle", "wd-40", "green tea")]
    assert kinds == ["brand", "product", "code", "product"]


def test_it_can_be_switched_off_and_so_can_synonyms() -> None:
    off = Understanding(
        None, TEXTS, Understand(service=False, synonyms=Synonyms(enabled=False, same=(("tea", "chai"),)))
    )
    assert (off.understand("return policy").kind, off.understand("tea").alternatives) == ("product", ())
