"""Versions: immutable trained states of a shop, `versions/0007/`, each with a manifest of every file's sha256.

`versions/current` lists the numbers in the order in which they were promoted; the last line is the one that serves. It
is replaced by one rename, so that a reader sees the old version or the new one.
"""

import hashlib
import logging
import mmap
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TypedDict, cast

import orjson

from shopkeeper import __version__
from shopkeeper.errors import CorruptVersion, NoVersion, StoreError
from shopkeeper.store.disk import full_disk_as_error, replace, sync
from shopkeeper.store.lock import Lock

MANIFEST_FILE = "manifest.json"
_CURRENT = "current"
_NUMBER = re.compile(r"\d{4,}")
_DRAFT, _PRUNED = ".draft-", ".pruned-"
SHARED = 1 << 20
"""Files of so many bytes and equal content are one: smaller ones are not worth it."""
Numbers = list[int]


log = logging.getLogger(__name__)


class FileEntry(TypedDict):
    """What the manifest says of one file."""

    sha256: str
    bytes: int


class Manifest(TypedDict):
    """What a version says of itself. `files` is keyed by the path inside the version."""

    number: int
    created: str
    shopkeeper: str
    settings: dict[str, object]
    data_hash: str
    scores: dict[str, object]
    files: dict[str, FileEntry]


@dataclass(frozen=True, slots=True)
class Draft:
    """A version in the making: write into `path`, then seal it."""

    number: int
    path: Path


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """A sealed version."""

    number: int
    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        """The folder's name: 0007."""
        return self.path.name


class Versions:
    """The versions of one shop. Learning has a lock of its own, so that a server can go on writing events."""

    def __init__(self, root: Path) -> None:
        self.root = root
        advice = "Wait until it has ended, or stop it, and learn again."
        self._learning = Lock(root / ".learning.lock", "is learning a version of this shop", advice)
        self._pointer = Lock(root / ".pointer.lock", "is promoting a version of this shop", "Try again.")

    def draft(self) -> Draft:
        """An empty folder for the next version; what an interrupted draft left is removed. Raises ShopLocked."""
        if self._learning.held:
            raise StoreError(f"{self.root}: a draft is open already. Seal or discard it before drafting another.")
        self._learning.acquire()
        for abandoned in (*self.root.glob(f"{_DRAFT}*"), *self.root.glob(f"{_PRUNED}*")):
            _remove(abandoned)
        number = max([0, *self._numbers(), *self._promoted()]) + 1
        path = self.root / f"{_DRAFT}{number:04d}"
        path.mkdir()
        return Draft(number, path)

    @contextmanager
    def drafting(self) -> Iterator[Draft]:
        """A draft for the block; it is removed where the block ends without sealing it. Raises ShopLocked."""
        draft = self.draft()
        try:
            yield draft
        finally:
            if draft.path.exists():
                self.discard(draft)

    def discard(self, draft: Draft) -> None:
        """Removes a draft that is not wanted."""
        shutil.rmtree(draft.path)
        self._learning.release()

    def seal(
        self, draft: Draft, *, settings: Mapping[str, object], data_hash: str, scores: Mapping[str, object]
    ) -> VersionInfo:
        """Makes the draft a version: every file durable and named in the manifest, the folder renamed in one step."""
        with full_disk_as_error(self.root):
            files = _files(draft.path)
            _share(draft.path, files)
            manifest = Manifest(
                number=draft.number,
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                shopkeeper=__version__,
                settings=dict(settings),
                data_hash=data_hash,
                scores=dict(scores),
                files=files,
            )
            replace(draft.path / MANIFEST_FILE, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
            path = self.root / f"{draft.number:04d}"
            draft.path.rename(path)
            sync(self.root)
        self._learning.release()
        return VersionInfo(draft.number, path, manifest)

    def get(self, number: int) -> VersionInfo:
        """A sealed version. Raises NoVersion."""
        path = self.root / f"{number:04d}"
        if not (path / MANIFEST_FILE).is_file():
            known = ", ".join(f"{found:04d}" for found in self._numbers()) or "none, the shop has not learnt yet"
            raise NoVersion(f"{self.root} has no version {number:04d}. There are: {known}.")
        return VersionInfo(number, path, _manifest(path))

    def list(self) -> list[VersionInfo]:
        """All sealed versions, oldest first."""
        return [self.get(number) for number in self._numbers()]

    def current(self) -> VersionInfo | None:
        """The version that serves; None before the first promotion."""
        promoted = self._promoted()
        return self.get(promoted[-1]) if promoted else None

    def promote(self, number: int) -> VersionInfo:
        """Makes a version the one that serves, in one durable step. Raises NoVersion."""
        with self._pointer:
            version = self.get(number)
            promoted = self._promoted()
            if promoted[-1:] != [number]:
                self._point([*promoted, number])
        return version

    def rollback(self) -> VersionInfo:
        """Goes back to the version that was promoted before. Raises NoVersion."""
        with self._pointer:
            promoted = self._promoted()
            if len(promoted) < 2:
                raise NoVersion(f"{self.root}: nothing was promoted before, so there is nothing to go back to.")
            version = self.get(promoted[-2])
            self._point(promoted[:-1])
        return version

    def prune(self, keep: int) -> Numbers:
        """Deletes all but the `keep` newest versions and returns the numbers of those that are gone.

        Never the one that serves, nor the one that a roll-back would go to.
        """
        with self._pointer:
            promoted, numbers = self._promoted(), self._numbers()
            gone = sorted({*numbers} - {*numbers[-keep:], *promoted[-2:]})
            if not gone:
                return []
            left = [number for number in promoted if number not in gone]
            if left != promoted:
                self._point(left)  # first: killed after this, a version is only there for longer
            for number in gone:
                aside = self.root / f"{_PRUNED}{number:04d}"
                (self.root / f"{number:04d}").rename(aside)  # in one step, so that half a version is never seen
                _remove(aside)
        return gone

    def verify(self, number: int) -> VersionInfo:
        """The version, every file read and as its manifest says. Raises CorruptVersion naming the file, NoVersion."""
        version = self.get(number)
        read: dict[tuple[int, int], FileEntry] = {}
        for name, entry in version.manifest["files"].items():
            path = version.path / name
            if not path.is_file():
                raise _corrupt(version, name, f"sha256 {entry['sha256']}", "no such file")
            stat = path.stat()
            one = stat.st_dev, stat.st_ino
            found = read[one] = read[one] if one in read else _entry(path)
            if found != entry:
                raise _corrupt(version, name, _described(entry), _described(found))
        return version

    def _numbers(self) -> Numbers:
        found = (path for path in self.root.glob("*") if _NUMBER.fullmatch(path.name))
        return sorted(int(path.name) for path in found if (path / MANIFEST_FILE).is_file())

    def _promoted(self) -> Numbers:
        path = self.root / _CURRENT
        try:
            lines = path.read_bytes().split()
        except FileNotFoundError:
            return []
        strange = next((line for line in lines if not line.isdigit()), None)
        if strange is not None:
            raise CorruptVersion(
                f"{path}: holds {strange[:40]!r} where the number of a version must stand, such as 0007. Write the "
                "number of the version that shall serve into it, or delete the file and promote one."
            )
        return [int(line) for line in lines]

    def _point(self, promoted: Numbers) -> None:
        with full_disk_as_error(self.root):
            replace(self.root / _CURRENT, "".join(f"{number:04d}\n" for number in promoted).encode("ascii"))


def _remove(folder: Path) -> None:
    """Removes a folder that another process may be removing too: learning's next draft, while one still prunes."""
    shutil.rmtree(folder, onerror=_unless_gone)


def _unless_gone(_: object, __: str, raised: tuple[type[BaseException], BaseException, TracebackType]) -> None:
    if not isinstance(raised[1], FileNotFoundError):
        raise raised[1]


def _manifest(path: Path) -> Manifest:
    file = path / MANIFEST_FILE
    try:
        found = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise _no_manifest(file, f"not valid JSON ({error})") from None
    if not isinstance(found, dict):
        raise _no_manifest(file, f"must be a JSON object, not {type(found).__name__}")
    missing = [name for name in Manifest.__annotations__ if name not in found]
    if missing:
        raise _no_manifest(file, f"lacks {', '.join(missing)}")
    strange = [name for name in ("settings", "scores", "files") if not isinstance(found[name], dict)]
    strange += [] if strange else [name for name, entry in found["files"].items() if not _is_entry(entry)]
    if strange:
        raise _no_manifest(file, f"{strange[0]} is not as sealing writes it")
    return cast(Manifest, found)


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and entry.keys() == FileEntry.__annotations__.keys()


def _no_manifest(file: Path, what: str) -> CorruptVersion:
    return CorruptVersion(f"{file}: {what}. Roll back to another version, or learn again.")


def _files(folder: Path) -> dict[str, FileEntry]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST_FILE)
    for path in files:
        path.chmod(0o444)
        sync(path)
    for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        sync(path)
    return {path.relative_to(folder).as_posix(): _entry(path) for path in files}


def _share(folder: Path, files: Mapping[str, FileEntry]) -> None:
    """Makes large files of equal content one, where the file system can: in memory they are there once."""
    first: dict[str, Path] = {}
    for name, entry in files.items():
        path = folder / name
        other = first.setdefault(entry["sha256"], path) if entry["bytes"] >= SHARED else path
        if path.samefile(other):
            continue
        link = path.with_name(f".{path.name}.link")
        try:
            link.hardlink_to(other)
        except OSError as error:  # a file system without links; a copy serves as well
            log.info("version=%s file=%s shared=no: %s", folder.name, name, error)
            continue
        link.replace(path)
        sync(path.parent)


def _entry(path: Path) -> FileEntry:
    size = path.stat().st_size
    digest = hashlib.sha256()
    if size:  # an empty file cannot be mapped
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            digest.update(content)  # in one piece, which lets other threads run
    return FileEntry(sha256=digest.hexdigest(), bytes=size)


def _described(entry: FileEntry) -> str:
    return f"sha256 {entry['sha256']} ({entry['bytes']} bytes)"


def _corrupt(version: VersionInfo, name: str, expected: str, found: str) -> CorruptVersion:
    return CorruptVersion(
        f"version {version.name}: {name} is not what its manifest says: expected {expected}, found {found}. "
        "Roll back to another version, or learn again."
    )
