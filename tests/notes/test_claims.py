"""Statements are whole, and their rules can end in every verdict: on noise in none."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganbench.errors import RequestError
from ganbench.notes import EXPERIMENTS
from ganbench.notes import claims as module
from ganbench.notes.base import Findings
from ganbench.notes.claims import LISTS, Claim, about, claim_of, claims, digest
from ganbench.notes.record import Observation
from ganbench.records.store import Log

NOTES = Path(__file__).parents[2] / "results" / "notes"
SOURCES = Path(__file__).parents[3] / "shared" / "notes"
MEASURED = [claim for claim in claims() if claim.kind != "damaged"]
DRAWS = 40


@pytest.fixture(scope="module")
def counts() -> dict[str, dict[str, int]]:
    """How many values each number has, by experiment."""
    log = Log(NOTES, Observation).read().values()
    return {each.experiment: {name: len(v) for name, v in each.findings.numbers.items()} for each in log}


@pytest.mark.parametrize("noise", ["normal", "uniform"])
@pytest.mark.parametrize("claim", MEASURED, ids=lambda claim: claim.name)
def test_noise_decides_nothing(claim: Claim, noise: str, counts: dict[str, dict[str, int]]) -> None:
    rng = np.random.default_rng(7)
    said: Counter[str] = Counter()
    for _ in range(DRAWS):
        draw = rng.standard_normal if noise == "normal" else rng.random
        numbers = {name: tuple(draw(n).tolist()) for name, n in counts[claim.experiment].items()}
        said[claim.judge(Findings(numbers))] += 1
    assert said["undecided"] >= 0.8 * DRAWS, said


A = Claim("a", "ours", "here", "A is above B.", "measured", "x", holds=('"a" > "b"',), sound=('"c" > 1',))


@pytest.mark.parametrize(
    ("a", "b", "c", "verdict"),
    [
        ((3.0, 3.1, 2.9), (1.0, 1.1, 0.9), (2.0, 2.1, 2.2), "right"),
        ((1.0, 1.1, 0.9), (3.0, 3.1, 2.9), (2.0, 2.1, 2.2), "wrong"),
        ((1.0, 2.0, 3.0), (1.1, 1.9, 3.2), (2.0, 2.1, 2.2), "undecided"),
        ((3.0, 3.1, 2.9), (1.0, 1.1, 0.9), (0.0, 0.1, 0.2), "undecided"),  # the control was not found
        ((3.0,), (1.0,), (2.0, 2.1, 2.2), "undecided"),  # one value says nothing of its spread
    ],
)
def test_a_rule_ends_in_every_verdict(
    a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...], verdict: str
) -> None:
    assert A.judge(Findings({"a": a, "b": b, "c": c})) == verdict


def test_what_holds_as_meant_and_fails_to_the_letter_is_loose() -> None:
    loose = replace(A, sound=(), strictly=('"b" = 0 within 0.1',))
    assert loose.judge(Findings({"a": (3.0, 3.1), "b": (1.0, 1.01)})) == "loose"
    assert loose.judge(Findings({"a": (3.0, 3.1), "b": (0.0, 0.001)})) == "right"
    assert replace(A, kind="damaged").judge(Findings({})) == "damaged"


def test_exact_numbers_need_no_interval() -> None:
    exact = replace(A, kind="exact")
    assert exact.judge(Findings({"a": (3.0,), "b": (1.0,), "c": (2.0,)})) == "right"
    assert exact.judge(Findings({"a": (1.0,), "b": (3.0,), "c": (2.0,)})) == "wrong"


def test_a_failure_is_called_at_one_level_over_all_conditions() -> None:
    rng = np.random.default_rng(0)
    many = replace(A, sound=(), holds=tuple(f'"{i}" > 0' for i in range(20)))
    wrong = sum(
        many.judge(Findings({str(i): tuple(rng.standard_normal(5).tolist()) for i in range(20)})) == "wrong"
        for _ in range(300)
    )
    assert wrong / 300 < 0.06  # 2.5 % a condition would be 40 %


def test_every_experiment_has_claims_and_every_claim_an_experiment() -> None:
    assert {claim.experiment for claim in MEASURED} == set(EXPERIMENTS)
    assert all(about(name) for name in EXPERIMENTS)
    assert [name for name in LISTS if not any(claim.list == name for claim in claims())] == []


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.name)
def test_claims_are_whole_and_called_by_short_phrases(claim: Claim) -> None:
    assert 3 < len(claim.name) <= 48
    assert " " in claim.name
    assert claim.where
    assert claim.statement.endswith((".", "?"))
    if claim.list == "notes":
        assert claim.where.startswith("note ")
        assert claim.original
        assert claim.english
    if claim.kind != "damaged":
        assert claim.shown
        assert claim.expected
        assert claim.source
    if claim.kind == "damaged":
        assert claim.correct


@pytest.mark.skipif(not SOURCES.is_dir(), reason="the notes are not at hand")
@pytest.mark.parametrize("claim", [c for c in claims() if c.list == "notes"], ids=lambda claim: claim.name)
def test_quotations_are_in_the_notes_word_for_word(claim: Claim) -> None:
    def letters(text: str) -> str:
        return "".join(each for each in text if each.isalnum()).lower()

    def characters(text: str) -> str:  # formulas are set in different ways
        return "".join(each for each in text if "\u4e00" <= each <= "\u9fff")

    notes = "".join(path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("*.txt")))
    for part in claim.original.replace("(note 3:", "(…)").split("(…)"):
        same = characters if characters(part) else letters
        assert same(part) in same(notes), part


def test_the_digest_follows_rules_and_statements_and_no_remark(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest("bilinear_game")
    (first, *rest) = about("bilinear_game")

    def given(changed: Claim) -> str:
        monkeypatch.setattr(module, "about", lambda _: (changed, *rest))
        return digest("bilinear_game")

    assert given(replace(first, remark="Other words.")) == before
    assert given(replace(first, holds=('"alternating" < 2',))) != before
    assert given(replace(first, statement="Otherwise.")) != before


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"holds": ['"a" > 1']}, "expected an experiment"),
        ({"experiment": "x", "kind": "exact", "holds": ['"a" > 1']}, "needs a number in sound"),
        ({"experiment": "x", "kind": "exakt", "holds": ['"a" > 1']}, "exact"),
        ({"experiment": "x", "hold": ['"a" > 1']}, "hold"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(row: dict[str, object], said: str) -> None:
    whole = {"name": "a claim", "where": "here", "statement": "So.", "kind": "measured"} | row
    with pytest.raises(RequestError, match=said):
        claim_of("ours", whole)
