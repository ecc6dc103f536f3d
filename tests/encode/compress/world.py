"""A tiny random encoder that reads words, and a catalogue of goods for it."""

from pathlib import Path
from typing import Any, Literal

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import AutoModel, BertConfig, DistilBertConfig, RobertaConfig

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.weights import Weights

KINDS = ("jacket", "trousers", "boots", "gloves", "rucksack", "tent", "kettle", "torch")
USES = ("rain", "winter", "running", "climbing", "camping", "riding")
MAKERS = ("norwa", "tarvik", "ellmo", "quist", "brunda", "sorvo", "havelin", "pemra")
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
QUERIES = tuple(f"{use} {kind}" for use in USES for kind in KINDS)


def goods() -> Corpus:
    """384 products of a maker, a use and a kind."""
    titles = [f"{maker} {use} {kind} {100 + 7 * n}" for n, maker in enumerate(MAKERS) for use in USES for kind in KINDS]
    return Corpus(titles, [(title,) for title in titles], [title.split()[0] for title in titles])


def encoder(
    family: str = "bert", layers: int = 4, activation: str = "gelu", pooling: Literal["mean", "cls"] = "mean"
) -> TextModel:
    """32 numbers, 4 heads, 64 units a layer; the same numbers every time."""
    torch.manual_seed(11)
    words = tokenizer()
    sizes: dict[str, Any] = {"vocab_size": words.get_vocab_size(), "max_position_embeddings": 48, "pad_token_id": 0}
    deep = {"hidden_size": 32, "num_hidden_layers": layers, "num_attention_heads": 4, "intermediate_size": 64}
    config: Any
    if family == "distilbert":
        config = DistilBertConfig(**sizes, dim=32, n_layers=layers, n_heads=4, hidden_dim=64, activation=activation)
    else:
        config = {"bert": BertConfig, "roberta": RobertaConfig}[family](**sizes | deep, hidden_act=activation)
    make: Any = AutoModel.from_config  # it has no types
    body = make(config, attn_implementation="eager")
    for parameter in body.parameters():  # as they come, all texts would have nearly the same vector
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=0.2)
    weights = Weights(model="tiny", file=Path("tiny"), form="folder", sha256="0" * 64, pooling=pooling)
    return TextModel(body, words, weights).eval()


def tokenizer() -> Tokenizer:
    """WordPiece over the words of the goods and single letters."""
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    made = Tokenizer(
        WordPiece({name: at for at, name in enumerate([*names, *KINDS, *USES, *MAKERS])}, unk_token="[UNK]")
    )
    made.normalizer = BertNormalizer()
    made.pre_tokenizer = BertPreTokenizer()
    made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return made
