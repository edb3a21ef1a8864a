"""The catalogues: complete, with the same names in braces, and read without being compiled."""

from __future__ import annotations

import re
from datetime import date

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot.tongues import LOCALES, NAMES, tongue

TRANSLATED = sorted(set(NAMES) - {"en"})


def texts() -> set[str | tuple[str, ...]]:
    """Every text of the interface that the program says."""
    found = extract_from_dir(LOCALES.parent, [("**.py", "python")], keywords={"say": None, "many": (1, 2)})
    return {message[2] for message in found}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_translates_every_text_and_nothing_else(language: str) -> None:
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    assert {m.id for m in catalogue if m.id} == texts()
    for message in catalogue:
        said = (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))
        assert not message.fuzzy
        assert all(said), message.id
        wanted = set(re.findall(r"\{\w+\}", str(message.id)))
        assert all(set(re.findall(r"\{\w+\}", text)) == wanted for text in said if message.id), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_commands_are_the_same_in_every_language(language: str) -> None:
    say = tongue(language)
    for text in texts():
        if isinstance(text, str) and (commands := re.findall(r"/[a-z]+", text)):
            assert sorted(re.findall(r"/[a-z]+", say(text, kinds="", example="", id="x"))) == sorted(commands)


def test_the_language_of_an_app_is_understood_and_english_is_the_rest() -> None:
    assert tongue("ur-PK").language == tongue("UR").language == "ur"
    assert [tongue(code).language for code in (None, "", "de", "../ur", "en-GB")] == ["en"] * 5


def test_numbers_days_and_foreign_words_are_said_in_the_language() -> None:
    english, urdu = tongue("en"), tongue("ur")
    assert english.many("{count} rating", "{count} ratings", 1) == "1 rating"
    assert english.many("{count} rating", "{count} ratings", 2) == "2 ratings"
    assert urdu.many("{count} hour", "{count} hours", 2) == "2 گھنٹے"
    assert (english.day(date(2012, 7, 3)), english.day(None)) == ("3 July 2012", "undated")
    assert "جولائی" in urdu.day(date(2012, 7, 3))
    assert urdu("Removed: {id}", id="a{b}") == "ہٹا دیا گیا: \u2068a{b}\u2069"
