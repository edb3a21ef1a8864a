"""A trained reader → the files the package ships: `python -m qa.training.export --model FOLDER --out FOLDER`.

The matrices are stored as 8-bit integers, a scale for each column, and activations are quantized as
they come; 7 of the 8 bits are used, since processors without VNNI add pairs of products in 16 bits.
`--weights float16` keeps full precision in the arithmetic, at about twice the time a question.
Embeddings are float16 on disk either way, cast to float32 by a node that onnxruntime folds on loading.
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


def export_reader(source: Path, target: Path, weights: str = "int8") -> None:
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
    if weights == "int8":
        quantize(target / MODEL)
    halve(target / MODEL)
    shutil.copy(source / TOKENIZER, target / TOKENIZER)


def quantize(path: Path) -> None:
    """Turn the matrices of an ONNX file to 8-bit integers, in place."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    options = {"MatMulConstBOnly": True}  # products of two activations (attention) stay exact
    quantize_dynamic(
        path,
        path,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        op_types_to_quantize=["MatMul"],
        extra_options=options,
    )


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
    parser.add_argument("--weights", choices=("int8", "float16"), default="int8")
    args = parser.parse_args()
    export_reader(args.model, args.out, args.weights)
    sizes = {p.name: p.stat().st_size for p in sorted(args.out.iterdir())}
    print(json.dumps(sizes))


if __name__ == "__main__":
    main()
