"""Which articles are one report that several outlets printed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.records import Article
from qa.stories import copies, keys, runs

DAY = date(2012, 7, 25)
REPORT = (
    "QUETTA: A freight train carrying 40 wagons of wheat left the rails near Sibi on Tuesday, and the line to the "
    "coast will stay closed until Friday, railway officials said. Nobody was hurt. The driver, Karim Baloch, said "
    "the rails had sunk after three days of rain. A crane was sent from Jacobabad, 110 kilometres away.\n"
    "Traders in Quetta said flour would last for 6 days. The provincial food minister promised lorries from Sukkur "
    "and asked mills not to raise the price, which stood at 38 rupees a kilogram on Monday.\n"
    "It was the second accident on the line this year. In March a bridge was washed away near Mach."
)
OTHER = (
    "QUETTA: Nine lawyers were elected to the council of the provincial bar on Tuesday after a count that took two "
    "nights. Turnout was 71 per cent, the returning officer said, the highest since the council was founded in 1973."
)


def article(text: str, published: date | None = DAY) -> Article:
    return Article("a", text, published=published)


@pytest.mark.parametrize(
    "copy",
    [
        REPORT,
        REPORT.upper(),
        REPORT.replace("QUETTA:", "Quetta, July 24 (Agencies) -").replace("near Sibi", "close to Sibi"),
        "\n".join(REPORT.split("\n")[:2]),  # cut from the bottom
        REPORT + "\nOur correspondent adds: a committee of three engineers will report within the month.",
    ],
)
def test_a_copy_is_found_and_known(copy: str) -> None:
    assert set(keys(copy)) & set(keys(REPORT))
    assert copies(article(REPORT), article(copy, DAY + timedelta(days=1)))


def test_other_reports_are_not() -> None:
    assert not set(keys(OTHER)) & set(keys(REPORT))
    assert not copies(article(REPORT), article(OTHER))


def test_the_same_words_days_later_or_with_other_numbers_are_another_report() -> None:
    assert copies(article(REPORT), article(REPORT, None))
    assert not copies(article(REPORT), article(REPORT, DAY + timedelta(days=4)))
    figures = REPORT.replace("40", "60").replace("110", "95").replace(" 6 ", " 9 ").replace("38", "42")
    assert not copies(article(REPORT), article(figures))


def test_a_text_of_a_few_words_is_nobody_s_copy() -> None:
    assert keys("Photo of the day.") == keys("") == []
    assert not copies(article("Photo of the day."), article("Photo of the day."))


def test_the_keys_are_the_ones_that_libraries_hold() -> None:
    assert keys(REPORT)[:2] == [-5676183968357419644, 6874780634539643801]


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    assert copies(article(one), article(other)) == copies(article(other), article(one))
    assert len(keys(one)) in (0, 24)
    assert all(len(run.split(" ")) == 3 for run in runs(one))
