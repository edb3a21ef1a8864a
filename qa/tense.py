"""Whether the words round an expression of time speak of what was or of what is to come.

Newspapers write "Wednesday" for the last Wednesday and for the next one; only the verb tells which. The nearest
cue to the left in the same sentence decides ("will visit next week, he said on Monday"), else the first to the right.
"""

from __future__ import annotations

import re

PAST, UNKNOWN, FUTURE = -1, 0, 1
_REACH = 90  # characters looked at on each side
_STOP = re.compile(r"(?<!\b[A-Z])(?<!Gen)(?<!Mr)(?<!Dr)[.!?;](?=\s|$)|\n")
_ARRANGED = (
    r"(?:also |now |only )?(?:coming|meeting|leaving|travell?ing|visiting|hosting|speaking|returning|holding|attending"
    r"|arriving|flying|playing|facing|opening|starting|giving|delivering)\b"
)
_FUTURE = (
    r"(?:(?:will|shall|to)(?: not| also)? have|will|shall|won['’]t|(?:would|could|should|might|may|can)(?! have)"
    r"|going to|set to|due|scheduled|slated|expected|likely to|about to|able to|hop(?:es?|ing) to"
    r"|plan(?:s|ning)? (?:to|for)|planned|ready to|(?:is|are) to|to be \w+|upcoming|coming up|ahead of"
    r"|join us|tune in|let me|begins|starts|opens|airs|premieres|arrives|returns|kicks|expires|faces|hosts|launches"
    r"|takes place|ends|travels|leaves|(?:heading|heads|goes|go) (?:in)?to|entering|approaching|looks? (?:ahead|beyond)"
    r"|look(?:s|ing) (?:ahead|forward)|focused on|in preparation for|deadline|preview|in time for|turns \d\d)\b"
)
_HAVING = r"(?:have|has) (?:an?|the|to|got|no|some|any|his|her|their|our)\b"  # says nothing: no perfect tense
_PAST = (
    r"(?:(?:was|were|had|has|have|did)(?:n['’]t)?|said|told|came|went|met|took|made|held|gave|got|won|lost|beat|found"
    r"|saw|spoke|wrote|ran|began|left|fell|rose|hit|sent|shot|struck|led|became|brought|drew|flew|kept|knew|paid|sold"
    r"|stood|wore|thought|broke|chose|drove|grew|threw|since|earlier"
    r"|(?!need|speed|indeed|hundred|feed|seed|exceed|proceed|succeed|United|Ahmed|Mohammed)[A-Za-z][a-z]{1,20}ed)\b"
)
_LIMIT = re.compile(r"\b(?:by|until|till|up to)\s{1,2}(?:the\s)?$")  # right before the expression
_IS = re.compile(r"\s{1,2}(?:is|are)\b")  # right after it: "the match on Wednesday is …"
_CUE = re.compile(
    rf"(?<![\w'’-])(?:be(?:en)? [a-z]{{2,20}}\b|(?P<future>{_FUTURE}|(?:is|are|am) {_ARRANGED})|{_HAVING}"
    rf"|(?P<past>{_PAST}))|(?P<short>['’]ll\b(?: have)?|['’](?:s|re|m) {_ARRANGED})|['’]ve (?:got|an?)\b"
)


def tense(text: str, start: int, end: int) -> int:
    """Return PAST, FUTURE or UNKNOWN for the expression at `text[start:end]`."""
    left = _STOP.split(text[max(0, start - _REACH) : start])[-1]
    if _LIMIT.search(left):
        return FUTURE
    right = _STOP.split(text[end : end + _REACH], maxsplit=1)[0]
    before = [found for found in map(_sense, _CUE.finditer(left)) if found]
    if before:
        return before[-1]
    if _IS.match(text, end):
        return FUTURE
    return next((found for found in map(_sense, _CUE.finditer(right)) if found), UNKNOWN)


def _sense(cue: re.Match[str]) -> int:
    if cue["future"] or cue["short"]:
        return FUTURE
    return PAST if cue["past"] else UNKNOWN
