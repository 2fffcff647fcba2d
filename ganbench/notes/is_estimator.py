"""How the Inception Score depends on the sample: its size, its splits, the order of its rows, its classes.

Note 2 (evaluation): "The generator's distribution can't be had exactly, so samples approximate it: p(y) = 1/N sum
p(y|x_i)", and "if 10 000 images are generated, the ideal is 10 of each of the 1000 classes".

Design: certain posteriors of K equally likely classes. The expected entropy of their shares is a sum over the binomial
distribution of one class's count c, E H = -K E[(c/n) log(c/n)], about log K - (K - 1) / 2n; the library's scores of
such draws beside it, at once and in the ten contiguous splits first published, shuffled and sorted. Real digits,
sorted. Then class distributions that are not equal: IS = exp H(y), whatever the truth is.

Number: 50 draws a class give 99.0 of 100 at once and 90.1 in ten splits (990 and 901 of 1000).
"""

from __future__ import annotations

from math import exp

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.stats import binom
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.metrics.classes import am_score, mode_score_b
from ganbench.metrics.inception_score import inception_score, inception_score_splits
from ganbench.notes._failures import digits
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS

CLASSES = {"fast": 100, "full": 200}
MANY = 1000  # of the network that gave the score its name, for the exact sums
PER_CLASS = (1, 2, 5, 10, 50)  # draws over classes
SPLITS = 10
REPEATS = {"fast": 10, "full": 20}
LOW, HIGH = 2.0, 8.0  # sorted digits, and shuffled ones, of ten classes


def expected_entropy(classes: int, n: int) -> float:
    """E H of the shares of ``n`` draws of equally likely classes, in nats, exactly."""
    counts = np.arange(1, n + 1)
    share = counts / n
    return float(-classes * np.sum(binom.pmf(counts, n, 1 / classes) * share * np.log(share)))


def certain(labels: Tensor, classes: int) -> Tensor:
    """Posteriors of a perfect classifier, (n, classes)."""
    return torch.nn.functional.one_hot(labels, classes).double()


def measure(form: Form) -> Findings:
    """Score draws of certain posteriors by their number, splits and order; then digits, and unequal classes."""
    classes = CLASSES[form.name]
    repeats = [one_repeat(classes, repeat) for repeat in range(REPEATS[form.name])]
    numbers = {name: tuple(each[name] for each in repeats) for name in repeats[0]}
    for each in PER_CLASS:
        numbers[f"exact: {each} a class"] = (exp(expected_entropy(classes, each * classes)),)
    at_once = PER_CLASS[-1] * MANY
    exact = {
        "exact: 1000 classes, 1 split": (exp(expected_entropy(MANY, at_once)),),
        "exact: 1000 classes, 10 splits": (exp(expected_entropy(MANY, at_once // SPLITS)),),
    }
    return Findings(numbers | exact | in_order() | unequal() | {"classes": (float(classes),)})


def one_repeat(classes: int, repeat: int) -> dict[str, float]:
    """Return the scores of one set of draws."""
    scores = {}
    for each in PER_CLASS:
        n = each * classes
        p = certain(torch.randint(classes, (n,), generator=stream(repeat, "estimator", n)), classes)
        scores[f"{each} a class"] = inception_score(p)
    return scores | {
        "10 splits": inception_score_splits(p, splits=SPLITS),
        "1 split": scores[f"{PER_CLASS[-1]} a class"],
    }


def in_order() -> dict[str, tuple[float, ...]]:
    """Return the score in ten splits, shuffled and sorted by label, of certain posteriors and of real digits."""
    labels = torch.arange(10).repeat_interleave(500)
    shuffled = labels[torch.randperm(len(labels), generator=stream(0, "estimator", "order"))]
    m = digits()
    posteriors = m.classifier.posteriors(m.classifier.features(m.pool.x))
    mixed = torch.randperm(len(posteriors), generator=stream(0, "estimator", "digits"))
    return {
        "certain, shuffled": (inception_score_splits(certain(shuffled, 10)),),
        "certain, sorted": (inception_score_splits(certain(labels, 10)),),
        "digits, shuffled": (inception_score_splits(posteriors[mixed]),),
        "digits, sorted": (inception_score_splits(posteriors[m.pool.y.sort(stable=True).indices]),),
    }


def unequal() -> dict[str, tuple[float, ...]]:
    """Return scores of the true class distribution and of equal shares, where the truth is not equal."""
    truth, equal = certain(torch.tensor([0, 0, 0, 0, 1, 1, 2, 3]), 4), certain(torch.arange(4), 4)
    return {
        "IS, true distribution": (inception_score(truth),),
        "IS, equal shares": (inception_score(equal),),
        "AM score, true distribution": (am_score(truth, truth),),
        "AM score, equal shares": (am_score(truth, equal),),
        "Mode Score, true distribution": (mode_score_b(truth, truth),),
        "Mode Score, equal shares": (mode_score_b(truth, equal),),
    }


def draw(findings: Findings, figure: Figure) -> None:
    """The score by sample size with its exact expectation, and in splits and orders."""
    left, right = figure.subplots(1, 2)
    classes = findings.mean("classes")
    means, exact = (
        [findings.mean(f"{kind}{each} a class") / classes for each in PER_CLASS] for kind in ("", "exact: ")
    )
    halves = [findings.half_width(f"{each} a class") / classes for each in PER_CLASS]
    left.semilogx(PER_CLASS, exact, color=COLOURS[1], label="exact expectation")
    left.errorbar(PER_CLASS, means, halves, fmt="o", color=COLOURS[0], markersize=3, label="measured")
    left.set(xlabel="samples per class", ylabel=f"IS over {classes:.0f} classes", ylim=(0, 1.05))
    left.axhline(1, color="#555555", linestyle=":")
    left.legend(loc="lower right")
    names = ("certain, shuffled", "certain, sorted", "digits, shuffled", "digits, sorted")
    right.barh(names, [findings.mean(name) for name in names], color=[COLOURS[0], COLOURS[1]] * 2)
    right.invert_yaxis()
    right.set(xlabel="IS in ten splits, at most 10")


EXPERIMENT = Experiment(
    name="is_estimator",
    title="Sample size, splits, order and the class distribution",
    chapter="inception_score",
    measure=measure,
    draw=draw,
)
