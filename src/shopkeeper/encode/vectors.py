"""Vectors of a whole catalogue: each distinct text is encoded once and kept by its hash.

The cache is a folder of shards, written one after another and never changed: `<number>-<sha256>.safetensors` with
`keys` uint8 (m, 16) and `vectors` float32 (m, d). A shard appears by one rename, so an interrupted run keeps all that
was written; one whose content no longer has the sha256 in its name is dropped and its texts are encoded again.
"""

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shopkeeper.encode.artefact import OWN
from shopkeeper.ports import Encoder
from shopkeeper.types import FloatArray, IntArray

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
Keys = NDArray[np.bytes_]

KEY_BYTES = 16
CHUNK = 256
"""Texts a worker takes at a time."""
SHARD = 2048
"""Texts a shard; an interrupted run loses at most this many."""
SHARDS_KEPT = 64
"""More shards than this are merged into one when they are read."""

_TELLING = (
    "type model color colour size material style flavor flavour scent pattern gender age capacity package_size season "
    "occasion 类型 型号 颜色 尺寸 尺码 材质 款式 风格 口味 规格 容量 适用人群 季节"
)
KEY_ATTRIBUTES = tuple(_TELLING.split())
"""Attributes that say what a product is, the most telling first; all others (codes, dates, weights) are noise."""
WORDS = 64


def told_by(attributes: Mapping[str, str]) -> list[str]:
    """The values of those attributes that say what a product is, the most telling first."""
    by_name = {name.strip().casefold().replace(" ", "_"): value for name, value in attributes.items()}
    return [by_name[name] for name in KEY_ATTRIBUTES if name in by_name]


def product_text(
    title: str, brand: str, category: Sequence[str], attributes: Mapping[str, str], description: str = ""
) -> str:
    """What the encoder reads of a product: brand, title, type and key attributes, each said once, then its description.

    At most 64 words; a Chinese character counts as one. The type is the last name of the category path.
    """
    said = [title]
    if brand and not _says(title, brand):
        said.insert(0, brand)
    for part in (*category[-1:], *told_by(attributes)):
        if part and len(part) <= 40 and not _says(" ".join(said), part):
            said.append(part)
    known = ", ".join(piece.strip() for piece in said if piece.strip())
    return _cut(f"{known}. {description.strip()}" if description.strip() and not _says(known, description) else known)


def _says(text: str, part: str) -> bool:
    return part.casefold().strip() in text.casefold()


def _cut(text: str) -> str:
    words = 0
    for place, character in enumerate(text):
        words += character == " " or "\u4e00" <= character <= "\u9fff"
        if words >= WORDS:
            return text[:place]
    return text


def encode_products(
    encoder: Encoder,
    texts: Sequence[str],
    cache_folder: Path,
    workers: int = 2,
    progress: Progress | None = None,
) -> FloatArray:
    """float32 (len(texts), dimensions): the vector of each text; only texts the cache does not hold are encoded.

    The cache lies in `cache_folder`/vectors/<fingerprint>; `progress` hears (texts done, texts to do).
    """
    folder = cache_folder / "vectors" / encoder.fingerprint
    folder.mkdir(parents=True, exist_ok=True)
    distinct, place = np.unique(_keys(texts), return_inverse=True)
    keys, vectors, number = _read(folder, encoder.dimensions)
    missing = np.flatnonzero(~np.isin(distinct, keys))
    if len(missing):
        first = np.full(len(distinct), -1, np.int64)
        first[place[::-1]] = np.arange(len(texts))[::-1]
        new = _encode(encoder, [texts[row] for row in first[missing]], workers, progress)
        parts = [(keys, vectors)]
        for rows, part in new:
            parts.append((distinct[missing[rows]], part))
            number += 1
            _write(folder, number, *parts[-1])
        keys = np.concatenate([part[0] for part in parts])
        vectors = np.concatenate([part[1] for part in parts])
    order = np.argsort(keys)
    return np.ascontiguousarray(vectors[order[np.searchsorted(keys, distinct, sorter=order)][place]])


def keep_vectors(cache_folder: Path, fingerprint: str, texts: Sequence[str], vectors: FloatArray) -> None:
    """Puts vectors float32 (len(texts), d) that were made elsewhere into the cache, as those of this encoder."""
    folder = cache_folder / "vectors" / fingerprint
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [int(path.name.split("-")[0]) for path in folder.glob("*.safetensors")]
    _write(folder, max(numbers, default=0) + 1, _keys(texts), vectors)


def forget_vectors(cache_folder: Path, kept: Collection[str]) -> None:
    """Removes the vectors that models of versions made, but for those with these fingerprints."""
    for folder in (cache_folder / "vectors").glob(f"{OWN}-*"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def _keys(texts: Sequence[str]) -> Keys:
    digests = b"".join(hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest() for text in texts)
    return np.frombuffer(digests, f"S{KEY_BYTES}")


def _encode(
    encoder: Encoder, texts: Sequence[str], workers: int, progress: Progress | None
) -> Iterator[tuple[IntArray, FloatArray]]:
    """(places in `texts`, their vectors) shard after shard; texts of like length run together."""
    order = np.argsort([len(text) for text in texts], kind="stable")
    chunks = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
    done, per_shard = 0, SHARD // CHUNK
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(chunks), per_shard):
            own = chunks[start : start + per_shard]
            parts = []
            for part in pool.map(lambda chunk: encoder.encode([texts[row] for row in chunk], "passage"), own):
                parts.append(part)
                done += len(part)
                if progress is not None:
                    progress(done, len(texts))
            yield np.concatenate(own), np.concatenate(parts)


def _write(folder: Path, number: int, keys: Keys, vectors: FloatArray) -> None:
    from safetensors.numpy import save

    data = save({"keys": keys.view(np.uint8).reshape(len(keys), KEY_BYTES), "vectors": np.ascontiguousarray(vectors)})
    path = folder / f"{number:06d}-{hashlib.sha256(data).hexdigest()}.safetensors"
    making = path.with_suffix(".making")
    with making.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    making.replace(path)


def _read(folder: Path, dimensions: int) -> tuple[Keys, FloatArray, int]:
    """All keys and vectors of the whole shards, and the highest shard number."""
    keys, vectors = [np.empty(0, f"S{KEY_BYTES}")], [np.empty((0, dimensions), np.float32)]
    paths = sorted(folder.glob("*.safetensors"))
    for path in paths:
        held = _shard(path)
        if held is not None:
            keys.append(held[0])
            vectors.append(held[1])
    number = int(paths[-1].name.split("-")[0]) if paths else 0
    all_keys, all_vectors = np.concatenate(keys), np.concatenate(vectors)
    if len(paths) > SHARDS_KEPT:
        number += 1
        _write(folder, number, all_keys, all_vectors)
        for path in paths:
            path.unlink()
    return all_keys, all_vectors, number


def _shard(path: Path) -> tuple[Keys, FloatArray] | None:
    from safetensors.numpy import load

    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != path.stem.split("-")[1]:
        log.warning("vector_shard=%s corrupt=true dropped=true", path.name)
        path.unlink()
        return None
    held = load(data)
    return np.ascontiguousarray(held["keys"]).view(f"S{KEY_BYTES}").reshape(-1), held["vectors"]
