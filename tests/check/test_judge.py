"""The jury convicts planted mistakes by name, and no misbehaviour stops it."""

from __future__ import annotations

import random
import sys

import numpy as np
import pytest
import torch

from ganbench.check import plain
from ganbench.check.claims import chosen
from ganbench.check.implementation import Implementation
from ganbench.check.judge import judge
from ganbench.check.mistakes import SPECIFIC
from ganbench.metrics import METRICS


def findings(metric, function, select=(), **about):
    return [judge(claim, Implementation(function, **about)) for claim in chosen([metric], select, ["slow"])]


def one(metric, function, select, **about):
    return findings(metric, function, [select], **about)[0]


def wrong(formula, **switch):
    return lambda real, fake, **options: formula(real, fake, **options, **switch)


MISTAKES = [
    ("fid", wrong(plain.frechet, ddof=0), "ddof 0"),
    ("fid", wrong(plain.frechet, commuting=True), "roots of the covariances"),
    ("fid", lambda real, fake: METRICS["fid"](real, fake) ** 0.5, "root of the distance"),
    ("kid", wrong(plain.kid, biased=True), "biased estimator"),
    ("kid", wrong(plain.kid, scaled=False), "not divided by the dimension"),
    ("kid", wrong(plain.kid, constant=0.0), "constant 1"),
    ("mmd", wrong(plain.gaussian_mmd, biased=True), "biased estimator"),
    ("mmd", wrong(plain.gaussian_mmd, pooled=True), "pooled sample"),
    ("mmd", wrong(plain.gaussian_mmd, two=1.0), "lacks the 2"),
    ("energy_distance", wrong(plain.energy, biased=True), "biased estimator"),
    ("precision", wrong(plain.balls, metric="precision", squared=True), "squared distances used as radii"),
    ("precision", wrong(plain.balls, metric="precision", offset=-1), "k counts the point itself"),
    ("precision", wrong(plain.balls, metric="precision", strict=True), "without its border"),
    ("recall", wrong(plain.balls, metric="recall", exchanged=True), "precision and recall exchanged"),
    ("density", wrong(plain.balls, metric="density", offset=-1), "k counts the point itself"),
    ("t_statistic", wrong(plain.t, literal=True), "outside of the root"),
    ("t_statistic", wrong(plain.t, welch=True), "Welch"),
    ("w2", lambda real, fake: METRICS["w2"](real, fake) ** 2, "root is missing"),
    ("coverage", lambda real, fake, k: METRICS["coverage"](fake, real, k=k), "swapped"),
    ("am_score", lambda real, fake: METRICS["am_score"](fake, real), "swapped"),
    ("inception_score_splits", lambda p, splits=10: plain.inception(p), "splits not averaged"),
    ("inception_score", lambda p: plain.inception(p, uniform=True), "uniform"),
    ("mode_score_b", lambda real, fake: plain.inception(fake), "reading A"),
]


@pytest.mark.parametrize(("metric", "function", "words"), MISTAKES, ids=[f"{m[0]}: {m[2]}" for m in MISTAKES])
def test_a_classic_mistake_is_convicted_and_named(metric, function, words):
    values = [finding for finding in findings(metric, function, skip_laws(metric)) if finding.verdict != "held"]
    assert any(words in finding.diagnosis for finding in values), [finding.line for finding in values]


def skip_laws(metric):
    return [claim.id for claim in chosen([metric]) if claim.kind == "value" and claim.cost == "fast"]


RIGHT = {
    "fid": plain.frechet,
    "kid": plain.kid,
    "mmd": plain.gaussian_mmd,
    "energy_distance": plain.energy,
    "t_statistic": plain.t,
    **{name: wrong(plain.balls, metric=name) for name in ("precision", "recall", "density", "coverage")},
}


@pytest.mark.parametrize("metric", RIGHT)
def test_the_plain_formulas_are_right_when_no_switch_is_thrown(metric):
    exact = [claim.id for claim in chosen([metric], skip_laws(metric))]
    exact = [name for name in exact if name not in {"fid/tiny-far-away", "kid/tiny"}]  # hard for plain sums
    assert [finding.line for finding in findings(metric, RIGHT[metric], exact) if finding.verdict != "held"] == []


def test_every_specific_mistake_belongs_to_a_metric_of_ours():
    assert set(SPECIFIC) <= set(METRICS)


def test_an_open_choice_is_a_convention_and_no_fault():
    assert one("fid", wrong(plain.frechet, ddof=0), "diagonal").verdict == "convention"
    assert one("kid", wrong(plain.kid, biased=True), "by-hand").verdict == "failed"


def test_a_number_that_no_mistake_explains_is_not_explained():
    finding = one("fid", lambda real, fake: 17.125, "diagonal")
    assert (finding.verdict, finding.diagnosis, finding.got) == ("failed", "", 17.125)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("2", "'2'"),
        (None, "None"),
        (float("nan"), "finite"),
        (np.zeros(3), r"shape (3,)"),
        ({"fid": 1.0}, "--returns"),
        ((1.0, 2.0), "shape (2,)"),
    ],
)
def test_an_answer_that_is_no_number_is_described(answer, words):
    finding = one("fid", lambda real, fake: answer, "diagonal")
    assert finding.verdict == "failed"
    assert words in finding.message


@pytest.mark.parametrize(
    ("answer", "returns"),
    [
        (2.0, ""),
        (torch.tensor(2.0, requires_grad=True), ""),
        (np.array([2.0]), ""),
        ({"a": 1.0, "b": 2}, "b"),
        ((1.0, 2.0), "1"),
        ([1.0, 2.0], "-1"),
    ],
)
def test_numbers_come_in_many_clothes(answer, returns):
    assert one("fid", lambda real, fake: answer, "diagonal", returns=returns).verdict == "held"


def test_a_part_that_is_not_there_is_named():
    assert "'c'" in one("fid", lambda real, fake: {"a": 1.0}, "diagonal", returns="c").message


def test_arguments_are_given_in_the_order_asked_for():
    function = METRICS["coverage"].function
    turned = lambda k, fake, real: function(real, fake, k=k)  # noqa: E731
    assert one("coverage", turned, "line", order=("k", "fake", "real")).verdict == "held"
    assert one("coverage", lambda fake, real, k: function(real, fake, k=k), "line").verdict != "held"


def test_an_option_that_the_order_names_is_given_its_usual_value_where_a_claim_has_none():
    finding = one("coverage", lambda real, fake, k: float(k == 5), "law-identity", order=("real", "fake", "k"))
    assert finding.verdict == "held"


def test_a_claim_that_sets_what_the_callable_lacks_is_not_asked():
    finding = one("coverage", lambda real, fake: 0.5, "line")
    assert finding.verdict == "unasked"
    assert "--order" in finding.message


def test_changed_inputs_are_detected():
    def spoil(real, fake):
        real += 1
        return 2.0

    assert "changes its input 'real'" in one("fid", spoil, "diagonal").message


DRAWS = {
    "random": random.random,
    "numpy": np.random.rand,
    "torch": lambda: torch.rand(()),
}


@pytest.mark.parametrize("library", DRAWS)
def test_a_draw_from_the_global_random_state_is_detected_and_undone(library):
    before = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002

    def draw(real, fake):
        DRAWS[library]()
        return 2.0

    finding = one("fid", draw, "diagonal")
    assert finding.verdict == "impure"
    assert f"global random state of {library}" in finding.message
    assert random.getstate() == before[0]
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[2])


def test_exceptions_and_exits_are_one_line():
    def fail(real, fake):
        raise RuntimeError("no\nsuch luck")

    finding = one("fid", fail, "diagonal")
    assert finding.message == "raises RuntimeError: no"
    assert "such luck" in finding.trace
    assert one("fid", lambda real, fake: sys.exit(3), "diagonal").message == "calls exit(3)"


def test_bad_input_must_be_refused_not_scored():
    quiet = findings("fid", lambda real, fake: 0.0, ["law-nan", "one-row"])
    assert {finding.verdict for finding in quiet} == {"failed"}
    assert {f.verdict for f in findings("fid", METRICS["fid"].function, ["law-nan", "one-row"])} == {"held"}


def test_float32_sums_far_from_zero_are_convicted():
    finding = one("fid", wrong(plain.frechet, single=True), "tiny-far-away")
    assert finding.verdict == "failed"
    assert "float32" in finding.diagnosis


@pytest.mark.slow
def test_a_biased_estimator_fails_the_mean_over_draws():
    claim = chosen(["kid"], ["unbiased"])[0]
    finding = judge(claim, Implementation(wrong(plain.kid, biased=True)))
    assert (finding.verdict, finding.diagnosis) == ("failed", "biased estimator")
