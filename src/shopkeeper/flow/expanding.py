"""The goods as weighted pieces of words, where the settings ask for a search by them."""

import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from shopkeeper.encode import weights as weights_of
from shopkeeper.encode.expansion import Expansion, expanded
from shopkeeper.errors import TrainingError, WeightsError
from shopkeeper.expansions import Expansions
from shopkeeper.flow.gains import Shelved
from shopkeeper.store.folder import ShopFolder

log = logging.getLogger(__name__)

SPARSE = "sparse"
"""The source that finds by them."""


def expansions(folder: ShopFolder, goods: Shelved, tell: Callable[[str, int, int], None]) -> Expansions | None:
    """Those of all rows of the catalogue; None where nobody asks for them, or they cannot be learnt."""
    settings = folder.settings
    if SPARSE not in settings.enabled("source"):
        return None
    own, encode = settings.of("source", SPARSE), settings.encode
    try:
        name = weights_of.choose(encode.weights, goods.catalog.titles, settings.shop.language)
        job = Expansion(
            weights=weights_of.find(name, encode.sha256),
            minutes=own.minutes,
            steps=own.steps,
            kept=own.kept,
            sparsity=own.sparsity,
            max_tokens=encode.max_tokens,
            seed=settings.learn.seed,
        )
        found = expanded(job, goods.corpus, folder.path / "cache", tell)
    except (WeightsError, TrainingError) as error:
        log.warning("source=%s learnt=nothing reason=%s", SPARSE, error)
        return None
    counts = np.zeros(len(goods.catalog), np.int64)  # a deleted product's row stays empty
    counts[goods.shelf.rows] = np.diff(found.offsets)
    return replace(found, offsets=np.concatenate(([0], np.cumsum(counts))))
