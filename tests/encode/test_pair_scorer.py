"""A cross-encoder's file made by hand: a pair's logit is the number of its tokens less 5. Claims:

1. a score is the logistic of what the file says of the pair, whatever stands beside it in a batch.
2. where the time is up before the last pair nothing comes; the first query of a server waits no longer than it may.
3. a path that is no such file is named, with what to do.
"""

import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from shopkeeper.encode.pair_scorer import PairScorer, open_pair_scorer
from shopkeeper.errors import WeightsError

TEXTS = ["red cup", "cup", "red red red cup", "cup", "cup cup", "red", "red cup red"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    tokenizer = Tokenizer(WordLevel({"[PAD]": 0, "red": 1, "cup": 2, "?": 3}, unk_token="?"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "t"]) for name in ("input_ids", "attention_mask")
    ]
    nodes = [
        helper.make_node("Cast", ["attention_mask"], ["there"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["there", "along"], ["many"], keepdims=1),
        helper.make_node("Sub", ["many", "five"], ["logits"]),
    ]
    held = [
        helper.make_tensor("along", TensorProto.INT64, [1], [1]),
        helper.make_tensor("five", TensorProto.FLOAT, [1], [5.0]),
    ]
    said = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", 1])]
    graph = helper.make_graph(nodes, "pairs", ids, said, held)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), str(tmp_path / "m.onnx")
    )
    return tmp_path / "m.onnx"


def test_a_score_is_the_logistic_of_what_the_file_says(file: Path) -> None:
    found = open_pair_scorer(str(file)).scores("red cup", TEXTS, np.inf)
    assert found is not None and found.dtype == np.float32
    lengths = np.array([2 + len(text.split()) for text in TEXTS])
    assert found.tolist() == pytest.approx((1 / (1 + np.exp(5.0 - lengths))).tolist(), rel=1e-5)


def test_where_the_time_is_up_nothing_comes(file: Path) -> None:
    scorer = PairScorer(file)
    assert scorer.scores("red cup", TEXTS, time.perf_counter() - 1.0) is None
    assert scorer.scores("red cup", TEXTS, np.inf) is not None  # its session was opened beside
    assert scorer.scores("red cup", TEXTS, time.perf_counter() - 1.0) is None
    assert scorer.scores("red cup", TEXTS, time.perf_counter() + 600.0) is not None


def test_what_is_no_such_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"rank.rerank.weights: .*gone.onnx is no ONNX file with a tokenizer.json"):
        open_pair_scorer(str(tmp_path / "gone.onnx"))
