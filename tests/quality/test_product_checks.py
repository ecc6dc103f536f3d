"""Claims, each on a shelf whose count can be read off:
1. missing counts empty and wordless titles, and only names what is not required.
2. duplicate_products counts every product but the first of those that differ only in their id.
3. near_duplicates tells equal titles, other spellings, other sizes and other words apart; of many it compares some.
4. prices counts zero, negative, other currencies than most and outliers within the category; small ones have none.
5. non_products knows service lines by code and by title, and leaves goods that merely contain the word.
6. language counts the titles that are not in most titles' language.
7. The repairs of these checks remove or change what was counted.
"""

from typing import Any

from tests.quality.worlds import column, found, log, made, shelf, shelf_of


def test_empty_and_wordless_titles_are_missing_and_other_fields_are_only_named() -> None:
    products = shelf({"title": ""}, {"title": "  "}, {"title": "??"}, {"title": "茶", "brand": "x"}, {"price": 1.0})
    finding = found("missing", products, log())
    assert (finding.count, finding.total, finding.severity) == (3, 5, "warning")
    assert finding.parts == {
        "title": 2,
        "wordless_title": 1,
        "description": 5,
        "brand": 4,
        "category": 5,
        "price": 4,
    }
    assert [example["product_id"] for example in finding.examples] == ["p0", "p1", "p2"]
    assert finding.examples[2]["why"] == "wordless_title"


def test_what_is_required_is_the_merchants_choice() -> None:
    products = shelf({"brand": "a"}, {"brand": "", "title": ""})
    assert found("missing", products, log(), required=["brand"]).count == 1
    assert found("missing", shelf({"title": ""}), log()).severity == "blocking"


def test_dropping_untitled_products_drops_their_events_too() -> None:
    products, events = made("missing").repair(shelf({}, {"title": ""}), log({}, {"product_id": "p1"}))
    assert column(products, "product_id", "product_id") == ["p0"]
    assert column(events, "product_id", "event_id") == ["p0"]


def test_products_that_differ_only_in_id_are_counted_but_for_the_first() -> None:
    products = shelf(
        {"title": "tea", "price": 2.0, "category": ["drinks"]},
        {"title": "tea", "price": 2.0, "category": ["drinks"]},
        {"title": "tea", "price": 2.0, "category": ["drinks"]},
        {"title": "tea", "price": 3.0, "category": ["drinks"]},
        {"title": ""},
        {"title": ""},
        {"product_id": "p3", "title": "tea again"},
    )
    finding = found("duplicate_products", products, log())
    assert (finding.count, finding.total) == (3, 7)
    assert finding.parts == {"id": 1, "twin": 2}
    assert [(e["product_id"], e["first_id"]) for e in finding.examples if e["why"] == "twin"] == [
        ("p1", "p0"),
        ("p2", "p0"),
    ]


def test_twins_take_the_first_ones_group_and_nothing_is_removed() -> None:
    products = shelf({"title": "tea"}, {"title": "tea"}, {"title": "tea", "group_id": "mine"}, {}, {"title": ""})
    repaired, _ = made("duplicate_products").repair(products, log())
    assert column(repaired, "group_id", "product_id") == ["p0", "p0", "mine", None, None]


NEARLY = (
    "white hanging heart t-light holder",
    "white hanging heart t-light holders",  # near: another spelling
    "white hanging heart, t-light holder",  # near: the same words, other punctuation
    "white hanging heart t-light holder 6 pcs",
    "white hanging heart t-light holder 12 pcs",  # size: the same words, other numbers
    "large round enamel mixing bowl in red",
    "large round enamel mixing bowl in blue",  # word: one other word
    "crushed ice",
    "Crushed  Ice",  # same title
)


def test_titles_are_told_apart_by_spelling_size_and_word() -> None:
    finding = found("near_duplicates", shelf(*({"title": title} for title in NEARLY)), log())
    assert finding.parts == {"same_title": 1, "near": 2, "size": 1, "word": 1}
    assert (finding.count, finding.total) == (1 + 2, 9)
    assert [(e["product_id"], e["why"]) for e in finding.examples] == [
        ("p1", "near"),
        ("p2", "near"),
        ("p7", "same_title"),
    ]
    assert finding.examples[0]["like"] == NEARLY[0]
    assert finding.examples[2]["like"] == "× 2"


def test_of_many_titles_so_many_are_compared_and_the_total_is_of_these() -> None:
    titles = [f"{'abcdefghij'[at // 120]}{at:04} thing" for at in range(1100)]
    shelf_of_many = shelf(*({"title": title} for title in (*titles, titles[0], titles[1])))
    whole, part = (found("near_duplicates", shelf_of_many, log(), most_titles=most) for most in (1100, 1000))
    assert (whole.total, whole.parts["same_title"]) == (1102, 2)
    assert 1000 <= part.total <= 1002
    again = found("near_duplicates", shelf_of_many, log(), most_titles=1000)
    assert (again.total, again.parts) == (part.total, part.parts)


def test_another_brand_is_another_product() -> None:
    products = shelf({"title": "tea", "brand": "a"}, {"title": "tea", "brand": "b"}, {"title": ""}, {"title": ""})
    finding = found("near_duplicates", products, log())
    assert (finding.count, finding.total, finding.severity) == (0, 2, "ok")


def test_equal_titles_are_grouped_and_given_groups_are_kept() -> None:
    products = shelf({"title": "tea"}, {"title": " Tea"}, {"title": "TEA", "group_id": "g"}, {"title": "ice"})
    repaired, _ = made("near_duplicates").repair(products, log())
    assert column(repaired, "group_id", "product_id") == ["p0", "p0", "g", None]


def test_zero_negative_and_outlying_prices_are_counted_within_their_category() -> None:
    tea = [{"price": 1.0 + i / 10, "category": ["tea"]} for i in range(10)]
    products = shelf(
        *tea,
        {"price": 90.0, "category": ["tea"]},
        {"price": 90.0, "category": ["gold"]},
        {"price": 0.0},
        {"price": -1.0},
        {},
    )
    finding = found("prices", products, log(), min_category=10)
    assert finding.parts == {"zero": 1, "negative": 1, "outlier": 1, "currency": 0}
    assert (finding.count, finding.total) == (3, 15)
    outlier = next(example for example in finding.examples if example["why"] == "outlier")
    assert (outlier["product_id"], outlier["usual_price"]) == ("p10", "1.5")
    assert found("prices", products, log(), min_category=12).parts["outlier"] == 0


def test_prices_in_another_currency_than_most_are_counted() -> None:
    euros: list[dict[str, Any]] = [{"price": float(n), "currency": "EUR"} for n in range(1, 4)]
    others: list[dict[str, Any]] = [{"price": 2.0, "currency": "USD"}, {"price": 2.0}, {"currency": "USD"}]
    finding = found("prices", shelf(*euros, *others), log())
    assert finding.parts["currency"] == 1
    assert [(one["product_id"], one["currency"]) for one in finding.examples] == [("p3", "USD")]


def test_blanking_prices_makes_zero_and_negative_unknown() -> None:
    products, _ = made("prices").repair(shelf({"price": 0.0}, {"price": -1.0}, {"price": 900.0}, {}), log())
    assert column(products, "price", "product_id") == [None, None, 900.0, None]


SERVICES = (
    {"product_id": "POST", "title": "POSTAGE"},
    {"product_id": "M", "title": "Manual"},
    {"product_id": "C2", "title": "CARRIAGE"},
    {"product_id": "BANK CHARGES", "title": "Bank Charges"},
    {"product_id": "90001", "title": "DOTCOM POSTAGE"},
    {"product_id": "90002", "title": "新疆地区补差价"},
)
GOODS = tuple(
    {"product_id": f"{80001 + i}", "title": title}
    for i, title in enumerate(("manual coffee grinder", "postage stamp album", "差价手册"))
)


def test_service_lines_are_known_by_code_or_title() -> None:
    finding = found("non_products", shelf(*SERVICES, *GOODS), log(), max_code_share=0.5, examples=9)
    assert finding.count == len(SERVICES)
    assert finding.parts == {"code": 3, "title": 6}


def test_a_shop_whose_ids_are_short_letters_has_no_service_codes() -> None:
    products = shelf({"product_id": "A"}, {"product_id": "B"}, {"product_id": "C"})
    assert found("non_products", products, log()).count == 0


def test_a_title_in_the_settings_means_only_itself() -> None:
    products = shelf({"title": "c++ (used)"}, {"title": "ccc used"})
    assert found("non_products", products, log(), titles=["c++ (used)"]).count == 1


def test_dropping_service_lines_drops_their_events_too() -> None:
    products, events = made("non_products").repair(
        shelf({"product_id": "POST", "title": "postage"}, {"product_id": "p1"}),
        log({"product_id": "POST"}, {"product_id": "p1"}),
    )
    assert column(products, "product_id", "product_id") == ["p1"]
    assert column(events, "product_id", "event_id") == ["p1"]


def test_titles_outside_the_main_language_are_counted() -> None:
    titles = ("绿茶", "红茶", "苹果 iPhone 手机壳", "green tea", "чай зелёный", "お茶です", "123")
    finding = found("language", shelf(*({"title": title} for title in titles)), log())
    assert finding.parts == {"foreign": 3, "en": 1, "zh": 3, "other": 2, "mixed": 1}
    assert (finding.count, finding.total) == (3, 6)
    assert {example["product_id"] for example in finding.examples} == {"p3", "p4", "p5"}


def test_one_language_is_fine() -> None:
    finding = found("language", shelf_of(4), log())
    assert (finding.count, finding.severity, finding.advice) == (0, "ok", "")
