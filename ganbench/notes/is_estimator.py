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
from ganbench.notes.base import Claim, Experiment, Findings, Form, Verdict, confirmed, wrong
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


def grows_with_n(findings: Findings) -> Verdict:
    means = [findings.mean(f"{each} a class") for each in PER_CLASS]
    gaps = [mean - findings.mean(f"exact: {each} a class") for each, mean in zip(PER_CLASS, means, strict=True)]
    halves = [findings.half_width(f"{each} a class") for each in PER_CLASS]
    near = all(abs(gap) < 2 * half for gap, half in zip(gaps, halves, strict=True))
    return confirmed(near and means == sorted(means))


def splits_cost(findings: Findings) -> Verdict:
    classes = round(findings.mean("classes"))
    exact = exp(expected_entropy(classes, PER_CLASS[-1] * classes // SPLITS))
    return confirmed(
        abs(findings.mean("10 splits") / exact - 1) < 0.01 and findings.high("10 splits") < findings.low("1 split")
    )


def order_decides(findings: Findings) -> Verdict:
    exact = abs(findings.mean("certain, sorted") - 1) < 1e-9
    return confirmed(exact and findings.mean("digits, sorted") < LOW and findings.mean("digits, shuffled") > HIGH)


def equal_is_not_ideal(findings: Findings) -> Verdict:
    prefers = findings.mean("IS, equal shares") > findings.mean("IS, true distribution")
    return wrong(prefers and findings.mean("AM score, true distribution") < findings.mean("AM score, equal shares"))


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


NOTE = "note 2, Inception Score"
APPROXIMATED = "The score is computed by approximating the class distribution with N samples."
EXPERIMENT = Experiment(
    name="is_estimator",
    title="Sample size, splits, order and the class distribution",
    chapter="inception_score",
    claims=(
        Claim(
            name="IS grows with the sample",
            note=NOTE,
            says=APPROXIMATED,
            expected="short of K by a factor of about exp(-(K - 1) / 2n), exactly by the binomial sum",
            source="closed form: E H = -K E[(c/n) log(c/n)]",
            shown=("1 a class", "exact: 1 a class", "50 a class", "exact: 50 a class"),
            rule="At every size the mean is within twice its interval's half width of the exact one, and grows with n.",
            evaluate=grows_with_n,
            remark="A perfect generator does not reach K. Scores of different sample sizes are different quantities.",
        ),
        Claim(
            name="IS in ten splits",
            note=NOTE,
            says=APPROXIMATED,
            expected="90.1 of 100 in ten splits where 99.0 at once (of 1000: 901 and 990)",
            source="closed form; Salimans et al., 2016, in ten splits of 5000",
            shown=("1 split", "10 splits", "exact: 1000 classes, 1 split", "exact: 1000 classes, 10 splits"),
            rule="In ten splits within 1 % of the exact score of a tenth of the samples, and below that at once.",
            evaluate=splits_cost,
            remark="A split is as biased as so small a sample is. The spread over splits doesn't cover it.",
        ),
        Claim(
            name="IS of sorted samples",
            note=NOTE,
            says=APPROXIMATED,
            expected="1 for certain posteriors sorted by label, 10 shuffled",
            source="closed form: a split of one class has H(y) = H(y|x)",
            shown=("certain, shuffled", "certain, sorted", "digits, shuffled", "digits, sorted"),
            rule="Certain posteriors score 1 when sorted; digits below 2 when sorted and above 8 when shuffled.",
            evaluate=order_decides,
            remark="A generator that writes its classes in turn loses all to splits. One score of all samples doesn't.",
        ),
        Claim(
            name="equal shares as the ideal",
            note=NOTE,
            says="Ideally each class makes up the same share of the generated images.",
            expected="IS 3.36 for the true distribution (1/2, 1/4, 1/8, 1/8) and 4 for equal shares",
            source="closed form: IS = exp H(y) for certain posteriors",
            shown=(
                "IS, true distribution",
                "IS, equal shares",
                "AM score, true distribution",
                "AM score, equal shares",
            ),
            rule="Wrong if equal shares get a higher IS than the truth itself, and AM score tells them apart.",
            evaluate=equal_is_not_ideal,
            remark="They are right for balanced data only. Mode Score ties here; AM score is 0 for the true "
            "distribution alone.",
            correct="The ideal class distribution is the data's own: KL(p*(y) || p(y)) = 0, a term that IS lacks.",
        ),
    ),
    measure=measure,
    draw=draw,
)
