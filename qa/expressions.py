"""The grammar of expressions of time: what they look like, and the words beside one that say it is none.

What each means is told in `qa/when.py`. Every repetition is bounded, so that a text is searched in linear time.
"""

from __future__ import annotations

import re

from qa.dates import MONTHS

_S = r"[ \t\n\xa0]{1,2}"
_WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_ANY_WEEKDAY = rf"(?:{_WEEKDAY}|(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\.?),?"
_MONTH = rf"(?:{MONTHS})"
_LONG_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?![\w%]|:\d|[.,]\d)"
_YEAR = r"(?:1[6-9]|20)\d\d(?![\w%]|,\d|\.\d)"
_SEASON = r"(?:spring|summer|fall|autumn|winter)"
_PART = rf"(?i:(?:early|mid|late)(?:[ -]|{_S}in{_S})|(?:beginning|start|middle|end){_S}of{_S}(?:the{_S})?)"
_WEEK_OF = rf"(?i:(?:the{_S})?(?:first|second|third|fourth|last){_S}week{_S}(?:of|in){_S})"
_SIDE = r"(?i:last|this|next|this past|this coming|past|coming)"
_NUMBER = r"(?:\d{1,3}|an?|couple of|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty)"
_TO = rf"(?:[-–]|{_S}(?:-|–|to|until|till|through){_S})"

# In order: of two rules that match at one place the first is taken.
_RULES = {
    "iso": r"(?:1[6-9]|20)\d\d-\d\d-\d\d(?!\d)",
    "days": rf"{_MONTH}{_S}{_DAY}{_TO}(?:{_MONTH}{_S})?{_DAY}(?:,?{_S}{_YEAR})?"
    rf"|{_DAY}(?:{_S}{_MONTH})?{_TO}{_DAY}{_S}(?:of{_S})?{_MONTH}(?:,?{_S}{_YEAR})?",
    "day": rf"(?:{_ANY_WEEKDAY}{_S})?(?:{_DAY}{_S}(?:of{_S})?{_MONTH}(?!{_S}\d{{1,2}}\b)|{_MONTH}{_S}{_DAY})(?!\w)"
    rf"(?:,?{_S}{_YEAR}|{_S}(?:of{_S})?(?:this|last|next){_S}year)?",
    "month": rf"(?:{_WEEK_OF}|{_PART})?{_MONTH}(?:,?{_S}(?:of{_S})?{_YEAR}|{_S}(?:of{_S})?(?:last|this|next){_S}year"
    rf"|{_S}[’'‘]\d\d(?!\w))",
    "decade": r"(?:(?:early|mid|late)[ -])?(?:1[6-9]|20)\d0s",
    "season": rf"{_PART}?{_SEASON}(?:{_S}of)?{_S}{_YEAR}|{_PART}?(?:last|this|next){_S}{_SEASON}",
    "quarter": rf"(?:first|second|third|fourth|last|1st|2nd|3rd|4th){_S}(?:quarter|half){_S}of{_S}"
    rf"(?:{_YEAR}|(?:last|this|next|the){_S}year)|[QH][1-4]{_S}{_YEAR}",
    "months": rf"(?:the{_S})?(?:first|last){_S}{_NUMBER}{_S}months{_S}of{_S}(?:{_YEAR}|(?:last|this|next|the){_S}year)",
    "years": rf"(?:19|20)\d\d[-–/](?:(?:19|20)\d\d|\d\d)(?![\w-])"
    rf"|(?:between|from){_S}{_YEAR}{_S}(?:and|to|until|through){_S}{_YEAR}",
    "year": rf"{_PART}?{_YEAR}(?![-/]\d)",
    "rolling": rf"(?:(?:the|this){_S}(?:last|past|coming)|the{_S}next|last|past|next){_S}{_NUMBER}{_S}"
    rf"(?:hour|day|week|month|year|decade)s?|(?:the{_S}next|(?:the|this){_S}(?:last|past|coming)){_S}"
    rf"(?:week|month|year|decade)(?!{_S}(?:of|in){_S}{_MONTH})"
    rf"|(?:past|next){_S}decade",
    "stretch": rf"(?:{_PART}|(?:earlier|later|early|mid|late){_S})(?:{_SIDE}{_S})?(?:week|month|year)",
    "side": rf"{_SIDE}{_S}(?:week|month|year)",
    "weekend": rf"(?:{_SIDE}|the){_S}weekend",
    "ago": rf"{_NUMBER}{_S}(?:day|week|month|year|decade)s?{_S}ago",
    "near": r"day before yesterday|day after tomorrow|today|tonight|yesterday|tomorrow"
    rf"|this{_S}(?:morning|afternoon|evening)|last{_S}night",
    "yearly": rf"(?:from{_S}{_PART}?{_LONG_MONTH}{_TO}|between{_S}{_PART}?{_LONG_MONTH}{_S}and{_S})"
    rf"{_PART}?{_LONG_MONTH}(?!,?{_S}\d)",
    "bare_month": rf"(?:{_SIDE}{_S}|{_WEEK_OF}|{_PART})?{_LONG_MONTH}(?!{_S}\d)",
    "weekday": rf"(?:{_SIDE}{_S})?{_WEEKDAY}(?:{_S}(?:morning|afternoon|evening|night))?",
}  # fmt: skip
# Words may begin a sentence; months and weekdays are told from other words by their capital.
_WORDS = ("decade", "season", "quarter", "months", "years", "rolling", "stretch", "side", "weekend", "ago", "near")
_ANY = "|".join(f"(?P<{name}>{f'(?i:{rule})' if name in _WORDS else rule})" for name, rule in _RULES.items())
_PATTERN = rf"(?<![\w$€£#@’'/:.,-])(?:{_ANY})(?!\w|[’']\d)".replace(r"\d", "[0-9]")  # no other script's digits
IN_NEWS = re.compile(_PATTERN)
IN_QUESTIONS = re.compile(_PATTERN, re.IGNORECASE)

BEFORE_MONTH = re.compile(
    r"(?:\b(?:in|since|until|till|by|from|of|through|during|before|after|between|around|late|early|mid|last|next|and|or"
    r"|for|to|a|an|the)|mid-)\s{1,2}$|-$",
    re.IGNORECASE,
)
BEFORE_YEAR = re.compile(
    r"\b(?:in|since|until|till|by|from|of|through|during|before|after|between|around|about|at|circa|year|to|and|late|early|than"
    r"|for|the|a|an|its|his|her|their|our|this|summer|winter|spring|autumn|fall)\s{1,2}$|[(’']$",
    re.IGNORECASE,
)
NUMBER_NOUN = re.compile(
    r"\s(?:(?:more|new|other|of)\s)?(?:troops|soldiers|men|women|people|children|victims|members|miles|metres"
    r"|meters|feet|pounds|dollars|rupees|times|votes|points|yards|hours|words|calories|tons|tonnes|homes|jobs|employees"
    r"|workers|years|days|deaths|cases|companies|pages|km|kg|mAh|GMT|hrs|square|percent|per)\b"
)
NUMBERED = re.compile(
    r"\b(?:page|pages|number|flight|route|highway|room|model|Boeing|office|area)\s{1,2}$", re.IGNORECASE
)
REPEATED = re.compile(
    r"\b(?:every|each|any|random|most|black|cyber|super|good|easter|ash|palm|giving|on an?)\s{1,2}$", re.IGNORECASE
)
NAMED_DAY = re.compile(
    r"\s{1,2}(?:(?:Night|night) (?:Football|Live|Raw|Smackdown)|Times|Mail|Mirror|Post|Telegraph|Express)\b"
)
ROUGH = re.compile(
    r"\b(?:more than|less than|over|at least|fewer than"
    r"|(?:\d{1,3}|one|two|three|four|five|six|eight|ten) (?:or|to))\s{1,2}$",
    re.IGNORECASE,
)
OR_SO = re.compile(r"\s{1,2}or\s{1,2}(?:so|two|three|more)\b")
GENERIC = re.compile(
    r"\b(?:USA|even|available|still|known|working|alive|living|exists?|than [a-z ]{1,15}|[a-z]{2,20}s of)\s{1,2}$"
)
NOWADAYS = re.compile(
    r"['’]s (?:[a-z-]{2,15} )?(?:world|markets?|econom|societ|culture|youth|standards|technolog|climate|landscape"
    r"|environment|generation|internet|consumers|artists|industry|rates)"
)
THAT = re.compile(r"\bthat\s{1,2}$", re.IGNORECASE)
MID_SENTENCE = re.compile(r"[a-z]\s$")  # a capital here makes a name: "Today's Top Hits"
OF_WEEK = re.compile(
    rf"(?:{_S}and{_S}{_WEEKDAY})?(?:{_S}of)?{_S}(?P<side>last|this|next){_S}week\b(?!['’])", re.IGNORECASE
)
AFTER_SIDE = re.compile(rf"\b(?P<side>last|this|next){_S}{_WEEKDAY},?{_S}(?:(?:and|or){_S})?$", re.IGNORECASE)
WEEKS_OFF = re.compile(r"\bweeks?\s{1,2}(?:ago|from)\s{1,2}$")
TO_WEEKDAY, FROM_WEEKDAY = re.compile(rf"{_TO}{_WEEKDAY}"), re.compile(rf"{_WEEKDAY}{_TO}$")
NAME_FOLLOWS = re.compile(r"\s[A-Z][a-z]")
ATTACKS = re.compile(r"\s{1,2}(?:attack|terror|hijack|plot|commission)", re.IGNORECASE)
THAT_YEAR = re.compile(r",?\s{1,2}(?:of )?(?:that|the same|the following) year\b")
OF = re.compile(r"\s{1,2}of\b")
ON = re.compile(r"\bon\s{1,2}$", re.IGNORECASE)
