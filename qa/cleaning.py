"""A page's text → its reporting, apart from reader comments and site furniture.

Works on lines, because that is what every scraper leaves: a paragraph a line. The rules describe
news pages in general (share bars, teasers, comment sections); none is about one site or article.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from qa.dates import find_date, parse_date

_COMMENTS = re.compile(
    r"(?:\d+\s+)?(?:comments?|responses?|replies)\s*(?:\(\d+\)|are closed\.?|:|\d+)?"
    r"|(?:post|leave|add|write) a (?:comment|reply)"
    r"|(?:reader|user|facebook|latest|all) comments?(?: \(\d+\))?:?"
    r"|join the (?:discussion|conversation|debate)\.?|what do you think\?"
    r"|comments? (?:on|for) this (?:article|story|post).*",
    re.IGNORECASE,
)
_STAMP = re.compile(r"\w{3,9}\.? \d{1,2},? \d{4},?(?: at)? \d{1,2}:\d\d(?: ?[ap]\.?m\.?)?", re.IGNORECASE)
_SHARE = re.compile(
    r"(?:facebook|twitter|tweet|whats\s?app|linked\s?in|google\+?|pinterest|reddit|telegram|instagram|you\s?tube|e-?mail"
    r"|print|share|shares|copy link|save|like|follow|advertisement|sponsored|live tv|live|menu|search|home|news|login"
    r"|log in|sign in|subscribe|register|close|next|previous|more|loading|article-main|top stories|trending|listen"
    r"|comments?|photo|video|[\d\s|·•/,:.()+-])+",
    re.IGNORECASE,
)
_ACTION = re.compile(
    r"\bfollow (?:us|\S+) on (?:whats\s?app|twitter|x|facebook|instagram|telegram|linked\s?in|google)\b"
    r"|\bsubscribe (?:to (?:our|the)|now|here|today)\b|\bsign up (?:now|here|for our|to our|to receive)\b"
    r"|\bdownload (?:the|our)\b.*\bapp\b|\bclick here\b|\ball rights reserved\b|^(?:copyright\b|©)"
    r"|\byou agree to (?:our|the)\b|^(?:we|this (?:web)?site) uses? cookies|^accept (?:all )?cookies|\bdaily dose of\b"
    r"|\bour (?:whatsapp|telegram) channel|^get (?:the )?latest\b|^read (?:more|also|full)\b|\benable javascript\b"
    r"|\bturn on notifications\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"(?:more (?:from|in|on|stories)\b.{0,40}|related(?: (?:news|stories|articles|content|posts|topics))?|also read"
    r"|read also|see also|recommended(?: for you| stories)?|you (?:may|might) (?:also )?(?:like|be interested in)"
    r"|most (?:read|popular)|latest (?:news|stories)|trending(?: now)?|top stories|editor'?s picks?|explore)"
    r"(?:\s*:.{0,80})?",
    re.IGNORECASE,
)
_BYLINE = re.compile(
    r"(?:posted|published|updated|last updated|first published|modified|written|by)\b.{0,120}", re.IGNORECASE
)
_CREDIT = re.compile(
    r"\b(?:photo(?:graph)?s?|images?|pictures?)\b\s*(?:by\b|:|/|courtesy\b|credit\b).{0,60}\Z", re.IGNORECASE
)
_NOTE = re.compile(r"(?:editor['’]?s note|corrections?|clarifications?)\b\s*:", re.IGNORECASE)
_LABEL = re.compile(r"^(?:summary|synopsis|story highlights|highlights|abstract)\s*:?\s+(?=\S)", re.IGNORECASE)
_ENDED = re.compile(r"[.!?…]['\"”’»)\]]*$")
_CUT = ("..", "…")  # how a text ends that was cut short
_PARAGRAPH = 200  # characters: a paragraph this long after "Related" is reporting again
_ARTICLE = 400  # characters of reporting before a teaser heading can mean that the article is over
_HIDDEN = {
    chr(c) for c in (0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, 0x00AD, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


@dataclass(frozen=True)
class Cleaned:
    """A page taken apart: `text` is the reporting, one paragraph a line with a blank line between."""

    text: str
    title: str
    published: date | None
    comments: tuple[str, ...]
    furniture: tuple[str, ...]


def normalise(text: str) -> str:
    """Return `text` in NFC with plain line ends and no control, zero-width or direction characters.

    Joiners that Urdu needs stay. Lone surrogates become U+FFFD. Every other character is kept, so
    quotes stay verbatim.
    """
    text = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    kept = (
        " " if c in "\t\u00a0\x0b\x0c" else c
        for c in text
        if c in "\n\t\x0b\x0c" or (c not in _HIDDEN and unicodedata.category(c) not in ("Cc", "Cs"))
    )
    # Composed last: a hidden character may have stood between a letter and its accent.
    text = unicodedata.normalize("NFC", "".join(kept))
    lines = (line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def unwrap(text: str) -> str:
    """Join lines broken at a fixed width, as in e-mail and Markdown: one paragraph a line."""
    return "\n\n".join(" ".join(block.split("\n")) for block in re.split(r"\n{2,}", text))


def clean(text: str) -> Cleaned:
    """Separate the reporting of a scraped page from everything else; `text` is normalised first."""
    text = normalise(text)
    if _hard_wrapped(text):
        text = unwrap(text)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    furniture: list[str] = []
    title, lines = _take_title(lines, furniture)
    body: list[str] = []
    comments: list[str] = []
    teasers = False
    size = 0  # characters in the body
    for i, line in enumerate(lines):
        if size >= _ARTICLE // 4 and (_COMMENTS.fullmatch(line) or _STAMP.fullmatch(line)):
            comments = lines[i:]
            break
        if _MORE.fullmatch(line) and not _ENDED.search(line):
            teasers = True
            furniture.append(line)
            if line.lower().startswith("more from") and size >= _ARTICLE:
                rest = lines[i + 1 :]
                cut = next((j for j, later in enumerate(rest) if _COMMENTS.fullmatch(later)), len(rest))
                furniture += rest[:cut]
                comments = rest[cut:]
                break
            continue
        if teasers and body and not _resumes(line, lines[i + 1 : i + 2]):
            furniture.append(line)
            continue
        if _is_furniture(line) or _repeats(line, lines[i + 1 : i + 40]):
            furniture.append(line)
            continue
        teasers = False
        size += len(line)
        body.append(_LABEL.sub("", line))
    return Cleaned(
        text="\n\n".join(body),
        title=title,
        published=_published(furniture, comments),
        comments=tuple(comments),
        furniture=tuple(furniture),
    )


def _resumes(line: str, following: list[str]) -> bool:
    """Whether reporting goes on after teasers: a long paragraph, or whole sentences on two lines running."""
    whole = (_ENDED.search(other) and not other.endswith(_CUT) for other in [line, *following])
    return len(line) >= _PARAGRAPH or (bool(following) and all(whole))


def _take_title(lines: list[str], furniture: list[str]) -> tuple[str, list[str]]:
    """Return the headline, when one stands before the first paragraph, and the lines without it."""
    for i, line in enumerate(lines[:12]):
        if _is_furniture(line) and not _looks_like_title(line):
            continue
        if _looks_like_title(line):
            furniture.extend(line for line in lines[:i])
            return line, lines[i + 1 :]
        break
    return "", lines


def _looks_like_title(line: str) -> bool:
    return (
        20 <= len(line) <= 200
        and len(line.split()) >= 5
        and not _ENDED.search(line)
        and not any(rule.fullmatch(line) for rule in (_SHARE, _BYLINE, _COMMENTS, _MORE, _STAMP))
        and not _ACTION.search(line)
    )


def _is_furniture(line: str) -> bool:
    if (len(line) < 300 and _SHARE.fullmatch(line)) or (len(line) < 250 and _ACTION.search(line)):
        return True
    if len(line) < 300 and (_NOTE.match(line) or (not _ENDED.search(line) and _CREDIT.search(line))):
        return True
    if _BYLINE.fullmatch(line) and (find_date(line) or not _ENDED.search(line)):
        return True
    # A line that is no sentence: a caption, a section's name, a menu. Speech labels end in a colon.
    return not _ENDED.search(line) and not line.endswith((":", "-", "—", ",", ";")) and len(line) < 80


def _repeats(line: str, later: list[str]) -> bool:
    """Whether a line only announces text that follows: a stand-first, or a cut teaser ("It was the…")."""
    start = line.rstrip(".… ")
    if len(start) <= 30:
        return False
    cut = line.endswith(_CUT)
    return any(other.startswith(start) or (cut and other.startswith(start[:80])) for other in later)


def _published(furniture: list[str], comments: list[str]) -> date | None:
    """The date of the byline; failing that, of the first comment, which came soon after."""
    for line in furniture:
        if (_BYLINE.fullmatch(line) or len(line) < 40) and (found := find_date(line)):
            return found
    dates = [found for line in comments if _STAMP.match(line) and (found := parse_date(_STAMP.match(line)[0]))]  # type: ignore[index]
    return min(dates, default=None)


def _hard_wrapped(text: str) -> bool:
    """Whether most lines were broken at a fixed width rather than at the end of a paragraph."""
    inner = [lines[:-1] for block in re.split(r"\n{2,}", text) if len(lines := block.split("\n")) > 2]
    broken = [line for lines in inner for line in lines]
    if len(broken) < 4:
        return False
    open_ended = sum(1 for line in broken if not _ENDED.search(line) and 45 <= len(line) <= 110)
    return open_ended > 0.6 * len(broken)
