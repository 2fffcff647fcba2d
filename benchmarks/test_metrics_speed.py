"""Speed and values of our metrics beside the libraries people use now, on features in memory.

Run with ``pytest benchmarks --benchmark-timer=time.process_time`` on a busy machine, without the timer on a quiet one.
A library that is not installed is skipped, with the reason; the page with all sizes is that of ``benchmarks.metrics``.
One thread; sizes with ``GANBENCH_ROWS`` (default 1000) and ``GANBENCH_WIDTH`` (default 2048).
"""

import contextlib
import io
import os
import warnings

import numpy as np
import pytest
import torch

from benchmarks import implementations as impl
from benchmarks import peers

ROWS, WIDTH = int(os.environ.get("GANBENCH_ROWS", "1000")), int(os.environ.get("GANBENCH_WIDTH", "2048"))
# Of each group the tolerance to which all must agree, and the implementations, ours first.
CASES: dict[str, tuple[float, list[impl.Implementation]]] = {
    "fid": (
        1e-4,
        [impl.ours_fid, peers.pytorch_fid, peers.clean_fid, peers.torchmetrics_fid, peers.torch_fidelity_fid],
    ),
    "fid, approximate root": (0.05, [impl.ours_fid, peers.piq_fid]),
    "precision, recall, density, coverage": (1e-3, [impl.ours_prdc, peers.prdc, peers.torch_fidelity_pr]),
    "kid, 100 subsets": (0.3, [impl.ours_kid, peers.torch_fidelity_kid, peers.clean_fid_kid, peers.torchmetrics_kid]),
    "mmd": (1e-3, [impl.ours_mmd, peers.scikit_learn_mmd]),
    "1-nn": (1e-12, [impl.ours_one_nn, peers.scikit_learn_one_nn]),
    "w1": (1e-12, [impl.ours_w1, peers.scipy_w1, peers.pot_w1]),
}
PAIRS = [(group, implementation) for group, (_, implementations) in CASES.items() for implementation in implementations]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def features():
    return impl.image_features(ROWS, WIDTH)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("group", "implementation"), PAIRS, ids=[f"{group}: {each.__name__}" for group, each in PAIRS])
def test_speed_and_value(group, implementation, features, benchmark):
    benchmark.group = group
    tolerance, (ours, *_) = CASES[group]
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the peers, which have no bearing on speed
        try:
            implementation(*(each[:64, :16] for each in features))  # imports and compiles
        except ModuleNotFoundError as error:
            pytest.skip(str(error))
        value = np.atleast_1d(benchmark.pedantic(implementation, args=features, rounds=1, iterations=1))
    expected = np.atleast_1d(ours(*features))
    benchmark.extra_info["value"] = value.tolist()
    assert value == pytest.approx(expected[: len(value)], rel=tolerance)


def test_all_that_share_a_pass(features, benchmark):
    benchmark.group = "precision, recall, density, coverage"
    impl.ours_shared(*(each[:64] for each in features))
    benchmark.pedantic(impl.ours_shared, args=features, rounds=1, iterations=1)
