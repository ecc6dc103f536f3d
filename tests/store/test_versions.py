"""Versions.

1. A sealed version names every file with sha256 and size, and what it was learnt from; its files are read-only.
2. Only a sealed version is a version; what an interrupted draft left is removed by the next.
3. Promotion and roll-back each swap one pointer; roll-back goes to the version promoted before, and on.
4. A changed, shortened or missing file is found and named, with what was expected and what is there.
5. One learner at a time; learning and promoting work beside the shop's writer.
6. A pointer that could not be written leaves the old one.
7. Pruning leaves the newest, the one that serves and the one a roll-back goes to; no number is given twice, and what a
   kill left half deleted is removed by the next draft, also while another still deletes it.
8. Large files of equal content are one file, each under its name in the manifest; where links are not possible they
   stay as they are. No version shares a file with another.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from shopkeeper import __version__
from shopkeeper.errors import CorruptVersion, NoVersion, ShopLocked, StoreError
from shopkeeper.store.versions import SHARED, VersionInfo, Versions


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path)


def sealed(versions: Versions, content: str = "weights") -> VersionInfo:
    with versions.drafting() as draft:
        (draft.path / "recall").mkdir()
        (draft.path / "recall" / "table.npz").write_text(content)
        (draft.path / "card.md").write_text("# card")
        settings, scores = {"recall": {"limit": 5}}, {"ndcg": 0.25}
        return versions.seal(draft, settings=settings, data_hash="abc", scores=scores)


def test_a_sealed_version_says_what_it_is(versions: Versions) -> None:
    version = sealed(versions)
    assert (version.number, version.name, version.path.name) == (1, "0001", "0001")
    assert version == versions.get(1) == versions.verify(1)
    manifest = version.manifest
    assert manifest["files"]["recall/table.npz"] == {"sha256": hashlib.sha256(b"weights").hexdigest(), "bytes": 7}
    assert set(manifest["files"]) == {"recall/table.npz", "card.md"}
    assert (manifest["settings"], manifest["scores"]) == ({"recall": {"limit": 5}}, {"ndcg": 0.25})
    assert (manifest["data_hash"], manifest["shopkeeper"], manifest["number"]) == ("abc", __version__, 1)
    assert manifest["created"].endswith("+00:00")
    assert (version.path / "card.md").stat().st_mode & 0o222 == 0


def with_twins(versions: Versions) -> VersionInfo:
    with versions.drafting() as draft:
        (draft.path / "recall").mkdir()
        for name in ("vectors.npy", "recall/vectors.npy"):
            (draft.path / name).write_bytes(b"v" * SHARED)
        for name in ("small.npy", "recall/small.npy"):
            (draft.path / name).write_bytes(b"v" * (SHARED - 1))
        return versions.seal(draft, settings={}, data_hash="", scores={})


def test_large_files_of_equal_content_are_one(versions: Versions) -> None:
    first = with_twins(versions)
    assert (first.path / "vectors.npy").samefile(first.path / "recall" / "vectors.npy")
    assert not (first.path / "small.npy").samefile(first.path / "recall" / "small.npy")
    entries = first.manifest["files"]
    assert entries["vectors.npy"] == entries["recall/vectors.npy"] and len(entries) == 4
    assert len([path for path in first.path.rglob("*") if path.is_file()]) == 5  # and the manifest
    assert versions.verify(1) == first
    other = with_twins(versions).path / "vectors.npy"
    assert not other.samefile(first.path / "vectors.npy")
    (first.path / "recall" / "vectors.npy").unlink()
    with pytest.raises(CorruptVersion, match=r"recall/vectors.npy is not what .* found no such file"):
        versions.verify(1)


def test_without_links_equal_files_stay_two(versions: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    version = with_twins(versions)
    assert not (version.path / "vectors.npy").samefile(version.path / "recall" / "vectors.npy")
    assert versions.verify(1) == version


def test_only_a_sealed_version_counts(versions: Versions, tmp_path: Path) -> None:
    draft = versions.draft()
    (draft.path / "half.txt").write_text("half")
    with pytest.raises(StoreError, match=r"a draft is open already. Seal or discard it before drafting another"):
        versions.draft()
    assert versions.list() == []
    again = Versions(tmp_path)  # the process that drafted was killed
    versions._learning.release()
    assert again.list() == [] and again.current() is None
    fresh = again.draft()
    assert (fresh.number, list(fresh.path.iterdir())) == (1, [])
    again.discard(fresh)
    assert [entry for entry in tmp_path.iterdir() if entry.is_dir()] == []
    with pytest.raises(RuntimeError, match="stop"), again.drafting():
        raise RuntimeError("stop")
    assert sealed(again).number == 1


def numbers(versions: Versions) -> list[int]:
    return [version.number for version in versions.list()]


def test_pruning_leaves_the_newest_and_the_way_back(versions: Versions) -> None:
    for _ in range(6):
        versions.promote(sealed(versions).number)
    assert versions.prune(9) == versions.prune(6) == []
    assert versions.prune(3) == [1, 2, 3] and numbers(versions) == [4, 5, 6]
    assert versions.rollback().number == 5 and versions.rollback().number == 4
    with pytest.raises(NoVersion, match="nothing was promoted before"):
        versions.rollback()
    assert sealed(versions).number == 7


def test_pruning_never_takes_what_serves_or_what_served_before(versions: Versions) -> None:
    for _ in range(2):
        versions.promote(sealed(versions).number)
    refused = [sealed(versions).number for _ in range(4)]
    assert versions.prune(2) == refused[:2]
    assert numbers(versions) == [1, 2, *refused[2:]]
    current = versions.current()
    assert current is not None and current.number == 2
    assert versions.rollback().number == 1


def test_a_version_half_deleted_is_gone_with_the_next_draft(versions: Versions, tmp_path: Path) -> None:
    half = sealed(versions).path.rename(tmp_path / ".pruned-0001")
    assert numbers(versions) == []
    sealed(versions)
    assert not half.exists()


def test_a_draft_begun_while_another_prunes_disturbs_neither(
    versions: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        versions.promote(sealed(versions).number)
    remove, other = shutil.rmtree, Versions(tmp_path)

    def draft_first(folder: Path, **how: Any) -> None:
        monkeypatch.setattr(shutil, "rmtree", remove)
        with other.drafting():
            remove(folder, **how)

    monkeypatch.setattr(shutil, "rmtree", draft_first)
    assert versions.prune(2) == [1] and numbers(versions) == [2, 3]
    assert list(tmp_path.glob(".*-*")) == []


def test_a_folder_that_cannot_be_removed_is_not_passed_over(versions: Versions, tmp_path: Path) -> None:
    (tmp_path / ".pruned-0001").write_text("no folder")
    with pytest.raises(NotADirectoryError):
        versions.draft()


def test_promotion_and_rollback_move_one_pointer(versions: Versions) -> None:
    first, second, third = (sealed(versions, content) for content in "abc")
    assert versions.current() is None
    assert versions.promote(1) == versions.current() == first
    assert versions.promote(3) == versions.current() == third
    assert versions.rollback() == versions.current() == first
    assert versions.promote(2) == versions.current() == second
    assert versions.rollback() == first
    with pytest.raises(NoVersion, match="nothing was promoted before, so there is nothing to go back to"):
        versions.rollback()
    assert versions.current() == first
    assert versions.list() == [first, second, third]


def test_promoting_twice_is_promoting_once(versions: Versions) -> None:
    first, second = sealed(versions, "a"), sealed(versions, "b")
    for number in (1, 2, 2):
        versions.promote(number)
    assert versions.current() == second
    assert versions.rollback() == first


def test_a_version_that_is_not_there_is_named(versions: Versions) -> None:
    with pytest.raises(NoVersion, match=r"has no version 0007. There are: none, the shop has not learnt yet"):
        versions.promote(7)
    sealed(versions)
    with pytest.raises(NoVersion, match=r"has no version 0007. There are: 0001\."):
        versions.verify(7)


def test_a_corrupt_file_is_named_with_what_was_expected(versions: Versions) -> None:
    version = sealed(versions)
    table = version.path / "recall" / "table.npz"
    table.chmod(0o644)
    table.write_text("Weights")
    expected, found = (hashlib.sha256(text).hexdigest() for text in (b"weights", b"Weights"))
    said = rf"version 0001: recall/table.npz is not what its manifest says: expected sha256 {expected} \(7 bytes\), "
    with pytest.raises(CorruptVersion, match=said + rf"found sha256 {found} \(7 bytes\). Roll back"):
        versions.verify(1)
    table.write_text("weigh")
    with pytest.raises(CorruptVersion, match=r"\(7 bytes\), found sha256 \w+ \(5 bytes\)"):
        versions.verify(1)
    table.unlink()
    with pytest.raises(CorruptVersion, match=r"recall/table.npz .* found no such file"):
        versions.verify(1)


def test_a_file_that_was_emptied_is_named_and_one_sealed_empty_is_whole(versions: Versions) -> None:
    with versions.drafting() as draft:
        (draft.path / "nothing.txt").write_text("")
        (draft.path / "card.md").write_text("# card")
        version = versions.seal(draft, settings={}, data_hash="", scores={})
    assert version.manifest["files"]["nothing.txt"]["sha256"] == hashlib.sha256(b"").hexdigest()
    assert versions.verify(1) == version
    (version.path / "card.md").chmod(0o644)
    (version.path / "card.md").write_text("")
    with pytest.raises(CorruptVersion, match=r"card\.md is not what its manifest says: .* \(6 bytes\), .* \(0 bytes\)"):
        versions.verify(1)


def test_a_corrupt_manifest_is_named(versions: Versions) -> None:
    path = sealed(versions).path / "manifest.json"
    path.write_text("{")
    with pytest.raises(CorruptVersion, match=r"0001/manifest.json: not valid JSON .*Roll back to another version"):
        versions.verify(1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", "must be a JSON object, not list"),
        ("{}", "lacks number, created, shopkeeper, settings, data_hash, scores, files"),
        ('"files": []', "files is not as sealing writes it"),
        ('"files": {"card.md": 5}', "card.md is not as sealing writes it"),
    ],
)
def test_a_manifest_of_another_shape_is_named(versions: Versions, content: str, said: str) -> None:
    path = sealed(versions).path / "manifest.json"
    whole = orjson.loads(path.read_bytes())
    part = orjson.loads(f"{{{content}}}") if content.startswith('"') else None
    path.write_bytes(content.encode() if part is None else orjson.dumps(whole | part))
    with pytest.raises(CorruptVersion, match=rf"0001/manifest.json: {said}. Roll back to another version, or learn"):
        versions.list()


@pytest.mark.parametrize("content", [b"0001\nseven\n", b"\xff\xfe", b"-0001\n"])
def test_a_pointer_that_holds_no_number_is_named(versions: Versions, tmp_path: Path, content: bytes) -> None:
    sealed(versions)
    (tmp_path / "current").write_bytes(content)
    with pytest.raises(CorruptVersion, match=r"current: holds b'.*' where the number of a version must stand, such as"):
        versions.current()


def test_one_learner_at_a_time(versions: Versions, tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from shopkeeper.store.versions import Versions;"
        "versions = Versions(pathlib.Path(sys.argv[1])); versions.draft(); print('drafting', flush=True); input()"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as learner:
        assert learner.stdout is not None and learner.stdout.readline() == "drafting\n"
        said = rf"another process \(pid {learner.pid}\) is learning a version of this shop. Wait until it has ended"
        with pytest.raises(ShopLocked, match=said):
            versions.draft()
        learner.kill()
    assert sealed(versions).number == 1


def test_a_pointer_that_cannot_be_written_leaves_the_old_one(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sealed(versions, "a")
    sealed(versions, "b")
    versions.promote(1)

    def crash(_: Path) -> None:
        raise RuntimeError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: crash(Path()))
        with pytest.raises(RuntimeError, match="killed here"):
            versions.promote(2)
    assert versions.current() == first
