"""The merchant's rules as they serve: read from the shop's folder, anew when the file changes; laid on a request."""

import hashlib
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from shopkeeper.errors import RuleError, SettingError, StorageFull
from shopkeeper.merchandise.conflicts import Remark, conflicts
from shopkeeper.merchandise.rules import Asker, RuleBook, phrase
from shopkeeper.merchandise.said import LAST_VALID_FILE, NOTHING, RULES_FILE, parse
from shopkeeper.merchandise.steering import Steering
from shopkeeper.portrait import Portrait
from shopkeeper.recall.filter import mask, spelt
from shopkeeper.settings import Synonyms as Said
from shopkeeper.store.disk import full_disk_as_error
from shopkeeper.store.disk import replace as put_in_place
from shopkeeper.text import folded
from shopkeeper.types import BoolArray, Catalog, Filters, Intent, Request
from shopkeeper.understand.synonyms import Synonyms

log = logging.getLogger(__name__)
LOOKED_AT_S = 1.0
"""A change of the file is seen so soon."""
MOST_TOLD = 5


@dataclass(frozen=True)
class Serving:
    """Rules that serve: the text they were read from, ready to be asked; `synonyms` by the place of their rule."""

    text: str
    book: RuleBook
    synonyms: Mapping[int, Synonyms]

    def steering(
        self, request: Request, plain: Intent, portrait: Portrait, catalog: Catalog
    ) -> tuple[Steering, Request, Intent]:
        """What the rules make of this page: the request and the intent as they leave them, and what is left to do."""
        kept = self.book.kept
        whole = tuple(dict.fromkeys(kept.findall(folded(plain.query)))) if kept is not None and plain.query else ()
        if not self.book.rules:
            return Steering(self.book, (), catalog, request, whole), request, plain
        phrases = {phrase(" ".join(plain.tokens)), phrase(plain.query)} if plain.tokens else set()
        rules = self.book.concerning(Asker(request, portrait, tuple(phrases), catalog))
        steering = Steering(self.book, rules, catalog, request, whole)
        return steering, steering.narrowed(), self._meant(steering, plain)

    def _meant(self, steering: Steering, plain: Intent) -> Intent:
        """The intent with the synonyms of the rules that concern the page."""
        for rule in steering.rules if not plain.is_code else ():
            if (own := self.synonyms.get(rule.place)) is not None:
                meant = own.meant(plain.tokens)
                for change in meant.changes:
                    steering.tell(rule.name, f"'{change.meant}' may stand for '{change.said}'")
                more = tuple(each for each in meant.alternatives if each not in plain.alternatives)
                changes = (*plain.changes, *meant.changes)
                plain = replace(plain, alternatives=(*plain.alternatives, *more), changes=changes)
        return plain


@dataclass(frozen=True, slots=True)
class Status:
    """Whether the file serves as it stands; where it was `refused`, why, and the last valid rules serve."""

    state: Literal["none", "ok", "refused"]
    message: str = ""


class Hand:
    """The rules of one shop. A change of the file counts with the next page, within a second.

    The last valid text is kept beside the file, so that it also serves after a restart.
    """

    def __init__(
        self, folder: Path, weight: float = Said().weight, look_s: float = LOOKED_AT_S, keeps: bool = False
    ) -> None:
        """`weight` is what a match by a synonym counts; who `keeps` writes the last valid text, the others read it.
        A file that cannot be read does not stop the shop.
        """
        self.path = folder / RULES_FILE
        self._last_valid, self._keeps = folder / LAST_VALID_FILE, keeps
        self._weight, self._look_s = weight, look_s
        self._serving, self._status = serving("", weight), Status("none")
        self._seen: tuple[int, ...] | None = None
        self._next = 0.0
        self._lock = threading.Lock()
        self.now()

    def now(self) -> Serving:
        """The rules that serve."""
        if time.monotonic() >= self._next and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._next = time.monotonic() + self._look_s
                self._lock.release()
        return self._serving

    @property
    def status(self) -> Status:
        """Whether the file serves."""
        self.now()
        return self._status

    def checked(self, text: str) -> Serving:
        """These rules, ready to be asked. Raises RuleError with what is wrong."""
        return serving(text, self._weight)

    def text(self) -> str:
        """The file as it stands, valid or not; empty where there is none. Raises RuleError where it is no UTF-8."""
        return text_of(self.path)

    def sha256(self) -> str:
        """Which text the file holds; empty where there is none."""
        return hashlib.sha256(self.text().encode()).hexdigest() if self.path.exists() else ""

    def put(self, text: str, replaces: str | None = None) -> Serving:
        """Writes the file; the next page goes by it. Raises RuleError where it is wrong, or where the file is not the
        one whose sha256 it `replaces`."""
        fresh = self.checked(text)
        with self._lock:
            found = self.sha256()
            if replaces is not None and replaces != found:
                raise RuleError(
                    f"{RULES_FILE}: changed meanwhile: its sha256 is {found or 'that of no file'}, "
                    f"not {replaces[:64]}. Read it again and send your change on top of it."
                )
            with full_disk_as_error(self.path):
                put_in_place(self.path, text.encode())
            self._seen = self._stamp()
            self._serving, self._status = fresh, Status("ok")
            self._keep()
        return fresh

    def _look(self) -> None:
        stamp = self._stamp()
        if stamp == self._seen:
            return
        begins, self._seen = self._seen is None, stamp
        try:
            self._serving = serving(self.text(), self._weight)
            self._status = Status("ok" if stamp else "none")
            self._keep()
        except RuleError as error:
            self._status = Status("refused", str(error))
            log.warning("file=%s refused rules=last_valid reason=%s", RULES_FILE, error)
            if begins:
                self._serving = self._kept()

    def _keep(self) -> None:
        """Writes what serves beside the file; a disk that takes nothing stops no page."""
        if not self._keeps:
            return
        try:
            if text_of(self._last_valid) != self._serving.text:
                with full_disk_as_error(self._last_valid):
                    put_in_place(self._last_valid, self._serving.text.encode())
        except (OSError, RuleError, StorageFull) as error:
            log.warning("file=%s not_written reason=%s", LAST_VALID_FILE, error)

    def _kept(self) -> Serving:
        """What served last before this process; no rules where nothing did, or where it no longer can."""
        try:
            return serving(text_of(self._last_valid), self._weight)
        except RuleError as error:
            log.warning("file=%s refused rules=none reason=%s", LAST_VALID_FILE, error)
            return NO_RULES

    def _stamp(self) -> tuple[int, ...]:
        """What changes when the file does; nothing where there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size, found.st_ino


def text_of(path: Path) -> str:
    """What the file says; nothing where there is none. Raises RuleError where it cannot be read as UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")  # editors may put a byte order mark first
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{path.name}: cannot be read as UTF-8: {error}. Save it as UTF-8.") from None


def serving(text: str, weight: float = Said().weight) -> Serving:
    """The rules that the text says, ready to be asked. Raises RuleError with what is wrong."""
    said = parse(text) if text.strip() else NOTHING
    book = RuleBook(said, _masked)
    remarks = conflicts(book)
    synonyms = {}
    for place, rule in enumerate(said.rules):
        own = rule.synonyms
        if own.same or own.also:
            try:
                where = f"rule {rule.name!r}: synonyms"
                synonyms[place] = Synonyms(Said(same=own.same, also=own.also, weight=weight), where=where)
            except SettingError as error:
                remarks.append(Remark("error", rule.name, str(error).partition(": ")[2]))
    if remarks:
        more = f" And {len(remarks) - MOST_TOLD} more." if len(remarks) > MOST_TOLD else ""
        told = " ".join(f"Rule {remark.rule!r}: {remark.text.rstrip('.')}." for remark in remarks[:MOST_TOLD])
        raise RuleError(f"{RULES_FILE}: {told}{more}")
    return Serving(text, book, synonyms)


def _masked(catalog: Catalog, filters: Filters) -> BoolArray:
    return mask(catalog, spelt(catalog, filters))


NO_RULES = serving("")
"""A shop whose merchant says nothing."""
