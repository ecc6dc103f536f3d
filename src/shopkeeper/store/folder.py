"""A shop is a folder. Copy it and you have copied the shop.

settings.toml     what the merchant chose               versions/0007/   what was learnt; versions/current names one
shop.db           catalogue, shoppers, tail, exposures  rejected/        refused rows, with line and reason
events/day=.../   full days of the log, Parquet         reports/         what checks and comparisons found
cache/            copies that may be deleted            merchandising.toml   the merchant's own rules, if any
                                                        merchandising.last-valid.toml   as they last served
"""

from pathlib import Path
from typing import Self

from shopkeeper.errors import StoreError
from shopkeeper.observed import SECONDS_A_DAY
from shopkeeper.settings import SETTINGS_FILE, Settings, parse, read
from shopkeeper.store.database import DATABASE_FILE, Database
from shopkeeper.store.disk import full_disk_as_error, replace
from shopkeeper.store.events import Events
from shopkeeper.store.exposures import Exposures
from shopkeeper.store.gathered import Gathered
from shopkeeper.store.lake import Lake
from shopkeeper.store.lock import Lock
from shopkeeper.store.products import Products
from shopkeeper.store.users import Users
from shopkeeper.store.versions import Versions

LOCK_FILE = "shop.lock"
_FOLDERS = ("events", "versions", "rejected", "reports")


class ShopFolder:
    """The state of one shop. Made by `open_folder`; close it, or use it in a `with`."""

    def __init__(self, path: Path, settings: Settings, lock: Lock | None) -> None:
        self.path = path
        self.settings = settings
        self._lock = lock
        for name in _FOLDERS:  # learning opens for reading, and writes versions and reports
            (path / name).mkdir(exist_ok=True)
        self._database = Database(path / DATABASE_FILE, writable=lock is not None)
        gathered = Gathered(path / "cache", keeps=lock is not None)
        lake = Lake(self._database, path / "events", gathered)
        self.products = Products(self._database, path / "cache", keeps=lock is not None)
        self.users = Users(self._database)
        self.events = Events(self._database, lake, self.users, settings.store.tail_days)
        self.exposures = Exposures(self._database)
        self.versions = Versions(path / "versions")
        if lock is not None:
            lake.sweep()

    @property
    def writable(self) -> bool:
        """Whether this process is the shop's writer."""
        return self._lock is not None

    def tidy(self, now: float) -> int:
        """Compacts full days and drops old exposures; returns how many events went to the lake."""
        self.exposures.expire(now - self.settings.store.exposure_days * SECONDS_A_DAY)
        compacted = self.events.compact(now)
        self.keep_copies()
        return compacted

    def keep_copies(self) -> None:
        """Brings the copies in the cache up to date, so that the next opening finds them."""
        self.products.keep_copy()
        self.events.gather()

    def scrub(self) -> int:
        """Makes sure that nothing erased is left: `shop.db` is written anew, quality reports name shoppers and go.

        Returns how many files of reports went. Call it once after the erasures of a shopper; the time it takes grows
        with `shop.db`.
        """
        reports = list((self.path / "reports").glob("quality*"))
        for report in reports:
            report.unlink(missing_ok=True)
        self._database.scrub()
        return len(reports)

    def close(self) -> None:
        """Writes what is waiting, closes the database and gives the lock back."""
        try:
            self.exposures.close()
        finally:
            self._database.close()
            if self._lock is not None:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def create(path: Path, settings_toml: str) -> None:
    """Makes an empty shop. Raises StoreError where there is one already, SettingError for bad settings."""
    if (path / SETTINGS_FILE).exists():
        raise StoreError(f"{path} holds a shop already. Choose another folder, or delete this one first.")
    parse(settings_toml)
    with full_disk_as_error(path):
        for name in _FOLDERS:
            (path / name).mkdir(parents=True, exist_ok=True)
        Database(path / DATABASE_FILE, writable=True).close()
        replace(path / SETTINGS_FILE, settings_toml.encode("utf-8"))


def open_folder(path: Path, *, writable: bool) -> ShopFolder:
    """The shop in this folder. Raises ShopNotFound, SettingError, and ShopLocked where another process writes."""
    settings = read(path)
    if not writable:
        return ShopFolder(path, settings, None)
    advice = "Stop that process or wait for its end; searching, learning and comparing need no lock."
    lock = Lock(path / LOCK_FILE, "writes to this shop", advice)
    lock.acquire()
    try:
        return ShopFolder(path, settings, lock)
    except BaseException:
        lock.release()
        raise
