"""The claims themselves: stable, complete, true of our metrics."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ganbench.conformance.claims import all_claims, claim_of, selected
from ganbench.conformance.evaluate import evaluate
from ganbench.conformance.implementation import ours
from ganbench.conformance.inputs import make
from ganbench.errors import BadInput, UnknownName
from ganbench.metrics import METRICS
from tests.conformance.oracles import expected

FAST = [claim for claim in all_claims() if claim.cost == "fast"]
SLOW = [claim for claim in all_claims() if claim.cost == "slow"]


@pytest.mark.parametrize("metric", METRICS)
def test_our_metrics_pass_every_fast_claim(metric):
    findings = [evaluate(claim, ours(metric)) for claim in FAST if claim.metric == metric]
    assert [finding.line for finding in findings if finding.verdict != "passed"] == []


@pytest.mark.slow
@pytest.mark.parametrize("claim", SLOW, ids=[claim.id for claim in SLOW])
def test_our_metrics_pass_every_slow_claim(claim):
    finding = evaluate(claim, ours(claim.metric))
    assert finding.verdict == "passed", finding.line


def test_every_metric_has_claims_and_every_claim_its_words():
    assert {claim.metric for claim in all_claims()} == set(METRICS)
    for claim in all_claims():
        assert len(claim.says) > 10
        assert len(claim.why) > 10, "a tolerance needs its reason"
        assert math.isfinite(claim.expect)


def test_every_metric_has_a_value_claim_not_invariances_alone():
    numbered = {claim.metric for claim in all_claims() if claim.kind in {"value", "mean"}}
    assert numbered == set(METRICS)


def test_a_value_that_misses_by_ten_tolerances_is_never_allowed():
    for claim in all_claims():
        if claim.kind == "value":
            assert claim.allows(claim.expect)
            assert not claim.allows(claim.expect + 10 * (claim.atol + claim.rtol * abs(claim.expect)) + 1e-300)


def test_patterns_choose_by_id_by_rest_and_by_cost():
    assert [c.id for c in selected(["fid"], ["mean-only"])] == ["fid/mean-only"]
    assert {c.cost for c in selected(["kid"], ["slow"])} == {"slow"}
    assert not [c for c in selected(["kid"], skip=["invariance-*"]) if "/invariance-" in c.id]
    assert len(selected(["fid", "kid"])) == len(selected(["fid"])) + len(selected(["kid"]))


def test_a_pattern_or_metric_that_matches_nothing_is_an_error():
    with pytest.raises(UnknownName, match="mean-only"):
        selected(["fid"], ["mean-onli"])
    with pytest.raises(UnknownName, match="'fid'"):
        selected(["fyd"])


def test_an_input_that_the_metric_does_not_take_is_an_error():
    with pytest.raises(UnknownName, match="fakes"):
        claim_of({"id": "x", "metric": "fid", "says": "no", "real": [[0]], "fakes": [[0]]})


def test_a_recipe_of_moments_has_exactly_those_moments():
    covariance = [[2.0, 1.0], [1.0, 2.0]]
    rows = make({"make": "moments", "n": 9, "mean": [3, 4], "covariance": covariance, "seed": 1})
    np.testing.assert_allclose(rows.mean(0), [3, 4], atol=1e-12)
    np.testing.assert_allclose(np.cov(rows, rowvar=False), covariance, atol=1e-12)


def test_repetitions_draw_afresh_and_again_the_same():
    recipe = {"make": "normal", "n": 5, "d": 2, "seed": 1}
    np.testing.assert_array_equal(make(recipe, 3), make(recipe, 3))
    assert not np.array_equal(make(recipe, 3), make(recipe, 4))
    assert np.array_equal(make(recipe).astype(np.float32).astype(float), make(recipe))


def test_a_recipe_without_a_name_is_refused():
    with pytest.raises(BadInput, match="make"):
        make({"n": 3})


IN_SPACE = [claim for claim in FAST if claim.id.endswith(("/in-space", "/ties"))]


@pytest.mark.parametrize("claim", IN_SPACE, ids=lambda claim: claim.id)
def test_claims_in_space_expect_what_loops_over_the_definition_give(claim):
    assert claim.expect == pytest.approx(expected(claim.metric, claim.id.endswith("/ties")), rel=1e-10)
