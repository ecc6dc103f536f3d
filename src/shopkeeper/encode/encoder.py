"""Texts to unit vectors with an exported encoder, on the CPU."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from shopkeeper.encode.artefact import MANIFEST, MODEL, OWN, TOKENIZER
from shopkeeper.encode.kept import KeptVectors
from shopkeeper.types import FloatArray, IntArray

QUERIES_KEPT = 8192
BATCH_TOKENS = 256
"""Texts of one length run together until their tokens fill this; larger batches fall out of the cache of one core."""
SLOW_FUSIONS = ["SkipLayerNormFusion"]
"""The fused operator runs at a fraction of LayerNormalization's speed: without it, 44 % more texts a second."""


class OnnxEncoder:
    """Runs one session; several threads may call it side by side, each runs on `threads` math threads.

    Only texts of as many tokens run together, and each token has a scale of its own (`encode/per_token.py`): a text's
    vector is bit for bit the same whatever it is encoded beside. The vectors of the last queries are kept.
    """

    def __init__(self, folder: Path, *, threads: int = 1, max_tokens: int = 64) -> None:
        import onnxruntime

        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from tokenizers import Tokenizer

        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        limit = min(max_tokens, int(manifest["max_tokens"]))
        self.dimensions = int(manifest["dimensions"])
        name = folder.name if folder.name != OWN else f"{OWN}-{manifest['files'][MODEL][:16]}"
        self.fingerprint = f"{name}-t{limit}"
        self.agreement = float(manifest["agreement"])
        self._prefixes = {"query": manifest["query_prefix"], "passage": manifest["passage_prefix"]}
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.enable_truncation(limit)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(folder / MODEL), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW_FUSIONS
        )
        self._queries = KeptVectors(QUERIES_KEPT)

    def encode(self, texts: Sequence[str], kind: Literal["query", "passage"]) -> FloatArray:
        """float32 (len(texts), dimensions), unit length. Queries come from the cache where they can."""
        if kind == "passage":
            return self._run([self._prefixes[kind] + text for text in texts])
        known = self._queries.get(texts)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        made = {text: self._run([self._prefixes[kind] + text])[0] for text in new}
        self._queries.keep(made)
        known |= made
        return np.array([known[text] for text in texts], np.float32).reshape(len(texts), self.dimensions)

    def _run(self, texts: list[str]) -> FloatArray:
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        start = 0
        while start < len(order):
            end = start + 1
            width = len(rows[order[start]])
            while end < len(order) and len(rows[order[end]]) == width and width * (end + 1 - start) <= BATCH_TOKENS:
                end += 1
            members = order[start:end]
            vectors[members] = self._batch(np.array([rows[row] for row in members], np.int64))
            start = end
        return vectors

    def _batch(self, ids: IntArray) -> FloatArray:
        mask = np.ones_like(ids)
        return np.asarray(self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0], np.float32)
