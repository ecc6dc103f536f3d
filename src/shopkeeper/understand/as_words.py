"""Fields whose words are searched as words, whatever they state."""

EVERYTHING = "*"
"""Nothing is to become a filter."""


class AsWords(frozenset[str]):
    """Fields whose words stay words; `attributes` and `ranges` are all of theirs."""

    def __contains__(self, field: object) -> bool:
        return super().__contains__(field) or super().__contains__(str(field).partition(".")[0])
