"""Queries that a generative model writes for products: in other words than the catalogue's own."""

import re
from collections.abc import Sequence

import numpy as np

from shopkeeper.encode.chat import Server
from shopkeeper.encode.generated import Query, joined, mistyped
from shopkeeper.errors import TrainingError

EACH, MOST_WORDS, LONGEST = 4, 6, 60
TASK = (
    f"You are given a product of a shop. Write {EACH} short searches that different shoppers might type to find it, "
    f"one a line, at most {MOST_WORDS} words each, in the language of the product. Answer with the searches alone."
)
_MARK = re.compile(r"^\s*(?:[-*•]|\d+[.)])?\s*[\"'“]?(.*?)[\"'”]?\s*$")


def written(texts: Sequence[str], writer: str, draw: np.random.Generator) -> list[Query]:
    """The queries for these product texts by the model `writer`, 'URL MODEL'; each once, typed as shoppers type.

    A line too long for a search is left out, and so is one that says no more than the product's text does. Whether a
    query fits its product nobody has to believe: the teacher says what it finds. Raises TrainingError.
    Source: Nogueira et al., "Document expansion by query prediction", arXiv 1904.08375; here the queries are learnt.
    """
    url, _, model = writer.strip().partition(" ")
    if not model.strip():
        raise TrainingError(f"'{writer}': a writer of queries is 'URL MODEL', as 'http://127.0.0.1:8080/v1 qwen'")
    server, found = Server.of(url, model.strip()), dict[str, Query]()
    for text in texts:
        for line in server.asked(TASK, text).splitlines()[: 2 * EACH]:
            said = _MARK.sub(r"\1", line).strip()
            words = said.split()
            if 0 < len(words) <= MOST_WORDS and len(said) <= LONGEST and said.casefold() != text.casefold():
                found.setdefault(said.casefold(), Query(said, joined(mistyped(words, draw))))
    return list(found.values())
