"""Exported ONNX models, run with onnxruntime and tokenizers; torch is never imported here."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import EmbeddingError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"


class OnnxModel:
    """One exported transformer; safe to share by threads. Raises EmbeddingError when it is first run, if it cannot be.

    It reads each of many texts by itself, as many side by side as there are cores: nothing is spent on padding, cores
    do not wait for one another, and what stands beside a text changes nothing of its result. A text alone is read by
    all cores together, in half the time. Each way is a session with a copy of the weights, loaded when it is needed: a
    process that only asks encodes one text at a time and reads many, one that adds encodes many.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sessions: dict[int, Any] = {}
        self._loading = threading.Lock()
        self._pool = ThreadPoolExecutor(_cores(), "onnx")

    def run(self, encodings: Sequence[Encoding]) -> list[list[NDArray[np.float32]]]:
        """Return the outputs for each text, their first axis of length 1."""
        if len(encodings) == 1:
            return [_outputs(self._on(_cores()), encodings[0])]
        session = self._on(1)
        return list(self._pool.map(lambda encoding: _outputs(session, encoding), encodings))

    def _on(self, threads: int) -> Any:
        """Return the session that runs each text on so many threads."""
        with self._loading:
            if threads not in self._sessions:
                self._sessions[threads] = _session(self._path, _options(threads))
            return self._sessions[threads]


def _outputs(session: Any, encoding: Encoding) -> list[NDArray[np.float32]]:
    columns = {
        "input_ids": encoding.ids,
        "attention_mask": encoding.attention_mask,
        "token_type_ids": encoding.type_ids,
    }
    feed = {i.name: np.asarray([columns[i.name]], dtype=np.int64) for i in session.get_inputs()}
    outputs: list[NDArray[np.float32]] = session.run(None, feed)
    return outputs


def simplify(source: Path, target: Path) -> None:
    """Write a model as onnxruntime simplifies it, for any processor, its weights in a file that is mapped on loading.

    Loading then takes half the time, and of the table of words only what is used comes into memory.
    """
    import onnxruntime

    options = _options(1)
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", f"{target.name}.data")
    options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", "1024")
    _session(source, options)


def _options(threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return options


def _session(path: Path, options: Any) -> Any:
    import onnxruntime

    # The sum and the norm after it are slower as the one step that onnxruntime makes of them: it is not vectorised.
    slow = ["SkipLayerNormFusion"]
    providers = ["CPUExecutionProvider"]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers, disabled_optimizers=slow)
    except Exception as error:  # noqa: BLE001 - onnxruntime's own errors have no common base
        raise EmbeddingError(
            f"cannot load the exported model {path}: {_line(error)}; delete it and try again"
        ) from None


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
