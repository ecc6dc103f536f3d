"""Texts of products that are bought or looked at together come near to each other."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.encode.corpus import Corpus
from shopkeeper.errors import TrainingError
from shopkeeper.settings import PluginSettings
from shopkeeper.types import RowArray

if TYPE_CHECKING:
    from torch import Tensor

    from shopkeeper.encode.model import Kind, TextModel

LEAST = 200
"""From fewer pairs than this nothing is learnt that holds on later days."""
MEASURED, OTHERS, K = 1000, 1000, 10
"""So many later pairs are measured, each text among so many others; a hit is among the first K."""
CHUNK = 128
"""Texts that go through the model at once, as long as there is memory."""


class Recommendation:
    """Of all texts of a batch, the one that belongs to a text comes nearest to it: a sampled softmax.

    Pairs are drawn by a power of their weight, so that a common text is in more batches than a rare one; the logarithm
    of how often is taken off, and what is learnt is how much more often two texts come together than by chance. Equal
    texts are no negatives. Where only a matrix on top learns (method `linear`), texts are read once, and a step takes
    milliseconds.
    The products' vectors move: they are encoded again afterwards.
    Held out: the right texts of pairs of later days among others, drawn as often as they are bought; the share that
    stands among the first ten.
    Source: Bengio, Senecal, IEEE Trans. Neural Networks 2008 (sampled softmax); Yi et al., "Sampling-bias-corrected
    neural modeling", RecSys 2019, eq. 3 (in-batch negatives less the logarithm of their frequency).
    """

    learns_from: ClassVar[tuple[str, ...]] = ("pairs",)
    moves_products: ClassVar[bool | None] = True

    class Settings(PluginSettings):
        batch: int = Field(256, ge=2, description="Pairs of one step; each text is compared with all the others.")
        temperature: float = Field(0.05, gt=0, description="Of the softmax over a batch: lower is sharper.")
        # below 1 the score goes down while baskets are found better, and nothing is kept: docs/LOG.md, 2026-11-22
        smoothing: float = Field(
            1.0, ge=0, le=1, description="Power of a pair's weight that it is drawn by: at 0 all are as likely."
        )
        correction: float = Field(1.0, ge=0, le=1, description="How much of a text's frequency is taken off: 1 is all.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.chunk = CHUNK

    def prepare(self, model: "TextModel", corpus: Corpus, seed: int) -> None:
        import torch

        n, n_later = (0 if own is None else len(own) for own in (corpus.pairs, corpus.later))
        if corpus.pairs is None or corpus.later is None or n < LEAST or not n_later:
            raise TrainingError(
                f"encode.recommendation: {n} pairs of texts bought or looked at together, and {n_later} of later days "
                f"to measure with; at least {LEAST} and 1 are needed. A shop needs more purchases of several "
                f"products, also in its last days; or leave recommendation out of encode.tasks"
            )
        assert corpus.pairs.kind == corpus.later.kind
        assert len(corpus.pairs.texts) == len(corpus.later.texts)
        self._pairs = corpus.pairs.smoothed(self.settings.smoothing)
        self._log_shares = torch.from_numpy(np.log(np.maximum(self._pairs.shares, 1e-12)).astype(np.float32))
        kinds: set[Kind] = {corpus.pairs.kind, "passage"}
        self._ids = {kind: model.ids(corpus.pairs.texts, kind) for kind in kinds}
        self._read_once: dict[Kind, Tensor] = {}
        if corpus.vectors is not None:
            row_of = {text: row for row, text in enumerate(corpus.texts)}
            rows = np.array([row_of.get(text, -1) for text in corpus.pairs.texts])
            used = [side for pairs in (corpus.pairs, corpus.later) for side in (pairs.lefts, pairs.rights)]
            if rows[np.concatenate(used)].min() >= 0:  # a text in no pair, as that of a deleted product, has no vector
                self._read_once["passage"] = torch.from_numpy(np.asarray(corpus.vectors[rows], np.float32))
        draw = np.random.default_rng(seed)
        chosen = corpus.later.drawn(MEASURED, draw)
        self._asked, self._wanted = corpus.later.lefts[chosen], corpus.later.rights[chosen]
        self._others = corpus.later.rights[corpus.later.drawn(OTHERS, draw)]

    def loss(self, model: "TextModel", draw: np.random.Generator) -> "Tensor":
        import torch

        chosen = self._pairs.drawn(self.settings.batch, draw)
        lefts, rights = self._pairs.lefts[chosen], self._pairs.rights[chosen]
        own, others = self._read(model, lefts, self._pairs.kind), self._read(model, rights, "passage")
        same = torch.from_numpy((rights == rights[:, None]) | (rights == lefts[:, None])).fill_diagonal_(False)
        with torch.autocast("cpu", enabled=False):  # logits of 16 bits cannot tell near texts apart
            logits = own @ others.T / self.settings.temperature
            logits = logits - self.settings.correction * self._log_shares[rights]
            return torch.nn.functional.cross_entropy(logits.masked_fill(same, -torch.inf), torch.arange(len(chosen)))

    def score(self, model: "TextModel") -> float:
        """The share of later pairs whose right text is among the first K of OTHERS others and itself."""
        import torch

        with torch.inference_mode():
            asked, wanted, others = (
                self._read(model, rows, kind).numpy()
                for rows, kind in (
                    (self._asked, self._pairs.kind),
                    (self._wanted, "passage"),
                    (self._others, "passage"),
                )
            )
        before = asked @ others.T > (asked * wanted).sum(axis=1, keepdims=True)
        before &= (self._others != self._wanted[:, None]) & (self._others != self._asked[:, None])
        return float((before.sum(axis=1) < K).mean())

    def _read(self, model: "TextModel", texts: RowArray, kind: "Kind") -> "Tensor":
        """float32 (n, d) of these texts; where the transformer stays as it is, only what stands on top is run."""
        import torch

        from shopkeeper.encode.batches import cached
        from shopkeeper.encode.parts import Turn

        distinct, place = np.unique(texts, return_inverse=True)
        part = model.part
        if isinstance(part, Turn) and not any(number.requires_grad for number in model.body.parameters()):
            with torch.autocast("cpu", enabled=False):
                turned = part.after(self._untouched(model, kind)[distinct])
                return torch.nn.functional.normalize(turned, dim=1)[place]
        rows = [self._ids[kind][text] for text in distinct]
        return cached(lambda some: model(*model.padded(some)), rows, self.chunk)[place]

    def _untouched(self, model: "TextModel", kind: "Kind") -> "Tensor":
        """float32 (texts, d) without what stands on top; a matrix turns unit vectors as it turns longer ones."""
        import torch

        if kind not in self._read_once:
            part, model.part = model.part, None
            self._read_once[kind] = torch.from_numpy(model.vectors(self._pairs.texts, kind))
            model.part = part
        return self._read_once[kind]
