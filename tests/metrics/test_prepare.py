"""One pass over the distances serves all metrics, and each metric declares what it requires of it."""

from __future__ import annotations

import numpy as np
import pytest

from ganbench.metrics import METRICS, coverage, kid, one_nn_real, precision
from ganbench.metrics._engine import blocks
from ganbench.metrics._engine.balls import KnnBalls, RadiusRatios
from ganbench.metrics._engine.pairs import NearestAcross, NearestWithin, pair_of, union
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.prepare import prepare

DECLARED = [name for name, metric in METRICS.items() if metric.spec.requires]
OF_OTHER_ROWS = {"cmmd", "topp", "topr", "c2st_knn"}  # these measure distances between rows that they change or cut


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Sizes of the blocks of distances that were computed."""
    computed: list[tuple[int, int]] = []
    original = blocks.rounded_squares

    def counting(left, right, *at):
        computed.append((len(left), len(right)))
        return original(left, right, *at)

    monkeypatch.setattr(blocks, "rounded_squares", counting)
    return computed


def samples(n: int = 60, m: int = 50) -> tuple[Features, Features]:
    rng = np.random.default_rng(0)
    return Features(rng.normal(size=(n, 3)), "real"), Features(rng.normal(size=(m, 3)), "fake")


@pytest.mark.parametrize("name", [name for name in DECLARED if name not in ("kid_subsets", "birthday_support")])
def test_a_metric_takes_no_pass_that_it_does_not_declare(name: str, passes: list[tuple[int, int]]) -> None:
    real, fake = samples()
    prepare(real, fake, [METRICS[name]])
    assert 0 < len(passes) <= 3, "one pass within each sample and one across"
    passes.clear()
    METRICS[name](real, fake)
    assert passes == []


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, metric in METRICS.items()
        if metric.spec.needs == ("real", "fake") and name not in DECLARED and name not in OF_OTHER_ROWS
    ],
)
def test_a_metric_that_declares_nothing_takes_no_pass_to_share(name: str, passes: list[tuple[int, int]]) -> None:
    real, fake = samples(300, 300)
    METRICS[name](real, fake)
    assert (300, 300) not in passes


def test_balls_of_several_k_come_from_one_reduction() -> None:
    merged = union([KnnBalls((5,)), NearestWithin(real=1, fake=1), KnnBalls((3,)), NearestAcross(), KnnBalls((5,))])
    assert merged == [KnnBalls((3, 5)), NearestWithin(real=1, fake=1), NearestAcross()]
    assert RadiusRatios(3).merged(RadiusRatios(4)) is None


def test_the_union_asks_for_as_many_neighbours_as_any_metric(passes: list[tuple[int, int]]) -> None:
    real, fake = samples()
    alone = [metric(real.values, fake.values) for metric in (precision, coverage, one_nn_real)]
    passes.clear()
    prepare(real, fake, [precision, coverage, one_nn_real, kid])
    assert passes == [(50, 50), (60, 60), (60, 50)]
    assert [metric(real, fake) for metric in (precision, coverage, one_nn_real)] == alone
    assert {type(key) for key in pair_of(real, fake).derived} >= {KnnBalls}
    assert len(passes) == 3
