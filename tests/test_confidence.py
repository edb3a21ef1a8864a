"""How sure an answer is: words that must be covered, and a fit that can only rise with the evidence."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.confidence import Calibration, Evidence, Wanted, acronyms, covers, held

NUMBER = st.floats(allow_nan=False)
EVIDENCE = st.builds(Evidence, **{f.name: NUMBER for f in fields(Evidence)})
MIDDLING = Evidence(**dict.fromkeys([f.name for f in fields(Evidence)], 0.5))


def analyze(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def wanted(question: str, frequency: int = 1, size: int = 100) -> Wanted:
    return Wanted.of(question, analyze, lambda term: frequency, size)


@pytest.fixture(scope="module")
def shipped() -> Calibration:
    return Calibration.load()


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("kayani", True),
        ("kiyani", True),
        ("haqani", True),
        ("rawalpindi", False),
        ("isi", True),
        ("iso", False),
        ("2012", True),
        ("2011", False),
        ("20122", False),
        ("kayan1", False),
        ("mullen", False),
    ],
)
def test_one_slip_of_spelling_is_forgiven_in_words_and_never_in_numbers(term: str, expected: bool) -> None:
    assert covers(frozenset({"kayani", "haqqani", "isi", "2012", "20120"}), term) is expected


def test_nothing_covers_nothing() -> None:
    assert not covers(frozenset(), "kayani")


def test_names_of_several_words_have_initials() -> None:
    text = "The Inter-Services Intelligence of the United States met Kayani"
    assert acronyms(text) == {"Inter-Services Intelligence": "isi", "United States": "us"}
    assert {"us", "united", "states", "isi"} <= held(text, analyze)


def test_the_words_that_ask_are_not_wanted() -> None:
    assert set(wanted("When did the General meet Mr Mullen?").terms) == {"general", "meet", "mullen"}


def test_what_is_held_is_weighed_by_rarity() -> None:
    common = {"pakistan": 90, "timeline": 1}
    asked = Wanted.of("Pakistan timeline", analyze, lambda term: common[term], 100)
    assert asked.terms["timeline"] > asked.terms["pakistan"] > 0
    assert asked.share({"timeline"}) > 0.5 > asked.share({"pakistan"}) > 0
    assert asked.share({"pakistan", "timeline", "other"}) == pytest.approx(1)
    assert asked.share(()) == 0


def test_a_name_is_covered_by_its_acronym_and_the_other_way_round() -> None:
    assert wanted("Who leads the Inter Services Intelligence?").share(held("He leads the ISI", analyze)) == 1
    assert wanted("Who leads ISI?").share(held("leads the Inter-Services Intelligence", analyze)) == 1


def test_a_question_without_content_asks_for_nothing() -> None:
    assert wanted("Who is it?").share(frozenset()) == 1


@given(st.text(max_size=80), st.frozensets(st.text(max_size=8), max_size=8), st.integers(0, 100))
def test_shares_are_shares(question: str, have: frozenset[str], frequency: int) -> None:
    asked = wanted(question, frequency)
    assert 0 <= asked.share(have) <= 1 + 1e-9
    assert asked.share(have) <= asked.share(have | set(analyze(question))) + 1e-9
    assert asked.share(analyze(question)) == pytest.approx(1)


def test_the_shipped_fit_weighs_every_feature(shipped: Calibration) -> None:
    assert set(shipped.weights) == set(MIDDLING.features())
    assert all(weight > 0 for weight in shipped.weights.values())


@given(EVIDENCE)
@example(Evidence(**dict.fromkeys([f.name for f in fields(Evidence)], float("inf"))))
@example(Evidence(**dict.fromkeys([f.name for f in fields(Evidence)], float("-inf"))))
def test_confidence_is_a_probability(shipped: Calibration, evidence: Evidence) -> None:
    assert 0 <= shipped.confidence(evidence) <= 1


@given(EVIDENCE, NUMBER)
def test_confidence_does_not_fall_when_the_reader_is_surer(
    shipped: Calibration, evidence: Evidence, score: float
) -> None:
    other = replace(evidence, passage=score)
    low, high = sorted([evidence, other], key=lambda e: e.passage)
    assert shipped.confidence(low) <= shipped.confidence(high)


def test_good_evidence_is_surer_than_bad(shipped: Calibration) -> None:
    good = Evidence(passage=9.0, part=-0.2, again=8.0, apart=6.0, retrieval=0.9, terms=1.0)
    assert shipped.confidence(good) > 0.8
    assert shipped.confidence(replace(good, passage=-8.0, again=-8.0, apart=0.0)) < 0.2


def test_one_feature_cannot_outvote_the_rest(shipped: Calibration) -> None:
    assert shipped.confidence(replace(MIDDLING, passage=1e9)) == shipped.confidence(replace(MIDDLING, passage=1e3))
    assert shipped.confidence(replace(MIDDLING, apart=1e9)) == shipped.confidence(replace(MIDDLING, apart=1e3))
