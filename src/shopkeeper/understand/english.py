"""Words of everyday English: one that the shop does not say is another thing, not a misspelling."""

from functools import cache
from importlib.resources import files

SAID = 250_000
"""How often a word of the list was seen on the web, of 10^12: some forty thousand were seen as often."""


@cache
def everyday() -> frozenset[str]:
    """Some forty thousand words with their plurals and other forms; misspellings are not among them.

    Source: W. Garbe's list, which comes with symspellpy: the words of Google Books' and SCOWL's lists together.
    """
    text = files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt").read_text(encoding="utf-8-sig")
    pairs = text.split()
    return frozenset(word for word, said in zip(pairs[::2], pairs[1::2], strict=True) if int(said) >= SAID)
