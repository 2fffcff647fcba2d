"""Classifier two-sample tests: their optimum, their chance level, and that the seed alone decides."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.neighbors import KNeighborsClassifier

from ganbench.errors import BadInput
from ganbench.metrics.c2st import c2st_knn, c2st_nn, one_nn_accuracy, one_nn_fake, one_nn_real, split


def normal(seed, n, d, *, mean=0.0, sd=1.0):
    return mean + sd * np.random.default_rng(seed).normal(size=(n, d))


def test_the_split_is_balanced_disjoint_and_of_one_size():
    real, fake = np.arange(40.0)[:, None], 100 + np.arange(30.0)[:, None]
    train, labels, test, truth = split(real, fake, 0)
    assert labels.tolist() == truth.tolist() == [1.0] * 15 + [0.0] * 15
    assert len(set(train.flatten().tolist()) | set(test.flatten().tolist())) == 60
    assert (train[:15] < 100).all()
    assert (test[15:] >= 100).all()
    assert not torch.equal(split(real, fake, 1)[0], train)


def test_k_neighbours_vote_as_in_another_library():
    real, fake = normal(0, 82, 3), normal(1, 82, 3, mean=0.6)  # 82 training rows, k = 9: no tie
    train, labels, test, truth = (part.numpy() for part in split(real, fake, 3))
    other = KNeighborsClassifier(9).fit(train, labels).score(test, truth)
    assert c2st_knn(real, fake, seed=3) == pytest.approx(other, rel=1e-12)


def test_a_tied_vote_counts_one_half(monkeypatch):
    line = torch.tensor([[0.0], [1.0], [10.0], [11.0]], dtype=torch.float64)
    labels = torch.tensor([1.0, 0.0, 1.0, 1.0], dtype=torch.float64)
    test, truth = torch.tensor([[0.4], [10.4]], dtype=torch.float64), torch.tensor([1.0, 0.0], dtype=torch.float64)
    monkeypatch.setattr("ganbench.metrics.c2st.split", lambda *_: (line, labels, test, truth))
    assert c2st_knn(line, line) == (0.5 + 0.0) / 2  # k = 2: one vote each, then two votes for the wrong kind


def test_rows_as_far_as_the_last_neighbour_share_what_is_left_of_the_vote():
    rng = np.random.default_rng(20)
    real, fake = (rng.integers(0, 3, (82, 3)).astype(float) for _ in range(2))
    train, labels, test, truth = (part.numpy() for part in split(real, fake, 0))
    k, right = 9, []
    for row, label in zip(((test[:, None] - train[None]) ** 2).sum(-1), truth, strict=True):
        last = np.sort(row)[k - 1]
        nearer, level = row < last, row == last
        share = (labels[nearer].sum() + (k - nearer.sum()) * labels[level].mean()) / k
        right.append(0.5 if abs(share - 0.5) < 1e-9 else (share > 0.5) == (label > 0.5))
    assert c2st_knn(real, fake) == pytest.approx(np.mean(right), rel=1e-12)


@pytest.mark.parametrize("metric", [c2st_knn, c2st_nn, one_nn_accuracy, one_nn_real, one_nn_fake])
def test_one_half_is_the_aim_not_the_least(metric):
    """A classifier that is wrong about copies of the reference is no sign of better samples."""
    assert (metric.spec.better, metric.spec.ideal) == ("target", 0.5)


@pytest.mark.slow
def test_copies_of_the_reference_are_below_the_aim_and_an_honest_sampler_reaches_it():
    draws = [(normal(2 * seed, 200, 4), normal(2 * seed + 1, 200, 4)) for seed in range(30)]
    copied = np.mean([c2st_knn(real, real, seed=seed) for seed, (real, _) in enumerate(draws)])
    honest = np.mean([c2st_knn(real, fake, seed=seed) for seed, (real, fake) in enumerate(draws)])
    assert copied == pytest.approx(0.427, abs=0.02)
    assert honest == pytest.approx(0.5, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("metric", [c2st_knn, c2st_nn])
def test_the_accuracy_nears_that_of_the_best_classifier(metric):
    real, fake = normal(2, 3000, 1), normal(3, 3000, 1, mean=2.0)
    assert metric(real, fake) == pytest.approx(norm.cdf(1.0), abs=0.025)  # one half plus half the total variation


@pytest.mark.parametrize("metric", [c2st_knn, c2st_nn])
def test_equal_distribution_leave_chance_and_separate_ones_certainty(metric):
    assert metric(normal(4, 400, 2), normal(5, 400, 2)) == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(400))
    assert metric(normal(6, 60, 2), normal(7, 60, 2, mean=50.0)) == 1.0


def test_the_network_sees_what_a_line_cannot():
    assert c2st_nn(normal(8, 600, 2), normal(9, 600, 2, sd=3.0)) > 0.7


def test_the_seed_alone_decides():
    real, fake = normal(10, 60, 2), normal(11, 60, 2)
    torch.manual_seed(0)
    first = c2st_nn(real, fake), c2st_knn(real, fake)
    torch.manual_seed(1)
    assert (c2st_nn(real, fake), c2st_knn(real, fake)) == first


def test_constant_features_and_far_means_do_not_matter_to_the_network():
    real, fake = normal(12, 200, 2), normal(13, 200, 2, mean=3.0)
    padded = [np.c_[sample, np.full(200, 7.0)] + 1e4 for sample in (real, fake)]
    assert c2st_nn(*padded) > 0.95


@pytest.mark.parametrize("metric", [c2st_knn, c2st_nn])
def test_a_split_needs_four_rows(metric):
    with pytest.raises(BadInput, match="fake: expected at least 4 rows, got 3"):
        metric(normal(14, 9, 2), normal(15, 3, 2))
