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

import torch
from matplotlib.figure import Figure
from scipy.stats import f as fisher
from scipy.stats import ncf
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.notes._permutation_tests import STATISTICS, p_values, relabelled
from ganbench.notes.base import Experiment, Findings, Form, Matrix
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


EXPERIMENT = Experiment(
    name="power",
    title="Power of seven two-sample tests",
    chapter="two_samples",
    measure=measure,
    draw=draw,
    size=(9.0, 2.8),
)
