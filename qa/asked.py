"""What a question says about time: the days it is about, the order it wants, whether it asks for a date.

Days become boosts, since "the 2011 attack" may be told of in any later article; only a question about what was
printed at a time ("reports since 2012") bounds the day of publication.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from qa.dates import EARLIEST, LATEST, Days, in_words, safe
from qa.offices import asks_holder, stands_now
from qa.records import Mention
from qa.said import NUMBERS
from qa.when import mentions, unit_of

SHORT = 40  # days: a span this long or shorter is looked up in every passage
_MOST_YEARS = 30  # in which a day without a year is looked for
_AFTERWARDS = timedelta(days=2)  # what happened on a day is printed on that day or soon after
_BEFORE = re.compile(r"\b(?:before|prior to|ahead of|earlier than)\s+(?:the\s+)?(?:end of\s+)?$", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:until|till|up to|by)\s+(?:the\s+)?$", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|later than|following)\s+(?:the\s+)?$", re.IGNORECASE)
_SINCE = re.compile(r"\bsince\s+(?:the\s+)?$", re.IGNORECASE)
_BETWEEN = re.compile(r"\b(?:between|from)\s+(?:the\s+)?$", re.IGNORECASE)
_AND = re.compile(r"\s*(?:and|to|until|till|through|[-–])\s*(?:the\s+)?", re.IGNORECASE)
_NUMBER = rf"(?P<number>\d{{1,2}}|the|{'|'.join(NUMBERS)})"
_UNIT = r"(?P<unit>day|week|month|year)s?"
_STEP_FROM = re.compile(rf"\b{_NUMBER}\s{_UNIT}\s(?P<way>before|after)\s(?:the\s)?$", re.IGNORECASE)
_STEP_ON = re.compile(
    rf"\b(?:{_NUMBER}\s{_UNIT}\s(?P<way>later|earlier|before|after|afterwards)"
    r"|the\s(?P<side>following|next|previous)\s(?P<one>day|week|month|year))\b(?!\s(?:that|the|a|an|he|she|it|they)\b)",
    re.IGNORECASE,
)
_PRINTED = re.compile(
    r"\b(?:reports|articles|stories|news|coverage|papers)\s+(?:(?:published|printed|written|dated|that appeared)\s+)?"
    r"(?:(?:in|from|of|on|since|before|after|between|until|during)\s+)?(?:the\s+)?$",
    re.IGNORECASE,
)
_REPORTING = re.compile(r"\b(?:report(?:s|ed|ing)?|articles?|published|coverage)\b", re.IGNORECASE)
_NEWEST = re.compile(
    r"\b(?:latest|newest|most recent(?:ly)?|these days|currently|right now|at the moment)\b", re.IGNORECASE
)
_OLDEST = re.compile(r"\b(?:earliest|oldest|first (?:report|article|news|mention|time))\b", re.IGNORECASE)
_WHEN = re.compile(
    r"^\W*(?:and\s|so\s|but\s)?(?:since\s|until\s)?"
    r"(?:when (?:exactly )?(?:did|do|does|was|were|is|are|will|would|has|have|had"
    r"|can|could|should|might)\b"
    r"|(?:on|in|by|for|from|during)?\s?(?:what|which) (?:exact )?(?:date|day|month|year|week)\b"
    r"|what (?:is|was) the (?:exact )?date\b)",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"(?:\s*,)?\s*\b(?:(?:early|late|back)\s+)?(?:on|in|at|during|since|before|after|until|till|by|from|between|of|and|to)"
    r"(?:\s+the)?\s*$",
    re.IGNORECASE,
)
_LEAST_WORDS = 4  # of a question that can be read without its days
_YEAR_WANTED = re.compile(r"\b(?:what|which) year\b", re.IGNORECASE)
_DAY_SAID = re.compile(r"\d")
_YEAR_SAID = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question says about time."""

    spans: tuple[Days, ...] = ()  # the days it is about: any of these
    printed: Days | None = None  # the days on which its reports must have appeared
    reporting: bool = False  # it speaks of reports, so that its days are those of publication
    order: int = 0  # 1 for the latest, -1 for the first
    when: bool = False  # it asks for a date
    office: bool = False  # it asks who holds or held an office
    current: bool = False  # it asks how something stands now: what is said last supersedes
    bare: str = ""  # the question without the days it is about, where enough of it is left to be read alone
    note: str = ""  # how expressions that need a present were read

    @classmethod
    def of(cls, question: str, today: date, held: Days | None) -> Asked:
        """Read a question asked `today` of a library whose articles appeared on the days `held`, None if on none.

        "Last week" is counted from today, or from the newest article where none is as new as that.
        """
        order = 1 if _NEWEST.search(question) else -1 if _OLDEST.search(question) else 0
        spans: list[Days] = []
        printed: Days | None = None
        notes: list[str] = []
        plain = mentions(question, today, question=True)
        found = _stepped(question, plain)
        skipped = None
        for place, mention in enumerate(found):
            if mention is skipped:
                continue
            said, before = question[mention.start : mention.end], question[: mention.start]
            days, anchored = (mention.first, mention.last), ""
            if mention in plain:
                days, anchored = _anchored(question, mention, today, held)
            other = found[place + 1] if place + 1 < len(found) else None
            if other and _BETWEEN.search(before) and _AND.fullmatch(question[mention.end : other.start]):
                days, anchored, skipped = _joined(question, mention, other), "", other
            if anchored:
                notes.append(f"“{said}” is read as {in_words(*days)}{anchored}")
            days = _bounded(days, before)
            if _PRINTED.search(before):
                printed = days
            if not _yearless(said):
                spans.append(days)
            elif held:
                spans += _of_any_year(mention.first, held)
        valid = tuple(span for span in spans if span[0] <= span[1])
        note = f"{'; '.join(notes)}." if notes else ""
        reporting, when = bool(_REPORTING.search(question)), bool(_WHEN.match(question))
        office, current = asks_holder(question), not found and stands_now(question)
        return cls(valid, printed, reporting, order, when, office, current, _without(question, found), note)

    @property
    def short(self) -> tuple[Days, ...]:
        """The spans short enough to be looked up everywhere."""
        return tuple(span for span in self.spans if (span[1] - span[0]).days < SHORT and not self.reporting)

    def holds(self, published: date | None) -> bool:
        """Whether an article appeared within the days the question is about."""
        return published is not None and any(a <= published <= b for a, b in self.spans)

    def names(self, mentioned: Iterable[Mention]) -> bool:
        """Whether expressions of time speak of the days the question is about."""
        return any(m.first <= last and first <= m.last for m in mentioned for first, last in self.spans)

    def near(self, published: date | None) -> bool:
        """Whether it appeared then or soon enough after to tell of it."""
        return published is not None and any(a <= published and published - _AFTERWARDS <= b for a, b in self.spans)


def told(question: str, phrase: tuple[int, int], found: Iterable[Mention]) -> str | None:
    """Return in words the days of the expression that overlaps a phrase, both at offsets into one text; or None."""
    start, end = phrase
    for mention in found:
        if mention.start < end and mention.end > start:
            if _YEAR_WANTED.search(question) and mention.first.year == mention.last.year:
                return str(mention.first.year)
            return in_words(mention.first, mention.last)
    return None


def _anchored(question: str, mention: Mention, today: date, held: Days | None) -> tuple[Days, str]:
    """Return the days of an expression and, when they were counted from a present, a word about which."""
    said = question[mention.start : mention.end]
    if _YEAR_SAID.search(said) or _yearless(said):
        return (mention.first, mention.last), ""
    if held is None or mention.first <= held[1]:
        return (mention.first, mention.last), ", counted from today"
    again = next((m for m in mentions(question, held[1], question=True) if m.start == mention.start), mention)
    return (again.first, again.last), f", counted from the newest article, of {in_words(held[1], held[1])}"


def _stepped(question: str, found: Sequence[Mention]) -> list[Mention]:
    """Return expressions, and what is counted from those: "a year after 2011", "in 2011 and a year later"."""
    stepped: list[Mention] = []
    for mention in found:
        step = _STEP_FROM.search(question[: mention.start])
        stepped.append(_step(mention, step, step.start(), mention.end) if step else mention)
    last = stepped[-1] if stepped and _YEAR_SAID.search(question[stepped[-1].start : stepped[-1].end]) else None
    if last and (step := _STEP_ON.search(question, last.end)):
        stepped.append(_step(last, step, step.start(), step.end()))
    return stepped


def _step(mention: Mention, step: re.Match[str], start: int, end: int) -> Mention:
    """Return the day, week, month or year so many steps from an expression, as one at `start` to `end`."""
    said = {name: (value or "").casefold() for name, value in step.groupdict().items()}
    back = said["way"] in ("before", "earlier") or said.get("side") == "previous"
    number = said["number"]
    count = int(number) if number.isdigit() else NUMBERS.get(number, 1)
    unit = said["unit"] or said.get("one", "")
    days = unit_of(mention.first if back else mention.last, unit, -count if back else count)
    return Mention(start, end, *days) if days[0] >= EARLIEST and days[1] < LATEST else mention


def _joined(question: str, one: Mention, other: Mention) -> Days:
    """Return the days from one expression to another; "between January and April 2012" names the year once."""
    said, year = question[one.start : one.end], _YEAR_SAID.search(question[other.start : other.end])
    if year and not _YEAR_SAID.search(said):
        one = next(iter(mentions(f"{said} {year.group()}", None, question=True)), one)
    return one.first, other.last


def _without(question: str, found: Iterable[Mention]) -> str:
    """Return a question without its expressions of time and the prepositions before them."""
    kept, end = "", 0
    for mention in found:
        kept += _LEAD.sub("", question[end : mention.start])
        end = mention.end
    bare = " ".join(f"{kept}{question[end:]}".replace(" ?", "?").split()).lstrip(", ")
    return bare if end and len(bare.split()) >= _LEAST_WORDS else ""


def _bounded(days: Days, before: str) -> Days:
    first, last = days
    if _BEFORE.search(before):
        return EARLIEST, first - timedelta(days=1)
    if _UNTIL.search(before):
        return EARLIEST, last
    if _AFTER.search(before):
        return last + timedelta(days=1), LATEST
    return (first, LATEST) if _SINCE.search(before) else days


def _yearless(said: str) -> bool:
    """Whether an expression is a day and month of no year: "26 November"."""
    return bool(_DAY_SAID.search(said) and re.search(r"[a-z]{3}", said, re.IGNORECASE)) and not re.search(
        r"\d{4}|year|ago|last|past|next|coming|month|week|q\d", said, re.IGNORECASE
    )


def _of_any_year(day: date, held: Days) -> list[Days]:
    """Return a day in each year the library may tell of."""
    last = held[1].year + 1
    years = range(max(held[0].year - 1, last - _MOST_YEARS), last + 1)
    return [(found, found) for year in years if (found := safe(year, day.month, day.day))]
