"""A text file as blocks of whole lines in clean UTF-8, in bounded memory, whatever the file does."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
from pydantic import Field, field_validator

from shopkeeper.errors import IntakeError
from shopkeeper.intake.rows import VALUE_LENGTH, Refusal
from shopkeeper.settings import PluginSettings

BLOCK_BYTES = 4 << 20
UNDECODABLE = "not valid {encoding}"
TOO_LONG = "line longer than {limit_kb} kB"
_BOMS = {b"\xef\xbb\xbf": "", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class TextSettings(PluginSettings):
    """What the table of every reader of text files may say."""

    encoding: str = Field("utf-8", description="Encoding of the file.")
    fallback: str = Field(
        "cp1252", description="Lines that are not in `encoding` are read as this; empty refuses them."
    )
    line_limit_kb: int = Field(1024, ge=1, le=65536, description="A longer line is refused without reading it whole.")

    @field_validator("encoding", "fallback")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            "".encode(name or "utf-8")
        except LookupError:
            raise ValueError("must be an encoding that Python knows, such as utf-8, cp1252 or gbk") from None
        return name


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines in UTF-8, each ending in a line feed. A refused line stands there as an empty one."""

    text: bytes
    first_line: int
    refused: tuple[Refusal, ...] = ()
    repaired: int = 0


def blocks(path: Path, settings: TextSettings) -> Iterator[Block]:
    """The file's lines in order, about four megabytes at a time; .gz is read through.

    Byte-order marks are dropped, CRLF becomes LF. Raises IntakeError where the file cannot be read at all.
    """
    if not path.is_file():
        reason = "is a folder; name the files in it" if path.is_dir() else "no such file"
        raise IntakeError(f"{path}: {reason}")
    line, some = 1, False
    try:
        with _open(path) as stream:
            for data, refused in _whole_lines(_without_mark(stream, path), settings.line_limit_kb):
                some = some or bool(data.strip()) or bool(refused)
                if not some:
                    line += data.count(b"\n")
                    continue
                block = _clean(data, line, settings)
                marked = tuple(replace(refusal, line=line) for refusal in refused)
                yield replace(block, refused=marked + block.refused)
                line += data.count(b"\n")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise IntakeError(f"{path}: damaged gzip file: {error}") from None
    if not some:
        raise IntakeError(f"{path}: the file is empty")


def _open(path: Path) -> IO[bytes]:
    # both give bytes when read
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _without_mark(stream: IO[bytes], path: Path) -> Iterator[bytes]:
    data = stream.read(BLOCK_BYTES)
    for mark, encoding in _BOMS.items():
        if data.startswith(mark):
            if encoding:
                raise IntakeError(f"{path}: the file is {encoding}; save it as UTF-8")
            data = data[len(mark) :]
    while data:
        yield data
        data = stream.read(BLOCK_BYTES)


def _whole_lines(pieces: Iterator[bytes], limit_kb: int) -> Iterator[tuple[bytes, tuple[Refusal, ...]]]:
    """Pieces cut at line ends. A line above the limit is dropped while it streams by and comes as b"\\n", refused."""
    kept, dropping = b"", False
    for piece in pieces:
        data = piece
        if dropping:
            end = data.find(b"\n") + 1
            if not end:
                continue
            data, dropping = data[end:], False
        data = kept + data
        cut = data.rfind(b"\n") + 1
        if cut:
            yield data[:cut], ()
        kept = data[cut:]
        if len(kept) > limit_kb << 10:
            yield b"\n", (_too_long(kept, limit_kb),)
            kept, dropping = b"", True
    if kept:
        yield kept + b"\n", ()


def _too_long(line: bytes, limit_kb: int) -> Refusal:
    head = line[:VALUE_LENGTH].decode("utf-8", "replace")
    return Refusal(0, "", TOO_LONG.format(limit_kb=limit_kb), head, head)


def _clean(data: bytes, first_line: int, settings: TextSettings) -> Block:
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    text, refused = _without_long(data, first_line, settings.line_limit_kb)
    try:
        decoded = text if settings.encoding == "utf-8" and text.isascii() else text.decode(settings.encoding).encode()
        return Block(decoded, first_line, tuple(refused))
    except UnicodeDecodeError:
        text, more, repaired = _mended(text, first_line, settings)
        return Block(text, first_line, tuple(refused + more), repaired)


def _without_long(data: bytes, first_line: int, limit_kb: int) -> tuple[bytes, list[Refusal]]:
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    long = np.flatnonzero(ends - starts > limit_kb << 10)
    if not len(long):
        return data, []
    lines = data.split(b"\n")
    refused = [replace(_too_long(lines[at], limit_kb), line=first_line + int(at)) for at in long]
    for at in long:
        lines[at] = b""
    return b"\n".join(lines), refused


def _mended(data: bytes, first_line: int, settings: TextSettings) -> tuple[bytes, list[Refusal], int]:
    """Line by line: what is not in `encoding` is read as `fallback`, or refused where there is none."""
    lines, refused, repaired = data.split(b"\n"), [], 0
    for at, line in enumerate(lines):
        if settings.encoding == "utf-8" and line.isascii():
            continue
        try:
            lines[at] = line.decode(settings.encoding).encode()
        except UnicodeDecodeError:
            if settings.fallback:
                lines[at] = line.decode(settings.fallback, "replace").encode()
                repaired += 1
                continue
            shown = line.decode("latin-1")
            reason = UNDECODABLE.format(encoding=settings.encoding)
            refused.append(Refusal(first_line + at, "", reason, shown[:VALUE_LENGTH], shown[: 50 * VALUE_LENGTH]))
            lines[at] = b""
    return b"\n".join(lines), refused, repaired
