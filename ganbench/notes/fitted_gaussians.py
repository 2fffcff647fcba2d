"""f-GAN's table: one Gaussian fitted to a mixture, by quadrature and by training.

Note 4: "different f give different distances between distributions"; "the original GAN trains in two loops, f-GAN in
one". Design: Nowozin et al., 2016, section 2.5; the target 0.67 N(2, 2) + 0.33 N(-1, 0.065) is recovered from their
optima. The generator is mu + sigma z from (0, 1), the discriminator a perceptron; see _fgan.py for what differs from
the paper's plain steps. Number: mu and sigma beside the exact optimum, the bound beside the exact minimum, and the
cross table: each learned distribution under each divergence.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ganbench.notes._fgan import Result, Run, train
from ganbench.notes._fitting import DIVERGENCES, GRID, PUBLISHED, Fit, fit, log_normal
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.report.style import ALARM, COLOURS, TRUTH

TITLES = dict(zip(DIVERGENCES, ("KL", "reverse KL", "JS (twice)", "Jeffrey", "Pearson"), strict=True))
TWO_LOOPS = {"jensen_shannon": 3}  # trained again with that many discriminator steps for one of the generator's
SIZES = {"fast": (3, 2200, 200, 32), "full": (5, 6000, 1000, 64)}  # seeds, steps, batch, units
# As printed: mean, sd and divergence at the optimum.
PRINTED = {
    "kl": (1.0100, 1.8308, 0.2831),
    "reverse_kl": (1.5782, 1.6319, 0.2480),
    "jensen_shannon": (1.3070, 1.7542, 0.1280),
    "jeffrey": (1.3218, 1.7034, 0.5705),
    "pearson": (0.5737, 1.9274, 0.6457),
}
P = PUBLISHED.log_density()


def optima() -> dict[str, Fit]:
    """Return the nearest Gaussian for each divergence, by quadrature."""
    return {name: fit(divergence, P, (1.2, 1.75)) for name, divergence in DIVERGENCES.items()}


def distance(name: str, mean: float, sd: float) -> float:
    return DIVERGENCES[name](P, log_normal(mean, sd))


def measure(form: Form) -> Findings:
    """Find the optima, train with every divergence, and evaluate what was learned by quadrature."""
    seeds, steps, batch, width = SIZES[form.name]
    runs = [
        Run(seed, name, k)
        for name in DIVERGENCES
        for k in ([1, TWO_LOOPS[name]] if name in TWO_LOOPS else [1])
        for seed in range(seeds)
    ]
    results = dict(zip(runs, train(runs, PUBLISHED, steps, batch, width), strict=True))
    best, learned = optima(), {}
    numbers: dict[str, tuple[float, ...]] = {}
    for name in DIVERGENCES:
        numbers |= {
            f"{name}_best_{what}": (value,)
            for what, value in zip(("mean", "sd", "value"), row(best[name]), strict=True)
        }
        for k in {1, TWO_LOOPS.get(name, 1)}:
            own = [results[Run(seed, name, k)] for seed in range(seeds)]
            numbers |= compared(name if k == 1 else f"{name}_two_loops", name, own, best[name])
        learned[name] = [results[Run(seed, name)] for seed in range(seeds)]
    return Findings(numbers, {}, {"trained with, measured by": cross(learned)})


def row(optimum: Fit) -> tuple[float, float, float]:
    return optimum.mean, optimum.sd, optimum.value


def compared(label: str, name: str, results: list[Result], best: Fit) -> dict[str, tuple[float, ...]]:
    """Return what was learned, how far above the minimum that is, and the gap to the discriminator's bound."""
    return {
        f"{label}_mean": tuple(each.mean for each in results),
        f"{label}_sd": tuple(each.sd for each in results),
        f"{label}_excess": tuple(distance(name, each.mean, each.sd) - best.value for each in results),
        f"{label}_gap": tuple(distance(name, each.mean, each.sd) - each.bound for each in results),
    }


def cross(learned: dict[str, list[Result]]) -> Matrix:
    """Return each divergence (columns), by quadrature, at the mean of what was learned with each (rows)."""
    places = {n: (np.mean([x.mean for x in r]), np.mean([x.sd for x in r])) for n, r in learned.items()}
    cells = tuple(tuple(distance(name, float(mu), float(sd)) for name in DIVERGENCES) for mu, sd in places.values())
    return Matrix(tuple(TITLES.values()), tuple(TITLES.values()), cells)


def within(findings: Findings, label: str, name: str) -> bool:
    """Whether every seed is within the bands: 0.03 of mu, 0.05 of sigma, the discriminator's bound 0 to 0.012 below."""
    mean, sd = findings.mean(f"{name}_best_mean"), findings.mean(f"{name}_best_sd")
    near = all(abs(each - mean) < 0.03 for each in findings.numbers[f"{label}_mean"])
    wide = all(abs(each - sd) < 0.05 for each in findings.numbers[f"{label}_sd"])
    return near and wide and all(0 < gap < 0.012 for gap in findings.numbers[f"{label}_gap"])


def draw(findings: Findings, figure: Figure) -> None:
    """The mixture with its learned Gaussians, and learned against exact parameters."""
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    seen = np.abs(GRID) < 6
    left.fill_between(GRID[seen], np.exp(P[seen]), color=TRUTH, label="the data")
    for colour, (name, title) in zip(COLOURS, TITLES.items(), strict=False):
        mean, sd = findings.mean(f"{name}_mean"), findings.mean(f"{name}_sd")
        left.plot(GRID[seen], np.exp(log_normal(mean, sd))[seen], color=colour, label=title, linewidth=1)
        right.plot(findings.numbers[f"{name}_mean"], findings.numbers[f"{name}_sd"], "o", color=colour, markersize=3)
        right.plot(
            findings.mean(f"{name}_best_mean"), findings.mean(f"{name}_best_sd"), "+", color=ALARM, markersize=11
        )
    left.set(xlabel="x", title="one Gaussian for a mixture", ylim=(0, 0.56))
    left.legend()
    right.set(xlabel="μ", ylabel="sd", title="learned (dots), exact (crosses)")


EXPERIMENT = Experiment("fitted_gaussians", "f-GAN's fitted Gaussians", "divergences", measure, draw)
