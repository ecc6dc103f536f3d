"""What was shown, with the probability of showing it: the noun of the exposure log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shopkeeper.types import FloatArray, Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What a page showed and why, as it is logged. `rows` gives `features` when they are wanted: they may come late.

    `context` is what the caller said of the moment, and the device.
    """

    request_id: str
    timestamp: float
    scene: Scene
    user_id: str
    session_id: str
    query: str
    version: str
    variant: str
    product_ids: tuple[str, ...]
    positions: tuple[int, ...]
    scores: tuple[float, ...]
    propensities: tuple[float, ...]
    feature_names: tuple[str, ...]
    rows: Callable[[], FloatArray]
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def features(self) -> FloatArray:
        """float32 (k, f): the feature values of each product, in page order."""
        return self.rows()
