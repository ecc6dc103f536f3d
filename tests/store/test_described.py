"""Claims:

1. A product's attributes are in the catalogue at once when it is written, changed or written by another.
2. The copy says what the rows say; one of another state, or a damaged one, is not used.
"""

from pathlib import Path

import pytest

from shopkeeper.store import described as module
from shopkeeper.store.described import FILE
from shopkeeper.store.folder import ShopFolder, create, open_folder
from shopkeeper.types import Catalog, Product


@pytest.fixture
def path(tmp_path: Path) -> Path:
    create(tmp_path / "shop", "")
    with open_folder(tmp_path / "shop", writable=True) as folder:
        put(folder, a="Red", b="Blue")
        folder.keep_copies()
    return tmp_path / "shop"


def put(folder: ShopFolder, **colours: str) -> None:
    folder.products.upsert(
        [Product(product_id=name, title=name, attributes={"colour": colour}) for name, colour in colours.items()]
    )


def colours(catalog: Catalog) -> list[str]:
    own = catalog.attributes
    return [own.texts[0][code] if code >= 0 else "" for code in own.column(0, len(catalog)).tolist()]


def test_attributes_are_in_the_catalogue_at_once(path: Path) -> None:
    with open_folder(path, writable=True) as folder:
        first = folder.products.catalog()
        put(folder, c="Green", a="Blue")
        assert colours(folder.products.catalog()) == ["Blue", "Blue", "Green"]
        folder.products.delete(["b"])
        put(folder, d="Red")
        assert colours(folder.products.catalog()) == ["Blue", "Blue", "Green", "Red"]
        assert colours(first) == ["Red", "Blue"]
        with open_folder(path, writable=False) as other:
            assert colours(other.products.catalog()) == ["Blue", "Blue", "Green", "Red"]
            put(folder, a="White")
            assert colours(other.products.catalog())[0] == "White"


def test_the_copy_is_read_in_place_of_the_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_attributes_of", lambda _: pytest.fail("the rows were read"))
    with open_folder(path, writable=False) as folder:
        assert colours(folder.products.catalog()) == ["Red", "Blue"]


def test_a_copy_that_is_missing_is_made_though_the_catalogue_has_one(path: Path) -> None:
    copy = path / "cache" / FILE
    copy.unlink()
    with open_folder(path, writable=True) as folder:
        folder.keep_copies()
        made = copy.stat().st_mtime_ns
        folder.keep_copies()
        assert copy.stat().st_mtime_ns == made


def test_a_damaged_copy_and_one_of_another_state_are_not_used(path: Path) -> None:
    copy = path / "cache" / FILE
    before = copy.read_bytes()
    with open_folder(path, writable=True) as folder:
        put(folder, a="White")
        folder.keep_copies()
    copy.write_bytes(before)
    with open_folder(path, writable=False) as folder:
        assert colours(folder.products.catalog()) == ["White", "Blue"]
    copy.write_bytes(b"nothing")
    with open_folder(path, writable=False) as folder:
        assert colours(folder.products.catalog()) == ["White", "Blue"]
