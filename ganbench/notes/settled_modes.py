"""Mode collapse where training has settled: how many runs lack a mode when samples no longer get better.

Note 0: "mode collapse: the generator of a GAN can often get stuck producing one of a few types of samples over and over
again". Design: the ring of eight Gaussians (radius 2, sd 0.2), the non-saturating GAN, two layers of 128 units, Adam
(0.5, 0.999), generator's rate 1e-3, averaged weights off; the discriminator's rate is the same (even) or a tenth
(slow). Even rates settle early, so that many short runs say more of a share than a few long ones: of 20 runs without a
collapse the exact interval, also at a level for all conditions, ends below a quarter; of 8 it would not. Numbers, by
seed: modes with at least a fifth of their fair share among 2000 samples, a median over the last quarter of the run's
evaluations; the share of samples of high quality in the third and in the last quarter, which must agree for the run to
count as settled. The slow game is shown beside it, by fewer and longer runs; no rule rests on it.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ganbench.notes._ring import course
from ganbench.notes.base import Experiment, Findings, Form, FormName
from ganbench.report.style import COLOURS, QUIET
from ganbench.training.trainer import Plan

RATES = {"even rates": [1e-3, 1e-3], "slow discriminator": [1e-3, 1e-4]}
SIZES: dict[FormName, dict[str, tuple[int, int]]] = {  # seeds and steps of each game
    "fast": {"even rates": (20, 3000), "slow discriminator": (5, 6000)},
    "full": {"even rates": (40, 20_000), "slow discriminator": (40, 20_000)},
}
BATCH = 64
EVALUATIONS = 24  # during the training


def measure(form: Form) -> Findings:
    """Train both games and read modes and quality along the way."""
    numbers: dict[str, tuple[float, ...]] = {}
    curves: dict[str, tuple[float, ...]] = {}
    quarter = EVALUATIONS // 4
    for name, rates in RATES.items():
        seeds, steps = SIZES[form.name][name]
        modes, quality = course("ns_gan", {"lr": rates}, seeds, Plan(steps, BATCH, backend="auto"), EVALUATIONS)
        ending = "" if name == "even rates" else f", {name}"
        numbers[f"modes, {name}"] = tuple(np.median(modes[-quarter:], axis=0).tolist())
        numbers[f"quality, third quarter{ending}"] = tuple(quality[-2 * quarter : -quarter].mean(axis=0).tolist())
        numbers[f"quality, last quarter{ending}"] = tuple(quality[-quarter:].mean(axis=0).tolist())
        curves |= {f"modes, {name}": tuple(modes.mean(axis=1).tolist())}
        curves |= {f"quality, {name}": tuple(quality.mean(axis=1).tolist())}
    return Findings(numbers, curves)


def draw(findings: Findings, figure: Figure) -> None:
    """Draw modes and quality over the run."""
    left, right = figure.subplots(1, 2)
    share = np.arange(1, EVALUATIONS + 1) / EVALUATIONS
    for colour, name in zip(COLOURS, RATES, strict=False):
        left.plot(share, findings.curves[f"modes, {name}"], color=colour, label=name)
        right.plot(share, findings.curves[f"quality, {name}"], color=colour, label=name)
    left.axhline(8, color=QUIET, linewidth=0.7)
    left.set(xlabel="share of the run", ylabel="modes covered, mean of seeds", ylim=(0, 8.6))
    right.set(xlabel="share of the run", ylabel="samples of high quality", ylim=(0, 1.02))
    left.legend(loc="lower right")


EXPERIMENT = Experiment(
    "settled_modes", "Mode collapse where training has settled", "training", measure, draw, version=2
)
