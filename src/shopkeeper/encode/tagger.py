"""A tagger: the words of a text that name a brand, a type, a colour, as a model that learnt the shop reads them.

Needs the model extra. The words a tagger knows are those of `encode/projection.py`.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import Linear, Module

from shopkeeper.encode.model import BATCH_TOKENS, Kind, TextModel, bf16_is_fast
from shopkeeper.encode.projection import OUTSIDE, Atom, Span, atoms
from shopkeeper.encode.weights import Weights
from shopkeeper.errors import WeightsError

HEAD = "tagger.safetensors"
Text = tuple[str, Kind]


@dataclass(frozen=True, slots=True)
class Read:
    """A text as the tagger reads it: token ids, and of each word its first token, start and end in the text.

    `firsts` are the places of the words among the text's atoms: Chinese characters of one token are one word.
    """

    ids: list[int]
    tokens: list[int]
    starts: list[int]
    ends: list[int]
    firsts: list[int]


class Tagger(Module):
    """Of each word whether it begins or goes on with what some label names: a linear layer on its first token's state.

    A published model of sentences has no such head: `load` reads what `save` wrote.
    """

    def __init__(self, model: TextModel, labels: Sequence[str], head: Linear | None = None) -> None:
        """Without a `head` a new one, which knows nothing before it is taught."""
        super().__init__()
        self.model, self.labels = model, tuple(labels)
        self.head = head or Linear(model.dimensions, 2 * len(labels) + 1)

    @classmethod
    def load(cls, weights: Weights, max_tokens: int = 64) -> "Tagger":
        """That of a folder which `save` wrote. Raises WeightsError where the folder holds no tagger."""
        file = weights.file.parent / HEAD
        if not file.is_file():
            raise WeightsError(
                f"{file}: no tagger here. Give a folder that Tagger.save wrote, or teach one with the task 'entities'"
            )
        model = TextModel.load(weights, max_tokens)
        with safe_open(file, "pt") as held:
            labels = json.loads(held.metadata()["labels"])
            made = cls(model, labels)
            made.head.load_state_dict({name: held.get_tensor(name) for name in held.keys()})  # noqa: SIM118 no mapping
        return made.eval()

    def save(self, folder: Path) -> None:
        """Writes a folder that `load` reads back: the model's, and the head with its labels beside it."""
        self.model.save(folder)
        save_file(self.head.state_dict(), folder / HEAD, {"labels": json.dumps(self.labels)})

    def read(self, texts: Sequence[Text]) -> list[Read]:
        """The tokens and words of texts, each of its kind; words behind `max_tokens` are not read."""
        found: dict[int, Read] = {}
        kinds: tuple[Kind, Kind] = ("query", "passage")
        for kind in kinds:
            prefix = self.model.prefix(kind)
            places = [at for at, (_, own) in enumerate(texts) if own == kind]
            said = [texts[at][0] for at in places]
            encodings = self.model.tokenizer.encode_batch([prefix + text for text in said])
            ends = ([end - len(prefix) for _, end in encoding.offsets] for encoding in encodings)
            read = map(_read, self.model.ids(said, kind), ends, map(atoms, said))
            found.update(zip(places, read, strict=True))
        return [found[at] for at in range(len(texts))]

    def forward(self, reads: Sequence[Read]) -> Tensor:
        """float32 (words of all texts, classes) one text behind the other, with gradients where they are asked for."""
        return self.told(self.states(reads))

    def states(self, reads: Sequence[Read]) -> Tensor:
        """float32 (words of all texts, dimensions)."""
        hidden = self.model.hidden(*self.model.padded([read.ids for read in reads]))
        rows = [row for row, read in enumerate(reads) for _ in read.tokens]
        return hidden[rows, [token for read in reads for token in read.tokens]]

    def told(self, states: Tensor) -> Tensor:
        """float32 (words, classes) of the words' states."""
        with torch.autocast("cpu", enabled=False):
            logits: Tensor = self.head(states.float())
        return logits

    def spans(self, texts: Sequence[str], kind: Kind = "query") -> list[list[Span]]:
        """What each text names, from its left; the confidence is that in the least certain of its words."""
        return self.spans_of([(text, kind) for text in texts])

    def spans_of(self, texts: Sequence[Text]) -> list[list[Span]]:
        """The same of texts of several kinds."""
        reads = self.read(texts)
        found: list[list[Span]] = [[] for _ in reads]
        order = sorted((place for place, read in enumerate(reads) if read.tokens), key=lambda at: len(reads[at].ids))
        learning = self.training
        self.eval()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
            while order:
                members = order[-max(BATCH_TOKENS // len(reads[order[-1]].ids), 1) :]
                del order[-len(members) :]
                shares = torch.softmax(self([reads[place] for place in members]), 1)
                own = torch.split(shares, [len(reads[place].tokens) for place in members])
                for place, part in zip(members, own, strict=True):
                    found[place] = list(_named(reads[place], part, self.labels))
        self.train(learning)
        return found


def _read(ids: list[int], ends: Sequence[int], said: Sequence[Atom]) -> Read:
    """Each word's first token is the first that ends behind the word's first character."""
    seen, token = list[tuple[int, int, Atom]](), 0
    for place, atom in enumerate(said):
        while token < len(ids) - 1 and ends[token] <= atom.start:
            token += 1
        if token >= len(ids) - 1:  # the last one closes the text
            break
        seen.append((token, place, atom))
    words = [(token, list(own)) for token, own in groupby(seen, key=lambda one: one[0])]
    return Read(
        ids,
        [token for token, _ in words],
        [own[0][2].start for _, own in words],
        [own[-1][2].end for _, own in words],
        [own[0][1] for _, own in words],
    )


def _named(read: Read, shares: Tensor, labels: Sequence[str]) -> Iterator[Span]:
    """Words of one label in a row are one span, but where one begins anew."""
    best = shares.argmax(1).tolist()
    start = 0
    while start < len(best):
        label, end = (best[start] - 1) // 2, start + 1
        if best[start] == OUTSIDE:
            start = end
            continue
        while end < len(best) and best[end] == 2 * label + 2:
            end += 1
        sure = shares[start:end, 2 * label + 1 : 2 * label + 3].sum(1).min()
        yield Span(read.starts[start], read.ends[end - 1], labels[label], float(sure))
        start = end
