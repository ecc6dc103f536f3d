"""Texts translated into another language and back: the same said in other words.

    back_translated(texts, translator("./opus-mt-zh-en"), translator("./opus-mt-en-zh"))
    back_translated(texts, translator("http://127.0.0.1:8080/v1 qwen English"), translator("... Chinese"))

Any sequence-to-sequence model of Hugging Face's, by path or hub name, or any server that speaks OpenAI's chat protocol.
Weights are read from safetensors alone; no code of a model's own is run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shopkeeper.encode.chat import Server
from shopkeeper.encode.hub import HUB_NAME, downloaded
from shopkeeper.errors import WeightsError

Translator = Callable[[Sequence[str]], list[str]]
BATCH, MAX_TOKENS = 16, 128
_HUB_FILES = ("*.json", "*.safetensors", "*.spm", "*.model", "*.txt")
_FORM = "A translation model is the path of a folder, a hub name as 'owner/model', or 'URL MODEL LANGUAGE'"


def back_translated(texts: Sequence[str], there: Translator, back: Translator) -> list[str]:
    """Each text after both translations, in their order; as it was where one of them says nothing.

    Source: Sennrich, Haddow, Birch, "Improving Neural Machine Translation Models with Monolingual Data", ACL 2016; as
    an augmentation Xie et al., "Unsupervised Data Augmentation", NeurIPS 2020.
    """
    abroad = there(texts)
    said = [at for at, text in enumerate(abroad) if text.strip()]
    found = list(texts)
    for at, text in zip(said, back([abroad[at] for at in said]), strict=True):
        found[at] = text.strip() or texts[at]
    return found


def translator(name: str) -> Translator:
    """The translator of this name: a folder, a hub name, or a server's URL, its model and the language it says.

    Raises WeightsError where there is no such model, or it is none that translates.
    """
    words = name.split()
    if words and words[0].startswith(("http://", "https://")):
        if len(words) < 3:
            raise WeightsError(f"'{name}': a server needs a URL, a model and a language, spaces between. {_FORM}")
        return Served(Server.of(words[0], words[1]), " ".join(words[2:]))
    path = Path(name).expanduser()
    if path.is_dir():
        return Seq2Seq.load(path)
    if HUB_NAME.fullmatch(name):
        told = f"'{name}': the hub gave no translation model"
        return Seq2Seq.load(downloaded(name, _HUB_FILES, told, "or give the path of a downloaded folder"))
    raise WeightsError(f"'{name}': no such folder or hub name. {_FORM}")


@dataclass(frozen=True)
class Seq2Seq:
    """A model of this machine that writes one text for another, the likeliest word at a time."""

    model: Any
    tokenizer: Any

    @classmethod
    def load(cls, folder: Path) -> "Seq2Seq":
        """That of a folder with config.json, a tokenizer and safetensors. Raises WeightsError."""
        from safetensors import SafetensorError
        from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoTokenizer

        if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
            raise WeightsError(
                f"{folder}: no config.json with a model.safetensors beside it. Weights in other forms, as "
                f"pytorch_model.bin, can run code and are not read: convert them with model.save_pretrained, or name "
                f"another model"
            )
        try:
            config = AutoConfig.from_pretrained(str(folder))
            if not config.is_encoder_decoder:
                raise WeightsError(
                    f"{folder}: model_type '{config.model_type}' reads and does not write, so it translates nothing. "
                    f"Name a sequence-to-sequence model, as marian, m2m_100, mbart or t5"
                )
            model = AutoModelForSeq2SeqLM.from_pretrained(str(folder), use_safetensors=True)
            tokenizer = AutoTokenizer.from_pretrained(str(folder))
        except (OSError, ValueError, ImportError, KeyError, SafetensorError) as error:
            said = " ".join(str(error).split())[:200]
            raise WeightsError(
                f"{folder}: this translation model cannot be read: {said}. A tokenizer of .spm files needs the package "
                f"sentencepiece; or name another model"
            ) from error
        return cls(model.eval(), tokenizer)

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Texts of like length together, each at most MAX_TOKENS long; with beams where the model's settings say."""
        import torch

        found = [""] * len(texts)
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            read = self.tokenizer(
                [texts[at] for at in part], padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
            )
            with torch.inference_mode():
                written = self.model.generate(
                    input_ids=read["input_ids"], attention_mask=read["attention_mask"], max_new_tokens=MAX_TOKENS
                )
            for at, text in zip(part, self.tokenizer.batch_decode(written, skip_special_tokens=True), strict=True):
                found[at] = text
        return found


@dataclass(frozen=True)
class Served:
    """A model behind a URL, asked for one text at a time."""

    server: Server
    language: str

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """Raises TrainingError where the server cannot be reached, refuses, or answers otherwise than agreed."""
        task = f"Translate what the user writes into {self.language}. Answer with the translation alone."
        return [self.server.asked(task, text) for text in texts]
