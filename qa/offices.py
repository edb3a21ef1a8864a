"""Questions about who holds an office or how something stands: which they are, and the two ways to ask for a head.

One report says "the chief of the bureau", another "she heads the bureau", and the reader holds on to the words of
the question; so both ways are put to it.
"""

from __future__ import annotations

import re

_ROLE = (
    r"(?:chief|head|leader|boss|commander|director|chair(?:man|woman)?|president|premier|minister|secretary|mayor"
    r"|governor|ambassador|envoy|spokes(?:man|woman|person)|speaker|judge|justice|king|queen|emir|rector|manager"
    r"|executive|owner|editor|coach|captain)"
)
_BEGIN = r"^(?:(?:and|so|but)\s)?"
_IS = r"(?:['’]s|\sis|\sare)\s"
_OFFICE = re.compile(
    rf"{_BEGIN}who(?:(?:{_IS}|\s(?:was|were)\s)[^?]*\b{_ROLE}s?\b|\s(?:now\s|currently\s)?(?:head(?:s|ed)|leads?|led|ran"
    r"|command(?:s|ed)|chair(?:s|ed)|runs|own(?:s|ed)|rule[sd]|govern(?:s|ed)|direct(?:s|ed)|represent(?:s|ed))\b)",
    re.IGNORECASE,
)
_STANDS = re.compile(
    rf"{_BEGIN}(?:(?:what|which){_IS}[^?]*\b(?:position|stance|stand|attitude|policy|status|headquarters)\b"
    rf"|where{_IS}|how\s(?:many|much)\s[^?]*\s(?:is|are|do|does|has|have)\s)",
    re.IGNORECASE,
)
_PAST = re.compile(rf"{_BEGIN}who\s(?:was|were|led|ran|\w+ed)\b", re.IGNORECASE)
_TIME = r"(?P<time>\s(?:in|on|at|during|until|since|before|after)\s[^?]+)?\?*$"
_CHIEF = r"(?:chief|head|boss)"
_NOUN = re.compile(
    r"^who\s(?P<tense>is|was)\s(?:(?:the|now|currently)\s)*"
    rf"(?:(?:(?P<kind>[\w -]{{1,40}})\s)?{_CHIEF}\sof\s(?!state\b|government\b)(?P<of>[^?]{{1,80}}?)"
    rf"|(?P<body>[^?]{{1,60}}?)(?:['’]s?)?\s{_CHIEF}){_TIME}",
    re.IGNORECASE,
)
_VERB = re.compile(
    rf"^who\s(?:now\s|currently\s)?(?P<verb>heads|headed|leads|led|runs|ran)\s(?!it\b|them\b)(?P<of>[^?]{{1,80}}?){_TIME}",
    re.IGNORECASE,
)


def asks_holder(question: str) -> bool:
    """Whether a question asks who holds or held an office."""
    return bool(_OFFICE.match(question))


def stands_now(question: str) -> bool:
    """Whether a question asks how something stands, which a later report may tell otherwise."""
    return bool(_STANDS.match(question)) or (asks_holder(question) and not _PAST.match(question))


def forms(question: str) -> tuple[str, ...]:
    """Return a question, and the other way to ask it where it asks who is at the head of something."""
    if noun := _NOUN.match(question):
        verb = "heads" if noun["tense"].casefold() == "is" else "headed"
        of = noun["of"] or f"the {noun['body']}"
        of = f"the {noun['kind']} of {of}" if noun["kind"] else of
        return question, f"Who {verb} {of}{noun['time'] or ''}?"
    if verb_form := _VERB.match(question):
        tense = "is" if verb_form["verb"].casefold().endswith("s") else "was"
        return question, f"Who {tense} the chief of {verb_form['of']}{verb_form['time'] or ''}?"
    return (question,)
