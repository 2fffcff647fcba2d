"""What metrics are going to cost on a set of samples, told before the first of them begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch

from ganbench.metrics.spec import Metric, MetricSpec, passes
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.scorer import DISTANCES, Scorer

SIDE, ROUNDS = 1024, 3


@dataclass(frozen=True)
class Expected:
    """What one metric, or the distances that several share, will cost: how its work grows, and how much that is here.

    ``work`` is in multiplications and additions of a large product of matrices, None where nothing is declared.
    """

    metric: str
    growth: str
    work: float | None
    left_out: bool = False


@dataclass(frozen=True)
class CostPlan:
    """What is going to be computed of one set of samples, in its order, then what is left out because it is slow."""

    of: str
    sizes: dict[str, int]
    steps: tuple[Expected, ...]

    @property
    def work(self) -> float:
        """All the work that is known and not left out."""
        return sum(each.work or 0.0 for each in self.steps if not each.left_out)


Told = Callable[[CostPlan], None]


def planned(
    scorer: Scorer, metrics: Sequence[Metric[Any]], left_out: Sequence[Metric[Any]], fake: FileInputs
) -> CostPlan:
    """Return what the metrics will cost that can be used on a set of samples."""
    sizes = sizes_of(scorer, fake)
    usable = [metric.spec for metric in metrics if not scorer.missing(metric, fake)]
    shared = passes(each for spec in usable for each in spec.requires)
    distances = Expected(DISTANCES, shared.growth, shared.work(sizes))
    steps = [Expected(spec.name, own_growth(spec), spec.work(sizes)) for spec in usable]
    slow = [
        Expected(each.spec.name, each.spec.growth, each.spec.work(sizes), left_out=True)
        for each in left_out
        if not scorer.missing(each, fake)
    ]
    return CostPlan(fake.name, sizes, (*([distances] if shared.terms else []), *steps, *slow))


def own_growth(spec: MetricSpec) -> str:
    """Return how a metric's work grows beside the distances that it shares."""
    return spec.cost.growth if spec.cost else ""


def sizes_of(scorer: Scorer, fake: FileInputs) -> dict[str, int]:
    """Return what costs depend on, by the names of ``ganbench.metrics.cost.SIZES``; 0 for what there is not."""
    real, facts = scorer.real, fake.feature_set
    n, m = real.n or 0, len(facts)
    classes = len(real.classes) or (0 if facts.posteriors is None else facts.posteriors.shape[1])
    (height, width), _ = facts.sizes.most_common(1)[0] if facts.channels else ((0, 0), 0)
    return {
        "n": n,
        "m": m,
        "t": (scorer.train.n or 0) if scorer.train else 0,
        "d": facts.values.shape[1],
        "k": classes,
        "q": min(n, m) // max(classes, 1),
        "c": len(scorer.modes.centres) if scorer.modes else 0,
        "p": facts.channels * height * width,
    }


def speed() -> float:
    """Return the multiplications and additions a second of a large product of float32 matrices here."""
    x, best = torch.ones(SIDE, SIDE), float("inf")
    for _ in range(ROUNDS + 1):  # the first one warms up
        start = perf_counter()
        torch.mm(x, x)
        best = min(best, perf_counter() - start)
    return SIDE**3 / best
