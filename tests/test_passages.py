"""Sentences and passages, at offsets that hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.cleaning import normalise
from qa.passages import MAX_TOKENS, Count, sentences, split
from qa.records import Article

if TYPE_CHECKING:
    from embeddings.encoder import Encoder

WORDS = st.sampled_from(
    [
        "Lt. Gen.",
        "Kayani",
        "said",
        "Nov. 26",
        "U.S.",
        "talks.",
        '"No."',
        "Why?",
        "e.g.",
        "3.5",
        "…",
        "\n",
        "\n\n",
        "(ISI)",
    ]
)
TEXTS = st.text(max_size=300).map(normalise) | st.lists(WORDS, max_size=80).map(" ".join).map(normalise)


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


def words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize(
    "expected",
    [
        ["Lt. Gen. Zaheer ul-Islam met Gen. James Mattis.", "They talked."],
        ["The Nov. 26 strikes killed 24 soldiers.", "Pakistan closed the route."],
        ["The U.S. troops left at 5 p.m. on Sept. 11, 2001.", "Nobody saw them."],
        ["Mr. Malik, Mrs. Clinton and Dr. Shaikh came.", "So did Adm. Mullen."],
        ["He paid $3.5 million, i.e. too much.", "It was Rs. 300 million."],
        ['"We will push for no drones," Malik said.', '"This is our right."'],
        ["“Are we misusing it?” he asked.", "“No.”"],
        ["Was it the ISI?", "It was!", "He left."],
    ],
)
def test_sentences_end_where_they_end(expected: list[str]) -> None:
    assert cut(" ".join(expected)) == expected


def test_sentences_end_with_their_paragraph() -> None:
    assert cut("A headline without a stop\n\nThe story begins.\nIt goes on") == [
        "A headline without a stop",
        "The story begins.",
        "It goes on",
    ]


def test_a_missing_space_after_a_full_stop_is_a_sentences_end() -> None:
    text = "An official said Wednesday.It is the first time in a year.Lieutenant General Pasha stayed."
    assert cut(text) == [
        "An official said Wednesday.",
        "It is the first time in a year.",
        "Lieutenant General Pasha stayed.",
    ]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\n \n"])
def test_nothing_has_no_sentences_and_no_passages(text: str) -> None:
    assert sentences(text) == []
    assert split(Article("a", text), words) == []


def holds(article: Article, count: Count, limit: int) -> None:
    """Every promise about the passages of an article."""
    passages = split(article, count, limit)
    assert [p.number for p in passages] == list(range(len(passages)))
    covered = [False] * len(article.text)
    last = 0
    room = max(64, limit - 2 - count(article.header))
    for p in passages:
        assert article.text[p.start : p.end] == p.text and p.text == p.text.strip() != ""
        assert (p.id, p.article_id) == (f"{article.id}#{p.number}", article.id)
        assert p.start >= last
        last = p.end
        assert count(p.text) <= room
        covered[p.start : p.end] = [True] * (p.end - p.start)
    assert all(done or c.isspace() for done, c in zip(covered, article.text, strict=True))


@given(TEXTS)
def test_sentences_are_ordered_and_cover_everything(text: str) -> None:
    last = 0
    outside = ""
    for start, end in sentences(text):
        assert last <= start < end <= len(text)
        outside += text[last:start]
        last = end
    assert not (outside + text[last:]).strip()


@given(TEXTS, st.integers(66, 80), st.sampled_from(["", "A title of five words", "word " * 100]))
def test_passages_hold_their_promises(text: str, limit: int, title: str) -> None:
    holds(Article("a", text, title.strip()), words, limit)


def test_a_sentence_longer_than_a_passage_is_cut_between_words() -> None:
    text = " ".join(f"word{i}" for i in range(1000)) + "."
    article = Article("a", text)
    holds(article, words, MAX_TOKENS)
    passages = split(article, words)
    assert len(passages) >= 4
    assert " ".join(p.text for p in passages) == text


def test_one_endless_word_is_cut_too() -> None:
    holds(Article("a", "x" * 5000), len, MAX_TOKENS)


def test_short_sentences_share_a_passage() -> None:
    (passage,) = split(Article("a", "He came. He saw.\n\nHe left."), words)
    assert passage.text == "He came. He saw.\n\nHe left."


@pytest.mark.slow
@given(TEXTS.map(lambda text: text * 4))
def test_the_real_encoder_sees_every_passage_whole(encoder: Encoder, text: str) -> None:
    article = Article("a", normalise(text), "Malik says drones must stop", "The Express Tribune")
    holds(article, encoder.count, MAX_TOKENS)
    for p in split(article, encoder.count):
        assert encoder.count(f"{article.header}\n{p.text}") + 2 <= encoder.max_tokens
