"""A trained reader → the files the package ships: `python -m qa.training.export --model FOLDER --out FOLDER`.

Weights are stored as float16 with a cast to float32 in front of each, which onnxruntime folds away
when it loads the model: half the size on disk, full precision in the arithmetic.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.export import export_graph
from embeddings.runtime import MODEL, TOKENIZER

_SMALL = 1024  # elements: biases and norms stay float32


def export_reader(source: Path, target: Path) -> None:
    """Write model.onnx and tokenizer.json of a BertForQuestionAnswering folder to `target`."""
    import torch
    from transformers import BertForQuestionAnswering

    options: Any = {"dtype": torch.float32, "attn_implementation": "sdpa"}
    model: Any = BertForQuestionAnswering.from_pretrained(str(source), **options).eval()

    class Whole(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(
            self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            out = self.model(input_ids=ids, attention_mask=mask, token_type_ids=types)
            return out.start_logits, out.end_logits

    target.mkdir(parents=True, exist_ok=True)
    sample = torch.ones((2, 9), dtype=torch.long)
    mask = sample.clone()
    mask[1, 6:] = 0
    export_graph(Whole(), (sample, mask, torch.zeros_like(sample)), target / MODEL, ["start", "end"])
    halve(target / MODEL)
    shutil.copy(source / TOKENIZER, target / TOKENIZER)


def halve(path: Path) -> None:
    """Store the large float32 weights of an ONNX file as float16, cast back where they are used."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _SMALL:
            continue
        name = tensor.name
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}.half")
        tensor.CopyFrom(half)
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def main() -> None:
    """Export a reader; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    export_reader(args.model, args.out)
    sizes = {p.name: p.stat().st_size for p in sorted(args.out.iterdir())}
    print(json.dumps(sizes))


if __name__ == "__main__":
    main()
