"""Compiled loops give the values of torch, and the routes of wide samples those of the careful one."""

import numpy as np
import pytest
import torch

from ganbench.dataset import Modes
from ganbench.metrics import METRICS, feature_vectors, frechet
from ganbench.metrics._engine import blocks, compiled, median, pairs
from ganbench.metrics._engine.pairs import pair_of
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.frechet import fid
from ganbench.metrics.kernels import energy_distance, median_distance, mmd
from ganbench.metrics.kid import kid, kid_scores
from ganbench.metrics.modes import nearest_mode
from ganbench.metrics.precision_recall import coverage, density, precision, rarity, realism_scores, recall
from ganbench.metrics.prepare import prepare


def normal(seed, n, d, *, mean=0.0, sd=1.0):
    return mean + sd * np.random.default_rng(seed).normal(size=(n, d))


SAMPLES = {
    "plain": (normal(0, 150, 40), normal(1, 130, 40, sd=1.1)),
    "copies": (np.repeat(normal(2, 30, 40), 5, 0), np.repeat(normal(2, 30, 40), 4, 0)),
    "ties": tuple(np.random.default_rng(seed).integers(0, 2, (120, 8)).astype(float) for seed in (3, 4)),
    "one point": (np.ones((70, 40)), np.ones((60, 40))),
    "far mean": (normal(5, 150, 40, mean=1e4), normal(6, 130, 40, mean=1e4)),
}


def all_values(real, fake):
    r, f = Features(real), Features(fake)
    prepare(
        r,
        f,
        [
            METRICS[name]
            for name in (
                "precision",
                "density",
                "realism",
                "one_nn_accuracy",
                "kid",
                "energy_distance",
            )
        ],
    )
    pair = pair_of(r, f)
    return {
        "neighbours": r.nearest(5),
        "nearest fake": pair.nearest_fake(),
        "nearest real": pair.nearest_real(),
        "balls": torch.tensor([metric(r, f) for metric in (precision, recall, density, coverage, rarity)]),
        "realism": realism_scores(r, f),
        "kid": torch.tensor([kid(r, f), *kid_scores(r, f, subsets=4, size=50).tolist()]),
        "energy": torch.tensor(energy_distance(r, f)),
        "mmd": torch.tensor(mmd(r, f, bandwidth=2.0)),
    }


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_compiled_loops_give_the_values_of_torch(name, kind, monkeypatch):
    for module in (feature_vectors, pairs):
        monkeypatch.setattr(module, "working_type", lambda *_: kind)
    monkeypatch.setattr(blocks, "BLOCK", 64)
    monkeypatch.setattr(compiled, "FEWEST", 1)
    called, load = [], compiled.compiled

    def counted(loop):
        called.append(loop.__name__)
        return load(loop)

    monkeypatch.setattr(compiled, "compiled", counted)
    fast = all_values(*SAMPLES[name])
    assert {"_rows_loop", "_columns_loop", "_reach_loop", "_ratio_loop", "_remainder_loop", "_total_loop"} <= {*called}
    monkeypatch.setattr(compiled, "compiled", lambda _loop: None)
    slow = all_values(*SAMPLES[name])
    for what, value in fast.items():
        if what in {"neighbours", "nearest fake", "nearest real"}:
            torch.testing.assert_close(value.squares, slow[what].squares, rtol=0, atol=0)
            if name in {"plain", "far mean"}:
                assert torch.equal(value.index, slow[what].index)
        elif what in {"kid", "energy", "mmd"}:
            torch.testing.assert_close(value, slow[what], rtol=1e-12, atol=1e-14)
        else:
            assert torch.equal(value, slow[what]), what


def test_without_a_compiler_there_are_the_same_distances(monkeypatch):
    x, i = torch.tensor(normal(7, 20, 5)), torch.arange(20)
    fast = blocks.exact_squares(x, x, i, i.flip(0))
    monkeypatch.setattr(blocks, "compiled", lambda _loop: None)
    torch.testing.assert_close(blocks.exact_squares(x, x, i, i.flip(0)), fast, rtol=1e-15, atol=0)


def test_without_a_compiler_there_are_the_same_nearest_modes(monkeypatch):
    points, modes = torch.tensor(normal(8, 500, 3, sd=2)), Modes(torch.tensor(normal(9, 7, 3)), 0.1)
    points[0] = 1e200  # whose square overflows
    slow = nearest_mode(points, modes)
    monkeypatch.setattr("ganbench.metrics.modes.PAIRS", 1)
    fast = nearest_mode(points, modes)
    assert torch.equal(fast[0], slow[0])
    torch.testing.assert_close(fast[1], slow[1], rtol=1e-15, atol=0)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_half_of_a_samples_products_are_all_of_them(kind):
    x = torch.tensor(normal(10, 150, 9)).to(kind)
    result = blocks.doubled_gram(x)
    assert torch.equal(result, result.T)
    torch.testing.assert_close(result, -2 * x @ x.T)


@pytest.mark.parametrize("mean", [0.0, 1e3])
@pytest.mark.parametrize("n", [149, 150])
def test_the_median_from_rounded_products_is_that_of_exact_ones(n, mean, monkeypatch):
    monkeypatch.setattr(median, "BLOCK", 64)
    sample = Features(normal(11, n, 40, mean=mean))
    exact = median_distance(sample)
    monkeypatch.setattr(median, "working_type", lambda *_: torch.float32)
    monkeypatch.setattr(median, "_by_all", None)  # it must not be needed
    assert median_distance(Features(sample.values)) == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("values", [np.repeat(normal(12, 20, 40), 5, 0), np.repeat(normal(13, 2, 40), 40, 0)])
def test_where_rounding_hides_the_median_all_pairs_are_measured(values, monkeypatch):
    exact = median_distance(Features(values))
    monkeypatch.setattr(median, "working_type", lambda *_: torch.float32)
    assert median_distance(Features(values)) == exact


@pytest.mark.parametrize(("n", "m"), [(300, 280), (90, 300), (300, 90), (90, 70)])
def test_every_route_of_wide_samples_gives_the_careful_distance(n, m, monkeypatch):
    """Wide enough for the symmetric products of BLAS."""
    real, fake = (np.asarray(normal(seed, rows, 130, mean=1e3), np.float32) for seed, rows in ((14, n), (15, m)))
    fake = np.float32(1.2) * fake
    careful = fid(real, fake)
    monkeypatch.setattr(frechet, "SMALL", 3)
    monkeypatch.setattr(frechet, "_distance", None)  # it must not be needed
    assert fid(real, fake) == pytest.approx(careful, rel=1e-10)
