"""Answers, lists and remarks as Telegram HTML in the person's language; pure functions.

Each returns the messages of one reply. What articles and people wrote is escaped and stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.chats import Forgotten, Statistics
from bot.coverage import Coverage
from bot.html import Block, Group, bold, clean, italic, link, one_line, pack
from bot.tongues import Tongue
from qa.citing import unclear
from qa.passages import sentences
from qa.records import AddReport, Answer, Article, Citation, Event, Hit

EXPAND_FROM = 320  # characters: a longer quote is folded
CLOSEST = 3  # quotes under a refusal
OTHERS = 4  # other articles about a question
AROUND = 600  # characters of a passage on each side of the cited sentence
EXAMPLE = "What did Kayani refuse to give Mullen?"
_NEW_LINE, _GAP = Block("\n"), Block("\n\n")
_REJECTED = 10  # named in a report


def remark(text: str) -> list[str]:
    """Return the messages of a line that is plain text."""
    return pack([[Block(text)]])


def welcome(say: Tongue, coverage: Coverage) -> list[str]:
    """Return what /start says."""
    first = say(
        "Ask me about the Pakistan–US talks. I answer with the words of the newspaper articles I know, with outlet "
        "and date – and I say so when they do not tell."
    )
    example = [Block(say("For instance:")), _NEW_LINE, italic(say.set_off(EXAMPLE)), _GAP]
    if say.language != "en":
        first = f"{first}\n\n{english(say)}"
    return pack([[Block(first), _GAP], _covers(coverage, say), example, [Block(say("/help shows more."))]])


def show_help(say: Tongue, commands: Sequence[tuple[str, str]], days: int) -> list[str]:
    """Return what /help says: how to ask, the commands, what is kept."""
    ways = (
        say("Send me a question. In a group, write it behind /ask, or reply to one of my messages."),
        say("Follow-up questions work, for instance: {example}", example="When was he appointed?"),
        say("If you edit a question, I answer it again."),
    )
    kept = say.many(
        "I keep questions and answers for {count} day, for follow-ups and for the buttons. /forget deletes yours.",
        "I keep questions and answers for {count} days, for follow-ups and for the buttons. /forget deletes yours.",
        days,
    )
    lines = [Block(f"{_command(name, text, say)}\n") for name, text in commands]
    return pack([[Block("\n".join(ways)), _GAP], *([line] for line in lines), [_NEW_LINE, italic(kept)]])


def answer(found: Answer, say: Tongue, coverage: Coverage | None = None) -> list[str]:
    """Return an answer: how it was read, the short answer, each quote with its source; or the refusal."""
    groups: list[Group] = []
    if found.reading:
        groups.append([italic(say("Read as: {question}", question=one_line(found.reading))), _GAP])
    if not found.answered:
        return pack([*groups, *_refusal(found, say, coverage)])
    if found.short:
        groups.append([bold(one_line(found.short)), _GAP])
    if found.note:
        groups.append([italic(one_line(found.note)), _GAP])
    if found.conflict:
        groups.append([bold(say("The articles differ:")), _NEW_LINE])
    return pack([*groups, *(_quoted(c, say) for c in found.citations)])


def shared(found: Answer, say: Tongue) -> list[str]:
    """Return an answer with its question, for someone who followed a link to it."""
    question = [Block(say("Question:")), Block(" "), italic(one_line(found.reading or found.question)), _GAP]
    first, *rest = answer(found, say)
    return [f"{pack([question])[0]}\n\n{first}", *rest] if len(first) < 3000 else [*pack([question]), first, *rest]


def passage(article: Article, citation: Citation, say: Tongue) -> list[str]:
    """Return the text round a quote, the quote marked; or that the article has changed since."""
    if article.text[citation.start : citation.end] != citation.quote:
        return remark(say("This article has changed since I quoted it. Please ask again."))
    start, end = _window(article.text, citation.start, citation.end)
    before, after = (clean(article.text[a:b]) for a, b in ((start, citation.start), (citation.end, end)))
    quote = clean(citation.quote)
    source: Group = [*_source(article, say), _NEW_LINE]
    if len(quote) <= AROUND:
        marked: Group = [
            Block("… " * (start > 0) + before, "<blockquote>"),
            Block(quote, "<b><u>", "</u></b>"),
            Block(after + " …" * (end < len(article.text)), closing="</blockquote>"),
        ]
        return pack([[*source, *marked]])
    pieces = ((before, "", ""), (quote, "<b><u>", "</u></b>"), (after, "", ""))
    return pack([source, *([Block(t, f"<blockquote>{o}", f"{c}</blockquote>")] for t, o, c in pieces if t.strip())])


def others(hits: Sequence[Hit], say: Tongue) -> list[str]:
    """Return other articles about a question, the nearest passage of each."""
    if not hits:
        return remark(say("No other article in the library is about this."))
    heading: Group = [bold(say("Other articles about this:")), _NEW_LINE]
    return pack([heading, *([*_source(h.article, say), _folded(h.passage.text), _NEW_LINE] for h in hits[:OTHERS])])


def sources(articles: Sequence[Article], coverage: Coverage, pages: tuple[int, int], say: Tongue) -> list[str]:
    """Return a page of the list of articles; `pages` are its number and how many there are."""
    if not articles:
        return remark(no_articles(say))
    lines = [[Block("• "), *_source(a, say)] for a in articles]
    return pack([_covers(coverage, say), *lines, *_page(pages, say)])


def latest(articles: Sequence[Article], topic: str, pages: tuple[int, int], say: Tongue) -> list[str]:
    """Return a page of the newest articles, each with its first sentence."""
    if not articles:
        return remark(say("No article in the library is about this.") if topic else no_articles(say))
    heading = say("The newest about {topic}:", topic=one_line(topic, 100)) if topic else say("The newest articles:")
    items = [[*_source(a, say), _folded(_first(a.text)), _NEW_LINE] for a in articles]
    return pack([[bold(heading), _GAP], *items, *_page(pages, say)])


def timeline(events: Sequence[Event], topic: str, pages: tuple[int, int], say: Tongue) -> list[str]:
    """Return a page of what happened when: the days, the sentence that says so, its source."""
    if not events:
        return remark(say("No article in the library dates anything about this."))
    heading = say("What happened when: {topic}", topic=one_line(topic, 100)) if topic else say("What happened when")
    items = [[bold(say.line(_days(e.first, e.last, say))), _NEW_LINE, *_sentence(e.citation, say)] for e in events]
    return pack([[bold(heading), _GAP], *items, *_page(pages, say)])


def forgotten(done: Forgotten, say: Tongue) -> list[str]:
    """Return what was stored about a person and is deleted."""
    if done == Forgotten(0, 0, False):
        return remark(say("I had stored nothing about you."))
    lines = [
        say.many("{count} question with its answer", "{count} questions with their answers", done.answers),
        say.many("{count} rating", "{count} ratings", done.votes),
        say("the language you chose") if done.language else "",
    ]
    items = "\n".join(f"• {line}" for line in lines if line)
    heading = say("Deleted. This is all I had stored about you:")
    return remark(f"{heading}\n{items}")


def statistics(periods: Sequence[tuple[int, Statistics]], coverage: Coverage, say: Tongue) -> list[str]:
    """Return the counts of the last days, for the keeper."""
    groups: list[Group] = [_covers(coverage, say)]
    for days, s in periods:
        lines = (
            say.many("{count} question", "{count} questions", s.questions),
            say("refused: {share}", share=f"{s.refusals / max(1, s.questions):.0%}"),
            say("seconds: {median} median, {high} 95%", median=f"{s.median:.2f}", high=f"{s.high:.2f}"),
            say("ratings: {up} 👍 {down} 👎", up=s.up, down=s.down),
            say("people: {people}, chats: {chats}", people=s.people, chats=s.chats),
        )
        heading = say.many("Last {count} day", "Last {count} days", days)
        groups.append([bold(heading), _NEW_LINE, Block("\n".join(lines)), _GAP])
    return pack(groups)


def report(done: AddReport, say: Tongue) -> list[str]:
    """Return what became of documents that were added."""
    counts = (
        say("added: {count}", count=len(done.added)),
        say("updated: {count}", count=len(done.updated)),
        say("unchanged: {count}", count=len(done.unchanged)),
        say("rejected: {count}", count=len(done.rejected)),
    )
    ids = [*done.added, *done.updated, *done.unchanged]
    names = [[Block("\n• "), Block(one_line(i), "<code>", "</code>")] for i in ids[:_REJECTED]]
    why = [
        [Block(f"\n• {one_line(r.source.rstrip('/').rsplit('/', 1)[-1])}: {one_line(r.reason)}")]
        for r in done.rejected[:_REJECTED]
    ]
    return pack([[Block(", ".join(counts))], *names, *why])


def origin(item: Citation | Article, say: Tongue) -> str:
    """Return outlet and day of an article."""
    outlet = one_line(item.outlet)
    return ("، " if say.rtl else ", ").join(
        part for part in (outlet and say.set_off(outlet), say.day(item.published)) if part
    )


def english(say: Tongue) -> str:
    """Say which language questions are read in, to those who speak another."""
    return say("Please write your questions in English: the articles are in English, too.")


def no_articles(say: Tongue) -> str:
    """Say that there is nothing to answer from."""
    return say("The library has no articles yet, so there is nothing to answer from.")


def _refusal(found: Answer, say: Tongue, coverage: Coverage | None) -> list[Group]:
    groups: list[Group] = [[Block(say("The articles in the library do not say.")), _GAP]]
    if found.note:
        groups.append([italic(one_line(found.note)), _GAP])
    if found.citations:
        groups.append([italic(say("Closest in the library, but not an answer:")), _NEW_LINE])
        groups += [_quoted(c, say) for c in found.citations[:CLOSEST]]
    if coverage:
        groups.append([_NEW_LINE, *_covers(coverage, say)])
    return groups


def _command(name: str, text: str, say: Tongue) -> str:
    return f"{text}: {say.set_off(f'/{name}')}" if say.rtl else f"/{name} – {text}"


def _covers(coverage: Coverage, say: Tongue) -> Group:
    """What the library covers, in two or three lines."""
    articles = say.many("I know {count} article", "I know {count} articles", coverage.articles)
    if coverage.span:
        first, last = (say.month(day) for day in coverage.span)
        months = first if first == last else f"{first} – {last}"
        articles = f"{articles}{'، ' if say.rtl else ', '}{months}"
    blocks = [bold(articles), _NEW_LINE]
    for label, names in ((say("From:"), coverage.outlets), (say("Much in them:"), coverage.names)):
        if names:
            blocks.append(Block(f"{label} {say.set_off(', '.join(one_line(n, 60) for n in names))}\n"))
    return [*blocks, _NEW_LINE]


def _quoted(citation: Citation, say: Tongue) -> Group:
    """A quote, under it what its dates mean, where it stands, and who else carries it."""
    quote = clean(citation.quote)
    opening = "<blockquote expandable>" if len(quote) > EXPAND_FROM else "<blockquote>"
    blocks = [Block(quote, opening, "</blockquote>"), _NEW_LINE]
    for said, mention in unclear(citation):
        meant = f"{say.set_off(one_line(said, 100))} = {_days(mention.first, mention.last, say)}"
        blocks += [italic(say.line(meant)), _NEW_LINE]
    blocks += [Block(say.line(f"[{citation.number}] ")), *_source(citation, say)]
    if citation.also:
        blocks.append(Block(say("also in {outlets}", outlets=", ".join(map(one_line, citation.also))) + "\n"))
    return blocks


def _source(item: Citation | Article, say: Tongue) -> list[Block]:
    """A title, linked where it can be, with outlet and day."""
    name = item.article_id if isinstance(item, Citation) else item.id
    title = one_line(item.title) or one_line(name)
    return [link(say.set_off(title), item.url), Block(f" – {origin(item, say)}\n")]


def _sentence(citation: Citation, say: Tongue) -> Group:
    return [_folded(citation.quote), _NEW_LINE, *_source(citation, say), _NEW_LINE]


def _folded(text: str) -> Block:
    return Block(clean(text), "<blockquote expandable>", "</blockquote>")


def _first(text: str) -> str:
    """The first sentence of an article."""
    start, end = next(iter(sentences(text[: 4 * AROUND])), (0, AROUND))
    return text[start:end]


def _window(text: str, start: int, end: int) -> tuple[int, int]:
    """Whole sentences round a quote, on each side as many as there is room for."""
    low, high = max(0, start - AROUND), min(len(text), end + AROUND)
    spans = [(low + a, low + b) for a, b in sentences(text[low:high])]
    whole = spans[low > 0 : len(spans) - (high < len(text))]  # the sentences at the edges may be cut
    return min([start, *(a for a, _ in whole)]), max([end, *(b for _, b in whole)])


def _days(first: date, last: date, say: Tongue) -> str:
    return say.day(first) if first == last else f"{say.day(first)} – {say.day(last)}"


def _page(pages: tuple[int, int], say: Tongue) -> list[Group]:
    number, count = pages
    return [[_NEW_LINE, italic(say("Page {number} of {count}", number=number, count=count))]] if count > 1 else []
