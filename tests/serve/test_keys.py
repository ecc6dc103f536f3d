"""Claims:

1. A secret key may do what a public key may; an unknown key may do nothing.
2. A key behind a shop's name opens that shop alone.
3. Short keys are refused when they are read, with the way to make a good one.
4. The keys themselves are not kept.
5. Origins are read as origins; a path or a star is refused.
"""

import pytest

from shopkeeper.errors import SettingError
from shopkeeper.serve.keys import Keys, origins

PUBLIC, SECRET, OTHER = "public-key-0123456789", "secret-key-0123456789", "other-key-0123456789"
KEYS = Keys.read({"SHOPKEEPER_PUBLIC_KEYS": f"{PUBLIC}, grocer:{OTHER}", "SHOPKEEPER_SECRET_KEYS": SECRET})


@pytest.mark.parametrize(
    ("key", "shop", "may"),
    [
        (PUBLIC, "grocer", {"public"}),
        (SECRET, "grocer", {"public", "secret"}),
        (SECRET, "", {"public", "secret"}),
        (OTHER, "grocer", {"public"}),
        (OTHER, "baker", set()),
        (OTHER, "", set()),
        (PUBLIC + "x", "grocer", set()),
        ("", "grocer", set()),
        ("grocer:" + OTHER, "grocer", set()),
    ],
)
def test_a_key_grants_what_it_was_made_for(key: str, shop: str, may: set[str]) -> None:
    assert KEYS.grants(key, shop) == may


def test_without_keys_nothing_is_granted_and_nothing_is_there() -> None:
    assert not Keys.read({})
    assert Keys.read({"SHOPKEEPER_PUBLIC_KEYS": " , "}).grants("", "grocer") == frozenset()


def test_a_short_key_is_refused_when_it_is_read() -> None:
    with pytest.raises(SettingError) as error:
        Keys.read({"SHOPKEEPER_SECRET_KEYS": "grocer:hunter2"})
    assert str(error.value).startswith(
        "SHOPKEEPER_SECRET_KEYS: a key must have at least 16 characters, got one of 7. Make one with: python -c "
    )


def test_the_keys_themselves_are_not_kept() -> None:
    assert PUBLIC not in repr(KEYS)
    assert SECRET.encode() not in [key.digest for key in KEYS.kept]


def test_origins_are_read_as_origins() -> None:
    assert origins({"SHOPKEEPER_ORIGINS": "https://shop.example, http://localhost:3000"}) == [
        "https://shop.example",
        "http://localhost:3000",
    ]
    assert origins({}) == []


@pytest.mark.parametrize("wrong", ["*", "shop.example", "https://shop.example/page", "https://*.example"])
def test_what_is_not_an_origin_is_refused(wrong: str) -> None:
    with pytest.raises(SettingError) as error:
        origins({"SHOPKEEPER_ORIGINS": wrong})
    assert str(error.value) == f"SHOPKEEPER_ORIGINS: must be origins such as https://shop.example, got '{wrong}'"
