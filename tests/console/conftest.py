"""A learnt grocer with a hostile product, an app in front of it; and a real shop behind a real server in a browser."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from starlette.testclient import TestClient

from benchmarks.small_shop import make
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.learn import learn
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys
from shopkeeper.types import Product
from tests.console import journey

HOSTILE = Product(
    product_id='x/"1',
    title='<script>alert("tea")</script> & <b>tea</b>',
    category=("Drinks", "<i>odd</i>"),
    brand='"><img src=x onerror=alert(1)>',
    description="</textarea><script>alert(2)</script>",
    attributes={"<u>name</u>": "<script>3</script>"},
    price=2.0,
    currency="EUR",
)
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="session")
def grocer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The grocer with its first version; copy it before use."""
    path = tmp_path_factory.mktemp("console") / "grocer"
    make(path)
    learn(path)
    return path


@pytest.fixture
def shop(grocer: Path, tmp_path: Path) -> Iterator[Shop]:
    """The grocer, open, with one product whose every text is an attack."""
    opened = open_shop(Path(shutil.copytree(grocer, tmp_path / "grocer")))
    opened.put([HOSTILE])
    yield opened
    opened.close()


@pytest.fixture
def client(shop: Shop) -> Iterator[TestClient]:
    """A visitor without JavaScript."""
    with TestClient(create_app({shop.name: shop}, keys=Keys()), base_url="http://testserver") as asking:
        yield asking


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real shop in a server process of its own."""
    folder = tmp_path_factory.mktemp("browser")
    journey.make(folder / "corner", folder / "sliced")
    with journey.served(folder / "corner") as url:
        yield f"{url}/corner/"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=journey.chromium(), args=FLAGS.split())
        yield browser
        browser.close()


IMAGES = Path(__file__).parents[2] / "docs" / "images"
"""Written where SHOPKEEPER_SCREENSHOTS is set, so that an ordinary run leaves the tree as it was."""


@dataclass
class Visitor:
    """A browser tab, what it complained of, and whom it asked."""

    page: Page
    address: str
    pictures: Path | None
    complaints: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def open(self, path: str = "") -> None:
        self.page.goto(self.address + path)

    def be(self, place: int) -> None:
        """Steps into the shoes of the shopper at this place of the list."""
        self.open("shoppers")
        self.page.locator(".person-go").nth(place).click()
        self.page.wait_for_url(self.address)

    def titles(self, shelf: str) -> list[str]:
        return self.page.locator(f"{shelf} .card-title").all_inner_texts()

    def picture(self, name: str, height: int = 0) -> None:
        """Writes docs/images where pictures were asked for."""
        if self.pictures:
            if height:
                self.page.set_viewport_size(ViewportSize(width=1280, height=height))
            self.page.wait_for_timeout(500)  # what arrives softly has arrived
            self.page.screenshot(path=self.pictures / f"{name}.png", caret="initial")


@pytest.fixture
def visitor(chromium: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """A fresh visitor. Nothing may be complained of in the console, and no other host asked.

    A test with 380_px in its name sees the page 380 px wide.
    """
    narrow = "380_px" in request.node.name
    size = ViewportSize(width=380, height=820) if narrow else ViewportSize(width=1280, height=900)
    context = chromium.new_context(viewport=size, locale="en-US")
    page = context.new_page()
    found = Visitor(page, address, IMAGES if os.environ.get("SHOPKEEPER_SCREENSHOTS") else None)
    page.on("console", lambda said: found.complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("request", lambda asked: found.asked.add(asked.url.split("/")[2]))
    yield found
    context.close()
    assert found.complaints == []
    assert found.asked == {address.split("/")[2]}
