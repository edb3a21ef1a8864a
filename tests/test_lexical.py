"""BM25 with the real tantivy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.lexical import LexicalIndex
from qa.records import Article, Passage

TEXTS = {
    1: ("Kayani refused to give Mullen any assurance.", "Dawn", date(2011, 4, 21)),
    2: ("The generals refused to reopen the supply routes.", "The Express Tribune", date(2012, 3, 29)),
    3: ("Drone strikes must end, Malik said in Dubai.", "Dawn", date(2012, 7, 30)),
    4: ("Drones were never discussed, an official added.", "", None),
}


def rows(*numbers: int) -> Iterator[tuple[int, Passage, Article]]:
    for number in numbers:
        text, outlet, published = TEXTS[number]
        article = Article(f"a{number}", text, "Talks", outlet, published)
        yield number, Passage(f"a{number}#0", article.id, 0, 0, len(text), text), article


@pytest.fixture(scope="module")
def index() -> LexicalIndex:
    made = LexicalIndex.fresh(None)
    made.update([], rows(*TEXTS), "1")
    return made


def numbers(found: list[tuple[int, float]]) -> list[int]:
    return [number for number, _ in found]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What did Kayani refuse?", [1, 2]),
        ("refusing refusals", [1, 2]),
        ("drone", [3, 4]),
        ("Who spoke in DUBAI?", [3]),
        ("DÜBAI", [3]),
        ("malik OR generals", [2, 3]),
        ("tillerson", []),
        ("the of and", []),
        ("", []),
    ],
)
def test_words_are_found_in_any_form(index: LexicalIndex, question: str, expected: list[int]) -> None:
    assert sorted(numbers(index.search(question, 10))) == expected


@pytest.mark.parametrize(("typed", "meant"), [("kiyani", 1), ("mulen", 1), ("assurence", 1), ("supplly", 2)])
def test_a_word_nobody_printed_finds_those_one_letter_away(index: LexicalIndex, typed: str, meant: int) -> None:
    assert numbers(index.search(typed, 10)) == [meant]


@pytest.mark.parametrize("typed", ["dubia", "mal1k", "end5", "routez9"])
def test_words_with_figures_or_too_short_are_taken_at_their_word(index: LexicalIndex, typed: str) -> None:
    assert 1 not in numbers(index.search(typed, 10))
    if not typed.isalpha():
        assert index.search(typed, 10) == []


def test_the_header_is_searched_too(index: LexicalIndex) -> None:
    assert numbers(index.search("Express Tribune", 10)) == [2]
    assert numbers(index.search("29 March 2012", 10))[0] == 2


@pytest.mark.parametrize(
    ("since", "until", "outlets", "expected"),
    [
        (None, None, None, [1, 2, 3, 4]),
        (date(2012, 1, 1), None, None, [2, 3]),
        (None, date(2011, 12, 31), None, [1]),
        (date(2012, 3, 29), date(2012, 3, 29), None, [2]),
        (date(2012, 3, 30), date(2012, 3, 29), None, []),
        (None, None, ["Dawn"], [1, 3]),
        (None, None, ["dawn"], []),
        (None, None, ["Dawn", "The Express Tribune"], [1, 2, 3]),
        (None, None, [], []),
        (date(2012, 1, 1), None, ["Dawn"], [3]),
        (date.min, date.max, None, [1, 2, 3]),
    ],
)
def test_filters(
    index: LexicalIndex, since: date | None, until: date | None, outlets: list[str] | None, expected: list[int]
) -> None:
    assert sorted(numbers(index.search("talks", 10, since, until, outlets))) == expected


def test_filters_do_not_change_scores(index: LexicalIndex) -> None:
    free = dict(index.search("Kayani refused", 10))
    bound = dict(index.search("Kayani refused", 10, date(2011, 1, 1), date(2012, 12, 31), ["Dawn"]))
    assert bound == {1: pytest.approx(free[1])}


def test_at_most_k_the_best_first(index: LexicalIndex) -> None:
    found = index.search("Kayani refused talks", 10)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert found[0][0] == 1
    assert index.search("Kayani refused talks", 2) == found[:2]
    assert index.search("Kayani", 0) == []


def test_terms_and_their_frequencies(index: LexicalIndex) -> None:
    assert index.terms("The refused refusing U.S. Généraux") == ["refus", "u", "s", "generaux"]
    assert (index.frequency("refus"), index.frequency("drone"), index.frequency("nowhere")) == (2, 2, 0)
    assert index.size == 4
    assert len(index.terms(" ".join(f"word{i}" for i in range(500)))) == 500


def test_passages_come_and_go() -> None:
    index = LexicalIndex.fresh(None)
    index.update([], rows(1, 2, 3), "1")
    index.update([1, 99], rows(4), "2")
    assert index.size == 3
    assert index.search("Kayani", 10) == []
    assert sorted(numbers(index.search("drone", 10))) == [3, 4]
    index.update([4], rows(4), "3")
    assert sorted(numbers(index.search("drone", 10))) == [3, 4]


def test_an_index_opens_only_with_the_stamp_it_was_made_with(tmp_path: Path) -> None:
    path = tmp_path / "lexical"
    assert LexicalIndex.open(path, "1:abc") is None
    LexicalIndex.fresh(path).update([], rows(1, 2), "1:abc")
    opened = LexicalIndex.open(path, "1:abc")
    assert opened is not None and numbers(opened.search("Kayani", 5)) == [1]
    assert LexicalIndex.open(path, "2:abc") is None
    opened.update([1], rows(3), "2:abc")
    assert LexicalIndex.open(path, "1:abc") is None
    again = LexicalIndex.open(path, "2:abc")
    assert again is not None and again.size == 2
    assert LexicalIndex.fresh(path).size == 0
    assert LexicalIndex.open(path, "2:abc") is None


def test_a_change_that_fails_leaves_no_stamp(tmp_path: Path) -> None:
    def broken() -> Iterator[tuple[int, Passage, Article]]:
        yield from rows(2)
        raise RuntimeError("the disk is full")

    index = LexicalIndex.fresh(tmp_path / "lexical")
    index.update([], rows(1), "1")
    with pytest.raises(RuntimeError, match="the disk is full"):
        index.update([], broken(), "2")
    assert LexicalIndex.open(tmp_path / "lexical", "1") is None
    assert LexicalIndex.open(tmp_path / "lexical", "2") is None


def test_an_index_without_its_files_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "lexical"
    LexicalIndex.fresh(path).update([], rows(1), "1")
    for file in path.glob("meta.json"):
        file.write_text("{", encoding="utf-8")
    assert LexicalIndex.open(path, "1") is None


@given(st.text(max_size=60) | st.text("\"'+-:*~^()[]{}\\/ANDORNOT kayani", max_size=30))
def test_no_question_is_read_as_a_query_language(index: LexicalIndex, question: str) -> None:
    for number, score in index.search(question, 3):
        assert number in TEXTS and score > 0


@pytest.mark.parametrize("question", ["text:kayani", "+dubai -him", '"refused kayani"~5', "kay*", "outlet:Dawn", "*"])
def test_operators_are_only_words(index: LexicalIndex, question: str) -> None:
    plain = " ".join("".join(c if c.isalnum() else " " for c in question).split())
    assert index.search(question, 10) == index.search(plain, 10)
