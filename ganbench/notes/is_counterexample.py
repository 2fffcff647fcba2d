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
from ganbench.metrics.features import Features
from ganbench.notes._detection import detection
from ganbench.notes._two_gaussians import FAKES, REACH, TRUTH, distributions, posteriors, uncertainty
from ganbench.notes.base import Claim, Experiment, Findings, Form, Matrix, Verdict, confirmed, wrong
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


def truth_is_last(findings: Findings) -> Verdict:
    exact = all(
        findings.mean(f"IS: {name}, v = {v:g}") > findings.mean(f"IS: {TRUTH}, v = {v:g}")
        for name in FAKES
        for v in VARIANCES
    )
    return confirmed(exact and all(verdict(findings, IS, name) == "praises" for name in FAKES))


def entropy_is_not_zero(findings: Findings) -> Verdict:
    return wrong(all(findings.mean(f"H(y|x): {name}, v = 2") > 0.01 for name in FAKES))


def distances_see(findings: Findings) -> Verdict:
    return confirmed(all(verdict(findings, metric_name, name) == "sees" for metric_name in DETECTORS for name in FAKES))


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
    claims=(
        Claim(
            name="IS counter-example",
            note="note 2, Inception Score",
            says="The true distribution, two normal distributions, has a lower Inception Score than U(-100, 100) and "
            "N(0, 20).",
            expected="1.2230 for the truth; 1.5333 or 1.8737 for N(0, 20), by its reading; 1.9674 for the uniform "
            "distribution",
            source="quadrature; Barratt and Sharma, 2018, arXiv:1801.01973, section 4.2",
            shown=tuple(f"IS: {name}, v = 2" for name in (TRUTH, *FAKES)),
            rule="By quadrature, for v of 1 and 2 and both readings of N(0, 20), the truth scores lowest; and all "
            "draws of the truth score below all draws of each generator.",
            evaluate=truth_is_last,
            remark="The further a symmetric distribution goes from the border between the classes, the surer the "
            "classifier, and the higher the score: it knows nothing of where the data are. The order holds under every "
            "reading.",
        ),
        Claim(
            name="H(y|x) of the counter-example",
            note="note 2, Inception Score",
            says="U(-100, 100) and N(0, 20) get H(y|x) = 0 under the best discriminator.",
            expected="0.0164 nats for the uniform distribution, 0.2657 or 0.0652 for N(0, 20)",
            source="closed form: the integral of H(y|x) over the line is pi^2 / (3 slope)",
            shown=tuple(f"H(y|x): {name}, v = 2" for name in FAKES),
            rule="Wrong if each H(y|x) exceeds 0.01 nats, one per cent of the score.",
            evaluate=entropy_is_not_zero,
            remark="Near the border the best classifier is unsure, and every one of these distributions has mass "
            "there. The argument needs only the order of the scores, which stands.",
            correct="U(-L, L): H(y|x) = pi^2 / (6 s L) for the slope s = 2 / v; N(0, 20) has 0.27 nats if 20 is its "
            "variance and 0.065 if it is its standard deviation.",
        ),
        Claim(
            name="distances on the counter-example",
            note="note 2, Inception Score",
            says="The Inception Score can't reflect the distance between the real data and the samples.",
            expected="W1, FID, KS and 1-NN of all three generators worse than all draws of the truth",
            source="direction only; W1 of 2.17, 14.6 and 48.6 in the limit",
            shown=tuple(f"w1: {name}" for name in (TRUTH, *FAKES)),
            rule="For each generator all draws' W1, FID, KS and 1-NN accuracies are worse than all of the truth's.",
            evaluate=distances_see,
            remark="These order the four distributions rightly with a thousand points. Recall doesn't mind samples "
            "that lie around the data, and KID's cubes are so heavy in the tails that its sign is luck.",
        ),
    ),
    measure=measure,
    draw=draw,
)
