"""Replies are pure: what they say, that they fit, and that Telegram can parse them whatever an article holds."""

from __future__ import annotations

import unicodedata
from datetime import date

from hypothesis import example, given
from hypothesis import strategies as st

from bot import replies
from qa.citing import cite
from qa.records import Answer, Article, Citation
from tests.telegram_server.markup import units, visible

CITATION = Citation(
    1,
    "a1",
    "Kayani & Mullen <meet>",
    "The Hindu",
    date(2011, 4, 21),
    "https://example.org/?a=1&b=2",
    0,
    9,
    "He said <no> & left.",
)
HOSTILE = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("<>&\"'/\u202e\u200b\U0001f600\x00\n ")), max_size=9000
)
# Long runs find the limits sooner than many random characters do.
LONG = st.builds(lambda text, times: (text * times)[:20_000], HOSTILE, st.integers(1, 2000))


def answered(quote: str = CITATION.quote, short: str = "no & left") -> Answer:
    citation = Citation(
        1, "a1", CITATION.title, CITATION.outlet, CITATION.published, CITATION.url, 0, len(quote), quote
    )
    return Answer("What did he say?", True, short, quote, 0.9, (citation,))


def test_what_a_quote_means_by_next_week_stands_below_it_and_not_in_it() -> None:
    article = Article("a1", "He will come next week.", published=date(2012, 7, 25))
    citation = cite(1, article, 0, len(article.text))
    (message,) = replies.answer(Answer("When?", True, "30 July – 5 August 2012", article.text, 0.9, (citation,)))
    assert "<blockquote>He will come next week.</blockquote>" in message
    assert "<i>next week = 30 July – 5 August 2012" in message


def test_an_answer_shows_short_answer_quote_and_source() -> None:
    (message,) = replies.answer(answered())
    seen = visible(message, "HTML")
    assert "<b>no &amp; left" in message
    assert '<a href="https://example.org/?a=1&amp;b=2">' in message
    for part in ("He said <no> & left.", "[1] Kayani & Mullen <meet>", "The Hindu, 21 April 2011"):
        assert part in seen


def test_a_refusal_is_not_presented_as_an_answer() -> None:
    refusal = Answer("Why?", False, None, "The articles do not say.", 0.1, (CITATION,))
    seen = visible(replies.answer(refusal)[0], "HTML")
    assert seen.startswith("The articles do not say.")
    assert seen.index("not an answer") < seen.index("He said")
    assert "<b>" not in replies.answer(refusal)[0]


def test_a_refusal_shows_three_quotes_at_most() -> None:
    (message,) = replies.answer(Answer("Why?", False, None, "The articles do not say.", 0.1, (CITATION,) * 5))
    assert message.count("<blockquote>") == 3


def test_a_long_quote_is_folded_and_a_bad_address_not_linked() -> None:
    long = replies.answer(answered("word " * 100))[0]
    assert "<blockquote expandable>" in long
    bad = Citation(1, "a1", "T", "O", None, 'javascript:alert("x")', 0, 1, "Q.")
    assert "<a " not in replies.answer(Answer("q", True, "Q", "Q.", 0.9, (bad,)))[0]


def test_a_quote_and_its_source_stay_together_when_an_answer_needs_several_messages() -> None:
    citations = tuple(
        Citation(n, "a1", f"Title {n}", "Outlet", None, "https://example.org", 0, 1, f"q{n} " * 658)
        for n in range(1, 4)
    )
    messages = replies.answer(Answer("q", True, "short", "text", 0.9, citations))
    assert len(messages) == 3  # the second quote alone would fit into the first message, its source would not
    for number in range(1, 4):
        (holder,) = [m for m in messages if f"q{number} " in m]
        assert f'[{number}] <a href="https://example.org">Title {number}</a> – Outlet, undated' in holder


def test_a_source_stays_whole_under_a_quote_that_does_not() -> None:
    messages = replies.answer(answered("word " * 1500))
    assert len(messages) == 3
    assert visible(messages[-1], "HTML").endswith("word \n[1] Kayani & Mullen <meet> – The Hindu, 21 April 2011")


def test_titles_and_outlets_are_kept_to_one_short_line() -> None:
    odd = Citation(1, "a1", "A\ttitle\nof lines " * 100, "\u202eO\r\nutlet", None, "", 0, 1, "Q.")
    (message,) = replies.answer(Answer("q", True, "Q", "Q.", 0.9, (odd,)))
    last = message.splitlines()[-1]
    assert last.startswith("[1] A title of lines A title")
    assert last.endswith("… – O utlet, undated")


def test_a_long_text_is_cut_between_words_into_messages_that_fit() -> None:
    words = " ".join(f"word{i}" for i in range(1500))
    messages = replies.pack([[replies.Block(words, "<blockquote>", "</blockquote>")]])
    assert len(messages) > 1
    assert " ".join(visible(m, "HTML") for m in messages).split() == words.split()


def test_sources_lists_every_article_or_says_there_is_none() -> None:
    articles = [Article(f"id{i}", "text", f"Title {i}", "Outlet", date(2012, 1, 1)) for i in range(3)]
    (message,) = replies.sources(articles)
    assert all(f"Title {i} – Outlet, 1 January 2012" in message for i in range(3))
    assert replies.sources([]) == [replies.NO_ARTICLES]


def test_a_great_many_sources_stay_within_five_messages() -> None:
    messages = replies.sources([Article(f"id{i}", "text", "A title of some length " * 5) for i in range(2000)])
    assert len(messages) == replies.MAX_MESSAGES
    assert messages[-1] == replies.MORE


@example(quote="&" * 20_000, title="T", outlet="O", url="", short="&", ok=True)
@example(quote="Q\x00\x1b[2J\ud83d.", title="T\x07", outlet="O\x85", url="", short="\udc00", ok=True)
@example(quote="Q.", title="T", outlet="O", url="https://example.org/\x00\u202e\ud800", short="Q", ok=True)
@given(
    quote=LONG,
    title=LONG,
    outlet=HOSTILE,
    url=st.one_of(HOSTILE, HOSTILE.map("https://example.org/{}".format)),
    short=LONG,
    ok=st.booleans(),
)
def test_whatever_an_article_holds_every_message_parses_and_fits(
    quote: str, title: str, outlet: str, url: str, short: str, ok: bool
) -> None:
    citation = Citation(1, "a1", title, outlet, None, url, 0, len(quote), quote)
    for message in replies.answer(Answer("q", ok, short if ok else None, quote, 0.5, (citation, citation))):
        seen = visible(message, "HTML")
        assert seen.strip()
        assert units(seen) <= 4096
        assert len(message) <= replies.RAW_LIMIT
        assert "\u202e" not in message
        assert not [c for c in message if c != "\n" and unicodedata.category(c) in ("Cc", "Cs")]


@given(text=LONG)
def test_plain_text_is_what_the_html_shows(text: str) -> None:
    for message in replies.pack([[replies.Block(replies.clean(text), "<i>", "</i>")]]):
        assert replies.plain(message) == visible(message, "HTML")
