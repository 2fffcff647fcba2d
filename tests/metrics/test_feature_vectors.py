"""Features: what is accepted, what is derived, and that blocks of rounded products still find exact neighbours."""

import gc

import numpy as np
import pytest
import torch

from ganbench.errors import BadInput
from ganbench.metrics import METRICS
from ganbench.metrics._engine import blocks
from ganbench.metrics._engine.blocks import centred_rows, distance_pass, exact_squares, rounded_squares
from ganbench.metrics._engine.moments import Moments
from ganbench.metrics._engine.nearest import search_within
from ganbench.metrics._engine.pairs import pair_of
from ganbench.metrics.feature_vectors import Features, both, features
from ganbench.metrics.precision_recall import coverage, density, precision, recall
from ganbench.metrics.prepare import prepare


def normal(seed, n, d, *, mean=0.0, sd=1.0):
    return mean + sd * np.random.default_rng(seed).normal(size=(n, d))


def products_seen(monkeypatch):
    """A list to which the sizes of both factors are added at every product from now on."""
    seen, original = list[tuple[int, int]](), blocks.rounded_squares

    def counted(a, b, *at):
        seen.append((len(a), len(b)))
        return original(a, b, *at)

    monkeypatch.setattr(blocks, "rounded_squares", counted)
    return seen


def brute_squares(x, y):
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    return ((x[:, None] - y[None]) ** 2).sum(-1)


def test_numbers_of_any_kind_and_layout_are_the_same_features():
    whole = np.arange(12).reshape(4, 3)
    frozen = whole.astype(np.float64)
    frozen.flags.writeable = False
    forms = [
        whole,
        whole.tolist(),
        whole.astype(np.float16),
        whole.astype(">f4"),
        frozen,
        np.asfortranarray(whole.astype(np.float32)),
        whole[::-1][::-1].astype(np.float32),
        torch.tensor(whole).float().T.contiguous().T,
        torch.tensor(whole).to(torch.bfloat16),
        torch.tensor(whole).double().requires_grad_(),
    ]
    for form in forms:
        assert torch.equal(Features(form).values.double(), torch.tensor(whole).double())
        assert Features(form).covariance.dtype == torch.float64
        assert Features(form).radii(1).tolist() == [27.0, 27.0, 27.0, 27.0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(3), r"x: expected an \(n, d\) array with d > 0, got shape \(3,\)"),
        (np.zeros((3, 0)), "d > 0"),
        (np.array([[1.0, np.nan], [0.0, 0.0], [np.inf, 1.0]]), r"x: 2 of 3 rows are not finite \(first: row 0\)"),
        (np.array([[1j, 1.0]]), "expected real numbers"),
        ([["a", "b"]], "expected numbers"),
        ([[1.0], [1.0, 2.0]], "unequal length"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused_by_name(values, message):
    with pytest.raises(BadInput, match=message):
        features(values, "x")


def test_features_pass_through_and_must_agree_on_their_dimension():
    sample = Features(np.zeros((2, 3)))
    assert features(sample, "other") is sample
    with pytest.raises(BadInput, match="fake: expected 3 features a row as in real, got 2"):
        both(np.zeros((2, 3)), np.zeros((2, 2)))


def test_a_far_mean_costs_no_digits_of_mean_or_covariance():
    base = normal(0, 500, 3, sd=1e-3)
    far = base + 1e6  # spacing of doubles here: 1.2e-10
    exact = far - 1e6
    sample = Features(far)
    np.testing.assert_allclose(sample.mean.numpy() - 1e6, exact.mean(0), atol=2e-10)
    np.testing.assert_allclose(sample.covariance.numpy(), np.cov(exact.T), rtol=1e-9, atol=1e-15)


def test_float32_rows_are_averaged_in_float64():
    far = (normal(1, 3000, 2) + 1e5).astype(np.float32)
    np.testing.assert_allclose(Features(far).mean.numpy(), far.astype(np.float64).mean(0), rtol=1e-15)


def test_half_of_the_products_give_the_whole_covariance():
    values = normal(2, 300, 70)  # wide enough for the symmetric product
    np.testing.assert_allclose(Features(values).covariance.numpy(), np.cov(values.T), rtol=1e-12, atol=1e-14)


def test_moments_of_a_stream_are_those_of_the_whole_however_it_is_cut():
    values = normal(3, 101, 4, mean=1e4)
    whole = Features(values)
    stream = Moments.empty(4)
    for part in np.split(values, [0, 1, 7, 60]):
        stream = stream.add(part)
    left = Moments.empty(4).add(values[:33])
    right = Moments.empty(4).add(values[33:])
    for moments in (stream, left.merge(right), right.merge(left), left.merge(Moments.empty(4)).merge(right)):
        assert moments.n == 101
        np.testing.assert_allclose(moments.mean, whole.mean, rtol=1e-14)
        np.testing.assert_allclose(moments.covariance, whole.covariance, rtol=1e-9, atol=1e-12)


def test_moments_refuse_other_widths_missing_numbers_and_one_row():
    with pytest.raises(BadInput, match=r"\(n, 4\)"):
        Moments.empty(4).add(np.zeros((2, 3)))
    with pytest.raises(BadInput, match="finite"):
        Moments.empty(1).add(np.array([[np.nan]]))
    with pytest.raises(BadInput, match="at least 2 rows, got 1"):
        _ = Moments.empty(1).add(np.zeros((1, 1))).covariance


def test_rounded_squares_stay_within_their_slack():
    x, y = normal(4, 60, 50, mean=3.0).astype(np.float32), normal(5, 40, 50, mean=3.0).astype(np.float32)
    left, right = (
        centred_rows(torch.tensor(v), torch.full((50,), 2.0, dtype=torch.float64), torch.float32) for v in (x, y)
    )
    error = (rounded_squares(left, right, slice(None), slice(None)).double().numpy() - brute_squares(x, y)).__abs__()
    norms = left.norms[:, None] + right.norms
    assert (error <= left.slack * norms.double().numpy()).all()
    assert error.max() > 0


def test_exact_squares_are_sums_of_differences_in_float64():
    x, y = normal(6, 9, 7, mean=1e4).astype(np.float32), normal(7, 8, 7, mean=1e4).astype(np.float32)
    i, j = (grid.flatten() for grid in torch.meshgrid(torch.arange(9), torch.arange(8), indexing="ij"))
    result = exact_squares(torch.tensor(x), torch.tensor(y), i, j).view(9, 8).numpy()
    np.testing.assert_allclose(result, brute_squares(x, y), rtol=1e-14)
    assert len(exact_squares(torch.tensor(x), torch.tensor(y), i[:0], j[:0])) == 0


def samples():
    ring = np.repeat(normal(8, 10, 40), 20, 0)
    yield "plain", normal(9, 150, 40)
    yield "far mean", normal(10, 150, 40, mean=1e4)
    yield "close clusters", ring + normal(11, 200, 40, sd=1e-5)
    yield "closest clusters", ring + normal(12, 200, 40, sd=1e-9)
    yield "copies", ring
    yield "one point", np.ones((30, 40))
    yield "ties", np.random.default_rng(13).integers(0, 2, (150, 40)).astype(float)
    yield "an outlier", np.concatenate([normal(14, 100, 40), np.full((1, 40), 1e6)])


@pytest.mark.parametrize(("name", "values"), list(samples()))
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_neighbours_are_those_of_brute_force_whatever_the_sample(name, values, kind, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 37)
    sample = centred_rows(torch.tensor(values), torch.tensor(values).mean(0), kind)
    result = distance_pass(sample, sample, {"n": lambda a, b: search_within(a, b, 4)})["n"]
    squares = brute_squares(values, values)
    np.fill_diagonal(squares, np.inf)
    np.testing.assert_allclose(result.squares.numpy(), np.sort(squares, 1)[:, :4], rtol=1e-12)
    own = result.index.numpy()
    assert (own != np.arange(len(values))[:, None]).all()
    np.testing.assert_allclose(np.take_along_axis(squares, own, 1), result.squares.numpy(), rtol=1e-12)


def test_fewer_neighbours_are_the_first_of_many_and_more_are_found_on_request():
    sample = Features(normal(15, 30, 3))
    three, nine = sample.nearest(3), sample.nearest(9)
    assert torch.equal(nine.squares[:, :3], three.squares)
    assert torch.equal(sample.radii(2), three.squares[:, 1])


@pytest.mark.parametrize(("n", "k"), [(1, 1), (3, 3), (5, 7)])
def test_a_sample_needs_more_than_k_rows(n, k):
    with pytest.raises(BadInput, match=f"real: expected at least {k + 1} rows, got {n}"):
        Features(np.zeros((n, 2)), "real").radii(k)


@pytest.mark.parametrize("k", [0, -1, 1.5, True])
def test_k_is_a_positive_whole_number(k):
    with pytest.raises(BadInput, match="k: expected a positive whole number"):
        Features(np.zeros((9, 2))).radii(k)


def test_a_pair_remembers_its_findings_only_while_the_fakes_live():
    real, fake = Features(normal(16, 20, 2)), Features(normal(17, 20, 2))
    precision(real, fake)
    assert pair_of(real, fake).derived
    assert pair_of(real, Features(normal(17, 20, 2))).derived == {}
    del fake
    gc.collect()
    assert len(real.derived["pairs"]) == 0


def test_prepared_metrics_share_one_pass_over_each_sample_and_one_over_both(monkeypatch):
    real, fake = Features(normal(18, 50, 2)), Features(normal(19, 60, 2))
    alone = [metric(real.values, fake.values) for metric in (precision, recall, density, coverage)]
    seen = products_seen(monkeypatch)
    prepare(
        real,
        fake,
        [
            METRICS[name]
            for name in (
                "precision",
                "recall",
                "density",
                "coverage",
                "one_nn_accuracy",
                "kid",
                "energy_distance",
                "fid",
            )
        ],
    )
    assert seen == [(60, 60), (50, 50), (50, 60)]
    assert (real.known_rows, fake.known_rows) == (None, None)  # copies as large as the features go when they are used
    assert [metric(real, fake) for metric in (precision, recall, density, coverage)] == alone
    assert len(seen) == 3


def test_what_cannot_be_prepared_is_left_for_the_metric_to_refuse():
    real, fake = Features(normal(20, 3, 2)), Features(normal(21, 3, 2))
    prepare(
        real,
        fake,
        [
            METRICS[name]
            for name in (
                "precision",
                "kid",
            )
        ],
    )
    prepare(Features(np.zeros((1, 2))), fake, [METRICS["kid"]])
    with pytest.raises(BadInput):
        precision(real, fake)


def crowded(n=1200, *, seed=22):
    """Points of two columns with copies, far from zero: more equal ones than there are neighbours asked for."""
    values = 1e6 + np.random.default_rng(seed).integers(0, 60, (n, 2)) * 1e-3
    values[:9] = values[0]
    return values


@pytest.mark.parametrize("scale", [1.0, 1e-150, 1e140])
@pytest.mark.parametrize("name", ["within", "fake of real", "real of fake"])
def test_a_tree_finds_the_neighbours_that_blocks_find(name, scale, monkeypatch):
    samples = crowded() * scale, crowded(1100, seed=23) * scale

    def search():
        pair = pair_of(*(Features(sample) for sample in samples))
        searches = {"within": lambda: pair.real.nearest(4), "fake of real": pair.nearest_fake}
        return {**searches, "real of fake": pair.nearest_real}[name]()

    by_tree = search()
    seen = products_seen(monkeypatch)
    search()
    assert not seen, "a tree needs no products"
    monkeypatch.setattr("ganbench.metrics._engine.nearest.CROWD", np.inf)
    by_blocks = search()
    assert seen
    np.testing.assert_array_equal(by_tree.squares, by_blocks.squares)
    left, right = (samples[1], samples[0]) if name == "real of fake" else samples
    others = left if name == "within" else right
    measured = np.square(left[:, None] - others[by_tree.index.numpy()]).sum(2)
    np.testing.assert_allclose(by_tree.squares, measured, rtol=1e-12)
    if name == "within":
        assert not (by_tree.index == torch.arange(len(left))[:, None]).any()


def test_a_sum_that_overflows_in_float32_is_neither_infinite_nor_without_a_mean():
    values = np.full((64, 2), 3e38, np.float32)
    assert Features(values).mean.tolist() == pytest.approx([float(np.float32(3e38))] * 2, rel=1e-15)
    values[7, 1] = np.inf
    with pytest.raises(BadInput, match=r"1 of 64 rows are not finite \(first: row 7\)"):
        Features(values)
