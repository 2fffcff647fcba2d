"""Two Gaussians as truth, the best possible classifier, and generators that beat the truth's Inception Score.

Note 2 (evaluation): "U(-100, 100) and N(0, 20) both get H(y) = log 2 and also a small H(y|x) = 0. The true
distribution, two normal distributions left and right, has a lower Inception Score than these."

Design (Barratt and Sharma, 2018, arXiv:1801.01973, section 4.2): truth 1/2 N(-1, v) + 1/2 N(1, v), Bayes' classifier
p(right | x) = 1 / (1 + exp(-2 x / v)). All distributions are symmetric, so H(y) = log 2 and IS = 2 exp(-E H(y|x)), by
quadrature; the library's score of samples beside it. The paper's numbers fit v = 2; the note doesn't say whether the
20 is a variance or a standard deviation: both are measured, and so is v = 1.

Number: 1.2230 for the truth, 1.5333 or 1.8737 for N(0, 20), 1.9674 for the uniform distribution.
"""

from __future__ import annotations

from math import exp, pi

import numpy as np
from matplotlib.figure import Figure
from scipy.special import expit

from ganbench._util.streams import stream
from ganbench.metrics import METRICS
from ganbench.metrics.feature_vectors import Features
from ganbench.notes._detection import detection
from ganbench.notes._two_gaussians import FAKES, REACH, TRUTH, distributions, posteriors, uncertainty
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.report.style import COLOURS, QUIET

VARIANCES = (2.0, 1.0)
SEEDS, ROWS, NEAR = 10, {"fast": 20_000, "full": 50_000}, 1000
IS = "inception_score"
DETECTORS = ("w1", "fid", "ks_statistic", "one_nn_accuracy")
METRIC_NAMES = (IS, *DETECTORS, "kid", "mmd", "precision", "recall", "coverage")


def measure(form: Form) -> Findings:
    """Integrate every distribution's score, and score draws of it with every metric that compares two samples."""
    numbers: dict[str, tuple[float, ...]] = {"formula: U(-100, 100)": (2 * exp(-(pi**2) / (6 * REACH)),)}
    for v in VARIANCES:
        for name, distribution in distributions(v).items():
            entropy = uncertainty(distribution, 2 / v)
            numbers[f"H(y|x): {name}, v = {v:g}"] = (entropy,)
            numbers[f"IS: {name}, v = {v:g}"] = (2 * exp(-entropy),)
    drawn = [draws(seed, ROWS[form.name]) for seed in range(SEEDS)]
    for name in drawn[0]:
        numbers[name] = tuple(each[name] for each in drawn)
    findings = Findings(numbers)
    cells = tuple(tuple(verdict(findings, metric_name, name) for name in FAKES) for metric_name in METRIC_NAMES)
    return Findings(numbers, matrices={"who sees it": Matrix(METRIC_NAMES, FAKES, cells)})


def draws(seed: int, rows: int) -> dict[str, float]:
    """Return the scores of draws of every distribution, the truth's own among them, for v = 2."""
    scores = {}
    every = distributions(2.0)
    real = Features(every[TRUTH].draw(NEAR, stream(seed, "counter-example", "real"))[:, None], "real")
    for name, distribution in every.items():
        x = distribution.draw(rows, stream(seed, "counter-example", name))
        fake = Features(x[:NEAR, None], "fake")
        scores[f"{IS}: {name}"] = METRICS[IS](posteriors(x, 1.0))
        scores |= {f"{each}: {name}": METRICS[each](real, fake) for each in METRIC_NAMES if each != IS}
    return scores


def verdict(findings: Findings, metric_name: str, name: str) -> str:
    """Return whether a metric sees that a distribution is not the truth's."""
    values, control = (findings.numbers[f"{metric_name}: {each}"] for each in (name, TRUTH))
    return detection(METRICS[metric_name], values, control)


def draw(findings: Findings, figure: Figure) -> None:
    """The distributions with the classifier, and the score of each beside its distance from the truth."""
    left, right = figure.subplots(1, 2)
    x = np.linspace(-22, 14, 481)
    for (name, distribution), colour in zip(distributions(2.0).items(), COLOURS, strict=False):
        left.plot(x, [distribution.density(value) for value in x], color=colour, label=name)
        right.errorbar(
            findings.mean(f"w1: {name}"),
            findings.mean(f"{IS}: {name}"),
            xerr=findings.half_width(f"w1: {name}"),
            marker="o",
            color=colour,
        )
        right.axhline(findings.mean(f"IS: {name}, v = 2"), color=colour, linestyle=":", linewidth=0.8)
    left.plot(x, 0.2 * expit(x), color=QUIET, linestyle="--", label="0.2 p(right | x)")
    left.set(xlabel="x", ylabel="density")
    left.legend(loc="upper left", fontsize=6.5)
    right.set(xscale="log", xlabel="W1 from the truth", ylabel="Inception Score", title="dotted: by quadrature")


EXPERIMENT = Experiment(
    name="is_counterexample",
    title="Two Gaussians: the truth scores lowest",
    chapter="inception_score",
    measure=measure,
    draw=draw,
)
