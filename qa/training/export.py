"""A trained reader → the files the package ships: `python -m qa.training.export --model FOLDER --out FOLDER`.

The matrices are stored as 8-bit integers, a scale for each column, and activations are quantized as
they come; 7 of the 8 bits are used, since processors without VNNI add pairs of products in 16 bits.
`--weights float16` keeps full precision in the arithmetic, at about twice the time a question.
Embeddings are float16 either way, and only the rows that a text needs are cast to float32.

The graph reads one text without padding, so it needs no mask; queries, keys and values come of one product.
That takes a quarter less time than the model as transformers writes it.
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

JOINED = ("query", "key", "value")
_SMALL = 4096  # elements: biases, norms and scales stay float32


def export_reader(source: Path, target: Path, weights: str = "int8") -> None:
    """Write model.onnx and tokenizer.json of a BertForQuestionAnswering folder to `target`."""
    import torch
    from transformers import BertForQuestionAnswering

    model: Any = BertForQuestionAnswering.from_pretrained(str(source), dtype=torch.float32).eval()
    heads, width = model.config.num_attention_heads, model.config.hidden_size

    class Whole(torch.nn.Module):  # type: ignore[misc]
        """BERT as Devlin et al. 2018 give it, for one text."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.joint = torch.nn.ModuleList()
            for layer in model.bert.encoder.layer:
                parts = [getattr(layer.attention.self, name) for name in JOINED]
                joined = torch.nn.Linear(width, len(parts) * width)
                joined.weight.data = torch.cat([part.weight for part in parts])
                joined.bias.data = torch.cat([part.bias for part in parts])
                self.joint.append(joined)

        def forward(self, ids: torch.Tensor, types: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            tokens, table = ids.shape[1], self.model.bert.embeddings
            places = table.position_embeddings.weight[:tokens]
            x = table.LayerNorm(table.word_embeddings(ids) + table.token_type_embeddings(types) + places)
            for joined, layer in zip(self.joint, self.model.bert.encoder.layer, strict=True):
                split = joined(x).view(1, tokens, len(JOINED), heads, width // heads).permute(2, 0, 3, 1, 4)
                query, keys, values = split[0], split[1], split[2]
                weights = torch.softmax(query @ keys.transpose(-1, -2) * (width // heads) ** -0.5, -1)
                seen = (weights @ values).permute(0, 2, 1, 3).reshape(1, tokens, width)
                x = layer.attention.output.LayerNorm(layer.attention.output.dense(seen) + x)
                inner = torch.nn.functional.gelu(layer.intermediate.dense(x))
                x = layer.output.LayerNorm(layer.output.dense(inner) + x)
            both = self.model.qa_outputs(x)
            return both[..., 0], both[..., 1]

    target.mkdir(parents=True, exist_ok=True)
    sample = torch.ones((1, 9), dtype=torch.long)
    inputs = {"input_ids": sample, "token_type_ids": torch.zeros_like(sample)}
    export_graph(Whole(), inputs, target / MODEL, ["start", "end"])
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
    """Store the large float32 weights of an ONNX file as float16, cast back where they are used.

    Of a table it is the rows looked up that are cast; onnxruntime casts any other weight once, on loading.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    halved, cast = set(), set()
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) >= _SMALL:
            halved.add(tensor.name)
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))
    nodes = []
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            if name in halved and not (node.op_type == "Gather" and i == 0):
                node.input[i] = f"{name}.float"
                if name not in cast:
                    cast.add(name)
                    nodes.append(helper.make_node("Cast", [name], [node.input[i]], to=TensorProto.FLOAT))
        nodes.append(node)
        if node.op_type == "Gather" and node.input[0] in halved:
            result, node.output[0] = node.output[0], f"{node.output[0]}.half"
            nodes.append(helper.make_node("Cast", [node.output[0]], [result], to=TensorProto.FLOAT))
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
