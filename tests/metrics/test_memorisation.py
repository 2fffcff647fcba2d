"""Copies of training rows, and of each other, are found; honest samples are left alone."""

import numpy as np
import pytest
import torch

from ganbench import data
from ganbench.errors import BadInput
from ganbench.metrics import feature_vectors
from ganbench.metrics._engine import blocks, pairs
from ganbench.metrics.memorisation import authenticity, birthday_support, c_t, copies, rank_score


def normal(seed, n, d, *, mean=0.0, sd=1.0):
    return mean + sd * np.random.default_rng(seed).normal(size=(n, d))


def test_a_fake_is_authentic_when_farther_from_a_training_row_than_its_neighbour():
    train = [[0.0], [1.0], [5.0]]  # nearest others at 1, 1, 4
    assert authenticity(train, [[0.5], [-1.5], [8.9], [9.1]]) == 0.5
    assert authenticity(train, train) == 0.0
    assert authenticity(train, [[2.0]]) == 0.0  # exactly as far as the neighbour


def authenticity_of_all_nearest(train, fake):
    """The mean over the fakes of the share of their nearest training rows that call them authentic."""
    within, across = (((x[:, None] - train[None]) ** 2).sum(-1) for x in (train, fake))
    radii, nearest = np.sort(within, 1)[:, 1], across.min(1)
    return np.mean([(near > radii[row == near]).mean() for near, row in zip(nearest, across, strict=True)])


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_equally_near_training_rows_share_the_vote_on_a_fake(kind, monkeypatch):
    for module in (feature_vectors, pairs):
        monkeypatch.setattr(module, "working_type", lambda *_: kind)
    monkeypatch.setattr(blocks, "BLOCK", 64)
    rng = np.random.default_rng(30)
    train, fake = (rng.integers(0, 3, (n, 9)).astype(float) for n in (150, 130))
    assert authenticity(train, fake) == pytest.approx(authenticity_of_all_nearest(train, fake), rel=1e-12)
    assert authenticity([[0.0], [1.0], [4.0]], [[2.5]]) == 0.5  # farther than 1 is from 0, nearer than 4 is from 1


def test_the_authenticity_of_pixels_of_digits_is_one_number_in_any_order():
    digits = data.load("digits")
    train, fake = (
        source.examples({"index": torch.arange(source.size or 0)})[0].flatten(1).double()
        for source in (digits.train, digits.held_out)
    )
    orders = [
        [torch.from_numpy(np.random.default_rng(seed).permutation(len(x))) for x in (train, fake)] for seed in range(4)
    ]
    values = [authenticity(train[i], fake[j]) for i, j in orders]
    assert values == pytest.approx([authenticity_of_all_nearest(train.numpy(), fake.numpy())] * 4, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("d", "value"), [(1, 0.33), (2, 0.37), (8, 0.59), (64, 0.80)])
def test_honest_samples_have_the_authenticity_of_their_dimension(d, value):
    assert authenticity(normal(0, 2000, d), normal(1, 2000, d)) == pytest.approx(value, abs=0.04)


def test_copies_are_counted_against_the_distances_among_training_rows():
    train = normal(2, 400, 3)
    fake = np.concatenate([train[:100], normal(3, 300, 3)])
    assert 0.25 <= copies(train, fake) < 0.29
    assert copies(train, train) == 1.0
    assert copies(train, train + 100) == 0.0


@pytest.mark.parametrize("metric", [copies, birthday_support])
def test_a_quantile_lies_between_zero_and_one(metric):
    with pytest.raises(BadInput, match="quantile: expected a number between 0 and 1, got 1"):
        metric(normal(4, 9, 2), normal(5, 9, 2), quantile=1.0)


def test_copies_get_the_smallest_rank_score():
    nearer, farther = np.zeros(1000), np.ones(1000)
    assert rank_score(nearer, farther) == pytest.approx(-38.7201, abs=5e-5)
    assert rank_score([1.0, 2.0], [1.0, 2.0]) == pytest.approx(0.5 / np.sqrt(4 * 5 / 12), rel=1e-12)  # U = nm / 2


def test_c_t_is_far_below_zero_for_copies_near_it_for_honest_samples_and_above_for_bad_ones():
    train, real = normal(6, 600, 2), normal(7, 300, 2)
    assert c_t(train, real, train[:300] + 1e-6) < -10
    assert abs(c_t(train, real, normal(8, 300, 2))) < 4
    assert c_t(train, real, normal(9, 300, 2, sd=3)) > 5


def test_c_t_weighs_its_cells_by_their_reals():
    corners = np.array([[0.0, 0.0], [100.0, 0.0]])
    train = np.concatenate([corners[0] + normal(10, 50, 2), corners[1] + normal(11, 50, 2)])
    real = np.concatenate([corners[0] + normal(12, 60, 2), corners[1] + normal(13, 20, 2)])
    fake = np.concatenate([train[:40], corners[1] + normal(14, 40, 2)])

    def near(sample, to):
        return np.sqrt(((sample[:, None] - to[None]) ** 2).sum(-1)).min(1)

    scores = [
        rank_score(near(f, t), near(r, t))
        for f, r, t in ((fake[:40], real[:60], train[:50]), (fake[40:], real[60:], train[50:]))
    ]
    assert c_t(train, real, fake, cells=2) == pytest.approx((60 * scores[0] + 20 * scores[1]) / 80, rel=1e-9)
    only_first = (c_t(train, real, fake[:60], cells=2), scores[0])  # 20 fakes in a cell are too few
    assert only_first[0] == pytest.approx(only_first[1], rel=1e-9)
    with pytest.raises(BadInput, match="more than 20 rows in a cell"):
        c_t(train, real, fake[:20], cells=2)


@pytest.mark.parametrize("block", [7, 4096])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_the_support_is_the_pairs_over_those_that_collide(block, kind, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", block)
    monkeypatch.setattr(feature_vectors, "working_type", lambda *_: kind)
    support = np.eye(50) * 9
    fake = np.repeat(support[:10], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0)
    collisions = sum(i * (i - 1) / 2 for i in range(1, 11))
    real = np.concatenate([support, support + 1e-3])
    assert birthday_support(real, fake) == pytest.approx(55 * 54 / 2 / collisions, rel=1e-14)
    assert birthday_support(real, support) == np.inf


@pytest.mark.slow
def test_the_support_of_uniform_draws_is_found():
    points = normal(15, 1000, 4)
    draws = np.random.default_rng(16).integers(0, 1000, 3000)
    assert birthday_support(normal(17, 2000, 4), points[draws]) == pytest.approx(1000, rel=0.1)
