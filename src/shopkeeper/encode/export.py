"""A pretrained encoder written as an int8 ONNX file with pooling inside.

`artefact.ensure` runs it in a process of its own (`python -m shopkeeper.encode.export SPEC FOLDER`): torch's memory
goes when it ends, and what the exporters write to the terminal stays there.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shopkeeper.encode.artefact import FAILURE, MANIFEST, MODEL, RECIPE, TOKENIZER
from shopkeeper.encode.weights import Weights, sha256_of
from shopkeeper.errors import ShopkeeperError, WeightsError
from shopkeeper.types import FloatArray

if TYPE_CHECKING:
    from shopkeeper.encode.model import TextModel

AGREEMENT = {"folder": 0.98, "e5": 0.99}
"""Least mean cosine between the int8 file and the float32 model on SAMPLES."""

SAMPLES = (
    "milk",
    "whole milk, 1 gallon",
    "Crushed ice, 22 lb",
    "gluten free spaghetti",
    "Bounty paper towels, 6 rolls",
    "wireless noise cancelling headphones",
    "usb-c cable 2m",
    "red cotton t-shirt, size M",
    "Samsung 27 inch curved monitor, 144 Hz",
    "baby shampoo without tears",
    "dark chocolate 85% cocoa, 100 g",
    "stainless steel water bottle with straw",
    "something warm for a rainy walk",
    "gift for a girl who loves horses",
    "Private label frozen vegetables, broccoli florets, 12 oz",
    "dog food for sensitive stomachs, salmon and rice, 5 kg",
    "洗发水",
    "无糖酸奶 原味 200g",
    "苹果手机充电线 快充 1米",
    "儿童防水雨靴 黄色",
    "适合敏感肌的保湿面霜",
    "东北五常大米 10斤装",
    "送给妈妈的生日礼物",
    "纯棉四件套 1.8米床",
)


def export(weights: Weights, folder: Path) -> float:
    """Writes model, tokenizer and manifest into an existing folder; gives the agreement with float32.

    Raises WeightsError when the mean cosine over SAMPLES is under AGREEMENT.
    """
    import torch

    from shopkeeper.encode.model import TextModel, positions

    torch.set_num_threads(1)
    model = TextModel.load(weights)
    model.tokenizer.save(str(folder / TOKENIZER))
    write_int8(model, folder / MODEL)
    agreement = _agreement(model, folder)
    manifest = {
        "recipe": RECIPE,
        "model": weights.model,
        "weights_sha256": weights.sha256,
        "dimensions": model.dimensions,
        "max_tokens": positions(model.body.config),
        "pad": model.pad,
        "query_prefix": weights.query_prefix,
        "passage_prefix": weights.passage_prefix,
        "agreement": round(agreement, 5),
        "files": {name: sha256_of(folder / name) for name in (MODEL, TOKENIZER)},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return agreement


def write_int8(model: "TextModel", path: Path) -> None:
    """Writes the model as ONNX: matrices as int8 with a scale a column, what they are multiplied with a scale a token.

    A text's numbers so never depend on another's.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    from shopkeeper.encode.graph import onnx_of
    from shopkeeper.encode.per_token import per_token

    if model.part is not None:  # what a method put beside the body is not among the operators that are written down
        whole = path.with_suffix(".fp32.onnx")
        _trace(model, whole)
        quantize_dynamic(str(whole), str(path), per_channel=True, weight_type=QuantType.QInt8)
        whole.unlink()
    else:
        types = {"DefaultTensorType": onnx.TensorProto.FLOAT}  # it cannot infer what attention gives
        quantize_dynamic(onnx_of(model), str(path), per_channel=True, weight_type=QuantType.QInt8, extra_options=types)
    onnx.save(per_token(onnx.load(str(path))), str(path))


def _trace(model: "TextModel", path: Path) -> None:
    """Writes the model in float32 as PyTorch runs it."""
    import torch

    ids = torch.full((2, 7), 5)
    mask = torch.ones_like(ids)
    sizes = {0: torch.export.Dim("texts", min=1, max=4096), 1: torch.export.Dim("tokens", min=2, max=512)}
    with torch.no_grad():
        torch.onnx.export(
            model,
            (ids, mask),
            str(path),
            dynamo=True,
            input_names=["input_ids", "attention_mask"],
            output_names=["vectors"],
            dynamic_shapes={"input_ids": sizes, "attention_mask": sizes},
            external_data=False,
            verbose=False,
        )


def _agreement(model: "TextModel", folder: Path) -> float:
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(folder / MODEL), providers=["CPUExecutionProvider"])

    def original(ids: Any, mask: Any) -> FloatArray:
        with torch.no_grad():
            return np.asarray(model(torch.from_numpy(ids), torch.from_numpy(mask)).numpy(), np.float32)

    def compressed(ids: Any, mask: Any) -> FloatArray:
        return np.asarray(session.run(None, {"input_ids": ids, "attention_mask": mask})[0], np.float32)

    agreement = mean_cosine(original, compressed, model.ids(SAMPLES, "passage"))
    weights = model.weights
    least = AGREEMENT[weights.form]
    if not agreement >= least:
        raise WeightsError(
            f"{weights.file}: the int8 export of {weights.model} agrees with the original at mean cosine "
            f"{agreement:.4f}, at least {least} is needed. Name other weights, or set encode.weights to 'none'"
        )
    return agreement


def mean_cosine(
    one: Callable[[Any, Any], FloatArray], other: Callable[[Any, Any], FloatArray], token_ids: list[list[int]]
) -> float:
    """Mean cosine of two encoders' unit vectors, over texts given as token ids, one at a time."""
    cosines = []
    for row in token_ids:
        ids = np.array([row], np.int64)
        mask = np.ones_like(ids)
        cosines.append(float((one(ids, mask) * other(ids, mask)).sum()))
    return float(np.mean(cosines))


def main() -> int:
    """The child's side of `ensure`: a failure a user can mend is left in the folder, in words."""
    spec, folder = json.loads(sys.argv[1]), Path(sys.argv[2])
    try:
        export(Weights(**spec | {"file": Path(spec["file"])}), folder)
    except ShopkeeperError as error:
        (folder / FAILURE).write_text(str(error), encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
