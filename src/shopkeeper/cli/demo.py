"""A real shop in one command: two thousand households and a year of groceries, from nothing to a served page."""

import os
import shutil
import sys
import time
from pathlib import Path

from shopkeeper.cli import show
from shopkeeper.cli.progress import progress
from shopkeeper.errors import StoreError

SETTINGS = """\
# The demo shop: Complete Journey, 2,469 households and 92,331 grocery products (CC0).
[shop]
name = "demo"
title = "Corner Market"
language = "en"
currency = "USD"

[intake.complete_journey]
shift_to = "today"      # the year of 2017, moved by whole weeks so that it ended last week

[encode]
minutes = 1             # what the language model has to learn the shop's goods; 10 where a shop says nothing

[rank]
windows = 1             # four teach a little more and take a minute longer
"""
SUGGESTED = "choclate milk"
"""A search to try, mistyped on purpose."""
MARK = "made by shopkeeper demo"


def demonstrate(shop: Path, *, serve: bool, port: int) -> None:
    """Makes the shop where it is not there yet, says what was learnt, serves it. Raises PortInUse before all work."""
    started = time.perf_counter()
    if serve:
        from shopkeeper.serve.server import listen  # with it comes FastAPI

        listen("127.0.0.1", port).close()
    if not (shop / MARK.replace(" ", "-")).is_file():
        _make(shop)
        show.console.print(f"From nothing to a shop in {time.perf_counter() - started:.0f} s.", highlight=False)
    _advise(shop, port, serve)
    if serve:
        # a process of its own, so that what learning took is given back
        verb = "from shopkeeper.cli import main; main()"
        command = [sys.executable, "-c", verb, "serve", str(shop), "--port", str(port)]
        os.execv(sys.executable, command)  # noqa: S606


def _make(shop: Path) -> None:
    """Imports, checks and learns; a half-made demo shop is made anew, any other folder is left alone."""
    from shopkeeper.flow.learn import learn
    from shopkeeper.intake.load import load
    from shopkeeper.store.folder import create, open_folder

    settings = shop / "settings.toml"
    if shop.exists() and any(shop.iterdir()):
        if not settings.is_file() or settings.read_text(encoding="utf-8") != SETTINGS:
            raise StoreError(f"{shop} holds something else. Name another folder: shopkeeper demo FOLDER")
        shutil.rmtree(shop)
    create(shop, SETTINGS)
    with progress() as tell:
        with open_folder(shop, writable=True) as folder:
            report = load(folder, [], reader="complete_journey", progress=tell)
        found = learn(shop, tell)
    show.intake(report)
    show.verdict(shop / "reports")
    show.learnt(found, as_json=False)
    (shop / MARK.replace(" ", "-")).touch()


def _advise(shop: Path, port: int, serve: bool) -> None:
    say, command = show.console.print, ".venv/bin/shopkeeper" if Path(".venv/bin/shopkeeper").exists() else "shopkeeper"
    say("\nThree things to try:", highlight=False)
    if serve:
        say(f"  1. open http://127.0.0.1:{port}, choose a shopper, and ask any card: why this?", highlight=False)
    else:
        say(f"  1. {command} serve {shop}, open http://127.0.0.1:{port}, choose a shopper", highlight=False)
    say(f'  2. {command} search {shop} "{SUGGESTED}"', highlight=False)
    say(f"  3. {command} recommend {shop} --user 1", highlight=False)
    say("")
