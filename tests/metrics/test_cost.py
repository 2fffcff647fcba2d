"""What a metric says that it costs: how a cost is written, and that it is not less than the products it takes."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ganbench.errors import BadInput, UnknownName
from ganbench.metrics import METRICS, metric
from ganbench.metrics.cost import NOTHING, SIZES, Cost
from ganbench.metrics.spec import passes

PRODUCTS = (  # what most of the work is of
    "fid", "fid_infinity", "between_class_fid", "kid", "mmd", "energy_distance", "cmmd", "precision", "p_recall",
    "clipped_coverage", "cover_recall", "realism", "alpha_precision", "one_nn_real", "c2st_knn", "hotelling_t2",
    "sliced_wasserstein", "mind", "rke", "pairwise_distance_ratio", "authenticity", "copies",
    "birthday_support",
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sizes", "work", "growth"),
    [
        ("n m d", {"n": 2, "m": 3, "d": 5}, 30.0, "n m d"),
        ("2 n d^2 + 20 min(n, d)^3", {"n": 2, "d": 3}, 2 * 2 * 9 + 20 * 8, "n d^2 + min(n, d)^3"),
        ("slices n log(n)", {"slices": 5, "n": 8}, 5 * 8 * 3, "slices n log(n)"),
        ("0.5 min(n, 100)^2", {"n": 400}, 5000.0, "min(n, 100)^2"),
        ("3", {}, 3.0, "1"),
    ],
)
def test_a_cost_is_a_sum_of_products(text: str, sizes: dict[str, float], work: float, growth: str) -> None:
    cost = Cost.parse(text, ["slices"])
    assert cost.work(sizes) == work
    assert cost.growth == growth


def test_shared_steps_count_once_and_others_add_up() -> None:
    balls, kernel = Cost.parse("n m d + 3 n"), Cost.parse("2 n m d + 5 m")
    sizes = {"n": 2, "m": 3, "d": 7}
    assert (balls | kernel).work(sizes) == 2 * 42 + 3 * 2 + 5 * 3
    assert (balls + kernel).work(sizes) == 3 * 42 + 3 * 2 + 5 * 3
    assert (NOTHING | balls) == balls


@pytest.mark.parametrize("text", ["n +", "n ** 2", "n^", "min(n", "n + + m", "-n"])
def test_what_is_no_sum_of_products_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="expected a"):
        Cost.parse(text)


def test_a_size_that_there_is_not_is_told_where_the_metric_is_declared() -> None:
    with pytest.raises(UnknownName, match="unknown size in cost 'n slcies' 'slcies'"):

        @metric(better="lower", cost="n slcies")
        def gap(real: Any, fake: Any, *, slices: int = 3) -> float:
            return 0.0


def test_a_metric_without_a_cost_says_none() -> None:
    @metric(better="lower")
    def gap(real: Any, fake: Any) -> float:
        return 0.0

    assert (gap.spec.growth, gap.spec.work({"n": 3})) == ("", None)


def test_options_count_with_their_values() -> None:
    @metric(better="lower", cost="slices n")
    def gap(real: Any, fake: Any, *, slices: int = 7) -> float:
        return 0.0

    assert gap.spec.work({"n": 3}) == 21


def test_every_metric_of_the_catalogue_says_what_it_costs() -> None:
    assert [name for name, each in METRICS.items() if each.spec.cost is None] == []
    largest = dict.fromkeys(SIZES, 1000)
    assert all((each.spec.work(largest) or 0) > 0 for each in METRICS.values())


def products(name: str, n: int, d: int) -> float:
    """Return the multiplications of a metric's products of matrices, as torch counts them."""
    random = torch.Generator().manual_seed(n)
    rows = {need: torch.randn(n, d, generator=random) for need in ("real", "fake", "train")}
    labels = dict.fromkeys(("real_labels", "fake_labels"), torch.arange(n) % 4)
    with FlopCounterMode(display=False) as counter:
        METRICS[name](*({**rows, **labels}[need] for need in METRICS[name].spec.needs))
    return counter.get_total_flops() / 2


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_cost_is_at_least_that_of_the_products_and_grows_as_they_do(name: str) -> None:
    spec = METRICS[name].spec
    expected, counted = [], []
    for n, d in ((600, 16), (1200, 16), (600, 64)):
        sizes = {"n": n, "m": n, "t": n, "d": d, "k": 4, "q": n // 4}
        expected.append((spec.work(sizes) or 0) + passes(spec.requires).work(sizes))
        counted.append(products(name, n, d))
    assert all(work >= flops for work, flops in zip(expected, counted, strict=True))
    if counted[0] > 0.3 * expected[0]:  # what the products are most of grows as they do
        for i in (1, 2):
            assert math.log(expected[i] / expected[0]) == pytest.approx(math.log(counted[i] / counted[0]), abs=0.7)
