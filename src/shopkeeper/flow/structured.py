"""The reader of what words state, as the settings ask for it, with what a version's heads tell beside."""

from pathlib import Path

from shopkeeper.encode.card import HEADS
from shopkeeper.encode.category_head import CategoryHead
from shopkeeper.settings import Understand
from shopkeeper.types import Catalog
from shopkeeper.understand.structured import Structured
from shopkeeper.understand.understanding import Understanding


def structured_of(
    settings: Understand, catalog: Catalog, understanding: Understanding, version: Path
) -> Structured | None:
    """The reader over the words that the understanding knows; None where nothing that words state is read.

    Raises WeightsError where what the version holds is no head.
    """
    if not settings.filters:
        return None
    prior = CategoryHead.open(version / HEADS) if settings.category_prior else None
    return Structured(catalog, understanding.lexicon.counts, settings.stated, prior)
