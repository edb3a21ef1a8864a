"""A sentence-transformers model → the ONNX files that `runtime.py` runs; made once for each model.

The dynamo exporter is used: the older one differs by 0.1 on padded batches with current releases.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

from embeddings.runtime import MODEL, TOKENIZER, OnnxModel, simplify

SETTINGS = "encoder.json"


def load_sentence_transformer(folder: str) -> Any:
    """Load a model from a folder, without progress bars and without running code it brings along."""
    import os

    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    data_alone = {"use_safetensors": True}  # pickled weights may hold a program
    return SentenceTransformer(folder, device="cpu", trust_remote_code=False, model_kwargs=data_alone)


def settings_of(model: Any) -> dict[str, Any]:
    """What the runtime must know of a model besides its weights."""
    prompts = model.prompts or {}
    return {
        "dimension": int(model.get_embedding_dimension()),
        "max_tokens": int(model.get_max_seq_length() or 512),
        "query_prompt": prompts.get("query", ""),
        "document_prompt": prompts.get("document") or prompts.get("passage", ""),
    }


def export_encoder(source: Path, target: Path) -> None:
    """Write `target` (a folder): model.onnx, tokenizer.json, encoder.json; complete or not at all."""
    import torch

    model = load_sentence_transformer(str(source)).eval()
    transformer, *others = model
    transformer.auto_model.set_attn_implementation("eager")  # torch's own guards against rows without any token

    class Whole(torch.nn.Module):  # type: ignore[misc]
        """Transformer, pooling and normalisation as one graph, for one text: without padding, there is no mask."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            out = {"token_embeddings": transformer.auto_model(input_ids=ids)[0], "attention_mask": torch.ones_like(ids)}
            for module in others:
                out = module(out)
            return torch.nn.functional.normalize(out["sentence_embedding"], dim=1)

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".export-") as temporary:
        folder = Path(temporary) / "model"
        folder.mkdir()
        export_graph(Whole(), {"input_ids": torch.ones((1, 9), dtype=torch.long)}, folder / "whole.onnx", ["vector"])
        simplify(folder / "whole.onnx", folder / MODEL)
        (folder / "whole.onnx").unlink()
        # An export that does not run must not be kept.
        OnnxModel(folder / MODEL).run([model.tokenizer.backend_tokenizer.encode("one")])
        model.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
        (folder / SETTINGS).write_text(json.dumps(settings_of(model)), encoding="utf-8")
        # Another process may have been faster: its export is as good as this one.
        with contextlib.suppress(OSError):
            folder.rename(target)


def export_graph(module: Any, inputs: dict[str, Any], path: Path, outputs: list[str]) -> None:
    """Export a module whose inputs are (1, tokens) id tensors, given by samples; the number of tokens is free."""
    import torch

    tokens = torch.export.Dim("tokens", min=2, max=512)
    # The exporter talks a great deal, to both streams and to logging, about matters of its own.
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            program = torch.onnx.export(
                module.eval(),
                tuple(inputs.values()),
                input_names=list(inputs),
                output_names=outputs,
                dynamic_shapes=({1: tokens},) * len(inputs),
                dynamo=True,
                external_data=False,
            )
            program.save(str(path))
        finally:
            logging.disable(logging.NOTSET)
