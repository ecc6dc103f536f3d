"""Words that a shop has and a model's vocabulary has not: its brands and model lines become tokens of their own.

Needs the model extra. The method `full` with `embeddings` learns them further; the others leave them as they begin, and
then a model reads a new word as about the mean of what it read before.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from tokenizers import Tokenizer

from shopkeeper.encode.model import TextModel
from shopkeeper.errors import TrainingError
from shopkeeper.text import has_han, spans

PIECES, COUNT, MOST = 3, 20, 500
KINDS = ("WordPiece", "Unigram")
SPACE = "▁"


def new_words(model: TextModel, texts: Iterable[str], count: int = COUNT, most: int = MOST) -> list[str]:
    """The most frequent words of the texts, in normal form, that the model reads in PIECES pieces or more.

    Each is in `count` of the texts at least. None begins with a digit, as numbers and sizes do; none has a character
    that is in no piece, for nothing could be learnt of its pieces. A word that the tokenizer always cuts, as BERT's
    cuts between Chinese characters and at hyphens, cannot be one token and is left out.
    """
    said: Counter[str] = Counter()
    for text in texts:
        said.update({_normal(model.tokenizer, text[slice(*place)]) for place in spans(text)})
    found: list[str] = []
    for word, times in sorted(said.items(), key=lambda own: (-own[1], own[0])):
        if times < count or len(found) == most:
            break
        if word and not word[0].isdigit() and len(_pieces(model.tokenizer, word)) >= PIECES:
            found.append(word)
    return found


def extend(model: TextModel, words: Sequence[str]) -> int:
    """How many tokens the model has more: each new word as one, which begins as the mean of its pieces.

    The tokenizer and the body change in place, and are saved, loaded and exported with them. Words that are one token
    already are left out. Raises TrainingError where the tokenizer is of another kind than KINDS.
    """
    written: dict[str, Any] = json.loads(model.tokenizer.to_str())
    kind = written["model"].get("type")
    if kind not in KINDS:
        raise TrainingError(
            f"adding words to {model.weights.model}: its tokenizer is {kind}, and words can be added to "
            f"{' and '.join(KINDS)}. Name other weights, or go on without new words"
        )
    pieces = {word: own for word in dict.fromkeys(words) if len(own := _pieces(model.tokenizer, word)) > 1}
    n_before = model.tokenizer.get_vocab_size()
    known = written["model"]["vocab"]
    for place, (word, own) in enumerate(pieces.items()):
        if kind == "WordPiece":
            known[word] = n_before + place
        else:
            # likelier than its pieces side by side: their mean, as each is less likely than all
            known.append([_token(word), sum(known[piece][1] for piece in own) / len(own)])
    model.tokenizer = Tokenizer.from_str(json.dumps(written))
    table = model.words.detach()
    grown = torch.cat([table[:n_before], *(table[own].mean(0, keepdim=True) for own in pieces.values())])
    rows = torch.cat([grown, table[len(grown) :]])  # some models have more rows than tokens
    wider = torch.nn.Embedding(len(rows), model.dimensions, padding_idx=model.pad)
    wider.weight = torch.nn.Parameter(rows)
    model.body.set_input_embeddings(wider)
    model.body.config.vocab_size = len(rows)
    return len(pieces)


def _normal(tokenizer: Tokenizer, word: str) -> str:
    normalizer = tokenizer.normalizer
    return str(normalizer.normalize_str(word)).strip() if normalizer else word


def _token(word: str) -> str:
    """As a Unigram vocabulary writes it: a word of letters comes behind a space, one of Chinese characters need not."""
    return word if has_han(word) else SPACE + word


def _pieces(tokenizer: Tokenizer, word: str) -> list[int]:
    """The tokens of a word, without the space before it; none where it cannot be one token, or has an unknown piece."""
    whole = tokenizer.pre_tokenizer is None or len(tokenizer.pre_tokenizer.pre_tokenize_str(word)) == 1
    read = tokenizer.encode(word, add_special_tokens=False)
    own = [token for token, name in zip(read.ids, read.tokens, strict=True) if name != SPACE]
    unknown = {tokenizer.token_to_id(name) for name in ("[UNK]", "<unk>")}
    return own if whole and not unknown & set(own) else []
