"""The t statistic as a note prints it and as Student has it, and what a t test can't see.

Note 0 (likelihood-free learning): "Draw samples S1 ~ P and S2 ~ Q and test whether P and Q differ significantly. An
example is the two-sample t test. Null hypothesis H0: P = Q, two-sided, level alpha", with t = (mean 1 - mean 2) divided
by sqrt(pooled variance) (1/n1 + 1/n2).

Design: 1/n1 + 1/n2 belongs under the root, so the printed t is 1 / sqrt(1/n1 + 1/n2) times too large, and its true
level is a tail of Student's distribution. Measured: how often both reject samples of one distribution, and how often
the right one rejects distributions that differ in everything but their means, which the Kolmogorov-Smirnov test rejects
nearly always.

Number: at n1 = n2 = 50 the printed t rejects two thirds of the pairs that are alike; 0.692 exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import torch
from matplotlib.figure import Figure
from scipy.stats import t as student
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.metrics.two_sample import ks_tests, t_tests
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS, QUIET

LEVEL = 0.05
SIZES = (10, 50, 200, 1000)
BLIND_SIZE = 400
SEEDS, REPEATS = 5, {"fast": 100, "full": 1000}
A, B = (5.1, 4.9, 6.2, 5.7, 6.0), (4.1, 5.0, 4.4, 4.8)  # a worked example
FEW, MOST = 0.1, 0.9


def normal(n: int, repeats: int, random: torch.Generator) -> Tensor:
    return torch.randn(n, repeats, generator=random, dtype=torch.float64)


def two_modes(n: int, repeats: int, random: torch.Generator) -> Tensor:
    signs = 2.0 * torch.randint(2, (n, repeats), generator=random) - 1
    return signs + 0.3 * normal(n, repeats, random)


def skewed(n: int, repeats: int, random: torch.Generator) -> Tensor:
    return -torch.rand(n, repeats, generator=random, dtype=torch.float64).clamp(min=1e-300).log() - 1


def wider(n: int, repeats: int, random: torch.Generator) -> Tensor:
    return 2 * normal(n, repeats, random)


OTHERS: dict[str, Callable[[int, int, torch.Generator], Tensor]] = {
    "N(0, 4)": wider,
    "two modes": two_modes,
    "exponential - 1": skewed,
}


def printed_t(right: Tensor, n: int, m: int) -> Tensor:
    """Student's t with 1/n + 1/m outside the root, as the note has it."""
    return right / sqrt(1 / n + 1 / m)


def true_level(n: int) -> float:
    """How often the printed t of two samples of ``n`` exceeds Student's bound though the distributions agree."""
    bound = student.isf(LEVEL / 2, 2 * n - 2)
    return float(2 * student.sf(bound * sqrt(2 / n), 2 * n - 2))


def measure(form: Form) -> Findings:
    """Compute both statistics of an example, and the rejection rates of pairs that are alike or not."""
    a, b = (torch.tensor(x, dtype=torch.float64) for x in (A, B))
    right = t_tests(a, b).statistics
    numbers: dict[str, tuple[float, ...]] = {
        "t, right": (float(right),),
        "t, as printed": (float(printed_t(right, len(A), len(B))),),
    }
    for n in SIZES:
        numbers[f"level as printed, exact, n = {n}"] = (true_level(n),)
        numbers[f"level, n = {n}"], numbers[f"level as printed, n = {n}"] = levels(n, REPEATS[form.name])
    for name in OTHERS:
        numbers[f"t: {name}"], numbers[f"KS: {name}"] = rejections(name, REPEATS[form.name])
    return Findings(numbers)


def levels(n: int, repeats: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return, for each seed, how often Student's t and the printed one reject two samples of N(0, 1)."""
    bound, right, printed = float(student.isf(LEVEL / 2, 2 * n - 2)), [], []
    for seed in range(SEEDS):
        a, b = (normal(n, 10 * repeats, stream(seed, "t statistic", n, sample)) for sample in "ab")
        t = t_tests(a, b).statistics
        right.append(float((t.abs() > bound).double().mean()))
        printed.append(float((printed_t(t, n, n).abs() > bound).double().mean()))
    return tuple(right), tuple(printed)


def rejections(name: str, repeats: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return, for each seed, how often t and Kolmogorov-Smirnov reject N(0, 1) against a distribution of mean 0."""
    by_t, by_ks = [], []
    for seed in range(SEEDS):
        a = normal(BLIND_SIZE, repeats, stream(seed, "t statistic", name, "normal"))
        b = OTHERS[name](BLIND_SIZE, repeats, stream(seed, "t statistic", name, "other"))
        by_t.append(float((t_tests(a, b).p_values < LEVEL).double().mean()))
        by_ks.append(float((ks_tests(a, b).p_values < LEVEL).double().mean()))
    return tuple(by_t), tuple(by_ks)


def draw(findings: Findings, figure: Figure) -> None:
    """How often both statistics reject what is alike, by size; and how often t and KS reject what is not."""
    left, right = figure.subplots(1, 2)
    for name, label, colour in (("level", "Student's t", COLOURS[0]), ("level as printed", "as printed", COLOURS[1])):
        means, halves = zip(
            *((findings.mean(k), findings.half_width(k)) for k in (f"{name}, n = {n}" for n in SIZES)), strict=True
        )
        left.errorbar(SIZES, means, halves, fmt="o", markersize=3, color=colour, label=label)
    left.plot(SIZES, [true_level(n) for n in SIZES], color=COLOURS[1], linestyle=":", label="exact")
    left.axhline(LEVEL, color=QUIET, linestyle="--")
    left.set(xscale="log", xlabel="n of each sample", ylabel="rejections of equal distributions", ylim=(0, 1))
    left.legend(loc="center right")
    places = torch.arange(len(OTHERS)).double()
    for offset, test in ((-0.2, "t"), (0.2, "KS")):
        values = [findings.mean(f"{test}: {name}") for name in OTHERS]
        right.bar((places + offset).tolist(), values, 0.4, color=COLOURS[0 if test == "t" else 2], label=test)
    right.set_xticks(places.tolist(), list(OTHERS))
    right.axhline(LEVEL, color=QUIET, linestyle="--")
    right.set(
        ylabel="rejections of unequal distributions", title="N(0, 1) against distributions of mean 0", ylim=(0, 1.3)
    )
    right.legend(loc="upper center", ncols=2)


EXPERIMENT = Experiment(
    name="t_statistic",
    title="Student's t, as printed and as it is",
    chapter="two_samples",
    measure=measure,
    draw=draw,
)
