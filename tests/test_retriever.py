"""Search: what is found, in which order, and what a question's own cues change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pytest

from qa import Library, Retriever
from qa.errors import DateError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told_thrice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retriever]:
    """One story as three outlets told it on three days, and two others."""
    folder = tmp_path_factory.mktemp("told")
    story = "The bridge at Torkham was closed to lorries after a customs officer was hurt, a spokesman said."
    rows = [
        {"id": "one", "title": "Bridge closed", "outlet": "Morning Post", "published": "2012-05-03", "text": story},
        {"id": "two", "title": "Bridge closed", "outlet": "Evening Star", "published": "2012-05-04", "text": story},
        {"id": "three", "title": "Bridge closed", "outlet": "The Wire", "published": "2012-05-05", "text": story},
        {"id": "wheat", "title": "Wheat", "outlet": "The Wire", "text": "Wheat prices rose by a tenth in Lahore."},
        {"id": "polo", "title": "Polo", "outlet": "The Wire", "text": "The army's polo team beat its visitors."},
    ]  # fmt: skip
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with Library.open(folder / "library") as library:
        assert len(library.add([file]).added) == 5
        yield Retriever(library)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("What did the Evening Star report about the bridge?", "two"),
        ("why was the bridge closed, according to the wire", "three"),
        ("What was closed in the article of May 4, 2012?", "two"),
        ("What was reported on 5 May about the bridge?", "three"),
    ],
)
def test_an_outlet_or_a_day_in_the_question_decides_between_like_articles(
    told_thrice: Retriever, question: str, first: str
) -> None:
    assert told_thrice.search(question)[0].article.id == first


def test_a_long_question_brings_up_what_each_of_its_clauses_is_about(told_thrice: Retriever) -> None:
    question = "How much did wheat prices rise in Lahore, while the army's polo team beat which visitors by how much?"
    assert {hit.article.id for hit in told_thrice.search(question, k=2)} == {"wheat", "polo"}


def test_filters_bound_what_is_found(seeded: Library) -> None:
    retriever = Retriever(seeded)
    assert {h.article.published for h in retriever.search("talks", k=50, since="2017")} == {date(2017, 10, 23)}
    assert {h.article.outlet for h in retriever.search("talks", k=50, outlet="afp")} == {"AFP"}
    assert retriever.search("talks", since="2018") == []
    with pytest.raises(DateError):
        retriever.search("talks", since="someday")


def test_hits_are_ordered_and_bounded_also_when_reranked(seeded: Library) -> None:
    for rerank in (False, True):
        hits = Retriever(seeded).search("What did Kayani refuse to give Mullen?", k=4, rerank=rerank)
        scores = [hit.score for hit in hits]
        assert len(hits) == 4
        assert scores == sorted(scores, reverse=True)
        assert 0 <= scores[-1] <= scores[0] <= 1
        assert "assurance" in hits[0].passage.text
