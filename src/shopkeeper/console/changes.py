"""What a click changed: two pages of one scene, compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """Product ids by what became of them; `up` and `down` map to the number of places."""

    new: tuple[str, ...]
    up: Mapping[str, int]
    down: Mapping[str, int]
    gone: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.up or self.down or self.gone)


def compare(before: Sequence[str], after: Sequence[str]) -> Change:
    """What changed from one page to the next.

    Moves are counted among the products on both pages, so that one newcomer at the top does not move everybody down.
    """
    kept_after = [product for product in after if product in set(before)]
    kept_before = [product for product in before if product in set(after)]
    place = {product: at for at, product in enumerate(kept_before)}
    rise = {product: place[product] - at for at, product in enumerate(kept_after)}
    return Change(
        new=tuple(product for product in after if product not in set(before)),
        up={product: places for product, places in rise.items() if places > 0},
        down={product: -places for product, places in rise.items() if places < 0},
        gone=tuple(product for product in before if product not in set(after)),
    )
