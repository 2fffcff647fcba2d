from math import exp, log

import pytest
import torch

from ganbench._util.streams import stream
from ganbench.metrics import METRICS
from ganbench.notes._failures import digits, halves
from ganbench.notes._retrained import posteriors, retrained
from ganbench.notes.base import Findings
from ganbench.notes.is_classifier import CLIMBED, REAL, SLOPES, key, order, reversals, stand_ins
from tests.notes import measured

pytestmark = pytest.mark.xdist_group("experiment-is_classifier")
NAME = "is_classifier"


def test_a_reversal_needs_all_draws_of_both_orders() -> None:
    scores = {("a", 0): (1.0, 2.0), ("b", 0): (3.0, 4.0), ("a", 1): (3.5, 5.0), ("b", 1): (3.0, 3.4)}
    scored = Findings({key(*where): values for where, values in scores.items()})
    assert reversals(scored, ["a", "b"], 2) == [("a", "b")]
    overlapping = Findings(scored.numbers | {key("a", 1): (3.3, 5.0)})
    assert reversals(overlapping, ["a", "b"], 2) == []
    assert reversals(scored, ["a", "b"], 1) == []
    assert order((1.0, 2.0), (2.0, 3.0)) == 0


@pytest.mark.slow
def test_the_scores_on_the_line_are_the_library_s() -> None:
    x = torch.tensor([-1.0, 1.0], dtype=torch.float64)
    y = torch.tensor([-10.0] * 9 + [10.0] * 9 + [0.0] * 2, dtype=torch.float64)
    for slope in SLOPES:
        for name, points in (("close", x), ("far", y)):
            right = torch.sigmoid(slope * points)
            score = METRICS["inception_score"](torch.stack([1 - right, right], 1))
            assert measured.findings(NAME).mean(f"{name}, slope {slope:g}") == pytest.approx(score, rel=1e-9)


@pytest.mark.slow
def test_the_far_distribution_never_exceeds_its_limit() -> None:
    # two sure points score 2; a tenth at the border costs a tenth of log 2
    assert measured.findings(NAME).mean("far, slope 16") == pytest.approx(2 * exp(-0.1 * log(2)), rel=1e-12)


@pytest.mark.slow
def test_the_climbed_classifier_is_all_but_certain_and_the_others_are_good_classifiers() -> None:
    results = measured.findings(NAME)
    assert results.mean(key(CLIMBED, 0)) > 9.9 > results.mean(key(REAL, 0))
    assert min(results.numbers["accuracy"]) > 0.93


def test_retraining_repeats_for_a_seed_and_differs_between_seeds() -> None:
    m = digits()
    first, again, other = (posteriors(retrained(m.train, seed, 1), m.pool.x[:9]) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


def test_stand_ins_are_images_and_each_differs_from_the_real_ones() -> None:
    m = digits()
    other = halves(m, 0)[1]
    made = stand_ins(m, other, stream(0, "test"))
    assert len(made) == 8
    for name, images in made.items():
        assert images.shape == other.x.shape, name
        assert images.abs().max() <= 1, name
        assert (images != other.x).flatten(1).any(1).double().mean() > 0.3, name
