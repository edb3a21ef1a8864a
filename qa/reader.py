"""(question, passages) → answer spans: the one place that decides which words answer, and how well.

A cross-encoder reads question and passage together and scores every span of the passage against the
null answer at [CLS] (Devlin et al. 2018, the SQuAD 2.0 form). Both models here do the same; only who
runs the transformer differs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embeddings.encoder import locate
from embeddings.errors import EmbeddingError, ModelNotFoundError
from embeddings.runtime import MODEL, OnnxModel, load_tokenizer

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

SHIPPED = Path(__file__).parent / "models" / "reader"
MAX_WINDOW = 384  # tokens of question, header and passage together
STRIDE = 96  # tokens two windows of one long passage share
MAX_QUESTION_TOKENS = 96  # its last ones: what was said before a follow-up may be cut, the follow-up not
MAX_SPAN = 48  # tokens of a short answer

# Texts, each read by itself → its start and end logits. Alone, because the 8-bit model takes the scale of its
# activations from what it reads together: the same text must get the same scores in any company.
Logits = Callable[[Sequence["Encoding"]], list[tuple[NDArray[np.float32], NDArray[np.float32]]]]


@dataclass(frozen=True, slots=True)
class Span:
    """A span of one passage, `text[start:end]`; `score` is its logits less those of no answer."""

    start: int
    end: int
    score: float


class Reader:
    """An extractive question-answering model; safe to share by threads."""

    def __init__(self, name: str, folder: Path, logits: Logits) -> None:
        self.name = name
        self._logits = logits
        self._folder = folder
        self._tokenizer = load_tokenizer(folder)
        self._tokenizer.enable_truncation(MAX_WINDOW, stride=STRIDE, strategy="only_second")

    @classmethod
    def load(cls, name: str = "") -> Reader:
        """Load the shipped reader, one that `qa.training.export` made, or any Hugging Face extractive-QA model.

        `name` is a folder, or the name of a model on the hub.
        """
        folder = Path(name).expanduser() if name else SHIPPED
        if not (folder / MODEL).exists():
            return cls._on_torch(name)
        model = OnnxModel(folder / MODEL)

        def logits(encodings: Sequence[Encoding]) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
            return [(start[0], end[0]) for start, end in model.run(encodings)]

        return cls(name or "shipped", folder, logits)

    @classmethod
    def _on_torch(cls, name: str) -> Reader:
        folder = locate(name)
        config = (
            json.loads((folder / "config.json").read_text(encoding="utf-8"))
            if (folder / "config.json").exists()
            else {}
        )
        if not any(kind.endswith("ForQuestionAnswering") for kind in config.get("architectures") or []):
            raise EmbeddingError(f"{name} is not an extractive question-answering model")
        if not any(folder.glob("*.safetensors")):  # other kinds of weights are pickled, and may hold a program
            raise ModelNotFoundError(f"{folder} holds no *.safetensors weights")
        import torch
        from transformers import AutoModelForQuestionAnswering
        from transformers.utils import logging

        logging.disable_progress_bar()
        options: dict[str, Any] = {"dtype": torch.float32, "local_files_only": True, "trust_remote_code": False}
        options["use_safetensors"] = True
        model: Any = AutoModelForQuestionAnswering.from_pretrained(str(folder), **options).eval()
        typed = getattr(model.config, "type_vocab_size", 0) > 1

        def logits(encodings: Sequence[Encoding]) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
            found = []
            for encoding in encodings:
                feed = {"input_ids": torch.tensor([encoding.ids])}
                if typed:
                    feed["token_type_ids"] = torch.tensor([encoding.type_ids])
                with torch.inference_mode():
                    out = model(**feed)
                found.append((out.start_logits[0].numpy(), out.end_logits[0].numpy()))
            return found

        return cls(name, folder, logits)

    def read(self, triples: Sequence[tuple[str, str, str]], best: int = 1) -> list[list[Span]]:
        """Return for each (question, header, passage text) its `best` spans that do not overlap, best first.

        The header is read with the passage, but no span reaches into it. Texts longer than a window are
        read in overlapping windows.
        """
        windows: list[tuple[int, int, Encoding]] = []
        for i, (question, header, text) in enumerate(triples):
            head = f"{header}\n" if header else ""
            whole = self._tokenizer.encode(self._end_of(question), head + text)
            windows += [(i, len(head), part) for part in [whole, *whole.overflowing]]
        found: list[list[Span]] = [[] for _ in triples]
        logits = self._logits([encoding for _, _, encoding in windows])
        for (i, head_length, encoding), (start, end) in zip(windows, logits, strict=True):
            found[i] += _spans(encoding, head_length, start, end, best)
        return [_best(spans, best) for spans in found]

    def _end_of(self, question: str) -> str:
        """Return a question without what stands before its last `MAX_QUESTION_TOKENS`."""
        if len(question) <= MAX_QUESTION_TOKENS:  # a token has a character at least
            return question
        kept = self._questions.encode(question, add_special_tokens=False).offsets
        return question[kept[0][0] :] if kept else question

    @cached_property
    def _questions(self) -> Tokenizer:
        tokenizer = load_tokenizer(self._folder)
        tokenizer.enable_truncation(MAX_QUESTION_TOKENS, direction="left")
        return tokenizer

    def score(self, triples: Sequence[tuple[str, str, str]]) -> list[Span]:
        """Return the best span of each (question, header, passage text); an empty one for an empty text."""
        return [spans[0] if spans else Span(0, 0, float("-inf")) for spans in self.read(triples)]


def _spans(
    encoding: Encoding, head: int, start: NDArray[np.float32], end: NDArray[np.float32], best: int
) -> list[Span]:
    """Decode one window: the best spans inside the passage, scored against the null answer."""
    offsets = encoding.offsets
    inside = [i for i, part in enumerate(encoding.sequence_ids) if part == 1 and offsets[i][0] >= head]
    if not inside:
        return []
    low, high = inside[0], inside[-1] + 1
    null = float(start[0] + end[0])
    # A row for each first token, a column for each length: spans past the passage's end count nothing.
    ends = np.concatenate([end[low:high], np.full(MAX_SPAN - 1, -np.inf, dtype=end.dtype)])
    scores = start[low:high, None] + np.lib.stride_tricks.sliding_window_view(ends, MAX_SPAN)
    found: list[Span] = []
    for place in _largest(scores, best):
        first = low + place // MAX_SPAN
        last = first + place % MAX_SPAN
        found.append(Span(offsets[first][0] - head, offsets[last][1] - head, float(scores.flat[place]) - null))
    return _best(found, best)


def _largest(scores: NDArray[np.float32], best: int) -> list[int]:
    """Flat places of the highest scores: many, since neighbours of the best span overlap it."""
    flat = scores.ravel()
    size = min(best * 20 if best > 1 else 1, flat.size)
    return [int(i) for i in np.argpartition(flat, -size)[-size:] if np.isfinite(flat[i])]


def _best(spans: list[Span], best: int) -> list[Span]:
    """Keep the best spans that do not overlap one another."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: -s.score):
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
            if len(kept) == best:
                break
    return kept
