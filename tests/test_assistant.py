"""Answers: verbatim, cited, refused where the articles do not say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from qa import Assistant, Library, Retriever
from qa.dates import in_words
from qa.errors import LibraryEmptyError, QuestionError
from qa.reader import Reader
from qa.records import Answer

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
QUESTIONS = [json.loads(line) for line in (ROOT / "seeds" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


def check(answer: Answer, library: Library) -> None:
    """Hold an answer to its promises."""
    assert 0 <= answer.confidence <= 1
    assert [c.number for c in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert len(answer.citations) <= 3
    for c in answer.citations:
        article = library.article(c.article_id)
        assert article.text[c.start : c.end] == c.quote
        assert (c.title, c.outlet, c.published, c.url) == (
            article.title,
            article.outlet,
            article.published,
            article.url,
        )
    if answer.answered:
        told = {in_words(m.first, m.last) for m in answer.citations[0].mentions}
        assert answer.short is None or answer.short in answer.citations[0].quote or answer.short in told
        assert all(c.quote in answer.text for c in answer.citations)
    else:
        assert answer.short is None


def test_every_quote_of_every_answer_is_the_article_s_own(assistant: Assistant, seeded: Library) -> None:
    for row in QUESTIONS:
        history: list[Answer] = []
        for earlier in row.get("history", []):
            history.append(assistant.ask(earlier, history))
        check(assistant.ask(row["question"], history), seeded)


def test_the_first_question(assistant: Assistant) -> None:
    answer = assistant.ask("What did Kayani refuse to give Mullen?")
    assert answer.answered
    assert "assurance" in (answer.short or "")
    assert (answer.citations[0].outlet, answer.citations[0].published) == ("DNA", date(2011, 4, 21))


@pytest.mark.parametrize("question", ["Where was Kayani born?", "Who won the cricket world cup in 1992?"])
def test_what_the_articles_do_not_say_is_refused(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert (answer.answered, answer.short) == (False, None)


def test_a_follow_up_may_have_bare_questions_or_answers_before_it(assistant: Assistant) -> None:
    first = assistant.ask("What did Kayani refuse to give Mullen?")
    for history in ([first], ["x" * 100_000, "What did Kayani refuse to give Mullen?"], [first.question, " ?!"]):
        assert assistant.ask("Where did they meet?", history).short == "Rawalpindi"


@pytest.mark.parametrize(
    ("question", "short", "said"),
    [
        ("When were two Pakistanis killed by Raymond Davis?", "January 2011", "in January"),
        ("When will Zaheer ul-Islam visit the United States?", "30 July – 5 August 2012", "next week"),
        ("In which year was the Taliban regime ousted?", "2001", "2001"),
    ],
)
def test_a_date_is_told_in_full_and_proved_by_the_quote(
    assistant: Assistant, question: str, short: str, said: str
) -> None:
    answer = assistant.ask(question)
    assert answer.short == short
    assert said in answer.citations[0].quote


def test_an_office_is_that_of_the_time_asked_about(assistant: Assistant) -> None:
    assert "Pasha" in (assistant.ask("Who was the ISI chief in 2011?").short or "")
    assert "Pasha" in (assistant.ask("Who headed the ISI in 2011?").short or "")
    assert "Zaheer" in (assistant.ask("Who headed the ISI in 2012?").short or "")
    assert "Zaheer" in (assistant.ask("Who was the ISI chief in 2012?").short or "")
    assert not assistant.ask("Who headed the ISI in 1995?").answered


def test_an_office_is_held_by_whom_the_latest_report_names_and_who_held_it_before_is_shown(
    assistant: Assistant,
) -> None:
    answer = assistant.ask("Who is the ISI chief?")
    assert answer.short == "Pakistan's spymaster, Lieutenant General Zaheer ul-Islam"
    assert [c.published for c in answer.citations][:2] == [date(2012, 7, 25), date(2011, 4, 21)]
    assert answer.conflict


def test_what_a_report_tells_of_wednesday_is_found_by_its_date(assistant: Assistant) -> None:
    answer = assistant.ask("Whom did Kayani meet in Rawalpindi on 28 March 2012?")
    assert answer.answered
    assert date(2012, 3, 28) in {m.first for m in answer.citations[0].mentions}
    assert answer.note == ""


def test_how_a_word_that_needs_a_present_was_read_is_told(seeded: Library, reader: Reader) -> None:
    asked_later = Assistant(seeded, reader=reader, today=lambda: date(2026, 11, 25))
    answer = asked_later.ask("Which American is expected in Pakistan this week?")
    assert "Tillerson" in answer.text
    assert answer.note.startswith("“this week” is read as 23 – 29 October 2017, counted from the newest article")


def test_a_time_of_reporting_that_leaves_nothing_is_given_up_with_a_word(assistant: Assistant) -> None:
    answer = assistant.ask("What did Kayani refuse to give Mullen, in articles before 2000?")
    assert answer.answered
    assert answer.note == "No report of that time answers; another does."
    assert assistant.ask("What did Kayani refuse to give Mullen, in articles of 2011?").note == ""


def test_threads_get_the_answers_one_asker_gets(assistant: Assistant) -> None:
    asked = [row["question"] for row in QUESTIONS[:12]]
    alone = [assistant.ask(question) for question in asked]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(assistant.ask, asked))
    assert [(a.short, a.answered) for a in together] == [(a.short, a.answered) for a in alone]


@pytest.mark.parametrize(
    ("question", "message"),
    [("", "is empty"), (" ?!\n", "is empty"), ("why " * 400, "at most 1000"), ("\u202e\x00", "is empty")],
)
def test_questions_that_are_none(assistant: Assistant, question: str, message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        assistant.ask(question)


@pytest.mark.parametrize(
    "question", ["'; DROP TABLE articles; --", "<b>Kayani</b> & AND OR NOT", "\ud800 Kayani?", "🤖" * 200 + "a"]
)
def test_hostile_questions_do_no_harm(assistant: Assistant, seeded: Library, question: str) -> None:
    check(assistant.ask(question), seeded)


def test_an_empty_library_says_what_to_do(tmp_path: Path) -> None:
    with Library.open(tmp_path) as library, pytest.raises(LibraryEmptyError, match="talks-qa add"):
        Assistant(library).ask("Why?")


def test_the_raw_reports_of_a_scraper_can_be_answered_from(tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text(
        "Share\nFacebookTwitter\nHarbour in Karachi closed after a storm\nPosted on 3 May 2012\n"
        "The harbour of Karachi was closed on Wednesday after a storm sank four boats, port director Ali Khan said.\n"
        "It will open again on Friday, he said, when divers have looked at the quay and the cranes.\n2 comments\n"
        "May 3, 2012 2:59 pm\nI saw ninety boats sink there, believe me.\n",
        encoding="utf-8",
    )
    with Library.open(tmp_path / "l") as library:
        library.add([page])
        answer = Assistant(library).ask("How many boats sank in the storm in Karachi?")
        check(answer, library)
        assert (answer.short or "").startswith("four")
        assert answer.citations[0].published == date(2012, 5, 3)


FERRY = (
    "KARACHI: The ferry between Keamari and Manora was stopped for twelve days after a fire in its engine room on "
    "Sunday, the port trust said. Nobody was hurt. Boats of the navy will carry people over until a second ferry comes "
    "back from repair, which cost 30 million rupees. The ferry carries nine thousand people on a working day."
)
DAM = "The Nisa dam will be finished in {}, the water minister said in a speech to the engineers of the Nisa dam."
GARRISON = "The commander of the Sardan garrison is {}, the army said in a statement about the Sardan garrison."


@pytest.fixture(scope="module")
def newspapers(tmp_path_factory: pytest.TempPathFactory, reader: Reader) -> Iterator[Assistant]:
    """An assistant over a few reports, some printed twice, some at odds."""
    folder = tmp_path_factory.mktemp("newspapers")
    printed = [
        ("a", "Wire", "2012-05-07", FERRY),
        ("b", "Evening Post", "2012-05-08", FERRY),
        ("c", "Harbour News", "2012-05-07", FERRY[: FERRY.index(" The ferry carries")]),
        ("d", "Wire", "2010-02-01", DAM.format("2014")),
        ("e", "Evening Post", "2013-06-01", DAM.format("2017")),
        ("f", "Wire", "2011-02-02", GARRISON.format("General Ilyas Bhatti")),
        ("g", "Evening Post", "2011-03-03", GARRISON.format("Gen Bhatti")),
    ]
    rows = [{"id": i, "title": "", "outlet": o, "published": p, "text": t} for i, o, p, t in printed]
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with Library.open(folder / "l") as library:
        assert len(library.add([folder / "a.jsonl"]).added) == len(rows)
        yield Assistant(library, reader=reader)


def test_one_report_in_several_outlets_is_one_source_that_names_the_others(newspapers: Assistant) -> None:
    answer = newspapers.ask("For how many days was the ferry between Keamari and Manora stopped?")
    check(answer, newspapers.library)
    assert (answer.short or "").startswith("twelve") and not answer.conflict
    (citation,) = answer.citations
    assert sorted([citation.outlet, *citation.also]) == ["Evening Post", "Harbour News", "Wire"]
    hits = Retriever(newspapers.library).search("ferry between Keamari and Manora")
    assert sum(hit.article.id in "abc" for hit in hits) == 1


def test_articles_at_odds_are_both_shown_the_newer_first(newspapers: Assistant) -> None:
    answer = newspapers.ask("When will the Nisa dam be finished?")
    check(answer, newspapers.library)
    assert answer.conflict
    assert [c.article_id for c in answer.citations] == ["e", "d"]
    assert "2017" in (answer.short or "")


def test_one_name_in_two_spellings_is_no_contradiction(newspapers: Assistant) -> None:
    answer = newspapers.ask("Who is the commander of the Sardan garrison?")
    assert "Bhatti" in (answer.short or "") and not answer.conflict


def test_a_reading_is_told_where_a_question_was_not_read_as_asked(assistant: Assistant) -> None:
    first = assistant.ask("Where did Mullen and Kayani meet?")
    assert first.reading == ""
    follow_up = assistant.ask("When did they meet?", [first])
    assert follow_up.reading.startswith("When did they meet? (") and "Kayani" in follow_up.reading
    assert follow_up.question == "When did they meet?"
    assert assistant.ask("Who leads the CIA in July 2012?", [first]).reading == ""
