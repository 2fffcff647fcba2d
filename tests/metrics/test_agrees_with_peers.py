"""On the same features our scores are those of the libraries people use now, to 1e-6, where these are right."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganbench.metrics import coverage, density, fid, kid, precision, recall
from ganbench.scoring.api import score

Values = NDArray[Any]
N, D = 400, 8


def samples(mean: float = 0.0, dtype: Any = np.float64) -> tuple[Values, Values]:
    """Correlated, skewed features of a reference and of samples that differ from it in place, width and shape."""
    draws = np.random.default_rng(0)
    mix = draws.normal(size=(D, D)) / D**0.5
    real, fake = (draws.normal(size=(N, D)) for _ in range(2))
    return (real @ mix + mean).astype(dtype), (np.sign(fake) * np.abs(fake) ** 1.2 @ mix * 0.9 + 0.1 + mean).astype(
        dtype
    )


def ours(tmp_path: Path, metrics: list[str], real: Values, fake: Values) -> list[float | None]:
    """Scores of two files of features, as ``ganbench score`` gives them."""
    np.savez(tmp_path / "real.npz", features=real)
    np.savez(tmp_path / "fake.npz", features=fake)
    row = score(tmp_path / "fake.npz", tmp_path / "real.npz", metrics=metrics).rows[0]
    return [row.value(name) for name in metrics]


def pytorch_fid_fid(real: Values, fake: Values) -> float:
    peer = pytest.importorskip("pytorch_fid.fid_score", exc_type=ImportError)
    moments = [moment for x in (real, fake) for moment in (x.mean(0), np.cov(x, rowvar=False))]
    return float(peer.calculate_frechet_distance(*moments))


def clean_fid_fid(real: Values, fake: Values) -> float:
    return float(pytest.importorskip("cleanfid.fid", exc_type=ImportError).fid_from_feats(fake, real))


def torch_fidelity_fid(real: Values, fake: Values) -> float:
    peer = pytest.importorskip("torch_fidelity.metric_fid", exc_type=ImportError)
    moments = [peer.fid_features_to_statistics(torch.from_numpy(x)) for x in (fake, real)]
    return float(peer.fid_statistics_to_metric(*moments, False)["frechet_inception_distance"])


def clean_fid_kid(real: Values, fake: Values) -> float:
    """All pairs: one subset that is the whole set."""
    peer = pytest.importorskip("cleanfid.fid", exc_type=ImportError)
    return float(peer.kernel_distance(fake, real, num_subsets=1, max_subset_size=len(real)))


def torch_fidelity_kid(real: Values, fake: Values) -> float:
    peer = pytest.importorskip("torch_fidelity.metric_kid", exc_type=ImportError)
    sides = [torch.from_numpy(x) for x in (fake, real)]
    result = peer.kid_features_to_metric(*sides, kid_subsets=1, kid_subset_size=len(real), verbose=False)
    return float(result["kernel_inception_distance_mean"])


@pytest.mark.filterwarnings("ignore")  # peers warn of their own affairs
@pytest.mark.parametrize(
    ("name", "peer"),
    [
        ("fid", pytorch_fid_fid),
        ("fid", clean_fid_fid),
        ("fid", torch_fidelity_fid),
        ("kid", clean_fid_kid),
        ("kid", torch_fidelity_kid),
    ],
)
def test_distances_are_the_peers(name: str, peer: Callable[[Values, Values], float], tmp_path: Path) -> None:
    real, fake = samples()
    expected = peer(real, fake)
    assert expected > 1e-2
    assert ours(tmp_path, [name], real, fake) == pytest.approx([expected], rel=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_precision_recall_density_and_coverage_are_prdc_s(tmp_path: Path) -> None:
    peer = pytest.importorskip("prdc", exc_type=ImportError)
    real, fake = samples()
    for k in (3, 5):
        result = peer.compute_prdc(real, fake, nearest_k=k)
        mine = {each.__name__: each(real, fake, k=k) for each in (precision, recall, density, coverage)}
        assert mine == pytest.approx({name: float(result[name]) for name in mine}, rel=1e-6)
        assert min(mine["precision"], mine["recall"]) > 0.02
    scored = ours(tmp_path, ["density", "coverage"], real, fake)  # whose usual order is 5
    assert scored == pytest.approx([result["density"], result["coverage"]], rel=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_precision_and_recall_are_torch_fidelity_s(tmp_path: Path) -> None:
    peer = pytest.importorskip("torch_fidelity.metric_prc", exc_type=ImportError)
    real, fake = samples()
    settings = {"prc_neighborhood": 3, "prc_batch_size": 100, "save_cpu_ram": False, "verbose": False}
    result = peer.prc_features_to_metric(torch.from_numpy(fake), torch.from_numpy(real), **settings)
    assert ours(tmp_path, ["precision", "recall"], real, fake) == pytest.approx(
        [result["precision"], result["recall"]], rel=1e-6
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("peer", [clean_fid_fid, torch_fidelity_fid])
def test_where_peers_lose_digits_ours_are_those_of_the_same_numbers_moved_to_the_origin(
    peer: Callable[[Values, Values], float],
) -> None:
    """They take the mean of float32 features in float32, which loses what a large mean covers."""
    real, fake = samples(1e5, np.float32)
    moved = [x.astype(np.float64) - 1e5 for x in (real, fake)]
    right = peer(moved[0], moved[1])
    assert fid(real, fake) == pytest.approx(right, rel=1e-9)
    assert abs(peer(real, fake) / right - 1) > 1e-3


@pytest.mark.filterwarnings("ignore")
def test_kid_of_features_far_from_the_origin_keeps_its_digits_in_double_precision() -> None:
    """Peers' products in float32 lose them: beside ours in float64 they differ in the leading digits."""
    real, fake = samples(10.0, np.float32)
    exact = clean_fid_kid(real.astype(np.float64), fake.astype(np.float64))
    assert kid(real, fake) == pytest.approx(exact, rel=1e-6)
    with warnings.catch_warnings():
        assert abs(clean_fid_kid(real, fake) / exact - 1) > 1e-6
