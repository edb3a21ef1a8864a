"""Exported ONNX models, run with onnxruntime and tokenizers; torch is never imported here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import EmbeddingError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"


class OnnxModel:
    """One exported transformer: padded batches of token ids in, its outputs out; safe to share by threads."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _cores()
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - onnxruntime's own errors have no common base
            raise EmbeddingError(
                f"cannot load the exported model {path}: {_line(error)}; delete it and try again"
            ) from None
        self._inputs = [i.name for i in self._session.get_inputs()]

    def run(self, encodings: Sequence[Encoding]) -> list[NDArray[np.float32]]:
        """Return the model's outputs for encodings already padded to one length."""
        columns = {
            "input_ids": [e.ids for e in encodings],
            "attention_mask": [e.attention_mask for e in encodings],
            "token_type_ids": [e.type_ids for e in encodings],
        }
        feed = {name: np.asarray(columns[name], dtype=np.int64) for name in self._inputs}
        outputs: list[NDArray[np.float32]] = self._session.run(None, feed)
        return outputs


def load_tokenizer(folder: Path) -> Tokenizer:
    """Load `tokenizer.json` without the truncation and padding it may have been saved with."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:  # noqa: BLE001 - the library raises plain Exception
        raise EmbeddingError(f"cannot read {folder / TOKENIZER}: {_line(error)}") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
