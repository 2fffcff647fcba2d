"""Likelihood of a sampler that has none: the Parzen window prefers k-means centres to the true data.

Note 3, on the disadvantages of GANs: "Hard to interpret: the distribution Pg(G) of the generative model has no explicit
expression." The usual remedy, a Parzen window on the samples (Goodfellow et al., 2014, table 1), is put to the test of
Theis et al. (2016, section 3.2).

Design: n true training examples, or n k-means centres of the training data, take the place of a model's samples.
Bandwidth: the best of ten from 0.1 to 1 (pixels in [0, 1]) on one half of the test data, score: mean log-density of
the other. Fast: the digits, 64 pixels, n = 200; full: MNIST's 784 pixels where its files are, n = 2000. Numbers on
MNIST: 242.9 for 10 000 true examples, 287.9 for 2000 centres, 154.8 for 2000 true ones. Oracle: one sample at the
point itself, 784 pixels, bandwidth 0.2: 541.35151.
"""

from __future__ import annotations

import warnings

import torch
from matplotlib.figure import Figure
from sklearn.cluster import KMeans
from torch import Tensor

from ganbench import data
from ganbench._util.streams import stream
from ganbench.dataset import Dataset, Source
from ganbench.metrics.likelihood import parzen_log_likelihood
from ganbench.notes._mnist import mnist
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS, QUIET

WIDTHS = torch.logspace(-1, 0, 10, dtype=torch.float64).tolist()  # in units of the grey scale from 0 to 1
DIM, WIDTH, KNOWN = 784, 0.2, 541.35151


def some(source: Source, n: int, draws: torch.Generator) -> Tensor:
    """Return ``n`` distinct examples in [0, 1], a row each, float64."""
    x, _ = source.examples(source.distinct(n, draws))
    return (x.double().flatten(1) + 1) / 2


def score(samples: Tensor, chosen: Tensor, scored: Tensor) -> float:
    """Mean Parzen log-density of ``scored`` in nats, at the bandwidth that is best for ``chosen``."""
    best = max(WIDTHS, key=lambda width: float(parzen_log_likelihood(chosen, samples, width).mean()))
    return float(parzen_log_likelihood(scored, samples, best).mean())


def centres(x: Tensor, n: int, seed: int) -> Tensor:
    """k-means centres of the rows of ``x``."""
    state = stream(seed, "parzen_windows", "k-means").initial_seed() % 2**31
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # thread advice on some platforms
        return torch.from_numpy(KMeans(n, n_init=1, max_iter=30, random_state=state).fit(x.numpy()).cluster_centers_)


def material(form: Form) -> tuple[Dataset, int, int]:
    """Data, number of samples, and number of training examples that k-means sees."""
    dataset = mnist(form)
    return (dataset, 2000, 10_000) if dataset else (data.load("digits"), 200, 898)


def measure(form: Form) -> Findings:
    """Scores of true examples, as many centres, and all of the training data, over redrawn samples and halves."""
    dataset, n, most = material(form)
    rows: dict[str, list[float]] = {"as many true examples": [], "k-means centres": [], "all true examples": []}
    for seed in range(5):
        x = some(dataset.train, most, stream(seed, "parzen_windows", "train"))
        test = some(dataset.held_out, min(1000, dataset.held_out.size or 1000), stream(seed, "parzen_windows", "test"))
        halves = test[::2], test[1::2]
        samples = {"as many true examples": x[:n], "k-means centres": centres(x, n, seed), "all true examples": x}
        for name, each in samples.items():
            rows[name].append(score(each, *halves))
    point = torch.zeros(1, DIM, dtype=torch.float64)
    own = float(parzen_log_likelihood(point, point, WIDTH))
    return Findings({name: tuple(values) for name, values in rows.items()} | {"one sample at the point itself": (own,)})


def draw(findings: Findings, figure: Figure) -> None:
    """One bar for each kind of sample."""
    axis = figure.subplots()
    names = ["as many true examples", "k-means centres", "all true examples"]
    means, errors = [findings.mean(name) for name in names], [findings.half_width(name) for name in names]
    axis.barh(names, means, xerr=errors, color=[COLOURS[0], COLOURS[1], QUIET], height=0.6)
    axis.set(xlabel="Parzen log-density of test data, nats", title="Cluster centres score above true data")


EXPERIMENT = Experiment(
    name="parzen_windows",
    title="Parzen windows misrank",
    chapter="references",
    measure=measure,
    draw=draw,
)
