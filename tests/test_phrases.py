"""A model's span becomes a clean phrase and a whole sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.phrases import enclosing, same, tidy


@pytest.mark.parametrize(
    ("text", "given_span", "expected"),
    [
        ('He refused "any assurance or timeline" then.', 'any assurance or timeline"', "any assurance or timeline"),
        ("He met Petraeus, the director.", "etraeus,", "Petraeus"),
        ("It was in May 2011.", "May 2011.", "May 2011"),
        ("He flew to the U.S. soon.", "the U.S.", "the U.S."),
        ("They (the generals) met.", "(the generals", "the generals"),
        ("He said “no drones” twice.", "“no drones”", "no drones"),
        ("It cost $3.5 million.", "3.5 million", "$3.5 million"),
    ],
)
def test_tidy(text: str, given_span: str, expected: str) -> None:
    start = text.index(given_span)
    low, high = tidy(text, start, start + len(given_span))
    assert text[low:high] == expected


@given(st.text(max_size=80), st.integers(0, 80), st.integers(0, 80))
def test_tidy_stays_within_the_text(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    low, high = tidy(text, start, min(len(text), start + length))
    assert low >= 0
    assert high <= len(text)


def test_the_sentences_round_a_span() -> None:
    spans = [(0, 10), (11, 20), (22, 30)]
    assert enclosing(spans, 12, 15) == (11, 20)
    assert enclosing(spans, 8, 13) == (0, 20)
    assert enclosing(spans, 22, 30) == (22, 30)
    assert enclosing([], 3, 5) == (3, 5)


def test_same_looks_past_articles_case_and_punctuation() -> None:
    assert same("The CIA director", "CIA director, Petraeus")
    assert not same("Panetta", "Petraeus")
    assert not same("", "anything")
