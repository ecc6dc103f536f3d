"""What goes on behind the answers: hot swap of versions, and the upkeep of the log.

A version promoted by another process serves within a second, and no request is lost. The server is the shop's writer,
so it is also the one that compacts full days and drops old exposures.
"""

import gc
import logging
import threading
import time
from collections.abc import Mapping

from shopkeeper.flow.shop import Shop
from shopkeeper.memory import give_back
from shopkeeper.serve.settled import settle

log = logging.getLogger(__name__)


TIDY_AFTER_S, TIDY_EVERY_S = 300.0, 3600.0
"""The first upkeep waits until a start has settled."""


class Watch:
    """Looks at each shop's current version four times a second, in its own thread; tidies each shop hourly."""

    def __init__(self, shops: Mapping[str, Shop], interval_s: float = 0.25, tidy_after_s: float = TIDY_AFTER_S) -> None:
        self._shops = shops
        self._interval_s = interval_s
        self._tidy_at = time.monotonic() + tidy_after_s
        self._failed: dict[str, int] = {}
        self._seen = {name: shop.catalog for name, shop in shops.items()}
        self._wake, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def act_now(self) -> None:
        """Looks and tidies at once, trying failed versions again; safe to call from a signal handler."""
        self._failed.clear()
        self._tidy_at = time.monotonic()
        self._wake.set()

    def stop(self) -> None:
        """Ends the thread, after a reload that is under way."""
        self._ended.set()
        self._wake.set()
        self._thread.join()
        gc.unfreeze()

    def _run(self) -> None:
        while not self._ended.is_set():
            for name, shop in self._shops.items():
                self._look(name, shop)
            self._clear_away()
            if time.monotonic() >= self._tidy_at:
                self._tidy()
            self._wake.wait(self._interval_s)
            self._wake.clear()

    def _look(self, name: str, shop: Shop) -> None:
        number = 0
        try:
            current = shop.folder.versions.current()
            number = current.number if current else 0
            serving = shop.version.number if shop.version else 0
            if number in (serving, self._failed.get(name)):
                return
            shop.reload()
            gc.collect()
            settle()
            log.info("version swapped", extra={"shop": name, "before": serving, "after": number})
        except Exception as error:  # a broken version must not end the watch; the one before goes on serving
            self._failed[name] = number
            log.error("version not swapped", extra={"shop": name, "version": number, "error": str(error)})

    def _clear_away(self) -> None:
        """Gives back what products that came or went have left: each copies columns, and frees those of before.

        Of a million products 20 changes leave 300 MB in pieces; giving back those of a few takes 10 ms.
        """
        if any(shop.catalog is not self._seen[name] for name, shop in self._shops.items()):
            self._seen = {name: shop.catalog for name, shop in self._shops.items()}
            give_back()

    def _tidy(self) -> None:
        self._tidy_at = time.monotonic() + TIDY_EVERY_S
        for name, shop in self._shops.items():
            if not shop.folder.writable:
                continue
            try:
                compacted = shop.folder.tidy(time.time())
                log.info("tidied", extra={"shop": name, "compacted": compacted})
            except Exception as error:  # upkeep is tried again in an hour; serving goes on
                log.error("not tidied", extra={"shop": name, "error": str(error)})
        give_back()  # copies of the catalogue were made
