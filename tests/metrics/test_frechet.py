"""The Frechet distance: closed forms, 40-digit arithmetic, and how far its estimates can be trusted."""

import mpmath
import numpy as np
import pytest
import torch

from ganbench.errors import BadInput
from ganbench.metrics import frechet
from ganbench.metrics._engine import spectrum
from ganbench.metrics._engine.spectrum import nuclear_norm
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.frechet import (
    between_class_fid,
    between_class_fid_infinity,
    fid,
    fid_bias,
    fid_infinity,
    fid_interval,
    frechet_distance,
    frechet_ratio,
    intra_fid,
    intra_fid_infinity,
    root,
    transport,
)


def normal(seed, n, d, *, mean=0.0, sd=1.0):
    return mean + sd * np.random.default_rng(seed).normal(size=(n, d))


def exact_fid(real, fake):
    """The distance of the very numbers in the arrays, in 60-digit arithmetic."""
    with mpmath.workdps(60):
        means, covariances = [], []
        for values in (real, fake):
            rows = [mpmath.matrix([mpmath.mpf(float(v)) for v in row]) for row in values]
            n = len(rows)
            mean = sum(rows[1:], rows[0]) / n
            scatter = mpmath.zeros(len(mean))
            for row in rows:
                scatter += (row - mean) * (row - mean).T
            means.append(mean)
            covariances.append(scatter / (n - 1))
        values, vectors = mpmath.eigsy(covariances[0])
        half = vectors * mpmath.diag([mpmath.sqrt(max(v, 0)) for v in values]) * vectors.T
        inner = half * covariances[1] * half
        cross = sum(mpmath.sqrt(max(v, 0)) for v in mpmath.eigsy((inner + inner.T) / 2, eigvals_only=True))
        shift = means[0] - means[1]
        trace = sum(c[i, i] for c in covariances for i in range(len(shift)))
        return float((shift.T * shift)[0] + trace - 2 * cross)


@pytest.mark.parametrize(
    ("shift", "a", "b", "value"),
    [
        ([3, 4], np.eye(2), np.eye(2), 25.0),
        ([0, 0], np.diag([4, 9]), np.diag([1, 16]), 2.0),
        ([0] * 64, np.eye(64), np.eye(64) / 4, 16.0),
        ([0] * 5, np.zeros((5, 5)), np.eye(5), 5.0),
        ([0, 0], np.diag([1, 0]), np.diag([0, 1]), 2.0),
        ([0] * 3, np.outer([1, 2, 2], [1, 2, 2]), np.outer([2, 0, 1], [2, 0, 1]), 6.0),
        # not the Frobenius distance of the roots, 1.4210946: these covariances do not commute
        ([0, 0], [[2, 1], [1, 2]], [[3, -1], [-1, 1]], 1.3972795044568604),
        ([0, 0], [[1, 0.5], [0.5, 1]], np.eye(2), 2 * (2 - np.sqrt(1.5) - np.sqrt(0.5))),
        ([2], [[9]], [[4]], 4 + (3 - 2) ** 2),
    ],
)
def test_gaussians_with_known_distance(shift, a, b, value):
    assert frechet_distance(np.zeros(len(shift)), a, shift, b) == pytest.approx(value, rel=1e-12)
    assert frechet_distance(shift, b, np.zeros(len(shift)), a) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        pytest.param(normal(0, 20, 4), normal(1, 25, 4, sd=1.3), id="plain"),
        pytest.param(normal(2, 20, 4, mean=1e5), normal(3, 20, 4, mean=1e5), id="mean 1e5"),
        pytest.param(normal(4, 20, 4, mean=1e3, sd=1e-2), normal(5, 20, 4, mean=1e3, sd=1e-2), id="mean 1e3, sd 1e-2"),
        pytest.param(normal(6, 20, 4, sd=1e-6), normal(7, 20, 4, sd=1e-6), id="variance 1e-12"),
        pytest.param(normal(8, 5, 9), normal(9, 4, 9), id="fewer rows than dimensions"),
        pytest.param(normal(10, 20, 4) * [1, 1, 1, 0], normal(11, 20, 4) * [1, 1, 1, 0], id="a constant column"),
        pytest.param(normal(12, 20, 1), normal(13, 20, 1, sd=2), id="one dimension"),
        pytest.param(normal(14, 2, 3), normal(15, 30, 3), id="two rows"),
        pytest.param(normal(16, 20, 4).astype("f4") + np.float32(1e3), normal(17, 20, 4).astype("f4"), id="float32"),
    ],
)
def test_the_distance_of_samples_is_that_of_long_arithmetic(real, fake):
    assert fid(real, fake) == pytest.approx(exact_fid(real, fake), rel=1e-9)


def test_a_far_mean_with_a_small_spread_keeps_its_digits():
    real, fake = normal(18, 30, 3, mean=1e6, sd=1e-3), normal(19, 30, 3, mean=1e6, sd=1e-3)
    assert fid(real, fake) == pytest.approx(exact_fid(real, fake), rel=1e-6)  # doubles here are 1e-10 apart


@pytest.mark.parametrize(
    "sample",
    [
        normal(20, 50, 8),
        normal(21, 5, 8),
        normal(22, 50, 8, mean=1e5),
        np.ones((9, 3)),
        normal(23, 40, 4) * [1, 0, 1, 0],
    ],
)
def test_a_sample_is_at_no_distance_from_itself(sample):
    trace = float(np.trace(np.atleast_2d(np.cov(sample.T))))
    assert 0 <= fid(sample, sample.copy()) <= 1e-13 * trace


@pytest.mark.parametrize(("n", "m"), [(60, 50), (7, 50), (7, 6)])
def test_the_fast_route_of_many_dimensions_gives_the_value_of_the_careful_one(n, m, monkeypatch):
    real, fake = normal(24, n, 20), normal(25, m, 20, sd=1.5)
    careful = fid(real, fake)
    always_wide(monkeypatch)
    assert fid(real, fake) == pytest.approx(careful, rel=1e-11)
    singular = real * ([1] * 19 + [0])
    assert fid(singular, singular) == pytest.approx(0, abs=1e-10)


def always_wide(monkeypatch):
    """Take the route of many dimensions in few."""
    monkeypatch.setattr(frechet, "SMALL", 0)
    monkeypatch.setattr(spectrum, "SMALL", 0)
    monkeypatch.setattr(spectrum, "ROWS", 100)


WIDTH = 80
TURN = np.linalg.qr(normal(50, WIDTH, WIDTH))[0]
SCALES = np.logspace(-6, 6, WIDTH)


def decaying(seed, n, decay):
    """Rows with a spectrum like 1 / i^decay in no particular direction."""
    return normal(seed, n, WIDTH) * (1 + np.arange(WIDTH)) ** (-decay / 2) @ TURN


def rectified(seed, n, decay):
    rows = decaying(seed, n, decay)
    return np.maximum(rows / rows.std() - 0.3, 0)


def clustered(seed, n, size):
    return normal(51, 9, WIDTH)[np.random.default_rng(seed).integers(0, 9, n)] + size * decaying(seed, n, 1)


def doubled(seed, n):
    return np.repeat(decaying(seed, n, 1), 2, 0)[:n]


HARD = {
    "full rank": lambda n: (decaying(1, n, 0), 1.1 * decaying(2, n, 0)),
    "ReLU, 1/i": lambda n: (rectified(1, n, 1), rectified(2, n, 1)),
    "ReLU, 1/i^2": lambda n: (rectified(1, n, 2).astype("f4"), rectified(2, n, 2).astype("f4")),
    "decay 8": lambda n: (decaying(1, n, 8), 1.1 * decaying(2, n, 8)),
    "one decays": lambda n: (decaying(1, n, 8), decaying(2, n, 0)),
    "heavy tails": lambda n: tuple(np.random.default_rng(seed).standard_t(1.5, (n, WIDTH)) for seed in (1, 2)),
    "constant columns": lambda n: (
        decaying(1, n, 1) * (np.arange(WIDTH) % 3 > 0),
        decaying(2, n, 1) * (np.arange(WIDTH) % 4 > 0) + 1,
    ),
    "one row twice": lambda n: (doubled(1, n), decaying(2, n, 1)),
    "both rows twice": lambda n: (doubled(1, n), doubled(2, n)),
    "rank 1": lambda n: (normal(1, n, 1) * np.ones(WIDTH), decaying(2, n, 1)),
    "rank 5": lambda n: tuple(normal(seed, n, 5) @ normal(9, 5, WIDTH) for seed in (1, 2)),
    "scales alike": lambda n: (normal(1, n, WIDTH) * SCALES, normal(2, n, WIDTH) * SCALES),
    "scales opposite": lambda n: (normal(1, n, WIDTH) * SCALES, normal(2, n, WIDTH) * SCALES[::-1]),
    "means of 1e5": lambda n: (decaying(1, n, 1) + 1e5, 1.2 * decaying(2, n, 1) + 1e5),
    "sparse": lambda n: tuple(np.maximum(decaying(seed, n, 1) - 0.5, 0) for seed in (1, 2)),
    "quantised": lambda n: tuple(np.round(8 * decaying(seed, n, 1)) for seed in (1, 2)),
    "clusters": lambda n: (clustered(1, n, 1e-1), clustered(2, n, 1e-1)),
    "tight clusters": lambda n: (clustered(1, n, 1e-3), clustered(2, n, 1e-3)),
    "points, nearly": lambda n: (clustered(1, n, 1e-8), clustered(2, n, 1e-8)),
    "unequal numbers": lambda n: (rectified(1, n, 2), rectified(2, 250, 2)),
}


@pytest.mark.parametrize("n", [40, WIDTH - 2, WIDTH, WIDTH + 1, WIDTH + 10, 240])
@pytest.mark.parametrize("kind", HARD)
def test_the_distance_in_many_dimensions_is_right_to_a_billionth_on_every_spectrum(kind, n, monkeypatch):
    real, fake = HARD[kind](n)
    careful = fid(real, fake)  # by singular values
    always_wide(monkeypatch)
    assert fid(real, fake) == pytest.approx(careful, rel=1e-9)
    assert fid(fake, real) == pytest.approx(careful, rel=1e-9)


@pytest.mark.parametrize("scale", [1, 3])
def test_tight_clusters_of_equal_size_are_right_to_a_billionth_too(scale, monkeypatch):
    """Nearly all of the variance is between clusters and cancels out: a small remainder within them is the distance."""
    real, fake = (
        scale * normal(51, 9, WIDTH)[np.arange(2000) % 9] + 1e-2 * normal(seed, 2000, WIDTH) for seed in (1, 2)
    )
    careful = fid(real, fake)
    always_wide(monkeypatch)
    assert fid(real, fake) == pytest.approx(careful, rel=1e-9)


def test_samples_without_any_spread_are_apart_by_their_means_in_many_dimensions_too(monkeypatch):
    always_wide(monkeypatch)
    assert fid(np.zeros((5, 3)), np.ones((4, 3))) == 3
    assert fid(np.zeros((5, 3)), normal(60, 9, 3)) > 0


def test_the_sum_of_singular_values_sees_the_small_ones(monkeypatch):
    sharp = torch.diag(torch.tensor([1.0, 1.0, 1e-4, 1e-9, 1e-9], dtype=torch.float64))
    turn = torch.linalg.qr(torch.tensor(normal(26, 5, 5))).Q
    always_wide(monkeypatch)
    assert nuclear_norm(turn @ sharp @ turn.T) == pytest.approx(2 + 1e-4 + 2e-9, rel=1e-14)


@pytest.mark.parametrize("shape", [(50, 6), (4, 6)])
def test_a_root_times_itself_is_the_covariance(shape):
    sample = Features(normal(27, *shape))
    factor = root(sample)
    torch.testing.assert_close(factor.T @ factor, sample.covariance, rtol=1e-12, atol=1e-14)
    assert root(sample) is factor


@pytest.mark.parametrize(("real", "fake"), [(np.zeros((1, 2)), np.zeros((5, 2))), (np.zeros((5, 2)), np.zeros((1, 2)))])
def test_one_row_has_no_covariance(real, fake):
    with pytest.raises(BadInput, match="expected at least 2 rows, got 1"):
        fid(real, fake)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 0], np.eye(3), [0, 0], np.eye(2)), "cov_a: expected"),
        (([0, 0], np.eye(2), [0, 0, 0], np.eye(3)), "mean_b: expected 2 numbers"),
        (([0, np.nan], np.eye(2), [0, 0], np.eye(2)), "finite"),
        (([0, 0], [[1, 0.5], [0, 1]], [0, 0], np.eye(2)), "symmetric"),
        (([0, 0], np.diag([1, -1]), [0, 0], np.eye(2)), "negative eigenvalue"),
    ],
)
def test_statistics_that_are_none_are_refused(arguments, message):
    with pytest.raises(BadInput, match=message):
        frechet_distance(*arguments)


def with_covariance(covariance, n, seed=28):
    """A sample whose sample covariance is exactly what was asked for."""
    d = len(covariance)
    raw = normal(seed, n, d)
    white = np.linalg.qr(raw - raw.mean(0))[0] * np.sqrt(n - 1)
    return white @ np.linalg.cholesky(covariance).T


def test_the_bias_of_equal_gaussians_follows_its_formula():
    d, n, m = 16, 1000, 500
    sample = with_covariance(np.eye(d), 40)
    unit = d * (1 / n + 1 / m) + d * (d + 1) / 4 * (1 / (n - 1) + 1 / (m - 1))
    assert fid_bias(sample, n, m) == pytest.approx(unit, rel=1e-9)
    assert fid_bias(sample, 1000, 1000) == pytest.approx(0.16814, abs=5e-6)
    assert fid_bias(sample, 1000) == pytest.approx(0.08407, abs=5e-6)
    a, b = 2.0, 0.5
    two = (a + b) / n + 0.5 * (a**2 * 2 / (2 * a) + b**2 * 2 / (2 * b) + 2 * a * b / (a + b)) / (n - 1)
    assert fid_bias(with_covariance(np.diag([a, b]), 40), n) == pytest.approx(two, rel=1e-9)
    with pytest.raises(BadInput, match="sizes of at least 2"):
        fid_bias(sample, 1)


@pytest.mark.slow
def test_the_bias_is_what_repeated_samples_show():
    d, n = 8, 400
    values = [fid(normal(1000 + i, n, d), normal(5000 + i, n, d)) for i in range(200)]
    expected = fid_bias(with_covariance(np.eye(d), 40), n, n)
    assert np.mean(values) == pytest.approx(expected, abs=4 * np.std(values) / np.sqrt(200) + 0.02 * expected)


def test_extrapolation_takes_the_bias_of_the_fakes_away():
    real = with_covariance(np.eye(8), 100)  # exact statistics: only the fakes are biased
    fakes = [normal(200 + i, 1000, 8) for i in range(40)]
    plain, infinite = (np.array([score(real, fake) for fake in fakes]) for score in (fid, fid_infinity))
    assert plain.mean() == pytest.approx(fid_bias(real, 1000), rel=0.1)
    assert abs(infinite.mean()) < 4 * infinite.std() / np.sqrt(40) + 0.05 * plain.mean()
    assert fid_infinity(real, fakes[0]) == infinite[0]
    assert fid_infinity(real, fakes[0], seed=1) != infinite[0]


def test_extrapolation_finds_the_intercept_of_an_exact_line(monkeypatch):
    monkeypatch.setattr("ganbench.metrics.frechet.fid", lambda _real, fake: 3 + 50 / len(fake))
    assert fid_infinity(np.zeros((5, 1)), np.zeros((200, 1))) == pytest.approx(3, rel=1e-12)


def test_extrapolation_needs_points_and_rows():
    with pytest.raises(BadInput, match="points"):
        fid_infinity(np.zeros((9, 1)), np.zeros((9, 1)), points=1)
    with pytest.raises(BadInput, match="fake: expected at least 15 rows"):
        fid_infinity(np.zeros((9, 1)), np.zeros((9, 1)))


def test_transport_carries_one_covariance_onto_the_other():
    a, b = (torch.tensor(np.cov(normal(seed, 50, 4).T)) for seed in (31, 32))
    there = transport(a, b)
    torch.testing.assert_close(there @ a @ there, b, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(there, there.T)
    with pytest.raises(BadInput, match="full rank"):
        transport(torch.zeros(2, 2).double(), torch.eye(2).double())


def test_the_interval_has_the_width_of_the_jackknife():
    real, fake = normal(33, 300, 3), normal(34, 250, 3, mean=0.5, sd=1.2)
    variance = 0.0
    for values, score in ((real, lambda v: fid(v, fake)), (fake, lambda v: fid(real, v))):
        left_out = [score(np.delete(values, i, 0)) for i in range(len(values))]
        variance += (len(values) - 1) * float(np.var(left_out))
    interval = fid_interval(real, fake)
    assert interval.value == fid(real, fake)
    assert interval.high - interval.low == pytest.approx(2 * 1.959964 * np.sqrt(variance), rel=0.02)  # first order


@pytest.mark.slow
def test_the_interval_covers_the_truth_as_often_as_it_says():
    truth, hits = 4 * 0.3**2 + 4 * (1.25 - 1) ** 2, 0
    for i in range(300):
        interval = fid_interval(normal(100 + i, 500, 4), normal(900 + i, 500, 4, mean=0.3, sd=1.25), confidence=0.9)
        hits += interval.low <= truth <= interval.high
    assert 0.9 - 4 * 0.0173 < hits / 300 < 0.9 + 4 * 0.0173  # four binomial standard errors


def test_the_interval_refuses_what_it_cannot_do():
    with pytest.raises(BadInput, match="between 0 and 1"):
        fid_interval(normal(35, 9, 2), normal(36, 9, 2), confidence=1.0)
    with pytest.raises(BadInput, match="at least 6 rows"):
        fid_interval(normal(37, 5, 4), normal(38, 9, 4))


def test_class_by_class_distances_are_those_of_the_classes():
    real, fake = normal(39, 60, 3), normal(40, 90, 3)
    r, f = np.arange(60) % 2, np.arange(90) % 2
    parts = [fid(real[r == c], fake[f == c]) for c in (0, 1)]
    assert intra_fid(real, fake, r, f) == pytest.approx(np.mean(parts), rel=1e-12)
    # two classes: the class means spread along one line each, with variances |a|^2 / 4 and |b|^2 / 4
    a, b = (x[y == 1].mean(0) - x[y == 0].mean(0) for x, y in ((real, r), (fake, f)))
    centre = [(x[y == 1].mean(0) + x[y == 0].mean(0)) / 2 for x, y in ((real, r), (fake, f))]
    expected = ((centre[0] - centre[1]) ** 2).sum() + (a @ a + b @ b - 2 * abs(a @ b)) / 4
    assert between_class_fid(real, fake, r, f) == pytest.approx(expected, rel=1e-6)


def test_class_labels_must_fit_and_every_class_needs_two_rows():
    real = normal(41, 4, 2)
    with pytest.raises(BadInput, match="fake_labels: expected 4 labels"):
        intra_fid(real, real, [0, 0, 1, 1], [0, 1])
    with pytest.raises(BadInput, match="fake: expected at least 2 rows of class 1, got 0"):
        intra_fid(real, real, [0, 0, 1, 1], [0, 0, 0, 0])


def encoders_of(seed, shift, n=400):
    """Features of reference, samples and held-out reals by two encoders: the rows, and a random rotation of squares."""
    rng = np.random.default_rng(seed)
    sets = [rng.normal(size=(size, 24)) for size in (2000, n, n)]
    sets[1] = sets[1] + shift
    mixing = rng.normal(size=(24, 12)) / 5
    return [tuple(sets), tuple(np.tanh(each @ mixing) for each in sets)]


def test_the_ratio_is_the_mean_over_encoders_of_distances_over_those_of_held_out_reals():
    encoders = encoders_of(0, 0.5)
    ratio = frechet_ratio(encoders)
    assert ratio.value == pytest.approx(np.mean([fid(r, f) / fid(r, h) for r, f, h in encoders]), rel=1e-12)
    assert 1 < ratio.low < ratio.value < ratio.high


def test_the_ratio_of_other_held_out_reals_is_near_one_and_its_interval_says_so():
    covered = [(ratio := frechet_ratio(encoders_of(seed, 0.0))).low < 1 < ratio.high for seed in range(20)]
    assert sum(covered) >= 15


def test_units_of_an_encoder_do_not_matter_to_the_ratio():
    one, two = encoders_of(1, 0.2)
    scaled = tuple(1000 * each for each in two)
    assert frechet_ratio([one, scaled]).value == pytest.approx(frechet_ratio([one, two]).value, rel=1e-9)


def test_a_ratio_of_one_encoder_or_of_unequal_numbers_is_refused():
    one, (real, fake, held_out) = encoders_of(2, 0.0)
    with pytest.raises(BadInput, match="encoders: expected at least two of different training, got 1"):
        frechet_ratio([one])
    with pytest.raises(BadInput, match="held_out: expected as many rows as there are samples, 400, got 399"):
        frechet_ratio([one, (real, fake, held_out[1:])])
    with pytest.raises(BadInput, match="encoders: expected equally many samples, got 400, 300"):
        frechet_ratio([one, (real, fake[:300], held_out[:300])])
    with pytest.raises(BadInput, match="held_out: expected reals other than the reference; their distance to it is 0"):
        frechet_ratio([(fake, fake, fake), (fake, fake, fake)])


def test_the_limit_within_and_between_classes_has_less_bias_than_the_value():
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1], [6000, 600])
    real, fake = (rng.normal(size=(6600, 6)) + 3 * labels[:, None] for _ in range(2))
    assert abs(intra_fid_infinity(real, fake, labels, labels)) < 0.5 * intra_fid(real, fake, labels, labels)
    one = fid_infinity(real[labels == 1], fake[labels == 1])
    both = intra_fid_infinity(real, fake, labels, labels)
    assert both == pytest.approx((fid_infinity(real[labels == 0], fake[labels == 0]) + one) / 2, rel=1e-12)
    between = between_class_fid_infinity(real, fake, labels, labels)
    assert between < between_class_fid(real, fake, labels, labels)


def test_a_class_with_fewer_fakes_than_points_has_no_limit():
    x, labels = np.random.default_rng(4).normal(size=(60, 2)), np.repeat([0, 1], [50, 10])
    for metric in (intra_fid_infinity, between_class_fid_infinity):
        with pytest.raises(BadInput, match="fake: expected at least 15 rows, got 10"):
            metric(x, x + 1, labels, labels)
