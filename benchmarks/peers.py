"""The libraries people use now, each as a function of two arrays of features (real, fake).

A peer imports its library when it is called, so that one which is not installed costs only its own line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from benchmarks.implementations import GRID, SUBSET, Implementation, K, summed
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.frechet import fid


def pytorch_fid(real: Any, fake: Any) -> float:
    from pytorch_fid.fid_score import calculate_frechet_distance  # noqa: PLC0415

    moments = [(x.mean(0, dtype=np.float64), np.cov(x, rowvar=False)) for x in (real, fake)]
    return float(calculate_frechet_distance(*moments[0], *moments[1]))


def clean_fid(real: Any, fake: Any) -> float:
    from cleanfid.fid import fid_from_feats  # noqa: PLC0415

    return float(fid_from_feats(real, fake))


def torchmetrics_fid(real: Any, fake: Any) -> float:
    from torchmetrics.image.fid import _compute_fid  # noqa: PLC0415

    moments = []
    for x in (real, fake):  # as its class does: float64 sums, then E[xx'] - n mu mu'
        wide = torch.from_numpy(x).double()
        mean = wide.mean(0)
        moments.append((mean, (wide.T @ wide - len(x) * torch.outer(mean, mean)) / (len(x) - 1)))
    return float(_compute_fid(*moments[0], *moments[1]))


def torch_fidelity_fid(real: Any, fake: Any) -> float:
    from torch_fidelity import metric_fid  # noqa: PLC0415

    a, b = (metric_fid.fid_features_to_statistics(torch.from_numpy(x)) for x in (real, fake))
    return float(metric_fid.fid_statistics_to_metric(a, b, verbose=False)["frechet_inception_distance"])


def cached(reference: Any) -> tuple[Implementation, Implementation]:
    """Ours and torch-fidelity with all that the reference alone says already known."""
    from torch_fidelity import metric_fid  # noqa: PLC0415

    known = Features(reference)
    _ = known.moments  # is kept
    statistics = metric_fid.fid_features_to_statistics(torch.from_numpy(reference))

    def ours_cached(_real: Any, fake: Any) -> float:
        return fid(known, fake)

    def torch_fidelity_cached(_real: Any, fake: Any) -> float:
        mine = metric_fid.fid_features_to_statistics(torch.from_numpy(fake))
        return float(metric_fid.fid_statistics_to_metric(statistics, mine, verbose=False)["frechet_inception_distance"])

    return ours_cached, torch_fidelity_cached


def piq_fid(real: Any, fake: Any) -> float:
    from piq import FID  # noqa: PLC0415

    return float(FID()(torch.from_numpy(real), torch.from_numpy(fake)))


def torch_fidelity_kid(real: Any, fake: Any) -> float:
    from torch_fidelity.metric_kid import kid_features_to_metric  # noqa: PLC0415

    size = min(SUBSET, len(real))
    features = torch.from_numpy(fake), torch.from_numpy(real)
    scores = kid_features_to_metric(*features, kid_subsets=100, kid_subset_size=size, verbose=False)
    return float(scores["kernel_inception_distance_mean"])


def clean_fid_kid(real: Any, fake: Any) -> float:
    from cleanfid.fid import kernel_distance  # noqa: PLC0415

    return float(kernel_distance(real, fake))


def torchmetrics_kid(real: Any, fake: Any) -> float:
    from torchmetrics.image.kid import KernelInceptionDistance  # noqa: PLC0415

    size = min(SUBSET, len(real))
    metric = KernelInceptionDistance(feature=torch.nn.Identity(), subsets=100, subset_size=size)
    metric.update(torch.from_numpy(real), real=True)
    metric.update(torch.from_numpy(fake), real=False)
    return float(metric.compute()[0])


def piq_kid(real: Any, fake: Any) -> float:
    from piq import KID  # noqa: PLC0415

    metric = KID(average=True, n_subsets=100, subset_size=min(SUBSET, len(real)))
    return float(metric(torch.from_numpy(fake), torch.from_numpy(real)))


def prdc(real: Any, fake: Any) -> list[float]:
    from prdc import compute_prdc  # noqa: PLC0415

    scores = compute_prdc(real, fake, K)
    return [float(scores[name]) for name in ("precision", "recall", "density", "coverage")]


def torch_fidelity_pr(real: Any, fake: Any) -> list[float]:
    from torch_fidelity.metric_prc import prc_features_to_metric  # noqa: PLC0415

    features = torch.from_numpy(fake), torch.from_numpy(real)
    scores = prc_features_to_metric(*features, prc_neighborhood=K, save_cpu_ram=False, verbose=False)
    return [float(scores["precision"]), float(scores["recall"])]


def piq_pr(real: Any, fake: Any) -> list[float]:
    from piq import PR  # noqa: PLC0415

    return [float(x) for x in PR(nearest_k=K)(torch.from_numpy(real), torch.from_numpy(fake))]


def scikit_learn_mmd(real: Any, fake: Any) -> float:
    from sklearn.metrics.pairwise import rbf_kernel  # noqa: PLC0415

    n, m, gamma = len(real), len(fake), 0.5 / real.shape[1]
    sums = [float(rbf_kernel(a, b, gamma).sum(dtype=np.float64)) for a, b in ((real, real), (fake, fake), (real, fake))]
    return (sums[0] - n) / (n * (n - 1)) + (sums[1] - m) / (m * (m - 1)) - 2 * sums[2] / (n * m)


def scikit_learn_one_nn(real: Any, fake: Any) -> float:
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415

    pool, kind = np.concatenate([real, fake]), np.arange(len(real) + len(fake)) < len(real)
    nearest = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(pool).kneighbors(return_distance=False)[:, 0]
    return float((kind[nearest] == kind).mean())


def scipy_w1(real: Any, fake: Any) -> float:
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415
    from scipy.spatial.distance import cdist  # noqa: PLC0415

    costs = cdist(real, fake)
    return float(costs[linear_sum_assignment(costs)].mean())


def pot_w1(real: Any, fake: Any) -> float:
    from ot import emd2  # noqa: PLC0415
    from scipy.spatial.distance import cdist  # noqa: PLC0415

    even = np.full(len(real), 1 / len(real))
    return float(emd2(even, even, cdist(real, fake), numItermax=10_000_000))


def scikit_learn_k_nn(real: Any, _fake: Any) -> Sequence[float]:
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415

    return summed(np.square(NearestNeighbors(n_neighbors=K).fit(real).kneighbors()[0]))


def scipy_k_nn(real: Any, _fake: Any) -> Sequence[float]:
    from scipy.spatial import cKDTree  # noqa: PLC0415

    return summed(np.square(np.asarray(cKDTree(real).query(real, K + 1)[0])[:, 1:]))


def of_modes(distance: Any, index: Any) -> list[float]:
    """High quality and the reverse KL from each point's nearest mode."""
    near = distance < 3 * 0.05
    shares = np.bincount(index[near], minlength=len(GRID)) / near.sum()
    return [
        float(near.mean()),
        float(np.log(len(GRID)) + (shares[shares > 0] * np.log(shares[shares > 0])).sum()),
    ]


def scikit_learn_modes(real: Any, _fake: Any) -> list[float]:
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415

    distance, index = NearestNeighbors(n_neighbors=1).fit(GRID).kneighbors(real)
    return of_modes(distance[:, 0], index[:, 0])


def scipy_modes(real: Any, _fake: Any) -> list[float]:
    from scipy.spatial import cKDTree  # noqa: PLC0415

    return of_modes(*cKDTree(GRID).query(real))
