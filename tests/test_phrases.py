"""Short answers: whole words, clean edges, always a span of the text."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.phrases import enclosing, key, named, same, tidy

NEWS = st.text("ab AB.,;:'’\"“”‘()[]«»-–—\n0%$!?", max_size=40)


def cleaned(text: str, part: str) -> str:
    start = text.index(part)
    first, last = tidy(text, start, start + len(part))
    return text[first:last]


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        ("General Kayani refused.", "eneral Kaya", "General Kayani"),
        ("a seven-month blockade", "month", "seven-month"),
        ("Pakistan's spymaster", "Pakistan", "Pakistan's"),
        ("about 40% of it", "40", "40%"),
        ("cost $20 billion", "20", "$20"),
        ("in Rawalpindi, on Wednesday", " Rawalpindi,", "Rawalpindi"),
        ("said: – no –", ": – no –", "no"),
        ('refused "any assurance or timeline" to him', 'any assurance or timeline"', "any assurance or timeline"),
        ('refused "any assurance or timeline" to him', '"any assurance or timeline', "any assurance or timeline"),
        ('refused "any assurance or timeline" to him', '"any assurance or timeline"', "any assurance or timeline"),
        ("the “sovereign equality” of states", "“sovereign equality”", "sovereign equality"),
        ("the “sovereign equality” of states", "the “sovereign equality”", "the “sovereign equality”"),
        ("the Inter-Services Intelligence (ISI) chief", "(ISI", "ISI"),
        ("the Inter-Services Intelligence (ISI) chief", "ISI)", "ISI"),
        ("the Inter-Services Intelligence (ISI) chief", "Intelligence (ISI)", "Intelligence (ISI)"),
        ("He lives in the U.S.", "the U.S.", "the U.S."),
        ("He came at 5 p.m.", "5 p.m.", "5 p.m."),
        ("He lives in Kabul.", "Kabul.", "Kabul"),
        ("Why not?", "Why not?", "Why not"),
        ('"No." he said', '"No."', "No"),
    ],
)
def test_tidying(text: str, part: str, expected: str) -> None:
    assert cleaned(text, part) == expected


def spans(text: str) -> st.SearchStrategy[tuple[str, int, int]]:
    places = st.integers(0, len(text))
    return st.tuples(st.just(text), places, places).map(lambda t: (t[0], min(t[1:]), max(t[1:])))


@given(NEWS.flatmap(spans))
@example(("0:‘", 1, 2))
@example(('""', 0, 2))
@example(('" "', 0, 3))
def test_a_tidy_span_lies_within_the_text(given_span: tuple[str, int, int]) -> None:
    text, start, end = given_span
    first, last = tidy(text, start, end)
    assert 0 <= first <= last <= len(text)
    assert tidy(text, first, last) == (first, last) or first == last
    phrase = text[first:last]
    assert phrase == phrase.strip(" \t\n,;:–—-")


@pytest.mark.parametrize(
    ("span", "expected"),
    [((0, 3), (0, 8)), ((7, 8), (0, 8)), ((9, 12), (9, 16)), ((5, 12), (0, 16)), ((12, 30), (9, 30)), ((8, 9), (0, 9))],
)
def test_the_sentences_round_a_span(span: tuple[int, int], expected: tuple[int, int]) -> None:
    assert enclosing([(0, 8), (9, 16), (18, 30)], *span) == expected


def test_a_span_without_sentences_stands_for_itself() -> None:
    assert enclosing([], 3, 5) == (3, 5)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=10), st.data())
def test_what_encloses_holds_the_span(lengths: list[int], data: st.DataObject) -> None:
    spans, at = [], 0
    for length in lengths:
        spans.append((at, at + length))
        at += length + 1
    start = data.draw(st.integers(0, at - 2))
    end = data.draw(st.integers(start + 1, at - 1))
    first, last = enclosing(spans, start, end)
    assert first <= start and end <= last
    assert first in [s for s, _ in spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S. Army", "u s army"),
        ("“an assurance”", "assurance"),
        ("Inter-Services Intelligence (ISI)", "inter services intelligence isi"),
        ("the a an", ""),
    ],
)
def test_the_key_of_a_phrase(text: str, expected: str) -> None:
    assert key(text) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Kayani", "General Ashfaq Parvez Kayani", True),
        ("the ISI chief", "ISI chief", True),
        ("24 soldiers", "24 Pakistani soldiers", True),
        ("24 soldiers", "25 soldiers", False),
        ("Kayani", "Mullen", False),
        ("", "Kayani", False),
        ("the", "the", False),
    ],
)
def test_phrases_that_say_the_same(one: str, other: str, expected: bool) -> None:
    assert same(one, other) is same(other, one) is expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("General Ruben Asko, who refused", "General Ruben Asko"),
        ("Norland's envoy, Gen. Hugh Barrow, will visit them. He", "Norland's envoy, Gen. Hugh Barrow"),
        ("Ines Tarko, the mayor of Selim", "Ines Tarko"),
        ("Ines Tarko. She", "Ines Tarko"),
        ("Lena Marsk will resign", "Lena Marsk"),
        ("Vice-Admiral J. Hartwell", "Vice-Admiral J. Hartwell"),
        ("", ""),
    ],
)
def test_what_is_said_on_of_somebody_is_left_off(text: str, name: str) -> None:
    start, end = named(text, 0, len(text))
    assert text[start:end] == name
