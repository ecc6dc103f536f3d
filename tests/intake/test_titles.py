"""Claims:
1. Shorthand becomes words in sentence case, known names keep their spelling, slash lists read as lists.
2. A type that only qualifies takes its category's noun; a product without a type falls back to what is known.
3. Sizes are normalised; what cannot be a size is dropped.
"""

import pytest

from shopkeeper.intake.journey_titles import readable_category, readable_department, readable_type, title
from shopkeeper.intake.sizes import readable_size

TYPES = [
    ("ICE - CRUSHED/CUBED", "FRZN ICE", "Crushed ice"),
    ("APPLES GRANNY SMITH (BULK&BAG)", "APPLES", "Granny Smith apples"),
    ("SFT DRNK 2 LITER BTL CARB INCL", "SOFT DRINKS", "Soft drink, 2 liter bottle"),
    ("PREMIUM", "ICE CREAM/MILK/SHERBTS", "Premium ice cream"),
    ("PREMIUM", "BACON", "Premium bacon"),
    ("LOIN - CHOPS BONELESS", "PORK", "Pork loin chops, boneless"),
    ("FRZN FRENCH FRIES", "FRZN POTATOES", "Frozen French fries"),
    ("BAGS/TAGS/TISSUE/BOXES", None, "Bags, tags, tissue & boxes"),
    ("EGGS - JUMBO", "EGGS", "Jumbo eggs"),
    ("PREP FD: PIZZA (HOT)", "PREPARED FOOD", "Pizza, hot"),
    ("CANDY W/O NUTS", "CANDY", "Candy without nuts"),
    ("TV/MOVIE-MAGAZINE", "MAGAZINE", "TV & movie magazine"),
]


@pytest.mark.parametrize(("kind", "category", "words"), TYPES)
def test_a_type_reads_as_words(kind: str, category: str | None, words: str) -> None:
    assert readable_type(kind, category) == words


def test_categories_and_departments_read_as_words() -> None:
    assert readable_category("SNKS/CKYS/CRKR/CNDY") == "Snacks, cookies, crackers & candy"
    assert readable_category("PASTA SAUCE") == "Pasta sauce"
    assert readable_category(None) == "Other"
    assert readable_department("DRUG GM") == "Health & household"


def test_a_product_without_a_type_falls_back() -> None:
    assert title(None, "YOGURT", "GROCERY", "6 OZ") == "Yogurt, 6 oz"
    assert title(None, None, "PRODUCE", None) == "Produce"
    assert title(None, None, "MISCELLANEOUS", None) == "Miscellaneous item"
    assert title("ICE - CRUSHED/CUBED", "FRZN ICE", "GROCERY", "22 LB") == "Crushed ice, 22 lb"


SIZES = [
    ("22 LB", "22 lb"), ("0000012 OZ", "12 oz"), ("51129513 OZ", ""),
    ("P   4/4 OZ", "4 × 4 oz"), ("12 PK/12 OZ", "12 × 12 oz"),
    ("10 OZ/4 PK", "4 × 10 oz"), ("1/2 GAL", "1/2 gal"), ("1 1/2 LB", "1 1/2 lb"), ("10 CT/1.5 OZ", "10 ct, 1.5 oz"),
    ("GAL", "1 gal"), ("CTN", ""), ("2.0 L", "2 l"), ("12 OZ BTL", "12 oz"), ("054700 7 OZ", "7 oz"),
    ("10 X3 IN", "10 × 3 in"),
    ("1 LOADS", "1 load"), ("157297  PK", ""), ("", ""), (".018 OZ", "0.018 oz"), ("AB    8 OZ", "8 oz"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "words"), SIZES)
def test_a_size_reads_as_people_write_it(raw: str, words: str) -> None:
    assert readable_size(raw) == words
