"""One number between 0 and 1, and the words it is made from."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from qa.confidence import Calibration, Evidence, Wanted, acronyms, covers, held

GOOD = Evidence(reader=9.0, margin=6.0, retrieval=0.9, terms=1.0, near=1.0)


def analyze(text: str) -> list[str]:
    return text.lower().replace("?", "").split()


def test_good_evidence_is_surer_than_bad() -> None:
    judge = Calibration.load()
    bad = replace(GOOD, reader=-8.0, margin=0.0, near=0.0)
    assert judge.confidence(GOOD) > 0.8
    assert judge.confidence(bad) < 0.2


@given(st.floats(allow_nan=False), st.floats(allow_nan=False), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_confidence_is_a_probability(reader: float, margin: float, retrieval: float, terms: float, near: float) -> None:
    assert 0 <= Calibration.load().confidence(Evidence(reader, margin, retrieval, terms, near)) <= 1


def test_a_slip_of_spelling_covers_a_name_and_never_a_number() -> None:
    have = frozenset(("kayani", "2012"))
    assert covers(have, "kiyani")
    assert not covers(have, "2013")
    assert not covers(have, "petraeus")


def test_rare_words_weigh_more_and_acronyms_cover_names() -> None:
    wanted = Wanted.of("Did Kayani meet Mullen", analyze, lambda term: 50 if term == "meet" else 1, 100)
    assert "did" not in wanted.terms
    assert wanted.share(["kayani", "mullen"]) > 0.8
    assert wanted.share(["meet"]) < 0.5
    states = Wanted.of("the United States", analyze, lambda term: 1, 100)
    assert states.share(held("what the US did", analyze)) == 1.0
    assert acronyms("Inter-Services Intelligence")["Inter-Services Intelligence"] == "isi"
