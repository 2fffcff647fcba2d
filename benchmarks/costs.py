"""Declared costs of metrics beside measured ones: ``python -m benchmarks.costs [METRIC ...] > benchmarks/costs.md``.

Each metric is called by itself on features that nothing is known of yet, so that it makes its own passes over the
distances. The estimate is its declared work at the speed of a product of two matrices, measured in the same run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import torch

from benchmarks.floor import speed
from benchmarks.machine import describe, today
from ganbench.dataset import Modes
from ganbench.errors import RequestError
from ganbench.metrics import METRICS
from ganbench.metrics.spec import Metric, passes

ROWS = ((500, 64), (2000, 64), (1000, 512), (3000, 512))  # rows and features
SLOW = ((300, 64), (1000, 64), (300, 512), (1000, 512))
CLASSES, CENTRES, SIDE = 10, 25, 32
BEST_OF = 2
PAGE = """# What metrics cost: declared and measured

Seconds of processor time of each metric called by itself, on one thread, the better of two, beside the estimate that
`ganbench score --metrics all` prints before it starts: declared work at the speed of a product of float32 matrices in
the same run ({speed:.0f} G multiplications and additions a second). The machine had other work. An estimate is meant to
be right within a factor of three where a metric takes a second or more; below that, the cost of calling it counts.
Made by `python -m benchmarks.costs`.

{machine}

Measured {today}.

| metric | growth | n, d | estimate s | measured s |
|---|---|---|---:|---:|
"""


def inputs(n: int, d: int) -> dict[str, Any]:
    """Return what any metric may be given: n rows of d features, points, posteriors, labels, images, modes."""
    random = torch.Generator().manual_seed(n + d)
    labels = [torch.arange(n) % CLASSES for _ in range(2)]
    features = [torch.randn(n, d, generator=random) + y[:, None] for y in labels]
    posteriors = [(8 * torch.rand(n, CLASSES, generator=random, dtype=torch.float64)).softmax(1) for _ in range(2)]
    side = 3 * SIDE * SIDE
    return {
        "real": features[0],
        "fake": features[1],
        "train": torch.randn(n, d, generator=random),
        "real_posteriors": posteriors[0],
        "fake_posteriors": posteriors[1],
        "real_labels": labels[0],
        "fake_labels": labels[1],
        "fake_points": torch.randn(n, d, generator=random),
        "modes": Modes(torch.randn(CENTRES, d, generator=random), 1.0),
        "real_images": torch.rand(n * side, generator=random).reshape(n, 3, SIDE, SIDE) * 2 - 1,
        "fake_images": torch.rand(n * side, generator=random).reshape(n, 3, SIDE, SIDE) * 2 - 1,
    }


def seconds(metric: Metric[Any], given: Mapping[str, Any]) -> float:
    """Return the processor time of one call, the better of some where that is short."""
    best = float("inf")
    for _ in range(BEST_OF):
        start = time.process_time()
        metric(*(given[need] for need in metric.spec.needs))
        best = min(best, time.process_time() - start)
        if best > 2:
            break
    return best


def main(names: list[str]) -> None:
    """Print the page."""
    torch.set_num_threads(1)
    rate = speed(torch.float32) / 2
    print(PAGE.format(speed=rate / 1e9, machine=describe("scipy", "scikit-learn"), today=today()), end="")
    for metric in [METRICS[name] for name in names or METRICS]:
        for n, d in SLOW if metric.spec.slow else ROWS:
            given = inputs(n, d)
            sizes = {**dict.fromkeys("nmt", n), "d": d, "k": CLASSES, "q": n // CLASSES, "c": CENTRES, "p": 3 * SIDE**2}
            own = metric.spec.work(sizes)
            work = None if own is None else own + passes(metric.spec.requires).work(sizes)
            try:
                took = f"{seconds(metric, given):.3g}"
            except RequestError as error:
                took = str(error)[:40]
            estimate = "" if work is None else f"{work / rate:.3g}"
            growth = metric.spec.growth if (n, d) in (ROWS[0], SLOW[0]) else ""
            print(f"| {metric.spec.name if growth else ''} | {growth} | {n}, {d} | {estimate} | {took} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
