"""Every f-divergence as the maximum of a variational bound: exact on three points, learned on two Gaussians.

Note 4: "the Fenchel conjugate turns the divergence into the problem of finding the D with the largest V(G, D)"; "under
these conditions D_f is least, 0, only where both distributions are the same"; "all ways to compare two distributions
fit one frame, the f-divergence". Design: distributions (0.5, 0.3, 0.2) and (0.2, 0.2, 0.6), whose bound is maximised
point by point; N(0, 1) and N(0.5, 1), where a perceptron with two layers of 16 units maximises it on samples and
quadrature evaluates the result. Number: the bound beside the exact divergence, for the eleven divergences of the
shipped f-GAN.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.notes._fgan import Run, bounded, examples, forms
from ganbench.notes._fitting import DIVERGENCES, SPACING, Mixture, log_normal
from ganbench.notes._perceptrons import Layers, cool, outputs, parameters, start
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.report.style import ALARM, SAMPLE

Array = NDArray[np.float64]
# f(u) for u = p / q, written from the papers' definitions; alpha and weight are the baseline's defaults.
EXACT: dict[str, Callable[[Array], Array]] = {
    "total_variation": lambda u: np.abs(u - 1) / 2,
    "kl": lambda u: u * np.log(u),
    "reverse_kl": lambda u: -np.log(u),
    "pearson": lambda u: (u - 1) ** 2,
    "neyman": lambda u: (u - 1) ** 2 / u,
    "hellinger": lambda u: (np.sqrt(u) - 1) ** 2,
    "jeffrey": lambda u: (u - 1) * np.log(u),
    "jensen_shannon": lambda u: u * np.log(u) - (u + 1) * np.log((u + 1) / 2),
    "gan": lambda u: u * np.log(u) - (u + 1) * np.log(u + 1),
    "weighted_js": lambda u: 0.3 * u * np.log(u) - (0.7 + 0.3 * u) * np.log(0.7 + 0.3 * u),
    "alpha": lambda u: (u**1.5 - 1 - 1.5 * (u - 1)) / 0.75,
}
POINTS: tuple[Array, Array] = (np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6]))
SHIFT, STRETCH = 0.5, 10.0
WIDE = torch.linspace(-9, 9.5, 3001, dtype=torch.float64)
SCORES = torch.linspace(-40, 40, 80_001, dtype=torch.float64)
RATE = 1e-2
SIZES = {"fast": (3, 500, 200), "full": (10, 3000, 1000)}  # seeds, steps, batch


def exact(name: str, p: Array, q: Array) -> float:
    """Sum or integral of q f(p / q)."""
    return float(q @ EXACT[name](p / q))


def tabulated(name: str, p: Array, q: Array) -> float:
    """Return the largest E_p T - E_q f*(T) of any discriminator: each point has the best of a fine grid of scores."""
    variational, conjugate = forms(name)
    gains, costs = variational(SCORES), conjugate(SCORES)
    return sum(float((a * gains - b * costs).max()) for a, b in zip(p.tolist(), q.tolist(), strict=True))


def measure(form: Form) -> Findings:
    """Bound all divergences, of the points exactly and of the Gaussians by learning."""
    numbers: dict[str, tuple[float, ...]] = {}
    for name in EXACT:
        numbers[f"{name}_points_gap"] = (exact(name, *POINTS) - tabulated(name, *POINTS),)
        numbers[f"{name}_points"] = (exact(name, *POINTS),)
        numbers[f"{name}_same"] = (tabulated(name, POINTS[0], POINTS[0]),)
    numbers |= learned(form) | stretched()
    p, q = densities()
    for name in EXACT:
        numbers[f"{name}_exact"] = (exact(name, p, q),)
    columns = ("three points", "discriminator falls short by", "Gaussians", "learned")
    cells = tuple(
        tuple(float(np.mean(numbers[f"{name}_{what}"])) for what in ("points", "points_gap", "exact", "learned"))
        for name in EXACT
    )
    return Findings(numbers, {}, {"divergences": Matrix(tuple(EXACT), columns, cells)})


def densities() -> tuple[Array, Array]:
    """Return the masses of N(0, 1) and N(SHIFT, 1) on WIDE."""
    x = WIDE.numpy()
    p, q = (np.exp(-((x - mean) ** 2) / 2) for mean in (0.0, SHIFT))
    return p / p.sum(), q / q.sum()


def learned(form: Form) -> dict[str, tuple[float, ...]]:
    """Return the bounds that perceptrons reach on samples of the Gaussians, by quadrature."""
    seeds, steps, batch = SIZES[form.name]
    runs = [Run(seed, name) for name in EXACT for seed in range(seeds)]
    layers = start([(run.seed, f"variational_bounds/{run.divergence}") for run in runs], (1, 16, 16, 1))
    streams = [stream(run.seed, "variational_bounds", run.divergence, "data") for run in runs]
    distribution = torch.tensor([[SHIFT, 0.0]]).expand(len(runs), 2)
    optimizer = torch.optim.Adam(parameters(layers), RATE, maximize=True)
    for step in range(steps):
        bound = bounded(runs, layers, examples(Mixture((1.0,), (0.0,), (1.0,)), streams, batch), distribution)
        cool(optimizer, RATE, step / steps)
        optimizer.zero_grad()
        bound.sum().backward()
        optimizer.step()
    return exact_bounds(layers, seeds)


@torch.no_grad()
def exact_bounds(layers: Layers, seeds: int) -> dict[str, tuple[float, ...]]:
    """Return E_p T - E_q f*(T) of every learned discriminator by quadrature."""
    p, q = (torch.from_numpy(mass) for mass in densities())
    rows = len(EXACT) * seeds
    scores = outputs(layers, WIDE.float()[None, :, None].expand(rows, -1, -1)).double()
    bounds = {}
    for name, part in zip(EXACT, scores.split(seeds), strict=True):
        variational, conjugate = forms(name)
        values: Tensor = variational(part) @ p - conjugate(part) @ q
        bounds[f"{name}_learned"] = tuple(values.tolist())
    return bounds


def stretched() -> dict[str, tuple[float, ...]]:
    """Return by which factor distances of two Gaussians change when all numbers are stretched tenfold."""
    near, far = ((log_normal(0, sd), log_normal(sd / 2, sd)) for sd in (0.2, 0.2 * STRETCH))
    distances = DIVERGENCES | {"w1": w1}
    return {f"{name}_stretch": (distance(*far) / distance(*near),) for name, distance in distances.items()}


def w1(p: Array, q: Array) -> float:
    """Earth mover's distance on the line, the area between the distribution functions, of logarithms on GRID."""
    return float(np.abs(np.cumsum(np.exp(p) - np.exp(q))).sum() * SPACING**2)


def short(findings: Findings, name: str) -> list[float]:
    """Return by which share of the divergence each seed's learned bound falls short of it."""
    size = findings.mean(f"{name}_exact") + (log(4) if name == "gan" else 0)
    return [(findings.mean(f"{name}_exact") - each) / size for each in findings.numbers[f"{name}_learned"]]


def draw(findings: Findings, figure: Figure) -> None:
    """Learned bounds as shares of the exact divergences."""
    ax = figure.subplots()
    for i, name in enumerate(EXACT):
        shares = [1 - each for each in short(findings, name)]
        ax.plot([i] * len(shares), shares, "o", color=SAMPLE, markersize=4)
    ax.axhline(1, color=ALARM, linewidth=1)
    ax.set_xticks(range(len(EXACT)), [name.replace("_", "\n") for name in EXACT])
    ax.set(ylabel="bound / exact divergence", title="learned on N(0, 1) and N(0.5, 1); each dot a seed")


EXPERIMENT = Experiment("variational_bounds", "Divergences as maxima", "divergences", measure, draw, size=(7.0, 2.5))
