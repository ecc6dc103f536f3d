"""The encoder that a shop's settings ask for."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from shopkeeper.encode import artefact, weights
from shopkeeper.encode.sides import Sides
from shopkeeper.ports import Encoder
from shopkeeper.settings import Encode

log = logging.getLogger(__name__)


def open_encoder(
    settings: Encode,
    titles: Sequence[str],
    cache_folder: Path,
    language: Literal["auto", "en", "zh"] = "auto",
) -> Encoder | None:
    """The encoder of a catalogue with these titles, None where the settings say none.

    The first call exports the weights into `cache_folder`/encoder (some ten seconds); later calls open the export,
    and for packaged weights need the package no more. Raises WeightsError.
    """
    name = weights.choose(settings.weights, titles, language)
    if name == "none":
        return None
    folder = cache_folder / "encoder" / _key(name, settings.sha256)
    if not artefact.is_whole(folder):
        artefact.ensure(weights.find(name, settings.sha256), folder)
        log.info("encoder=%s exported=true", folder.name)
    from shopkeeper.encode.encoder import OnnxEncoder

    return OnnxEncoder(folder, threads=settings.threads, max_tokens=settings.max_tokens)


def _key(name: str, sha256: str) -> str:
    known = weights.PACKAGED.get(name)
    if known is not None and sha256.lower() in ("", known.sha256):
        return artefact.key_of(known.model, known.sha256)
    found = weights.find(name, sha256)
    return artefact.key_of(found.model, found.sha256, found.siblings)


def own_encoder(version: Path, settings: Encode) -> Encoder | None:
    """The model that the version learnt, where its folder holds one."""
    own = version / artefact.OWN
    if not own.is_dir():
        return None
    from shopkeeper.encode.encoder import OnnxEncoder

    return OnnxEncoder(own, threads=settings.threads, max_tokens=settings.max_tokens)


def with_own(version: Path, encoder: Encoder, settings: Encode, fingerprint: str) -> Encoder:
    """The encoder of a version whose products have vectors of this `fingerprint`: what it learnt reads its queries.

    An encoder of another fingerprint is given back as it is: it does not fit to the version.
    """
    own = own_encoder(version, settings)
    return encoder if own is None or encoder.fingerprint != fingerprint else Sides(queries=own, passages=encoder)
