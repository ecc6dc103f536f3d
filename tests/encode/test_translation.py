"""Texts translated there and back. Claims, with tiny Marian models of random numbers and a real server on this machine:

1. each text comes back in its place, in what order and batch it was translated whatever; one that comes back empty
   stays as it was.
2. a model of a folder is read from safetensors alone: other weights, a model that only reads, a folder without a
   tokenizer and a name that is none are refused in words.
3. a server is asked in OpenAI's protocol, with its key (`test_chat` has what it may answer).
4. a task's settings name both models: so many texts at most are translated before learning, and read so at times; what
   is held out is not.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import MarianConfig, MarianMTModel, PreTrainedTokenizerFast

from shopkeeper.encode.chat import KEY
from shopkeeper.encode.translation import Seq2Seq, back_translated, translator
from shopkeeper.encode.varied import LearnsTexts, Varied
from shopkeeper.errors import SettingError, WeightsError
from shopkeeper.settings import Settings
from tests.encode.bodies import load, write_body
from tests.encode.echo import Echo
from tests.encode.tiny import write_folder

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]
PIECES = ("<pad>", "</s>", "<unk>", "red", "shoes", "good", "bad", "a")


def write_marian(folder: Path, seed: int = 0) -> Path:
    """A folder with a model that writes nonsense of PIECES."""
    words = Tokenizer(models.WordLevel({piece: at for at, piece in enumerate(PIECES)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    make: Any = PreTrainedTokenizerFast  # it has no types
    tokenizer = make(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=64
    )
    tokenizer.save_pretrained(str(folder))
    sizes: dict[str, Any] = {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    sizes |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "d_model": 16, "init_std": 1.0}
    sizes |= {"vocab_size": len(PIECES), "max_position_embeddings": 160}
    torch.manual_seed(seed)
    config = MarianConfig(pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, **sizes)
    model = MarianMTModel(config)
    model.generation_config.forced_eos_token_id = None
    model.generation_config.suppress_tokens = [0, 2]
    model.generation_config.begin_suppress_tokens = [1]
    model.save_pretrained(str(folder))
    return folder


def test_each_text_comes_back_in_its_place(tmp_path: Path) -> None:
    there, back = (translator(str(write_marian(tmp_path / name, seed))) for seed, name in enumerate(("there", "back")))
    texts = ["red shoes", "good", "bad red good shoes a", "a", "shoes shoes"] * 5
    abroad = there(texts)
    assert abroad == [there([text])[0] for text in texts]
    assert len(set(abroad)) > 1 and set(" ".join(abroad).split()) <= set(PIECES)
    found = back_translated(texts, there, back)
    for own, text, other in zip(texts, abroad, found, strict=True):
        assert other == back([text])[0].strip() != own
    assert there([]) == [] and back_translated([], there, back) == []


def test_what_comes_back_empty_stays_as_it_was() -> None:
    def there(texts: Sequence[str]) -> list[str]:
        return ["" if text == "lost" else text.upper() for text in texts]

    def back(texts: Sequence[str]) -> list[str]:
        assert "" not in texts
        return [" " if text == "MUTE" else f"{text}!" for text in texts]

    assert back_translated(["lost", "tea", "mute"], there, back) == ["lost", "TEA!", "mute"]


def test_other_weights_and_other_models_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pickled = write_marian(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(WeightsError, match=r"no config\.json with a model\.safetensors .* can run code and are not"):
        translator(str(pickled))
    with pytest.raises(WeightsError, match=r"model_type 'bert' reads and does not write, so it translates nothing"):
        translator(str(write_body(tmp_path / "bert")))
    broken = write_marian(tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"weights")
    with pytest.raises(WeightsError, match=r"broken: this translation model cannot be read: "):
        translator(str(broken))
    bare = write_marian(tmp_path / "bare")
    for file in bare.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(WeightsError, match=r"cannot be read: .* needs the package sentencepiece; or name"):
        translator(str(bare))
    unknown = write_folder(tmp_path / "unknown", "no-such-type")
    with pytest.raises(WeightsError, match=r"unknown: this translation model cannot be read"):
        translator(str(unknown))
    with pytest.raises(WeightsError, match=r"'zh-en': no such folder or hub name\. A translation model is the"):
        translator("zh-en")
    with pytest.raises(WeightsError, match=r"a server needs a URL, a model and a language, spaces between"):
        translator("http://127.0.0.1/v1 qwen")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    with pytest.raises(WeightsError, match=r"'nobody/zh-en': the hub gave no translation model \(\w+\)\. Check"):
        translator("nobody/zh-en")


def test_a_server_is_asked_as_agreed(chat_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "secret")
    there, back = translator(f"{chat_url} qwen English"), translator(f"{chat_url}/ qwen Simplified Chinese")
    assert there(["好鞋"]) == ["鞋好"]
    assert back_translated(["good shoes", "silence"], there, back) == ["good shoes", "silence"]
    path, key, body = Echo.heard[0]
    assert (path, key) == ("/v1/chat/completions", "Bearer secret")
    assert body["model"] == "qwen" and body["temperature"] == 0
    assert body["messages"][0]["content"].startswith("Translate what the user writes into English.")
    assert "into Simplified Chinese" in Echo.heard[-1][2]["messages"][0]["content"]
    assert [heard[2]["messages"][1]["content"] for heard in Echo.heard[1:]] == ["good shoes", "silence", "seohs doog"]
    assert "secret" not in repr(there)


def test_a_task_reads_some_texts_as_they_came_back(tmp_path: Path) -> None:
    own = load(write_body(tmp_path / "body"))
    pair = [str(write_marian(tmp_path / name, seed)) for seed, name in enumerate(("there", "back"))]
    texts = ["red shoes", "good", "bad red good shoes a", "shoes a"] * 3 + [f"good {n}" for n in range(8)]
    asked = LearnsTexts(back_translation=(pair[0], pair[1]), translated=0.4, translations=12)
    read = Varied.of(own, texts, asked)
    there, back = (Seq2Seq.load(Path(name)) for name in pair)
    assert len(read.others) == 12
    for place, other in read.others.items():
        assert other == back_translated([texts[place]], there, back)[0]
    places = np.repeat(np.arange(20), 100)
    examples = read.numbered(places, np.random.default_rng(0))
    told = [read.text(example) for example in examples.tolist()]
    changed = [at for at in read.others if read.others[at] != texts[at]]
    assert len(changed) > 3
    for place in changed:
        own_texts = told[100 * place : 100 * place + 100]
        assert set(own_texts) == {texts[place], read.others[place]}
        assert own_texts.count(read.others[place]) == pytest.approx(40, abs=18)
    assert all(told[100 * at : 100 * at + 100] == [texts[at]] * 100 for at in range(20) if at not in read.others)
    assert Varied.of(own, texts, asked) == read
    with pytest.raises(WeightsError, match=r"'zh-en': no such folder or hub name"):
        Varied.of(own, texts, LearnsTexts(back_translation=("zh-en", "en-zh")))
    with pytest.raises(SettingError, match=r"encode\.sentiment\.back_translation"):
        Settings({"encode": {"sentiment": {"back_translation": ["only-there"]}}}).of("task", "sentiment")
