"""Note 2's study of six metrics (Xu et al., 2018) compares their cost too: Wasserstein takes the most time.

Design: each metric scores two samples of Gaussian rows in 64 dimensions, as many as the classifier of MNIST has
features, at growing numbers of rows; posteriors have ten classes. Processor time, the least of three runs, so that
other programs on the machine count little; it is the one number of these pages that differs from run to run.
Number: the exact assignment grows like n^2 to n^3, all others like n^2 or n; at the largest size Wasserstein costs
more than any other of the six.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import process_time

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.metrics import METRICS
from ganbench.metrics.feature_vectors import Features
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.report.style import line_style

DIMENSIONS, CLASSES, RUNS = 64, 10, 3
TWO_SAMPLE = {"W1": "w1", "MMD": "mmd", "FID": "fid", "1-NN": "one_nn_accuracy", "KID": "kid", "precision": "precision"}


def measure(form: Form) -> Findings:
    sizes = (250, 500, 1000, 2000) if form.name == "fast" else (250, 500, 1000, 2000, 4000)
    calls = {size: scored(size) for size in sizes}
    for call in calls[sizes[0]].values():
        call()  # the first call compiles loops
    seconds = {name: tuple(shortest(calls[size][name]) for size in sizes) for name in calls[sizes[0]]}
    growth = {name: (float(np.polyfit(np.log(sizes[-2:]), np.log(each[-2:]), 1)[0]),) for name, each in seconds.items()}
    numbers: dict[str, tuple[float, ...]] = {f"seconds of {name}": (each[-1],) for name, each in seconds.items()}
    cells = tuple((*each, growth[name][0]) for name, each in seconds.items())
    columns = (*(f"n = {size}" for size in sizes), "power of n, last doubling")
    return Findings(
        numbers,
        {"rows": tuple(map(float, sizes))} | {f"seconds of {name}": each for name, each in seconds.items()},
        {"Processor seconds for two clouds of n rows in 64 dimensions": Matrix(tuple(seconds), columns, cells)},
    )


def scored(n: int) -> dict[str, Callable[[], float]]:
    """Return a call of each metric on fresh samples of ``n`` rows, so that nothing is remembered between calls."""
    draws = stream(0, "evaluator time", n)
    samples = [torch.randn(n, DIMENSIONS, generator=draws, dtype=torch.float64) for _ in range(2)]
    real, fake = (torch.randn(n, CLASSES, generator=draws, dtype=torch.float64).softmax(1) for _ in range(2))
    calls: dict[str, Callable[[], float]] = {name: partial(afresh, each, samples) for name, each in TWO_SAMPLE.items()}
    calls["IS"] = partial(METRICS["inception_score"], fake)
    calls["Mode Score"] = partial(METRICS["mode_score_b"], real, fake)
    return calls


def afresh(name: str, samples: list[Tensor]) -> float:
    """Score two samples that no metric has seen."""
    return METRICS[name](*map(Features, samples))


def shortest(call: Callable[[], float]) -> float:
    """Return the least processor time of a few runs."""
    seconds = []
    for _ in range(RUNS):
        began = process_time()
        call()
        seconds.append(process_time() - began)
    return max(min(seconds), 1e-6)  # a clock's grain


def draw(findings: Findings, figure: Figure) -> None:
    """Draw the time of each metric by the number of rows."""
    axes = figure.subplots()
    for number, name in enumerate((*TWO_SAMPLE, "IS", "Mode Score")):
        colour, dashes = line_style(number)
        seconds = findings.curves[f"seconds of {name}"]
        axes.plot(findings.curves["rows"], seconds, marker="o", ms=3, color=colour, ls=dashes, label=name)
    axes.set(xscale="log", yscale="log", xlabel="rows of a sample", ylabel="processor seconds")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


EXPERIMENT = Experiment(
    name="evaluator_time",
    title="What the six metrics cost",
    chapter="evaluators",
    measure=measure,
    draw=draw,
    size=(5.0, 2.6),
)
