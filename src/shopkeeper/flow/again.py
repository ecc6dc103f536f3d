"""Reading a shop that another process serves: days of its log that are filed anew under the reader are read again."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from shopkeeper.errors import StoreError
from shopkeeper.store.folder import ShopFolder, open_folder

log = logging.getLogger(__name__)

T = TypeVar("T")
MOST = 5
"""So often a whole reading is begun at most."""


def reading(path: Path, attempt: Callable[[ShopFolder], T], tell: Callable[[str, int, int], None]) -> T:
    """What the attempt comes to with the shop open for reading; it begins again where days it may have read are gone.

    Who erases a shopper, or files late events, replaces files of the log and never waits for readers. Whatever fails
    otherwise fails at once. Raises StoreError where that happens again and again.
    """
    with open_folder(path, writable=False) as folder:
        for _ in range(MOST):
            filed = folder.events.filed()
            try:
                return attempt(folder)
            except Exception as error:  # whoever reads a file that is gone says so in words of their own
                if filed <= folder.events.filed():
                    raise
                last = error
                log.warning("path=%s days_filed_anew error=%s", path, type(error).__name__)
                tell("reading again: shoppers were erased or late events filed meanwhile", 0, 0)
        raise StoreError(
            f"{path}: days of the log were filed anew {MOST} times while it was read, since shoppers were erased or "
            "late events came. Try again when fewer do."
        ) from last
