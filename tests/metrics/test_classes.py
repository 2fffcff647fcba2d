"""Class posteriors beside a reference: mode scores, AM score, class distributions, scores by class, in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ganbench.errors import BadInput
from ganbench.metrics.classes import (
    am_score,
    between_class_is,
    class_distribution_chi_square,
    class_distribution_kl,
    mode_score_a,
    mode_score_b,
    within_class_is,
)
from ganbench.metrics.inception_score import inception_score

BESIDE = [mode_score_a, mode_score_b, am_score, class_distribution_chi_square, class_distribution_kl]
TWO = np.array([[0.9, 0.1], [0.1, 0.9]])


def random_posteriors(n, classes, seed, concentration=0.3):
    return np.random.default_rng(seed).dirichlet(np.full(classes, concentration), size=n)


def certain(distribution, n=1000):
    """Posteriors of a perfect classifier whose classes occur exactly as ``distribution`` says."""
    return np.eye(len(distribution)).repeat((np.array(distribution) * n).round().astype(int), axis=0)


def test_reading_a_of_the_mode_score_is_the_inception_score():
    real, fake = random_posteriors(90, 7, seed=1), random_posteriors(60, 7, seed=2)
    assert mode_score_a(real, fake) == pytest.approx(inception_score(fake), rel=1e-12)


def test_reading_b_of_the_mode_score_prefers_the_root_of_the_true_law():
    real = certain([0.9, 0.1])
    assert mode_score_b(real, real) == pytest.approx(math.exp(-0.9 * math.log(0.9) - 0.1 * math.log(0.1)), rel=1e-12)
    assert mode_score_b(real, certain([0.75, 0.25])) == pytest.approx(1.6, rel=1e-12)  # (sum of sqrt p*)^2
    assert mode_score_b(real, certain([0.5, 0.5])) == pytest.approx(1.2, rel=1e-12)


def test_reading_b_stays_finite_where_samples_drop_classes():
    assert mode_score_b(certain([0.5, 0.5]), certain([1.0, 0.0])) == pytest.approx(0.5, rel=1e-12)


def test_the_am_score_is_least_at_the_true_distribution_where_the_inception_score_is_not():
    skewed, even = certain([0.5, 0.25, 0.125, 0.125]), certain([0.25] * 4)
    assert am_score(skewed, skewed) == pytest.approx(0, abs=1e-12)
    assert am_score(skewed, even) == pytest.approx(math.log(2) / 4, rel=1e-12)
    assert inception_score(even) > inception_score(skewed)


def test_the_am_score_adds_the_mean_entropy():
    unsure = np.array([[0.9, 0.1], [0.1, 0.9]])
    assert am_score(certain([0.5, 0.5]), unsure) == pytest.approx(
        -(0.9 * math.log(0.9) + 0.1 * math.log(0.1)), rel=1e-12
    )


def test_a_missing_class_costs_the_am_score_as_if_its_probability_were_1e_16():
    expected = 0.5 * math.log(0.5 / 1) + 0.5 * math.log(0.5 / 1e-16)
    assert am_score(certain([0.5, 0.5]), certain([1.0, 0.0])) == pytest.approx(expected, rel=1e-12)


def test_class_distribution_differ_by_chi_square_and_kl():
    a, b = certain([0.5, 0.5]), certain([1.0, 0.0])
    assert class_distribution_chi_square(a, b) == pytest.approx((0.25 / 1.5 + 0.25 / 0.5) / 2, rel=1e-12)
    assert class_distribution_chi_square(certain([0.0, 1.0]), b) == 1
    assert class_distribution_kl(a, b) == pytest.approx(math.log(2), rel=1e-12)


@pytest.mark.parametrize("distribution", [mode_score_a, mode_score_b, class_distribution_kl])
def test_a_class_that_the_reference_lacks_is_named(distribution):
    with pytest.raises(BadInput, match="class 1 has no probability in the reference"):
        distribution(certain([1.0, 0.0]), certain([0.5, 0.5]))


def test_scores_between_and_within_classes_multiply_to_the_whole():
    p = random_posteriors(200, 6, seed=3)
    labels = np.random.default_rng(4).choice(6, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.1], size=200)
    product = between_class_is(p, labels) * within_class_is(p, labels)
    assert product == pytest.approx(inception_score(p), rel=1e-12)


def test_a_sampler_that_obeys_its_labels_scores_one_within_and_all_between():
    labels = np.arange(5).repeat(4)
    assert within_class_is(np.eye(5)[labels], labels) == pytest.approx(1, abs=1e-13)
    assert between_class_is(np.eye(5)[labels], labels) == pytest.approx(5, rel=1e-13)
    assert between_class_is(np.eye(5)[labels], np.zeros(20, int)) == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize("score", BESIDE, ids=lambda m: m.__name__)
def test_tiny_and_zero_probabilities_stay_finite_beside_a_reference(score):
    tiny = np.array([[1.0, 1e-300, 0.0], [1e-300, 1.0, 0.0], [1.0, 0.0, 0.0]])
    assert math.isfinite(score(np.full((4, 3), 1 / 3), tiny))


def test_references_with_other_classes_are_refused():
    with pytest.raises(BadInput, match="expected 3 classes"):
        am_score(np.full((4, 3), 1 / 3), TWO)


def test_labels_of_another_length_or_kind_are_refused():
    with pytest.raises(BadInput, match="expected 2 labels"):
        within_class_is(TWO, [0])
    with pytest.raises(BadInput, match="whole numbers"):
        within_class_is(TWO, [0.5, 1.0])
