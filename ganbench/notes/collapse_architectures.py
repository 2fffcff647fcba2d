"""Architectures against mode collapse: packs, minibatch discrimination, several generators.

Note 2, a link: "Two lines of thought against mode collapse: improving the optimisation, and the network architecture."

Design: a game in which the plain GAN leaves modes out: the ring of eight Gaussians (radius 2, sd 0.2), the
non-saturating loss, two layers of 128 units, Adam (0.5, 0.999), rate 1e-3 of the generator and a tenth of it of the
discriminator. The architectures play the same game for as many steps: PacGAN with packs of two, minibatch
discrimination with 16 kernels of 3 dimensions, MAD-GAN with four generators that share all layers but the last. Last
weights. Number: modes with at least a fifth of their fair share among 2000 samples, a mean over the last quarter of the
evaluations; the share of samples of high quality.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ganbench.notes._ring import course
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS, QUIET
from ganbench.training.trainer import Plan

PLAIN = "plain"
METHODS: dict[str, tuple[str, dict[str, object]]] = {
    PLAIN: ("ns_gan", {}),
    "packs": ("pacgan", {"pack": 2}),
    "minibatch": ("minibatch_discrimination", {"kernels": 16, "dimensions": 3}),
    "generators": ("mad_gan", {"generators": 4}),
}
RATES = [1e-3, 1e-4]
SIZES = {"fast": (6, 800, 64), "full": (20, 10_000, 128)}  # seeds, steps, batch
EVALUATIONS = 12


def measure(form: Form) -> Findings:
    """Train all of them, reading modes and quality along the way."""
    numbers: dict[str, tuple[float, ...]] = {}
    curves: dict[str, tuple[float, ...]] = {}
    seeds, steps, batch = SIZES[form.name]
    plan, quarter = Plan(steps, batch, backend="auto"), EVALUATIONS // 4
    for name, (baseline, settings) in METHODS.items():
        modes, quality = course(baseline, {"lr": RATES} | settings, seeds, plan, EVALUATIONS)
        numbers[f"modes, {name}"] = tuple(modes[-quarter:].mean(axis=0).tolist())
        numbers[f"quality, {name}"] = tuple(quality[-quarter:].mean(axis=0).tolist())
        curves[f"modes, {name}"] = tuple(modes.mean(axis=1).tolist())
    changed = [numbers[f"modes, {name}"] for name in METHODS if name != PLAIN]
    numbers["modes, mean of the architectures"] = tuple(np.mean(changed, axis=0).tolist())
    return Findings(numbers, curves)


def draw(findings: Findings, figure: Figure) -> None:
    """Draw the modes over the run, and those of every seed at its end."""
    left, right = figure.subplots(1, 2)
    share = np.arange(1, EVALUATIONS + 1) / EVALUATIONS
    for place, (colour, name) in enumerate(zip(COLOURS, METHODS, strict=False)):
        left.plot(share, findings.curves[f"modes, {name}"], color=colour, label=name)
        values = findings.numbers[f"modes, {name}"]
        right.plot([place] * len(values), values, "o", ms=4, color=colour, alpha=0.6)
    for axes in (left, right):
        axes.axhline(8, color=QUIET, linewidth=0.7)
        axes.set(ylim=(0, 8.6))
    left.set(xlabel="share of the run", ylabel="modes covered, mean of seeds")
    left.legend(loc="center right", fontsize=7)
    right.set_xticks(range(len(METHODS)), list(METHODS))
    right.set(ylabel="modes covered, one point a seed")


EXPERIMENT = Experiment(
    "collapse_architectures", "Architectures against mode collapse", "training", measure, draw, size=(7.4, 2.6)
)
