"""The Inception Score and its relatives against closed forms, confusion-matrix oracles and each other."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from ganbench.errors import BadInput
from ganbench.metrics.inception_score import (
    inception_score,
    inception_score_cross_fitted,
    inception_score_splits,
    inception_scores_by_split,
    mean_pairwise_divergence,
    modified_is,
    modified_is_all_pairs,
)

ALONE = [inception_score, inception_score_cross_fitted, modified_is, modified_is_all_pairs]
TWO = np.array([[0.9, 0.1], [0.1, 0.9]])


def random_posteriors(n, classes, seed, concentration=0.3):
    return np.random.default_rng(seed).dirichlet(np.full(classes, concentration), size=n)


def confused(classes, accuracy):
    """Posteriors of a balanced sample whose class is right with ``accuracy`` and else evenly wrong."""
    wrong = (1 - accuracy) / (classes - 1)
    return np.full((classes, classes), wrong) + (accuracy - wrong) * np.eye(classes)


@pytest.mark.parametrize(
    ("classes", "accuracy", "score"),
    [(10, 0.9, 5.799546), (10, 0.99, 9.249887), (10, 0.5, 1.666667), (2, 0.9, 1.444935), (100, 0.9, 45.630449)],
)
def test_the_inception_score_of_a_confusion_matrix_is_its_closed_form(classes, accuracy, score):
    assert inception_score(confused(classes, accuracy)) == pytest.approx(score, abs=5e-7)  # printed to 6 digits
    closed = classes * accuracy**accuracy * ((1 - accuracy) / (classes - 1)) ** (1 - accuracy)
    assert inception_score(confused(classes, accuracy)) == pytest.approx(closed, rel=1e-13)


def test_one_hot_samples_of_every_class_score_the_number_of_classes():
    assert inception_score(np.eye(10).repeat(7, axis=0)) == pytest.approx(10, rel=1e-14)


def test_a_classifier_that_knows_nothing_scores_one():
    assert inception_score(np.full((50, 10), 0.1)) == pytest.approx(1, abs=1e-14)


def quadrature_score(density, low, high, points):
    """Inception Score of a symmetric 1-D distribution under p(y = 1 | x) = sigmoid(x): 2 exp(-E H)."""

    def weighted(x):
        p = expit(x)
        return density(x) * (np.logaddexp(0, x) - p * x)

    return 2 * math.exp(-quad(weighted, low, high, points=points, limit=500, epsabs=1e-12)[0])


@pytest.mark.parametrize(
    ("quantile", "score"),
    [
        (
            lambda u: np.where(
                u < 0.5, norm.ppf((2 * u) % 1, -1, math.sqrt(2)), norm.ppf((2 * u) % 1, 1, math.sqrt(2))
            ),
            1.223047,
        ),
        (lambda u: norm.ppf(u, 0, math.sqrt(20)), 1.533328),
        (lambda u: norm.ppf(u, 0, 20), 1.873667),
        (lambda u: 200 * u - 100, 1.967370),
    ],
    ids=["true mixture", "N(0, variance 20)", "N(0, sd 20)", "U(-100, 100)"],
)
def test_the_true_mixture_scores_below_wrong_generators(quantile, score):
    u = (np.arange(400_000) + 0.5) / 400_000  # midpoint rule: the exact distribution rather than a random sample
    p = expit(quantile(u))
    # The midpoint rule in quantile space errs by about 1 / n near the ends of an unbounded distribution.
    assert inception_score(np.stack([p, 1 - p], 1)) == pytest.approx(score, abs=2e-6)


def test_a_uniform_generator_follows_its_closed_form_and_the_quadrature():
    closed = 2 * math.exp(-(math.pi**2) / 600)
    assert quadrature_score(lambda x: 1 / 200, -100, 100, [0]) == pytest.approx(closed, rel=1e-9)
    x = (np.arange(200_000) + 0.5) / 1000 - 100
    p = expit(x)
    assert inception_score(np.stack([p, 1 - p], 1)) == pytest.approx(closed, rel=1e-7)


def test_splits_are_contiguous_and_unshuffled():
    by_label = np.eye(10).repeat(10, axis=0)
    assert inception_score_splits(by_label) == pytest.approx(1, abs=1e-14)
    mixed = np.tile(np.eye(10), (10, 1))
    assert inception_score_splits(mixed) == pytest.approx(10, rel=1e-14)


def test_splits_cut_at_i_times_n_over_s_and_keep_the_remainder():
    p = random_posteriors(23, 4, seed=0)
    cuts = [0, 2, 4, 6, 9, 11, 13, 16, 18, 20, 23]
    expected = [inception_score(p[a:b]) for a, b in pairwise(cuts)]
    assert inception_scores_by_split(p) == pytest.approx(expected, rel=1e-14)
    assert inception_score_splits(p) == pytest.approx(np.mean(expected), rel=1e-14)


def test_more_splits_than_rows_are_refused():
    with pytest.raises(BadInput, match="between 1 and the 5 rows"):
        inception_score_splits(random_posteriors(5, 3, seed=0))


@pytest.mark.slow
def test_the_plain_and_the_cross_fitted_score_bracket_the_limit_by_their_stated_bias():
    classes, n, draws = 20, 400, 300
    rng = np.random.default_rng(1)
    labels = rng.integers(classes, size=(draws, n))
    plain = [math.log(inception_score(np.eye(classes)[row])) for row in labels]
    crossed = [math.log(inception_score_cross_fitted(np.eye(classes)[row])) for row in labels]
    limit = math.log(classes)
    # Second-order terms are of relative size K / n = .05; the standard error of either mean is below 1e-3.
    assert np.mean(plain) - limit == pytest.approx(-(classes - 1) / (2 * n), rel=0.1)
    assert np.mean(crossed) - limit == pytest.approx((classes - 1) / n, rel=0.15)


def test_the_cross_fitted_score_uses_the_other_halfs_marginal():
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    even, odd = p[::2], p[1::2]
    cross = [(a * np.log(a / b.mean(0))).sum(1).mean() for a, b in ((even, odd), (odd, even))]
    assert inception_score_cross_fitted(p) == pytest.approx(math.exp(np.mean(cross)), rel=1e-14)


def test_the_cross_fitted_score_says_when_it_is_undefined():
    with pytest.raises(BadInput, match="undefined"):
        inception_score_cross_fitted(np.array([[1.0, 0.0], [0.0, 1.0]]))


def test_the_modified_score_takes_all_pairs_or_those_of_different_samples():
    assert mean_pairwise_divergence(torch.from_numpy(TWO)).exp().item() == pytest.approx(2.408225, abs=5e-7)
    assert modified_is_all_pairs(TWO) == pytest.approx(5.799546, abs=5e-7)
    assert inception_score(TWO) == pytest.approx(1.444935, abs=5e-7)


def test_the_modified_score_averages_over_predicted_classes():
    p = np.array([[0.9, 0.1], [0.6, 0.4], [0.1, 0.9]])
    pair = p[:2]
    kl = np.mean([[(a * np.log(a / b)).sum() for b in pair] for a in pair])
    assert modified_is(p) == pytest.approx((math.exp(kl) + 1) / 2, rel=1e-13)


@pytest.mark.parametrize("score", ALONE, ids=lambda m: m.__name__)
def test_tiny_and_zero_probabilities_stay_finite(score):
    tiny = np.array([[1.0, 1e-300, 0.0], [1e-300, 1.0, 0.0], [0.5, 0.5, 0.0], [0.5, 0.5, 0.0]])
    assert math.isfinite(score(tiny))


@pytest.mark.parametrize("score", ALONE, ids=lambda m: m.__name__)
@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ([0.5, 0.6], "row 2 sums to 1.1"),
        ([1.2, -0.2], "row 2 has a negative probability"),
        ([math.nan, 1.0], "row 2"),
        ([0.0, 0.0], "row 2 sums to 0"),
    ],
)
def test_rows_that_are_not_probabilities_are_named(score, row, complaint):
    with pytest.raises(BadInput, match=complaint):
        score(np.array([[0.5, 0.5], [0.1, 0.9], row]))


def test_an_empty_array_is_refused():
    with pytest.raises(BadInput, match="at least one row"):
        inception_score(np.zeros((0, 10)))


def test_half_precision_posteriors_of_a_thousand_classes_are_accepted():
    logits = torch.randn(40, 1000, generator=torch.Generator().manual_seed(0))
    exact = inception_score(logits.double().softmax(1))
    # float16 keeps 11 bits, and the smallest of a thousand probabilities are subnormal.
    assert inception_score(logits.softmax(1).half()) == pytest.approx(exact, rel=2e-3)
    assert inception_score(logits.softmax(1).half().numpy()) == pytest.approx(exact, rel=2e-3)
    assert inception_score(logits.softmax(1).bfloat16()) == pytest.approx(exact, rel=2e-2)


@pytest.mark.parametrize(("kind", "slack"), [(torch.float16, 1e-2), (torch.bfloat16, 5e-2), (torch.float32, 1e-4)])
def test_rows_may_miss_one_by_what_their_stored_precision_rounds(kind, slack):
    inside, outside = (torch.tensor([[0.5, 0.5 + miss]] * 2).to(kind) for miss in (0.8 * slack, 1.6 * slack))
    assert inception_score(inside) == pytest.approx(1)
    with pytest.raises(BadInput, match="row 0 sums to"):
        inception_score(outside)
