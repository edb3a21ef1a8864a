"""Scraped pages, written for these tests: the reporting stays, everything else goes."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.cleaning import clean, normalise, unwrap

OPENING = (
    "Army chiefs of two countries met in the hill station of Murree on Wednesday to discuss the border, an official"
    " said after the talks had ended."
)
MIDDLE = (
    "The meeting lasted two hours. Both sides agreed to set up a hotline between their brigades, and to meet again"
    " within a month in the same place."
)
SPEECH = '"We spoke as soldiers," he said.'
LONG = (
    "The two armies had not spoken since the spring, when the only crossing was closed after a night of shelling that"
    " killed nine people, among them two children of a shepherd who had lost his way in the snow above the pass, the"
    " official recalled."
)
STORY = [OPENING, MIDDLE, SPEECH, LONG]
TEASERS = ["Ten mangoes that will change your summer", "Cricket board names a new captain for the tour"]


def page(*parts: str | list[str]) -> str:
    return "\n".join(line for part in parts for line in ([part] if isinstance(part, str) else part))


def story(text: str) -> list[str]:
    return text.split("\n\n")


def test_plain_reporting_is_kept_whole() -> None:
    cleaned = clean(page(STORY))
    assert story(cleaned.text) == STORY
    assert (cleaned.title, cleaned.published, cleaned.comments, cleaned.furniture) == ("", None, (), ())


@pytest.mark.parametrize(
    "bar",
    [
        "Facebook  Twitter  WhatsApp",
        "FacebookTwitterWhatsappLinkedin",
        "Share | Tweet | E-mail | Print",
        "Home / News / Live TV",
        "1,204 shares",
        "Advertisement",
        "Photo: 3 of 7",
        "Listen",
        "Follow The Gazette on WhatsApp for your daily dose of news.",
        "Follow us on X.",
        "Subscribe to our newsletter and never miss a story.",
        "Download the Gazette app for faster reading.",
        "This website uses cookies to know you better.",
        "By going on you agree to our terms of use.",
        "Please enable JavaScript to read this page.",
        "Read more: the pass in ten pictures.",
        "Copyright 2012 The Hill Gazette.",
        "© The Hill Gazette. All rights reserved.",
        "The pass in winter",
    ],
)
def test_furniture_goes_wherever_it_stands(bar: str) -> None:
    for text in (page(bar, STORY), page(STORY[:2], bar, STORY[2:]), page(STORY, bar)):
        cleaned = clean(text)
        assert story(cleaned.text) == STORY
        assert cleaned.furniture == (bar,)


@pytest.mark.parametrize(
    "line",
    [
        "He shared the news on Facebook, and Twitter followed.",
        "Related to the minister, the general refused to comment.",
        "By noon, the pass was open again.",
        "Comments were not to be had from the army.",
        "Live rounds were found.",
        "Home minister and army chief agree on this:",
    ],
)
def test_reporting_that_resembles_furniture_stays(line: str) -> None:
    assert line in story(clean(page(STORY[:2], line, STORY[2:])).text)


@pytest.mark.parametrize(
    "heading",
    ["Related stories", "ALSO READ", "More from the north", "Latest News", "You may also like", "Trending now"],
)
def test_teasers_in_the_middle_go_and_the_story_goes_on(heading: str) -> None:
    cleaned = clean(page(STORY[:1], heading, TEASERS, STORY[1:]))
    assert story(cleaned.text) == STORY
    assert cleaned.furniture == (heading, *TEASERS)


def test_a_long_paragraph_ends_the_teasers() -> None:
    assert story(clean(page(STORY[:3], "Also read", TEASERS, LONG)).text) == STORY


def test_teasers_at_the_end_go_with_their_sentences() -> None:
    told = "Senior officials say the board had been sleeping over its accounts for years."
    cleaned = clean(page(STORY, "More from this section", TEASERS[0], told, TEASERS[1], told))
    assert story(cleaned.text) == STORY
    assert cleaned.comments == ()


@pytest.mark.parametrize("cut", ["It was…", "It was...", "…", "..."])
def test_a_cut_teaser_of_the_story_itself_goes(cut: str) -> None:
    teaser = f"{OPENING[:90]} {cut}"
    cleaned = clean(page(teaser, STORY))
    assert story(cleaned.text) == STORY
    assert cleaned.furniture == (teaser,)


def test_a_stand_first_that_the_story_repeats_goes() -> None:
    first = MIDDLE.split(". ", maxsplit=1)[0] + " at a long table"
    cleaned = clean(page(f"{first}.", OPENING, f"{first}, the official said.", SPEECH))
    assert story(cleaned.text) == [OPENING, f"{first}, the official said.", SPEECH]


@pytest.mark.parametrize(
    "heading",
    [
        "Comments",
        "3 Comments",
        "Comments (3)",
        "Comments:",
        "Leave a reply",
        "Reader comments",
        "Join the discussion",
        "What do you think?",
        "Comments are closed.",
        "Comments on this article",
    ],
)
def test_a_section_of_comments_is_kept_apart(heading: str) -> None:
    told = ["Aslam", "March 30, 2012 at 10:15 am", "A hotline will not help. They said so ten years ago."]
    cleaned = clean(page(STORY, heading, told))
    assert story(cleaned.text) == STORY
    assert cleaned.comments == (heading, *told)


def test_comments_without_a_heading_begin_at_a_stamp_that_also_dates_the_story() -> None:
    cleaned = clean(page(STORY, "Mar 31, 2012 10:15pm", "Too late.", "March 30, 2012 at 9:01", "First!"))
    assert story(cleaned.text) == STORY
    assert "Too late." in cleaned.comments and "First!" in cleaned.comments
    assert cleaned.published == date(2012, 3, 30)


def test_a_heading_of_comments_before_the_story_ends_nothing() -> None:
    assert story(clean(page("3 Comments", STORY)).text) == STORY


@pytest.mark.parametrize(
    "byline",
    [
        "Posted by Admin On Thursday 29 March 2012 0 comments",
        "Published: March 29, 2012",
        "By A Reporter, 29 March 2012",
        "Last updated 2012-03-29 10:15",
        "March 29, 2012",
    ],
)
def test_the_byline_dates_the_story(byline: str) -> None:
    cleaned = clean(page("Generals discuss the border at a hill station", byline, STORY))
    assert (cleaned.title, cleaned.published) == ("Generals discuss the border at a hill station", date(2012, 3, 29))
    assert story(cleaned.text) == STORY


def test_a_date_in_the_reporting_does_not_date_the_story() -> None:
    assert clean(page(STORY, "The pass was closed on 1 December 2011 by snow.")).published is None


@pytest.mark.parametrize("label", ["Summary: ", "Synopsis ", "Story Highlights ", "HIGHLIGHTS: "])
def test_labels_are_taken_off(label: str) -> None:
    assert story(clean(page(label + OPENING, STORY[1:])).text) == STORY


def test_a_headline_is_found_behind_the_menu() -> None:
    cleaned = clean(page("HOME", "NEWS", "Share", "Generals discuss the border at a hill station", STORY))
    assert cleaned.title == "Generals discuss the border at a hill station"
    assert story(cleaned.text) == STORY


MAIL = """Army chiefs of two countries met in the hill station of Murree on
Wednesday to discuss the border, an official said. The meeting
lasted two hours. Both sides agreed to set up a hotline between
their brigades, and to meet again within a month in the same place,
the official told reporters.

"We spoke as soldiers," he said. The two had not met since the
spring, when the crossing was closed after a night of shelling that
killed nine people, among them two children of a shepherd who had
lost his way.
"""


def test_lines_broken_at_a_fixed_width_are_joined() -> None:
    first, second = story(clean(MAIL).text)
    assert first.startswith("Army chiefs") and "in the hill station of Murree on Wednesday to discuss" in first
    assert second.startswith('"We spoke') and second.endswith("who had lost his way.")
    assert story(unwrap(MAIL.strip())) == [first, second]


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("a\u00a0b\tc\x0bd", "a b c d"),
        ("zero\u200bwidth\ufeff and soft\u00adhyphen", "zerowidth and softhyphen"),
        ("\u202eright\u2066to left", "rightto left"),
        ("bell\x07 and null\x00", "bell and null"),
        ("cafe\u0301", "café"),
        ("e\u200b\u0301", "é"),
        ("lone \ud800 half", "lone \ufffd\ufffd\ufffd half"),
        ("می‌خواہم", "می‌خواہم"),
        ("“curly” – dashes", "“curly” – dashes"),
        ("  edges  \n\n\n\n  gone ", "edges\n\n  gone"),
    ],
)
def test_normalising(raw: str, plain: str) -> None:
    assert normalise(raw) == plain


PIECES = st.sampled_from([*STORY, *TEASERS, "Share", "Related", "3 Comments", "March 30, 2012 at 10:15 am", "\n", "…"])


def flat(text: str) -> str:
    return " ".join(text.split())


@given(st.text() | st.lists(PIECES | st.text(max_size=60), max_size=15).map("\n".join) | st.just(MAIL))
@example("e\u200b\u0301")
@example("\ud800\udc00")
@example("Summary: Summary: " + OPENING)
def test_cleaning_invents_nothing(raw: str) -> None:
    plain = normalise(raw)
    assert normalise(plain) == plain
    assert unicodedata.is_normalized("NFC", plain)
    cleaned = clean(raw)
    assert normalise(cleaned.text) == cleaned.text
    for line in [cleaned.title, *cleaned.text.split("\n"), *cleaned.comments, *cleaned.furniture]:
        assert flat(line) in flat(plain)


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize(
    "text",
    [
        "1" * 10_000,
        "1 " * 5_000 + "x",
        "share" * 2_000 + "!",
        "share " * 2_000,
        "e-mail" * 1_600 + "x",
        "." * 10_000 + "x",
        "'" * 10_000,
        ".'" * 5_000 + "x",
        " " * 10_000 + "x",
        "more from " * 1_000,
        "follow us on " * 800,
        "download the " * 800,
        "comments " * 1_000,
        "posted 29 March " * 700,
        "March 2012 " * 900,
        ("3 " * 140 + "x\n") * 1_000,
        "It was so, he said on that day.\n" * 100_000,
        "x\n\n" * 200_000,
        page(STORY, ["Marxx 30, 2012 at 10:15 am"] * 1_000),
    ],
    ids=lambda text: f"{text[:12]}… {len(text)}",
)
def test_no_page_runs_away(text: str) -> None:
    assert flat(clean(text).text) in flat(text)


@pytest.mark.parametrize(
    "line",
    [
        "Lorries wait at the pass in the first snow of a winter that came early. Photo by A. Stringer / Hill Press",
        "The bridge before the flood, as it is seen from the old fort above the eastern bank. Image: Hill Press",
        "Editor's note: an earlier version gave a wrong number of lorries.",
        "Correction: the bridge is forty metres long, not fifty.",
    ],
)
def test_captions_with_a_credit_and_notes_of_the_editor_go(line: str) -> None:
    found = clean("\n".join([*["The two sides met again on Wednesday, an official said."] * 2, line]))
    assert line in found.furniture and line not in found.text


@pytest.mark.parametrize(
    "line", ["He held up a photo: it showed the bridge.", "A correction of the border is not planned, he said."]
)
def test_reporting_that_speaks_of_pictures_and_corrections_stays(line: str) -> None:
    assert line in clean(f"The two sides met again on Wednesday, an official said.\n{line}").text
