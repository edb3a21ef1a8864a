"""Replies are pure: what they say, that they fit, and that Telegram can parse them whatever an article holds."""

from __future__ import annotations

import unicodedata
from datetime import date

from hypothesis import example, given
from hypothesis import strategies as st

from bot import html, replies
from bot.chats import Forgotten, Statistics
from bot.coverage import Coverage, coverage
from bot.tongues import tongue
from qa.citing import cite
from qa.records import AddReport, Answer, Article, Citation, Event, Hit, Mention, Passage, Rejection
from tests.bot_scenes import Shelf
from tests.telegram_server.markup import units, visible

EN, UR = tongue("en"), tongue("ur-PK")
COVERAGE = Coverage(5, (date(2011, 4, 21), date(2017, 10, 23)), ("Dawn", "DNA"), ("Kayani", "CIA"))

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
    (message,) = replies.answer(Answer("When?", True, "30 July – 5 August 2012", article.text, 0.9, (citation,)), EN)
    assert "<blockquote>He will come next week.</blockquote>" in message
    assert "<i>next week = 30 July 2012 – 5 August 2012" in message


def test_an_answer_shows_short_answer_quote_and_source() -> None:
    (message,) = replies.answer(answered(), EN)
    seen = visible(message, "HTML")
    assert "<b>no &amp; left" in message
    assert '<a href="https://example.org/?a=1&amp;b=2">' in message
    for part in ("He said <no> & left.", "[1] Kayani & Mullen <meet>", "The Hindu, 21 April 2011"):
        assert part in seen


def test_a_refusal_is_not_presented_as_an_answer() -> None:
    refusal = Answer("Why?", False, None, "The articles in the library do not say.", 0.1, (CITATION,))
    seen = visible(replies.answer(refusal, EN)[0], "HTML")
    assert seen.startswith("The articles in the library do not say.")
    assert seen.index("not an answer") < seen.index("He said")
    assert "<b>" not in replies.answer(refusal, EN)[0]


def test_a_refusal_shows_three_quotes_at_most() -> None:
    (message,) = replies.answer(
        Answer("Why?", False, None, "The articles in the library do not say.", 0.1, (CITATION,) * 5), EN
    )
    assert message.count("<blockquote>") == 3


def test_a_long_quote_is_folded_and_a_bad_address_not_linked() -> None:
    long = replies.answer(answered("word " * 100), EN)[0]
    assert "<blockquote expandable>" in long
    bad = Citation(1, "a1", "T", "O", None, 'javascript:alert("x")', 0, 1, "Q.")
    assert "<a " not in replies.answer(Answer("q", True, "Q", "Q.", 0.9, (bad,)), EN)[0]


def test_a_quote_and_its_source_stay_together_when_an_answer_needs_several_messages() -> None:
    citations = tuple(
        Citation(n, "a1", f"Title {n}", "Outlet", None, "https://example.org", 0, 1, f"q{n} " * 658)
        for n in range(1, 4)
    )
    messages = replies.answer(Answer("q", True, "short", "text", 0.9, citations), EN)
    assert len(messages) == 3  # the second quote alone would fit into the first message, its source would not
    for number in range(1, 4):
        (holder,) = [m for m in messages if f"q{number} " in m]
        assert f'[{number}] <a href="https://example.org">Title {number}</a> – Outlet, undated' in holder


def test_a_source_stays_whole_under_a_quote_that_does_not() -> None:
    messages = replies.answer(answered("word " * 1500), EN)
    assert len(messages) == 3
    assert visible(messages[-1], "HTML").endswith("word \n[1] Kayani & Mullen <meet> – The Hindu, 21 April 2011")


def test_titles_and_outlets_are_kept_to_one_short_line() -> None:
    odd = Citation(1, "a1", "A\ttitle\nof lines " * 100, "\u202eO\r\nutlet", None, "", 0, 1, "Q.")
    (message,) = replies.answer(Answer("q", True, "Q", "Q.", 0.9, (odd,)), EN)
    last = message.splitlines()[-1]
    assert last.startswith("[1] A title of lines A title")
    assert last.endswith("… – O utlet, undated")


def test_a_long_text_is_cut_between_words_into_messages_that_fit() -> None:
    words = " ".join(f"word{i}" for i in range(1500))
    messages = html.pack([[html.Block(words, "<blockquote>", "</blockquote>")]])
    assert len(messages) > 1
    assert " ".join(visible(m, "HTML") for m in messages).split() == words.split()


def test_sources_lists_a_page_of_articles_or_says_there_is_none() -> None:
    articles = [Article(f"id{i}", "text", f"Title {i}", "Outlet", date(2012, 1, 1)) for i in range(3)]
    (message,) = replies.sources(articles, COVERAGE, (2, 7), EN)
    assert all(f"Title {i} – Outlet, 1 January 2012" in message for i in range(3))
    assert "I know 5 articles</b>" not in message
    assert "I know 5 articles, April 2011 – October 2017" in message
    assert "Page 2 of 7" in message
    assert "nothing to answer from" in replies.sources([], COVERAGE, (1, 1), EN)[0]


def test_how_an_answer_was_read_and_what_its_dates_mean_is_shown() -> None:
    quote = "They meet next week."
    mention = Mention(9 + 10, 9 + 19, date(2012, 7, 30), date(2012, 8, 5))
    citation = Citation(1, "a1", "T", "O", date(2012, 7, 25), "", 9, 9 + len(quote), quote, (mention,), ("AFP", "PTI"))
    found = Answer(
        "When?", True, "next week", quote, 0.9, (citation, citation), "When do they meet?", "As of 2012.", True
    )
    seen = visible(replies.answer(found, EN)[0], "HTML")
    for part in (
        "Read as: When do they meet?",
        "As of 2012.",
        "The articles differ:",
        "next week = 30 July 2012 – 5 August 2012",
        "also in AFP, PTI",
    ):
        assert part in seen


def test_a_passage_shows_the_cited_sentence_marked_between_whole_sentences() -> None:
    before, after = "First there was this. " * 80, " Then there was that." * 80
    article = Article("a1", f"{before}He said <no> & left.{after}", "T", "O", date(2012, 1, 1))
    citation = Citation(1, "a1", "T", "O", None, "", len(before), len(before) + 20, "He said <no> & left.")
    (message,) = replies.passage(article, citation, EN)
    assert "<b><u>He said &lt;no&gt; &amp; left.</u></b>" in message
    seen = visible(message, "HTML")
    assert "… First there was this." in seen
    assert seen.endswith("Then there was that. …")
    for place in range(0, 60, 7):  # wherever the edge falls, whole sentences are shown
        moved = Article("a1", article.text[place:], "T", "O")
        cut = Citation(1, "a1", "T", "O", None, "", citation.start - place, citation.end - place, citation.quote)
        shown = visible(replies.passage(moved, cut, EN)[0], "HTML")
        assert "… First" in shown
        assert shown.endswith("that. …")
    assert "changed" in replies.passage(Article("a1", "other"), citation, EN)[0]


def test_a_passage_round_an_endless_sentence_is_cut_into_messages_that_parse() -> None:
    quote = "and " * 3000 + "end."
    article = Article("a1", f"Before. {quote} After.", "T", "O")
    messages = replies.passage(article, Citation(1, "a1", "T", "O", None, "", 8, 8 + len(quote), quote), EN)
    assert len(messages) > 2
    assert all(units(visible(m, "HTML")) <= 4096 for m in messages)


def test_lists_and_reports_say_what_they_hold() -> None:
    articles = [Article(f"id{i}", f"The first sentence {i}. The second.", f"Title {i}") for i in range(2)]
    newest = replies.latest(articles, "", (1, 1), EN)[0]
    assert "The first sentence 1." in newest
    assert "The second." not in newest
    assert "about this" in replies.latest([], "drones", (1, 1), EN)[0]
    hits = [Hit(Passage("p", a.id, 0, 0, 5, a.text[:5]), a, 1.0) for a in articles]
    assert "Title 1" in replies.others(hits, EN)[0]
    assert "No other article" in replies.others([], EN)[0]
    event = Event(date(2012, 7, 30), date(2012, 7, 31), CITATION)
    assert "30 July 2012 – 31 July 2012" in replies.timeline([event], "drones", (1, 1), EN)[0]
    assert "dates anything" in replies.timeline([], "", (1, 1), EN)[0]
    report = AddReport(("new",), (), ("old",), (Rejection("/srv/x/page.html", "no reporting found"),))
    for part in ("added: 1", "rejected: 1", "page.html: no reporting found"):
        assert part in replies.report(report, EN)[0]
    assert "/srv" not in replies.report(report, EN)[0]
    counts = Statistics(10, 4, 0.3, 1.25, 3, 1, 2, 2)
    for part in ("10 questions", "refused: 40%", "0.30 median, 1.25 95%", "3 👍 1 👎", "Last 7 days"):
        assert part in replies.statistics([(1, counts), (7, counts)], COVERAGE, EN)[0]
    assert "1 question with its answer" in replies.forgotten(Forgotten(1, 0, True), EN)[0]
    assert "the language" in replies.forgotten(Forgotten(1, 0, True), EN)[0]


def test_what_a_library_covers_is_counted() -> None:
    covered = coverage(Shelf())
    assert (covered.articles, covered.span) == (2, (date(2012, 1, 1), date(2013, 5, 2)))
    assert covered.outlets == ("Dawn", "The outlet")
    assert "Kayani" in covered.names
    assert "Monday" not in covered.names
    assert coverage(Shelf([])) == Coverage(0, None, (), ())


def test_urdu_replies_run_right_to_left_round_words_that_do_not() -> None:
    (message,) = replies.answer(answered(), UR)
    quote, source = message.split("</blockquote>")
    assert "\u200f" not in quote  # a quote is English and keeps its own direction
    assert source.strip().startswith("\u200f[1] ")
    assert "\u2068Kayani &amp; Mullen &lt;meet&gt;\u2069" in source
    assert "\u2068/help\u2069" in replies.welcome(UR, COVERAGE)[0]
    assert "انگریزی میں لکھیے" in replies.welcome(UR, COVERAGE)[0]
    for messages in (
        replies.show_help(UR, [("ask", "سوال پوچھیے")], 90),
        replies.answer(Answer("q", False, None, "No.", 0.1, (CITATION,)), UR, COVERAGE),
        replies.sources([Article("a", "text", "T", "O")], COVERAGE, (1, 2), UR),
    ):
        seen = visible(messages[0], "HTML")
        assert seen.count("\u2068") == seen.count("\u2069") > 0


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
    for message in replies.answer(Answer("q", ok, short if ok else None, quote, 0.5, (citation, citation)), EN):
        seen = visible(message, "HTML")
        assert seen.strip()
        assert units(seen) <= 4096
        assert len(message) <= html.RAW_LIMIT
        assert "\u202e" not in message
        assert not [c for c in message if c != "\n" and unicodedata.category(c) in ("Cc", "Cs")]


@given(text=LONG)
def test_plain_text_is_what_the_html_shows(text: str) -> None:
    for message in html.pack([[html.Block(html.clean(text), "<i>", "</i>")]]):
        assert html.plain(message) == visible(message, "HTML")
