"""The shipped reader → a model folder to train on from: `python -m qa.training.restore --out FOLDER`.

Undoes `export.py`: 8-bit matrices times their scales, which is not quite what they were made from; a few hundred
steps of training make up for it.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import locate
from embeddings.runtime import MODEL, TOKENIZER
from qa.reader import SHIPPED
from qa.training.export import JOINED

_OURS = ("model.", "joint.")  # how export.py names parameters; the exporter's own have numbers


def weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Return the parameters of an exported reader by the names they have in torch."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(path)).graph
    stored = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    users: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    found = {n.removeprefix("model."): v.astype(np.float32) for n, v in stored.items() if n.startswith(_OURS)}
    for node in graph.node:
        if node.op_type not in ("MatMul", "MatMulInteger") or node.input[1] not in stored:
            continue
        matrix = stored[node.input[1]].astype(np.float32)
        if node.op_type == "MatMulInteger":
            name = node.input[1].removesuffix("_quantized")
            matrix = (matrix - stored[f"{name}_zero_point"].astype(np.float32)) * stored[f"{name}_scale"]
        # The exporter names matrices by number: the bias that is added to the product tells whose it is.
        step = node
        while step.op_type != "Add":
            step = users[step.output[0]][0]
        bias = next(i for i in step.input if i.startswith(_OURS))
        found[bias.removeprefix("model.").removesuffix("bias") + "weight"] = matrix.T.copy()
    for name in [n for n in found if n.startswith("joint.")]:
        _, layer, kind = name.split(".")
        for part, value in zip(JOINED, np.split(found.pop(name), len(JOINED)), strict=True):
            found[f"bert.encoder.layer.{layer}.attention.self.{part}.{kind}"] = value
    return found


def restore(target: Path) -> None:
    """Write the shipped reader as a BertForQuestionAnswering folder; its architecture is the default encoder's."""
    import torch
    from transformers import AutoConfig, BertForQuestionAnswering

    model: Any = BertForQuestionAnswering(AutoConfig.from_pretrained(str(locate(""))))
    state = {name: torch.from_numpy(value) for name, value in weights(SHIPPED / MODEL).items()}
    model.load_state_dict({name: state[name] for name in model.state_dict()})
    model.save_pretrained(target)
    shutil.copy(SHIPPED / TOKENIZER, target / TOKENIZER)


def main() -> None:
    """Write the folder; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    restore(parser.parse_args().out)


if __name__ == "__main__":
    main()
