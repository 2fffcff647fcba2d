"""Which two-sample test notices what: power curves of seven tests on the same pairs of samples.

Note 0 (likelihood-free learning): "Use a test to decide whether the difference of P and Q is significant"; then "as our
model makes the difference of S1 and S2 the least, we minimise a two-sample test objective", or "maximise some distance
between S1 and S2" by a surrogate.

Design: 100 points of each distribution in five dimensions, from N(0, I) but where modes are dropped. Four kinds of
difference in three strengths: a shift of the mean, a wider distribution, lost modes under equal means, and another
distribution with equal means and covariances. Each pair is given to all tests with the same 99 relabellings, so that
each keeps its level of 5 % exactly. Power is the share of rejected pairs; five seeds of twenty pairs each.

Number: see the matrix. No test leads everywhere, and those of means or of two moments are blind to the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt

import torch
from matplotlib.figure import Figure
from scipy.stats import f as fisher
from scipy.stats import ncf
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.notes._permutation_tests import STATISTICS, p_values, relabelled
from ganbench.notes.base import Claim, Experiment, Findings, Form, Matrix, Verdict, confirmed
from ganbench.report.style import QUIET, line_style

ROWS, DIM = 100, 5


def normal(random: torch.Generator) -> Tensor:
    return torch.randn(ROWS, DIM, generator=random, dtype=torch.float64)


def shifted(strength: float, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """N(0, I) against a mean of ``strength`` along the first axis."""
    moved = torch.zeros(DIM, dtype=torch.float64)
    moved[0] = strength
    return normal(random), normal(random) + moved


def wider(strength: float, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """N(0, I) against a standard deviation of ``strength`` along every axis."""
    return normal(random), strength * normal(random)


def lost_modes(strength: float, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Four modes at the corners of a square against a share ``strength`` of them moved to two opposite corners."""
    corners = 4.0 * torch.randint(2, (2, ROWS, 2), generator=random).double() - 2
    drop = torch.rand(ROWS, generator=random) < strength
    corners[1, :, 1] = torch.where(drop, corners[1, :, 0], corners[1, :, 1])
    both = torch.stack([normal(random), normal(random)])
    both[:, :, :2] += corners
    return both[0], both[1]


def same_moments(strength: float, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """N(0, I) against a mixture of 32 Gaussians at the corners of a cube, with its mean and covariance."""
    signs = 2.0 * torch.randint(2, (ROWS, DIM), generator=random).double() - 1
    return normal(random), strength * signs + (1 - strength**2) ** 0.5 * normal(random)


Pair = Callable[[float, torch.Generator], tuple[Tensor, Tensor]]
DIFFERENCES: Mapping[str, tuple[Pair, tuple[float, ...]]] = {
    "shift": (shifted, (0.25, 0.5, 0.75)),
    "spread": (wider, (1.15, 1.3, 1.6)),
    "lost modes": (lost_modes, (0.25, 0.5, 1.0)),
    "equal moments": (same_moments, (0.8, 0.9, 0.97)),
}


LEVEL, PERMUTATIONS = 0.05, 99
SEEDS, PAIRS = 5, {"fast": 20, "full": 200}
BLIND, SEEN = 0.2, 0.8
SAME = "equal distributions"
LABELS = {SAME: "equal laws"}  # of streams: another label would draw other samples


def measure(form: Form) -> Findings:
    """Test pairs of every kind with every test."""
    numbers = rejections(SAME, shifted, 0.0, PAIRS[form.name])
    for kind, (pair, strengths) in DIFFERENCES.items():
        for strength in strengths:
            numbers |= rejections(title(kind, strength), pair, strength, PAIRS[form.name])
    numbers["pairs"] = (float(SEEDS * PAIRS[form.name]),)
    numbers |= {f"Hotelling, exact: {title('shift', x)}": (exact_power(x),) for x in DIFFERENCES["shift"][1]}
    findings = Findings(numbers)
    columns = (SAME, *(title(kind, strength) for kind, (_, strengths) in DIFFERENCES.items() for strength in strengths))
    cells = tuple(tuple(findings.mean(f"{test}: {column}") for column in columns) for test in STATISTICS)
    return Findings(numbers, matrices={"power": Matrix(tuple(STATISTICS), columns, cells)})


def title(kind: str, strength: float) -> str:
    return f"{kind} {strength:g}"


def rejections(name: str, pair: Pair, strength: float, pairs: int) -> dict[str, tuple[float, ...]]:
    """Return each test's share of rejected pairs, for each seed."""
    shares: dict[str, list[float]] = {f"{test}: {name}": [] for test in STATISTICS}
    for seed in range(SEEDS):
        random = stream(seed, "power", LABELS.get(name, name))
        results = []
        for _ in range(pairs):
            x = torch.cat(pair(strength, random))
            results.append(p_values(x, relabelled(ROWS, PERMUTATIONS, random)))
        for test in STATISTICS:
            shares[f"{test}: {name}"].append(sum(each[test] <= LEVEL for each in results) / pairs)
    return {key: tuple(values) for key, values in shares.items()}


def exact_power(shift: float) -> float:
    """Power of Hotelling's test at its exact bound: a tail of the noncentral F distribution with n/2 shift^2."""
    rest = 2 * ROWS - DIM - 1
    return float(ncf.sf(fisher.isf(LEVEL, DIM, rest), DIM, rest, ROWS / 2 * shift**2))


def hardest(kind: str) -> str:
    """Name the greatest strength of a kind of difference."""
    return title(kind, DIFFERENCES[kind][1][-1])


def strongest(findings: Findings, test: str, kind: str) -> float:
    return findings.mean(f"{test}: {hardest(kind)}")


def levels_hold(findings: Findings) -> Verdict:
    error = sqrt(LEVEL * (1 - LEVEL) / findings.mean("pairs"))
    return confirmed(all(abs(findings.mean(f"{test}: {SAME}") - LEVEL) < 3 * error for test in STATISTICS))


def means_see_shifts_only(findings: Findings) -> Verdict:
    blind = all(
        strongest(findings, test, kind) < BLIND
        for test in ("t", "Hotelling")
        for kind in DIFFERENCES
        if kind != "shift"
    )
    sharp = all(
        findings.low(f"{test}: {hardest(kind)}") > BLIND
        for test in ("MMD", "energy", "FID", "1-NN", "C2ST")
        for kind in ("spread", "lost modes")
    )
    return confirmed(blind and sharp and strongest(findings, "Hotelling", "shift") > SEEN)


def moments_are_not_all(findings: Findings) -> Verdict:
    blind = strongest(findings, "FID", "equal moments") < BLIND
    return confirmed(blind and strongest(findings, "1-NN", "equal moments") > SEEN)


def draw(findings: Findings, figure: Figure) -> None:
    """Power by strength, a panel for each kind of difference."""
    axes = figure.subplots(1, len(DIFFERENCES), sharey=True)
    for panel, (kind, (_, strengths)) in zip(axes, DIFFERENCES.items(), strict=True):
        for number, test in enumerate(STATISTICS):
            colour, dashes = line_style(number)
            values = [findings.mean(f"{test}: {name}") for name in (SAME, *(title(kind, x) for x in strengths))]
            panel.plot(
                range(len(values)), values, color=colour, linestyle=dashes, marker="o", markersize=2.5, label=test
            )
        panel.axhline(LEVEL, color=QUIET, linestyle=":")
        panel.set_xticks(range(len(strengths) + 1), ["equal", *(f"{x:g}" for x in strengths)])
        panel.set(title=kind, xlabel="strength", ylim=(-0.03, 1.03))
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
            expected="5 % of equal distributions rejected by every test",
            source="theory: relabelling is exact (Phipson and Smyth, 2010)",
            shown=tuple(f"{test}: {SAME}" for test in STATISTICS),
            rule="Every test's share of rejected equal pairs is within three binomial standard errors of 5 %.",
            evaluate=levels_hold,
            remark="Any distance becomes a test of its level by relabelling the pooled samples: no table is needed, "
            "and FID is as good a test statistic as t.",
        ),
        Claim(
            name="tests of means and tests of distributions",
            note=NOTE,
            says="A two-sample test, for example a t test, tells whether P and Q differ.",
            expected="t and Hotelling reject 5 % wherever the means agree; all others many more",
            source="theory; Hotelling's power by the noncentral F distribution",
            shown=tuple(
                f"{test}: {hardest(kind)}"
                for kind in ("spread", "lost modes")
                for test in ("Hotelling", "MMD", "energy", "FID")
            ),
            rule="At full strength t and Hotelling reject less than a fifth of all kinds but shifts, Hotelling more "
            "than four fifths of shifts; of wider distributions and lost modes all others' intervals lie above a "
            "fifth.",
            evaluate=means_see_shifts_only,
            remark="For a shift, tests of means are the strongest: the largest t where it lies along one feature, else "
            "Hotelling's. For a generator that drops modes and keeps the mean, they are worth nothing.",
        ),
        Claim(
            name="equal moments, another distribution",
            note="note 2, FID",
            says="FID measures the distance of real and generated images by their means and covariances.",
            expected="FID rejects 5 %, nearest neighbours nearly all",
            source="theory: FID of two distributions with equal means and covariances is 0",
            shown=tuple(f"{test}: {hardest('equal moments')}" for test in STATISTICS),
            rule="At full strength FID rejects less than a fifth, the nearest neighbour's accuracy over four fifths.",
            evaluate=moments_are_not_all,
            remark="A mixture at the corners of a cube has the Gaussian's mean and covariance. Kernels as wide as the "
            "whole sample hardly see it either; neighbours do.",
        ),
    ),
    measure=measure,
    draw=draw,
    size=(9.0, 2.8),
)
