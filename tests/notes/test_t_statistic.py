from math import sqrt

import numpy as np
import pytest
import torch
from scipy.stats import ttest_ind

from ganbench._util.streams import stream
from ganbench.notes.t_statistic import OTHERS, SIZES, A, B, printed_t, true_level
from tests.notes import measured

pytestmark = pytest.mark.xdist_group("experiment-t_statistic")
NAME = "t_statistic"


def test_the_example_has_scipy_s_t_and_the_formula_as_printed() -> None:
    results = measured.findings(NAME)
    assert results.mean("t, right") == pytest.approx(float(ttest_ind(A, B).statistic), rel=1e-12)
    n, m = len(A), len(B)
    pooled = ((n - 1) * np.var(A, ddof=1) + (m - 1) * np.var(B, ddof=1)) / (n + m - 2)
    literal = (np.mean(A) - np.mean(B)) / (sqrt(pooled) * (1 / n + 1 / m))
    assert results.mean("t, as printed") == pytest.approx(float(literal), rel=1e-12)
    assert results.mean("t, as printed") == pytest.approx(4.459664, abs=1e-6)


def test_the_statistics_agree_only_where_the_sizes_make_the_factor_one() -> None:
    t = torch.tensor([1.5])
    assert printed_t(t, 2, 2).item() == 1.5
    assert printed_t(t, 50, 50).item() == pytest.approx(7.5)


@pytest.mark.parametrize("n", SIZES)
def test_both_levels_are_within_the_error_of_their_counts(n: int) -> None:
    # five seeds of a thousand pairs: four standard errors of a binomial share
    results = measured.findings(NAME)
    for name, level in ((f"level, n = {n}", 0.05), (f"level as printed, n = {n}", true_level(n))):
        assert results.mean(name) == pytest.approx(level, abs=4 * sqrt(level * (1 - level) / 5000))


@pytest.mark.parametrize("name", OTHERS)
def test_the_other_distributions_have_mean_zero(name: str) -> None:
    x = OTHERS[name](40_000, 1, stream(0, "test", name))
    assert float(x.mean()) == pytest.approx(0, abs=4 * float(x.std()) / 200)
    assert abs(float(x.square().mean()) - 1) + abs(float((x**3).mean())) + abs(float((x**4).mean()) - 3) > 0.3
