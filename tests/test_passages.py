"""Whole sentences at exact offsets."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import Library
from qa.passages import sentences, split
from qa.records import Article


@pytest.mark.parametrize(
    "expected",
    [
        ["Lt. Gen. Pasha met Gen. Mattis.", "It was late."],
        ["The Nov. 26 airstrikes killed 24.", "Nobody spoke."],
        ["He said the U.S. has not replied.", "They wait."],
        ['"We will push for no drones," he said.', "He left."],
    ],
)
def test_abbreviations_and_quotations_end_no_sentence(expected: list[str]) -> None:
    text = " ".join(expected)
    assert [text[s:e] for s, e in sentences(text)] == expected


def test_a_missing_space_ends_a_sentence_all_the_same() -> None:
    text = "An official said Wednesday.It is the first time."
    assert [text[s:e] for s, e in sentences(text)] == ["An official said Wednesday.", "It is the first time."]


def words(text: str) -> int:
    return len(text.split())


@given(st.text(max_size=500), st.integers(min_value=66, max_value=120))
def test_passages_are_exact_ordered_and_lose_nothing(text: str, limit: int) -> None:
    passages = split(Article("a", text, title="A title"), words, limit)
    assert all(text[p.start : p.end] == p.text for p in passages)
    assert all(a.end <= b.start for a, b in pairwise(passages))
    kept = "".join("".join(p.text.split()) for p in passages)
    assert kept == "".join(text.split())


def test_a_sentence_longer_than_a_passage_is_cut_between_words() -> None:
    text = " ".join(f"word{i}" for i in range(500)) + "."
    passages = split(Article("a", text), words, 100)
    assert len(passages) > 4
    assert all(words(p.text) <= 98 and p.text.split()[0].startswith("word") for p in passages)


@pytest.mark.slow
def test_passages_fit_the_encoder_with_their_header(seeded: Library) -> None:
    rows = list(seeded.store.all_rows())
    assert len(rows) >= 5
    for _, passage, article in rows:
        assert seeded.encoder.count(f"{article.header}\n{passage.text}") <= seeded.encoder.max_tokens - 2
