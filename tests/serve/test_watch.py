"""Claims:

1. A version that is promoted serves after the next look, a rollback too.
2. A broken version is not served: the one before goes on, and the log says why, once.
3. Upkeep compacts the full days of the log.
4. What products that came or went have left in memory is given back once, so is what upkeep took; else nothing is.
"""

import logging
from pathlib import Path
from queue import Queue

import pytest

from shopkeeper.flow.learn import learn
from shopkeeper.flow.shop import Shop
from shopkeeper.serve import watch as module
from shopkeeper.serve.watch import Watch
from shopkeeper.types import Product


def turn(shop: Shop, **options: float) -> None:
    """One turn of the watch, to its end: stopping waits for the turn that starting began."""
    watch = Watch({shop.name: shop}, interval_s=3600.0, **options)
    watch.start()
    watch.stop()


def copy_version(shop: Shop) -> Path:
    """A second version with the content of the first, sealed but not promoted."""
    draft = shop.folder.versions.draft()
    first = shop.folder.versions.get(1)
    for name in first.manifest["files"]:
        target = draft.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((first.path / name).read_bytes())
    sealed = shop.folder.versions.seal(draft, settings={}, data_hash="", scores={})
    return sealed.path


def test_a_promoted_version_serves_after_the_next_look_and_a_rollback_too(shop: Shop) -> None:
    copy_version(shop)
    turn(shop)
    assert shop.version is not None
    assert shop.version.number == 1
    shop.folder.versions.promote(2)
    turn(shop)
    assert shop.version.number == 2
    shop.folder.versions.rollback()
    turn(shop)
    assert shop.version.number == 1


def test_a_broken_version_is_not_served(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    path = copy_version(shop)
    victim = next(file for file in sorted(path.rglob("*")) if file.is_file() and file.name != "manifest.json")
    victim.write_bytes(b"broken")
    shop.folder.versions.promote(2)
    watch = Watch({shop.name: shop}, interval_s=3600.0)
    watch.start()
    watch.act_now()
    watch.stop()
    assert shop.version is not None
    assert shop.version.number == 1
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert told
    assert {record.getMessage() for record in told} == {"version not swapped"}
    assert told[0].__dict__["version"] == 2


def test_upkeep_compacts_the_full_days_of_the_log(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    before = len(shop.folder.events)
    turn(shop, tidy_after_s=0.0)
    assert list((shop.folder.path / "events").glob("day=*/*.parquet"))
    assert len(shop.folder.events) == before
    (told,) = [record for record in caplog.records if record.getMessage() == "tidied"]
    assert told.__dict__["compacted"] > 900


def test_memory_is_given_back_after_a_change_of_products(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    given: Queue[bool] = Queue()
    monkeypatch.setattr(module, "give_back", lambda: given.put(True))
    turn(shop)
    assert given.empty()
    for tidy_after_s, changed in ((3600.0, True), (0.0, False)):  # a product that came; the upkeep
        watch = Watch({shop.name: shop}, interval_s=3600.0, tidy_after_s=tidy_after_s)
        if changed:
            shop.put([Product(product_id="new", title="A lamp")])
        watch.start()
        assert given.get(timeout=60)
        watch.stop()
        assert given.empty()


def test_learning_beside_an_open_shop_promotes_for_the_next_look(shop: Shop) -> None:
    learnt = learn(shop.folder.path)
    turn(shop)
    assert shop.version is not None
    assert shop.version.number == (2 if learnt.promoted else 1)
