"""Which words of a query were read in another form: accents, traditional Chinese, measures."""

from shopkeeper.folding import simplified, without_accents
from shopkeeper.measures import measures
from shopkeeper.text import has_han
from shopkeeper.understood import Change


def forms(asked: str) -> tuple[Change, ...]:
    """What became of a query in normal form, part by part; nothing where it is searched for as it stands."""
    changes: list[Change] = []
    plain = asked
    if not asked.isascii():
        plain = without_accents(asked)
        changes.extend(_words("accents", asked, plain))
        if has_han(plain):
            simple = simplified(plain)
            changes.extend(_words("traditional", plain, simple))
            plain = simple
    for measure in measures(plain):
        said = plain[measure.start : measure.end]
        if said != measure.token:
            changes.append(Change("units", said, measure.token))
    return tuple(changes)


def _words(by: str, before: str, after: str) -> list[Change]:
    pairs = zip(before.split(), after.split(), strict=False)
    return [Change(by, said, meant) for said, meant in pairs if said != meant]
