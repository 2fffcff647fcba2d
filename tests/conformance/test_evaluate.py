"""Evaluation of one claim: mistakes are diagnosed by name, and no misbehaviour of an implementation stops it."""

from __future__ import annotations

import importlib
import random
import sys

import numpy as np
import pytest
import torch

from ganbench.conformance import formulas
from ganbench.conformance.claims import selected
from ganbench.conformance.evaluate import evaluate
from ganbench.conformance.implementation import Implementation
from ganbench.conformance.mistakes import SPECIFIC
from ganbench.metrics import METRICS


def findings(metric, function, select=(), **about):
    return [evaluate(claim, Implementation(function, **about)) for claim in selected([metric], select, ["slow"])]


def one(metric, function, select, **about):
    return findings(metric, function, [select], **about)[0]


def wrong(formula, **switch):
    return lambda real, fake, **options: formula(real, fake, **options, **switch)


MISTAKES = [
    ("fid", wrong(formulas.frechet, ddof=0), "ddof 0"),
    ("fid", wrong(formulas.frechet, commuting=True), "roots of the covariances"),
    ("fid", lambda real, fake: METRICS["fid"](real, fake) ** 0.5, "square root of the right number"),
    ("kid", wrong(formulas.kid, biased=True), "biased estimator"),
    ("kid", wrong(formulas.kid, scaled=False), "not divided by the dimension"),
    ("kid", wrong(formulas.kid, constant=0.0), "constant 1"),
    ("mmd", wrong(formulas.gaussian_mmd, biased=True), "biased estimator"),
    ("mmd", wrong(formulas.gaussian_mmd, pooled=True), "pooled sample"),
    ("mmd", wrong(formulas.gaussian_mmd, two=1.0), "lacks the 2"),
    ("energy_distance", wrong(formulas.energy, biased=True), "biased estimator"),
    ("precision", wrong(formulas.balls, metric="precision", squared=True), "squared distances used as radii"),
    ("precision", wrong(formulas.balls, metric="precision", offset=-1), "k counts the point itself"),
    ("precision", wrong(formulas.balls, metric="precision", strict=True), "without its border"),
    ("recall", wrong(formulas.balls, metric="recall", exchanged=True), "precision and recall exchanged"),
    ("density", wrong(formulas.balls, metric="density", offset=-1), "k counts the point itself"),
    ("t_statistic", wrong(formulas.t, literal=True), "outside of the root"),
    ("t_statistic", wrong(formulas.t, welch=True), "Welch"),
    ("w2", lambda real, fake: METRICS["w2"](real, fake) ** 2, "square of the right number"),
    ("coverage", lambda real, fake, k: METRICS["coverage"](fake, real, k=k), "swapped"),
    ("am_score", lambda real, fake: METRICS["am_score"](fake, real), "swapped"),
    ("inception_score_splits", lambda p, splits=10: formulas.inception(p), "splits not averaged"),
    ("inception_score", lambda p: formulas.inception(p, uniform=True), "uniform"),
    ("mode_score_b", lambda real, fake: formulas.inception(fake), "reading A"),
]


@pytest.mark.parametrize(("metric", "function", "words"), MISTAKES, ids=[f"{m[0]}: {m[2]}" for m in MISTAKES])
def test_a_classic_mistake_fails_and_is_named(metric, function, words):
    values = (one(metric, function, claim) for claim in value_claims(metric))
    assert any(words in finding.diagnosis for finding in values if finding.verdict != "passed")


def value_claims(metric):
    return [claim.id for claim in selected([metric]) if claim.kind == "value" and claim.cost == "fast"]


RIGHT = {
    "fid": formulas.frechet,
    "kid": formulas.kid,
    "mmd": formulas.gaussian_mmd,
    "energy_distance": formulas.energy,
    "t_statistic": formulas.t,
    **{name: wrong(formulas.balls, metric=name) for name in ("precision", "recall", "density", "coverage")},
}


@pytest.mark.parametrize("metric", RIGHT)
def test_the_formulas_are_right_by_default(metric):
    exact = [claim.id for claim in selected([metric], value_claims(metric))]
    exact = [name for name in exact if name not in {"fid/tiny-far-away", "kid/tiny"}]  # hard for plain sums
    assert [finding.line for finding in findings(metric, RIGHT[metric], exact) if finding.verdict != "passed"] == []


def test_every_specific_mistake_belongs_to_a_metric_of_ours():
    assert set(SPECIFIC) <= set(METRICS)


def test_an_open_choice_is_a_convention_and_no_fault():
    assert one("fid", wrong(formulas.frechet, ddof=0), "diagonal").verdict == "convention"
    assert one("kid", wrong(formulas.kid, biased=True), "by-hand").verdict == "failed"


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
def test_a_number_may_be_a_tensor_an_array_or_a_part_of_an_answer(answer, returns):
    assert one("fid", lambda real, fake: answer, "diagonal", returns=returns).verdict == "passed"


def test_a_part_that_is_not_there_is_named():
    assert "'c'" in one("fid", lambda real, fake: {"a": 1.0}, "diagonal", returns="c").message


def test_arguments_are_given_in_the_order_that_the_user_names():
    function = METRICS["coverage"]
    reordered = lambda k, fake, real: function(real, fake, k=k)  # noqa: E731
    assert one("coverage", reordered, "line", order=("k", "fake", "real")).verdict == "passed"
    assert one("coverage", lambda fake, real, k: function(real, fake, k=k), "line").verdict != "passed"


def test_an_option_that_the_order_names_is_given_its_default_where_a_claim_has_none():
    finding = one("coverage", lambda real, fake, k: float(k == 5), "invariance-identity", order=("real", "fake", "k"))
    assert finding.verdict == "passed"


def test_a_claim_that_sets_an_option_which_the_callable_lacks_is_skipped():
    finding = one("coverage", lambda real, fake: 0.5, "line")
    assert finding.verdict == "skipped"
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


def numpy_state():
    return np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002


@pytest.mark.parametrize("library", DRAWS)
def test_a_draw_from_the_global_random_state_is_detected_and_undone(library):
    before = random.getstate(), numpy_state(), torch.get_rng_state()

    def draw(real, fake):
        DRAWS[library]()
        return 2.0

    finding = one("fid", draw, "diagonal")
    assert finding.verdict == "global_rng"
    assert f"global random state of {library}" in finding.message
    assert random.getstate() == before[0]
    assert np.array_equal(numpy_state(), before[1])
    assert torch.equal(torch.get_rng_state(), before[2])


def test_an_import_that_draws_once_is_no_draw_of_the_implementation(tmp_path, monkeypatch):
    (tmp_path / "draws_when_imported.py").write_text("import random\nrandom.random()\n")
    monkeypatch.syspath_prepend(tmp_path)

    def importing(real, fake):
        importlib.import_module("draws_when_imported")
        return 2.0

    assert one("fid", importing, "diagonal").verdict == "passed"


def test_exceptions_and_exits_are_one_line():
    def fail(real, fake):
        raise RuntimeError("no\nsuch luck")

    finding = one("fid", fail, "diagonal")
    assert finding.message == "raises RuntimeError: no"
    assert "such luck" in finding.trace
    assert one("fid", lambda real, fake: sys.exit(3), "diagonal").message == "calls exit(3)"


def test_bad_input_must_be_refused_not_scored():
    quiet = findings("fid", lambda real, fake: 0.0, ["invariance-nan", "one-row"])
    assert {finding.verdict for finding in quiet} == {"failed"}
    assert {f.verdict for f in findings("fid", METRICS["fid"], ["invariance-nan", "one-row"])} == {"passed"}


def test_float32_sums_far_from_zero_fail_and_are_named():
    finding = one("fid", wrong(formulas.frechet, single=True), "tiny-far-away")
    assert (finding.verdict, finding.level) == ("failed", "numerics")
    assert "float32 arithmetic may lose" in finding.message


@pytest.mark.slow
def test_a_biased_estimator_fails_the_mean_over_draws():
    claim = selected(["kid"], ["unbiased"])[0]
    finding = evaluate(claim, Implementation(wrong(formulas.kid, biased=True)))
    assert (finding.verdict, finding.diagnosis) == ("failed", "biased estimator")
