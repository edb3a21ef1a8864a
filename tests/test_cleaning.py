"""A scraped page's reporting, and nothing else."""

from __future__ import annotations

import textwrap
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.cleaning import clean, normalise

FIRST = "The minister said on Tuesday that the river port would stay closed until inspectors had seen every crane."
SECOND = "Dock workers welcomed the decision, which follows two accidents in a month, a union leader told reporters."
THIRD = "The company that runs the port said it would pay its staff for the time, and expected to open again in May."
PAGE = f"""Home
FacebookTwitterWhatsappLinkedin
River port stays closed until cranes are inspected
Posted by Staff on 3 April 2014 2 comments
The minister said on Tuesday that the river port would stay closed until insp...

{FIRST}

Related: Ten ports you should see
Another headline that is a teaser only

{SECOND} It was the first such order since 2009, and it was given after a long meeting in the capital with the owners.

Advertisement
{THIRD}

More from this section
Ferry fares to rise
Fares will go up by a tenth next week, the operator said.
2 comments
Ann
April 3, 2014 2:59 pm
I never liked that port, and I will say so to everyone who asks me about it.
Post a comment
"""


def test_a_page_is_taken_apart() -> None:
    found = clean(PAGE)
    assert found.title == "River port stays closed until cranes are inspected"
    assert found.published == date(2014, 4, 3)
    assert found.text.split("\n\n")[0] == FIRST
    assert found.text.endswith(THIRD)
    for gone in ("Facebook", "Advertisement", "teaser", "Ferry", "Fares", "never liked", "insp...", "Posted by"):
        assert gone not in found.text
    assert any("never liked" in line for line in found.comments)


def test_a_page_without_byline_is_dated_by_its_first_comment() -> None:
    page = "\n".join(
        [FIRST, SECOND, THIRD, "Comments (2)", "Bo", "May 2, 2013 8:00 am", "Aha.", "May 1, 2013 9:00 pm", "So."]
    )
    found = clean(page)
    assert found.published == date(2013, 5, 1)
    assert found.text == "\n\n".join([FIRST, SECOND, THIRD])


def test_a_date_in_the_reporting_is_not_its_day_of_publication() -> None:
    assert clean(f"{FIRST}\n{SECOND} It was set up on 12 May 1999.").published is None


def test_hard_wrapped_lines_are_joined() -> None:
    wrapped = "\n\n".join(textwrap.fill(text, 60) for text in (f"{FIRST} {THIRD}", f"{SECOND} {THIRD}"))
    assert clean(wrapped).text == f"{FIRST} {THIRD}\n\n{SECOND} {THIRD}"


@pytest.mark.parametrize(
    "line", ["1" * 9999 + "x", "share" * 2000 + "!", "(" * 9999, "Comments " * 2000, "a, " * 5000, "." * 9999]
)
def test_hostile_lines_end_soon(line: str) -> None:
    assert len(clean(f"{FIRST}\n{line}\n{SECOND}").text) <= len(FIRST + line + SECOND) + 4


def test_normalise_takes_out_what_cannot_be_seen_and_keeps_urdu_joiners() -> None:
    assert normalise("a\u202eb\u200bc\x00d\r\ne\u00a0f") == "abcd\ne f"
    assert normalise("ہے\u200cں") == "ہے\u200cں"
    assert normalise("lone \ud800 half") == "lone \ufffd half" or "\ud800" not in normalise("lone \ud800 half")


@given(st.text(max_size=400))
def test_normalise_is_done_after_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(max_size=600))
def test_every_paragraph_stands_in_the_page(text: str) -> None:
    joined = " ".join(normalise(text).split())
    for paragraph in clean(text).text.split("\n\n"):
        assert " ".join(paragraph.split()) in joined
