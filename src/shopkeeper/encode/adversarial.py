"""Learning where it is hardest: a batch once more, with words or weights moved to where its loss is higher.

An attack lasts for one backward pass; afterwards every number is what it was, bit for bit. Needs the model extra.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol

import torch
from torch import Tensor
from torch.nn import Embedding, Parameter

from shopkeeper.encode.distributed import Crew
from shopkeeper.encode.model import TextModel
from shopkeeper.errors import TrainingError

Kind = Literal["none", "fgm", "awp"]
WORDS = "word_embeddings"
"""What all architectures call the table of their words' vectors."""


class Attack(Protocol):
    """Moves numbers of a model by the gradients of a batch, for as long as that batch is learnt from once more."""

    adds: bool
    """Whether the gradients there come on top of those of the batch; else they take their place."""

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While the batch is learnt from as it is: gradients reach what will be moved."""

    def forget(self) -> None:
        """Drops gradients that nobody else would drop."""

    @contextmanager
    def moved(self, together: Crew) -> Iterator[bool]:
        """While the batch is learnt from once more; False where it has no direction in which it gets harder.

        Raises TrainingError where no gradient reaches what is to be moved.
        """


class Fgm:
    """The vectors of the batch's words are moved along their gradients, by `epsilon` in all.

    Where the words do not learn, gradients must reach down to them nevertheless: methods that freeze lower layers save
    less time with it. Source: Miyato, Dai, Goodfellow, "Adversarial Training Methods for Semi-Supervised Text
    Classification", ICLR 2017, eq. 5; on the table of words as it stands, not normalised, the loss added as it is.
    """

    usual = 1.0
    adds = True

    def __init__(self, model: TextModel, body: Sequence[Parameter], epsilon: float) -> None:
        self._table = next(each for name, each in model.body.named_modules() if name.endswith(WORDS))
        self._learns = any(each is self._table.weight for each in body)
        self._epsilon = epsilon

    @contextmanager
    def listening(self) -> Iterator[None]:
        if self._learns:
            yield
            return
        self._table.weight.requires_grad_(True)
        self._table.sparse = True  # a whole table of gradients for some hundred words would take longer than they do
        try:
            yield
        finally:
            self._table.sparse = False
            self._table.weight.requires_grad_(False)

    def forget(self) -> None:
        if not self._learns:
            self._table.weight.grad = None

    @contextmanager
    def moved(self, together: Crew) -> Iterator[bool]:
        weight = self._table.weight
        if not self._learns and together.size > 1:
            weight.grad = None if weight.grad is None else weight.grad.to_dense()
            together.average([weight])
        if weight.grad is None:
            raise TrainingError(_unreached("fgm", "words"))
        rows, gradients = _touched(weight.grad)
        self.forget()
        length = float(gradients.norm())
        if not 0 < length < torch.inf:
            yield False
            return
        kept = weight.detach()[rows]
        with torch.no_grad():
            weight[rows] = kept + gradients * (self._epsilon / length)
        try:
            yield True
        finally:
            with torch.no_grad():
                weight[rows] = kept


class Awp:
    """Each matrix that learns is moved along its gradient by a share of its own length; the step is taken by what the
    batch says there.

    The table of words stays: that is `Fgm`'s. Source: Wu, Xia, Wang, "Adversarial Weight Perturbation Helps Robust
    Generalization", NeurIPS 2020, eq. 8 to 10, one step of the inner maximisation, on the texts as they are.
    """

    usual = 0.005
    adds = False

    def __init__(self, model: TextModel, body: Sequence[Parameter], epsilon: float) -> None:
        tables = {id(each.weight) for each in model.body.modules() if isinstance(each, Embedding)}
        self._matrices = [each for each in body if each.ndim > 1 and id(each) not in tables]
        self._epsilon = epsilon

    @contextmanager
    def listening(self) -> Iterator[None]:
        yield

    def forget(self) -> None:
        """All of its gradients are learnt by."""

    @contextmanager
    def moved(self, together: Crew) -> Iterator[bool]:
        reached = [(each, each.grad) for each in self._matrices if each.grad is not None]
        if not reached:
            raise TrainingError(_unreached("awp", "matrices"))
        lengths = [(float(each.detach().norm()), float(grad.norm())) for each, grad in reached]
        sure = all(grad < torch.inf for _, grad in lengths)
        kept: list[tuple[Parameter, Tensor]] = []
        try:
            with torch.no_grad():
                for (each, gradient), (own, length) in zip(reached, lengths, strict=True):
                    if sure and own > 0 and length > 0:
                        kept.append((each, each.detach().clone()))
                        each.add_(gradient, alpha=self._epsilon * own / length)
            yield bool(kept)
        finally:
            with torch.no_grad():
                for each, before in kept:
                    each.copy_(before)


ATTACKS: dict[str, type[Fgm] | type[Awp]] = {"fgm": Fgm, "awp": Awp}


def attack(kind: Kind, epsilon: float | None, model: TextModel, body: Sequence[Parameter]) -> Attack | None:
    """The attack of this name; `body` is what learns of the model. As far as usual where no `epsilon` is given."""
    if kind == "none":
        return None
    made = ATTACKS[kind]
    return made(model, body, made.usual if epsilon is None else epsilon)


def _touched(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The rows (n,) of a table that a batch has gradients for, and these (n, d)."""
    if gradient.is_sparse:
        whole = gradient.coalesce()
        return whole.indices()[0], whole.values()
    rows = (gradient != 0).any(dim=1).nonzero()[:, 0]
    return rows, gradient[rows]


def _unreached(kind: str, what: str) -> str:
    return (
        f"encode.adversarial '{kind}': no gradient reaches the model's {what}, so that they cannot be moved. Set it to "
        f"'none', or take a method that learns within the model (full, frozen, lora)"
    )
