"""Speed and values of our metrics beside the libraries people use now, on features in memory.

Run with ``pytest benchmarks --benchmark-timer=time.process_time`` on a busy machine, without the timer on a quiet one.
A library that is not installed is skipped, with the reason.
One thread; sizes with ``GANBENCH_ROWS`` (default 1000) and ``GANBENCH_WIDTH`` (default 2048).
"""

import contextlib
import io
import os
import warnings

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import NearestNeighbors

from ganbench.metrics import kernels, neighbours
from ganbench.metrics.classifiers import one_nn_accuracy
from ganbench.metrics.features import Features
from ganbench.metrics.frechet import fid
from ganbench.metrics.kid import kid, kid_subsets
from ganbench.metrics.prepare import prepare

ROWS, WIDTH = int(os.environ.get("GANBENCH_ROWS", "1000")), int(os.environ.get("GANBENCH_WIDTH", "2048"))
SHARED = (
    neighbours.precision,
    neighbours.recall,
    neighbours.density,
    neighbours.coverage,
    one_nn_accuracy,
    kid,
    kernels.mmd,
    kernels.energy_distance,
)
K = 5  # the order that every library can be asked for


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def clouds():
    """Rectified, correlated features like those of an image network: 256 factors and noise."""
    mixing = np.random.default_rng(0).normal(size=(256, WIDTH)) / 16

    def draw(seed):
        random = np.random.default_rng(seed)
        values = random.normal(size=(ROWS, 256)) @ mixing + 0.3 * random.normal(size=(ROWS, WIDTH))
        return np.maximum(values, 0).astype(np.float32)

    return draw(1), draw(2) * np.float32(0.97)


def ours_prdc(real, fake):
    r, f = Features(real), Features(fake)
    return [metric(r, f, k=K) for metric in SHARED[:4]]


def ours_shared(real, fake):
    r, f = Features(real), Features(fake)
    prepare(r, f, [metric.name for metric in SHARED])
    return [metric(r, f) for metric in SHARED]


def pytorch_fid(real, fake):
    score = pytest.importorskip("pytorch_fid.fid_score")
    moments = [(x.mean(0, dtype=np.float64), np.cov(x, rowvar=False)) for x in (real, fake)]
    return float(score.calculate_frechet_distance(*moments[0], *moments[1]))


def clean_fid(real, fake):
    return float(pytest.importorskip("cleanfid.fid").fid_from_feats(real, fake))


def torch_fidelity_fid(real, fake):
    peer = pytest.importorskip("torch_fidelity.metric_fid")
    a, b = (peer.fid_features_to_statistics(torch.from_numpy(x)) for x in (real, fake))
    return float(peer.fid_statistics_to_metric(a, b, verbose=False)["frechet_inception_distance"])


def piq_fid(real, fake):
    return float(pytest.importorskip("piq").FID()(torch.from_numpy(real), torch.from_numpy(fake)))


def torch_fidelity_kid(real, fake):
    peer = pytest.importorskip("torch_fidelity.metric_kid")
    found = peer.kid_features_to_metric(
        torch.from_numpy(fake), torch.from_numpy(real), kid_subsets=100, kid_subset_size=min(1000, ROWS), verbose=False
    )
    return float(found["kernel_inception_distance_mean"])


def clean_fid_kid(real, fake):
    return float(pytest.importorskip("cleanfid.fid").kernel_distance(real, fake))


def prdc(real, fake):
    found = pytest.importorskip("prdc").compute_prdc(real, fake, K)
    return [float(found[name]) for name in ("precision", "recall", "density", "coverage")]


def torch_fidelity_pr(real, fake):
    peer = pytest.importorskip("torch_fidelity.metric_prc")
    found = peer.prc_features_to_metric(
        torch.from_numpy(fake), torch.from_numpy(real), prc_neighborhood=K, save_cpu_ram=False, verbose=False
    )
    return [float(found["precision"]), float(found["recall"])]


def scikit_learn_mmd(real, fake):
    n, m = len(real), len(fake)
    gamma = 0.5 / kernels.median_distance(Features(real)) ** 2
    xx, yy, xy = (rbf_kernel(a, b, gamma) for a, b in ((real, real), (fake, fake), (real, fake)))
    sums = [float(k.sum(dtype=np.float64)) for k in (xx, yy, xy)]
    return (sums[0] - n) / (n * (n - 1)) + (sums[1] - m) / (m * (m - 1)) - 2 * sums[2] / (n * m)


def scikit_learn_one_nn(real, fake):
    pool, kind = np.concatenate([real, fake]), np.arange(2 * ROWS) < ROWS
    nearest = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(pool).kneighbors(return_distance=False)[:, 0]
    return float((kind[nearest] == kind).mean())


def ours_kid_subsets(real, fake):
    return kid_subsets(real, fake, size=min(1000, ROWS))


CASES = {  # group -> the value that all must agree on to a tolerance, and the contestants
    "fid": (1e-4, [fid, pytorch_fid, clean_fid, torch_fidelity_fid]),
    "fid, approximate root": (0.05, [piq_fid]),
    "precision, recall, density, coverage": (1e-3, [ours_prdc, prdc, torch_fidelity_pr]),
    "kid, 100 subsets": (0.3, [ours_kid_subsets, torch_fidelity_kid, clean_fid_kid]),
    "mmd": (1e-3, [kernels.mmd, scikit_learn_mmd]),
    "1-nn": (1e-12, [one_nn_accuracy, scikit_learn_one_nn]),
}
OURS = {
    "fid": fid,
    "fid, approximate root": fid,
    "precision, recall, density, coverage": ours_prdc,
    "kid, 100 subsets": kid,
    "mmd": kernels.mmd,
    "1-nn": one_nn_accuracy,
}


def name(contestant):
    return getattr(contestant, "name", None) or contestant.__name__


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("group", "contestant"),
    [
        pytest.param(g, c, id=f"{g}: {getattr(c, 'name', None) or c.__name__}")
        for g, (_, all_) in CASES.items()
        for c in all_
    ],
)
def test_speed_and_value(group, contestant, clouds, benchmark):
    benchmark.group = group
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peers warn of their own affairs
        contestant(*(cloud[:64] for cloud in clouds)) if contestant in (
            ours_prdc,
            kernels.mmd,
            one_nn_accuracy,
        ) else None
        value = benchmark.pedantic(contestant, args=clouds, rounds=1, iterations=1)
    expected = np.atleast_1d(OURS[group](*clouds))
    value = np.atleast_1d(value)
    benchmark.extra_info["value"] = value.tolist()
    assert value == pytest.approx(expected[: len(value)], rel=CASES[group][0])


def test_all_that_share_a_pass(clouds, benchmark):
    benchmark.group = "precision, recall, density, coverage"
    ours_shared(*(cloud[:64] for cloud in clouds))
    benchmark.pedantic(ours_shared, args=clouds, rounds=1, iterations=1)
