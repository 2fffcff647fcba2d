"""Which two-sample test notices what: power curves of seven tests on the same pairs of samples.

Note 0 (likelihood-free learning): "Use a test to decide whether the difference of P and Q is significant"; then "as our
model makes the difference of S1 and S2 the least, we minimise a two-sample test objective", or "maximise some distance
between S1 and S2" by a surrogate.

Design: 100 points of each law in five dimensions, from N(0, I) but where modes are dropped. Four ways to differ, in
three strengths: a shift of the mean, a wider law, lost modes under equal means, and another law with equal means and
covariances. Each pair is judged by all tests with the same 99 relabellings, so that each keeps its level of 5 %
exactly. Power is the share of rejected pairs; five seeds of twenty pairs each.

Number: see the matrix. No test leads everywhere, and those of means or of two moments are blind to the rest.
"""

from __future__ import annotations

from math import sqrt

import torch
from matplotlib.figure import Figure
from scipy.stats import f as fisher
from scipy.stats import ncf

from ganbench.experiments._pairs import DIM, ROWS, WAYS, Pair, shifted
from ganbench.experiments._permuted import STATISTICS, p_values, relabelled
from ganbench.experiments.base import Claim, Experiment, Findings, Form, Matrix, Verdict, confirmed
from ganbench.report.style import QUIET, line_style
from ganbench.streams import stream

LEVEL, PERMUTATIONS = 0.05, 99
SEEDS, PAIRS = 5, {"fast": 20, "full": 200}
BLIND, SEEN = 0.2, 0.8
SAME = "equal laws"


def measure(form: Form) -> Findings:
    """Judge pairs of every kind with every test."""
    numbers = rejections(SAME, shifted, 0.0, PAIRS[form.name])
    for way, (pair, strengths) in WAYS.items():
        for strength in strengths:
            numbers |= rejections(title(way, strength), pair, strength, PAIRS[form.name])
    numbers["pairs"] = (float(SEEDS * PAIRS[form.name]),)
    numbers |= {f"Hotelling, exact: {title('shift', x)}": (exact_power(x),) for x in WAYS["shift"][1]}
    found = Findings(numbers)
    columns = (SAME, *(title(way, strength) for way, (_, strengths) in WAYS.items() for strength in strengths))
    cells = tuple(tuple(found.mean(f"{test}: {column}") for column in columns) for test in STATISTICS)
    return Findings(numbers, matrices={"power": Matrix(tuple(STATISTICS), columns, cells)})


def title(way: str, strength: float) -> str:
    return f"{way} {strength:g}"


def rejections(name: str, pair: Pair, strength: float, pairs: int) -> dict[str, tuple[float, ...]]:
    """Return each test's share of rejected pairs, for each seed."""
    shares: dict[str, list[float]] = {f"{test}: {name}": [] for test in STATISTICS}
    for seed in range(SEEDS):
        random = stream(seed, "power", name)
        found = []
        for _ in range(pairs):
            x = torch.cat(pair(strength, random))
            found.append(p_values(x, relabelled(ROWS, PERMUTATIONS, random)))
        for test in STATISTICS:
            shares[f"{test}: {name}"].append(sum(each[test] <= LEVEL for each in found) / pairs)
    return {key: tuple(values) for key, values in shares.items()}


def exact_power(shift: float) -> float:
    """Power of Hotelling's test at its exact bound: a tail of the noncentral F law with n/2 shift^2."""
    rest = 2 * ROWS - DIM - 1
    return float(ncf.sf(fisher.isf(LEVEL, DIM, rest), DIM, rest, ROWS / 2 * shift**2))


def hardest(way: str) -> str:
    """Name the greatest strength of a way to differ."""
    return title(way, WAYS[way][1][-1])


def strongest(found: Findings, test: str, way: str) -> float:
    return found.mean(f"{test}: {hardest(way)}")


def levels_hold(found: Findings) -> Verdict:
    error = sqrt(LEVEL * (1 - LEVEL) / found.mean("pairs"))
    return confirmed(all(abs(found.mean(f"{test}: {SAME}") - LEVEL) < 3 * error for test in STATISTICS))


def means_see_shifts_only(found: Findings) -> Verdict:
    blind = all(strongest(found, test, way) < BLIND for test in ("t", "Hotelling") for way in WAYS if way != "shift")
    sharp = all(
        found.low(f"{test}: {hardest(way)}") > BLIND
        for test in ("MMD", "energy", "FID", "1-NN", "C2ST")
        for way in ("spread", "lost modes")
    )
    return confirmed(blind and sharp and strongest(found, "Hotelling", "shift") > SEEN)


def moments_are_not_all(found: Findings) -> Verdict:
    blind = strongest(found, "FID", "equal moments") < BLIND
    return confirmed(blind and strongest(found, "1-NN", "equal moments") > SEEN)


def draw(found: Findings, figure: Figure) -> None:
    """Power by strength, a panel for each way to differ."""
    axes = figure.subplots(1, len(WAYS), sharey=True)
    for panel, (way, (_, strengths)) in zip(axes, WAYS.items(), strict=True):
        for number, test in enumerate(STATISTICS):
            colour, dashes = line_style(number)
            values = [found.mean(f"{test}: {name}") for name in (SAME, *(title(way, x) for x in strengths))]
            panel.plot(
                range(len(values)), values, color=colour, linestyle=dashes, marker="o", markersize=2.5, label=test
            )
        panel.axhline(LEVEL, color=QUIET, linestyle=":")
        panel.set_xticks(range(len(strengths) + 1), ["equal", *(f"{x:g}" for x in strengths)])
        panel.set(title=way, xlabel="strength", ylim=(-0.03, 1.03))
    axes[0].set_ylabel("share of pairs rejected")
    axes[0].legend(loc="upper left", fontsize=6.5)


NOTE = "note 0, two-sample tests"
EXPERIMENT = Experiment(
    name="power",
    title="Power of seven two-sample tests",
    chapter="two_samples",
    claims=(
        Claim(
            name="levels of the tests",
            note=NOTE,
            says="A test of level alpha rejects H0: P = Q when its statistic passes the bound.",
            expected="5 % of equal laws rejected by every test",
            source="theory: relabelling is exact (Phipson and Smyth, 2010)",
            shown=tuple(f"{test}: {SAME}" for test in STATISTICS),
            rule="Every test's share of rejected equal pairs is within three binomial standard errors of 5 %.",
            judge=levels_hold,
            remark="Any distance becomes a test of its level by relabelling the pooled samples: no table is needed, "
            "and FID is as good a test statistic as t.",
        ),
        Claim(
            name="tests of means and tests of laws",
            note=NOTE,
            says="A two-sample test, for example a t test, tells whether P and Q differ.",
            expected="t and Hotelling reject 5 % wherever the means agree; all others many more",
            source="theory; Hotelling's power by the noncentral F law",
            shown=tuple(
                f"{test}: {hardest(way)}"
                for way in ("spread", "lost modes")
                for test in ("Hotelling", "MMD", "energy", "FID")
            ),
            rule="At full strength t and Hotelling reject less than a fifth of all kinds but shifts, Hotelling more "
            "than four fifths of shifts; of wider laws and lost modes all others' intervals lie above a fifth.",
            judge=means_see_shifts_only,
            remark="For a shift, tests of means are the strongest: the largest t where it lies along one feature, else "
            "Hotelling's. For a generator that drops modes and keeps the mean, they are worth nothing.",
        ),
        Claim(
            name="equal moments, another law",
            note="note 2, FID",
            says="FID measures the distance of real and generated images by their means and covariances.",
            expected="FID rejects 5 %, nearest neighbours nearly all",
            source="theory: FID of two laws with equal means and covariances is 0",
            shown=tuple(f"{test}: {hardest('equal moments')}" for test in STATISTICS),
            rule="At full strength FID rejects less than a fifth, the nearest neighbour's accuracy over four fifths.",
            judge=moments_are_not_all,
            remark="A cloud at the corners of a cube has the Gaussian's mean and covariance. Kernels as wide as the "
            "whole cloud hardly see it either; neighbours do.",
        ),
    ),
    measure=measure,
    draw=draw,
    size=(9.0, 2.8),
)
