"""The reader of what words state, as the settings ask for it."""

from shopkeeper.settings import Understand
from shopkeeper.types import Catalog
from shopkeeper.understand.structured import Structured
from shopkeeper.understand.understanding import Understanding


def structured_of(settings: Understand, catalog: Catalog, understanding: Understanding) -> Structured | None:
    """The reader over the words that the understanding knows; None where nothing that words state is read."""
    if not settings.filters:
        return None
    return Structured(catalog, understanding.lexicon.counts, settings.stated)
