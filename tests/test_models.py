"""The real models: vectors as sentence-transformers makes them, spans inside their text."""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from embeddings.encoder import Encoder, locate
from embeddings.errors import EmbeddingError, ModelNotFoundError
from embeddings.export import load_sentence_transformer
from qa import Library
from qa.reader import Reader

pytestmark = pytest.mark.slow
HEADER = "Kayani refuses | DNA | 21 April 2011"
TEXT = (
    "Admiral Mullen came to Rawalpindi. General Kayani refused to give him any assurance or timeline, officials said."
)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_vectors_are_those_of_sentence_transformers(seeded: Library) -> None:
    texts = [f"{article.header}\n{passage.text}" for _, passage, article in seeded.store.all_rows()] + ["a", "drones?"]
    ours = seeded.encoder.encode_documents(texts)
    theirs = load_sentence_transformer(str(locate(""))).encode(texts, normalize_embeddings=True)
    assert np.linalg.norm(ours, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (ours * theirs).sum(axis=1).min() >= 0.9999


def test_models_that_are_not_there_are_told_in_one_line(tmp_path: Path) -> None:
    for name in ("./none", str(tmp_path / "none"), "plainname"):
        with pytest.raises(ModelNotFoundError, match="no model folder"):
            Encoder.load(name)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelNotFoundError, match="safetensors"):
        Encoder.load(str(tmp_path / "empty"))
    with pytest.raises(EmbeddingError, match="not an extractive"):
        Reader.load(str(locate("")))


class Program:
    """What a pickle may do when it is read."""

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (Path("ran"),)


def test_weights_that_may_hold_a_program_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.json").write_text('{"architectures": ["BertForQuestionAnswering"], "model_type": "bert"}')
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Program()))
    for load in (Reader.load, Encoder.load):
        with pytest.raises(ModelNotFoundError, match=r"holds no \*\.safetensors weights"):
            load(str(tmp_path))
    with pytest.raises(Exception, match="safetensors"):
        load_sentence_transformer(str(tmp_path))
    assert not (tmp_path / "ran").exists()


def test_the_reader_finds_the_words_that_answer(reader: Reader) -> None:
    (best, *_) = reader.read([("What did Kayani refuse to give?", HEADER, TEXT)], best=3)[0]
    assert TEXT[best.start : best.end] == "any assurance or timeline"


def test_an_answerable_question_scores_above_one_that_is_not(reader: Reader) -> None:
    asked = ("Where did Mullen go?", "How tall is the president of Brazil?")
    yes, no = reader.score([(question, HEADER, TEXT) for question in asked])
    assert yes.score > no.score


def test_spans_stay_inside_the_text_whatever_it_is(reader: Reader) -> None:
    texts = ["", " ", "x", "Überraschung! 😀 " * 300, "no spaces" * 500, TEXT * 40, "اردو متن۔ " * 50]
    for spans, text in zip(reader.read([("Who?" * 250, HEADER, text) for text in texts], best=3), texts, strict=True):
        assert all(0 <= span.start < span.end <= len(text) for span in spans)
        ordered = sorted(spans, key=lambda span: span.start)
        assert all(a.end <= b.start for a, b in pairwise(ordered))


def test_reading_together_is_reading_one_by_one(reader: Reader) -> None:
    triples = [("Who refused?", HEADER, TEXT), ("Where?", "", "In Dubai."), ("When?", HEADER, TEXT * 5)]
    together = reader.score(triples)
    for span, triple in zip(together, triples, strict=True):
        alone = reader.score([triple])[0]
        assert (span.start, span.end) == (alone.start, alone.end)
        assert span.score == pytest.approx(alone.score, abs=1e-2)


def test_the_shipped_reader_can_be_trained_on_from(reader: Reader, tmp_path: Path) -> None:
    from qa.training.restore import restore

    restore(tmp_path)
    (shipped,), (restored,) = (r.score([("Who refused?", HEADER, TEXT)]) for r in (reader, Reader.load(str(tmp_path))))
    assert (restored.start, restored.end) == (shipped.start, shipped.end)
    # The shipped one also rounds what it multiplies its weights with.
    assert restored.score == pytest.approx(shipped.score, abs=2.0)
