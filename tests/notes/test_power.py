import numpy as np
import pytest
import torch

from ganbench._util.streams import stream
from ganbench.metrics import METRICS
from ganbench.notes._permutation_tests import STATISTICS, p_values, pooled_median, relabelled
from ganbench.notes.power import DIFFERENCES, LEVEL, ROWS, exact_power, title
from tests.notes import measured

pytestmark = pytest.mark.xdist_group("experiment-power")
NAME = "power"
OF_THE_LIBRARY = {
    "t": "t_statistic",
    "Hotelling": "hotelling_t2",
    "FID": "fid",
    "energy": "energy_distance",
    "1-NN": "one_nn_accuracy",
}


def a_pair() -> tuple[torch.Tensor, torch.Tensor]:
    random = stream(0, "test")
    x = torch.randn(80, 3, generator=random, dtype=torch.float64)
    x[40:] = 1.3 * x[40:] + 0.2
    return x, relabelled(40, 4, random)


@pytest.mark.parametrize(("ours", "theirs"), OF_THE_LIBRARY.items())
def test_each_relabelling_has_the_library_s_statistic_of_its_halves(ours: str, theirs: str) -> None:
    x, labels = a_pair()
    values = STATISTICS[ours](x, torch.cdist(x, x), labels)
    for column, value in zip(labels.T, values.tolist(), strict=True):
        expected = METRICS[theirs](x[column == 1], x[column == 0])
        assert value == pytest.approx(expected, rel=1e-6), ours


def test_the_mmd_is_the_library_s_at_the_pooled_median() -> None:
    x, labels = a_pair()
    distances = torch.cdist(x, x)
    values = STATISTICS["MMD"](x, distances, labels)
    for column, value in zip(labels.T, values.tolist(), strict=True):
        width = pooled_median(distances)
        expected = METRICS["mmd"](x[column == 1], x[column == 0], bandwidth=width)
        assert value == pytest.approx(expected, rel=1e-9)


def test_the_classifier_test_is_perfect_apart_and_a_coin_where_votes_tie() -> None:
    x = torch.cat([torch.zeros(20, 1), torch.ones(20, 1)]).double() + 0.01 * torch.arange(40)[:, None]
    labels = relabelled(20, 0, stream(0, "test"))
    assert STATISTICS["C2ST"](x, torch.cdist(x, x), labels).tolist() == [1.0]


def test_the_p_value_of_the_greatest_statistic_is_one_over_the_relabellings() -> None:
    random = stream(1, "test")
    x = torch.randn(60, 2, generator=random, dtype=torch.float64)
    x[30:] += 9
    assert set(p_values(x, relabelled(30, 19, random)).values()) == {0.05}


def test_relabellings_are_halves_and_the_first_is_the_truth() -> None:
    labels = relabelled(10, 30, stream(0, "test"))
    assert labels.sum(0).tolist() == [10.0] * 31
    assert labels[:, 0].tolist() == [1.0] * 10 + [0.0] * 10


@pytest.mark.slow
@pytest.mark.parametrize("shift", DIFFERENCES["shift"][1])
def test_hotelling_has_its_exact_power(shift: float) -> None:
    # a hundred pairs, three standard errors; ninety-nine relabellings cost up to two per cent of power
    exact = exact_power(shift)
    results = measured.findings(NAME).mean(f"Hotelling: {title('shift', shift)}")
    error = (exact * (1 - exact) / 100) ** 0.5
    assert exact - 0.02 - 3 * error < results < exact + 3 * error


def test_the_exact_power_without_a_shift_is_the_level() -> None:
    assert exact_power(1e-9) == pytest.approx(LEVEL, abs=1e-6)


@pytest.mark.parametrize("kind", ["spread", "lost modes", "equal moments"])
def test_kinds_of_difference_keep_the_mean(kind: str) -> None:
    pair, strengths = DIFFERENCES[kind]
    x, y = (
        torch.cat(sample)
        for sample in zip(*(pair(strengths[-1], stream(i, "test", kind)) for i in range(60)), strict=True)
    )
    assert len(x) == 60 * ROWS
    gap = (x.mean(0) - y.mean(0)) / (x.var(0) / len(x) + y.var(0) / len(y)).sqrt()
    assert gap.abs().max() < 4


def test_the_cube_s_corners_have_the_gaussian_s_covariance_and_not_its_kurtosis() -> None:
    pair, strengths = DIFFERENCES["equal moments"]
    y = torch.cat([pair(strengths[-1], stream(i, "test"))[1] for i in range(60)])
    np.testing.assert_allclose(np.cov(y.numpy().T), np.eye(5), atol=4 * (1 / 6000) ** 0.5)
    assert (y**4).mean() < 1.5
