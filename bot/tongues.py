"""The languages of the interface: gettext catalogues in `locales/`, read as translators write them.

English is the language of the program; `locales/xx.po` translates it. The articles' own words are
never translated. Every text here is plain: markup is added round it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

LOCALES = Path(__file__).parent / "locales"
NAMES = {"en": "English", "ur": "اردو"}
_RIGHT_TO_LEFT = ("ur", "ar", "fa", "ps", "sd")
_COMMAND = re.compile(r"(?<![\w/])(/[a-z]+)\b")
_ISOLATE, _END, _MARK = "\u2068", "\u2069", "\u200f"  # Unicode's first-strong isolate, its end, right-to-left mark


@dataclass(frozen=True)
class Tongue:
    """One language: call it with an English text to say that text."""

    language: str
    _catalogue: NullTranslations

    def __call__(self, text: str, **values: object) -> str:
        """Return the text in this language, its `{names}` filled in."""
        return self._fill(self._catalogue.gettext(text), values)

    def many(self, one: str, several: str, count: int, **values: object) -> str:
        """Return the text for a number of things; `{count}` is that number."""
        return self._fill(self._catalogue.ngettext(one, several, count), {"count": count, **values})

    @property
    def rtl(self) -> bool:
        """Whether the language is written from right to left."""
        return self.language in _RIGHT_TO_LEFT

    def set_off(self, text: object) -> str:
        """Return foreign words so that they keep their own direction inside a line."""
        return f"{_ISOLATE}{text}{_END}" if self.rtl and not isinstance(text, int) else str(text)

    def line(self, text: str) -> str:
        """Return a line that runs in this language's direction, whatever it begins with."""
        return f"{_MARK}{text}" if self.rtl else text

    def day(self, day: date | None) -> str:
        """Return a day of publication in words."""
        from babel.dates import format_date

        say = self
        if day is None:
            return say("undated")
        return format_date(day, "d MMMM yyyy", locale=self.language)

    def month(self, day: date) -> str:
        """Return a month in words."""
        from babel.dates import format_date

        return format_date(day, "MMMM yyyy", locale=self.language)

    def _fill(self, text: str, values: dict[str, object]) -> str:
        if self.rtl:  # between letters that run to the left, a slash would jump behind its command
            text = _COMMAND.sub(lambda found: self.set_off(found[1]), text)
        return text.format(**{name: self.set_off(value) for name, value in values.items()}) if values else text


@cache
def tongue(code: str | None) -> Tongue:
    """Return the language of a code such as `ur` or `ur-PK`; English where there is no catalogue."""
    language = (code or "en").split("-")[0].lower()
    file = LOCALES / f"{language}.po"
    if language not in NAMES or not file.is_file():
        return Tongue("en", NullTranslations())
    return Tongue(language, _read(file))


def _read(file: Path) -> GNUTranslations:
    """Compile a catalogue in memory: nothing has to be built after an edit."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with file.open("rb") as source:
        catalogue = read_po(source, locale=file.stem)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
