"""Which divergence covers two modes with one Gaussian, and from what distance on: the exact optimum.

Note 4: "compared with the JS divergence, KL fits several modes better". Design: P is half N(-a, 0.25) and half N(a,
0.25), Q a Gaussian; KL(P||Q), KL(Q||P) and JS are minimised by quadrature, and the distance is sought at which the
best Gaussian leaves the middle for one mode. Number: that distance, in standard deviations of a mode. Nothing is
random.
"""

from __future__ import annotations

from math import hypot

import numpy as np
from matplotlib.figure import Figure

from ganbench.notes._fitting import DIVERGENCES, GRID, Fit, Mixture, fit, log_normal
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.report.style import COLOURS, TRUTH

SD = 0.5
SHIFTS = (1.0, 2.0, 3.0)
SHORT = {"kl": "KL", "reverse_kl": "reverse KL", "jensen_shannon": "JS"}
BISECTIONS = {"fast": 12, "full": 22}


def distribution(shift: float) -> Mixture:
    return Mixture((0.5, 0.5), (-shift, shift), (SD, SD))


def rivals(name: str, shift: float) -> tuple[Fit, Fit]:
    """Return the best Gaussian in the middle and the best on one mode, for a divergence."""
    p = distribution(shift).log_density()
    middle, beside = (0.0, hypot(shift, SD)), (shift, SD)
    return fit(DIVERGENCES[name], p, middle), fit(DIVERGENCES[name], p, beside)


def best(name: str, shift: float) -> Fit:
    """Return the nearest Gaussian of all; of two mirrored ones the right-hand one."""
    nearest = min(rivals(name, shift), key=lambda each: each.value)
    return Fit(abs(nearest.mean), nearest.sd, nearest.value / 2 if name == "jensen_shannon" else nearest.value)


def switch(name: str, steps: int) -> float:
    """Return the distance of a mode from the middle from which on the nearest Gaussian sits on one mode."""
    low, high = 1.0, 3.0
    for _ in range(steps):
        shift = (low + high) / 2
        covering, seeking = rivals(name, shift)
        # Where the modes are near, both searches end in the middle.
        if seeking.value < covering.value - 1e-9 and abs(seeking.mean) > 0.2:
            high = shift
        else:
            low = shift
    return (low + high) / 2


def measure(form: Form) -> Findings:
    """Fit each divergence at three distances, and find where the optimum of two of them leaves the middle."""
    numbers: dict[str, tuple[float, ...]] = {}
    for name in SHORT:
        for shift in SHIFTS:
            nearest = best(name, shift)
            for what, value in (("mean", nearest.mean), ("sd", nearest.sd), ("value", nearest.value)):
                numbers[f"{name}_{what}_{shift:g}"] = (value,)
    for name in ("reverse_kl", "jensen_shannon"):
        numbers[f"{name}_switch"] = (2 * switch(name, BISECTIONS[form.name]) / SD,)
    cells = tuple(
        tuple(numbers[f"{name}_{what}_{shift:g}"][0] for what in ("mean", "sd", "value"))
        for name in SHORT
        for shift in SHIFTS
    )
    rows = tuple(f"{title}, modes at ±{shift:g}" for title in SHORT.values() for shift in SHIFTS)
    return Findings(numbers, {}, {"the nearest Gaussian": Matrix(rows, ("mean", "sd", "divergence"), cells)})


def draw(findings: Findings, figure: Figure) -> None:
    """The distributions and their nearest Gaussians."""
    axes = figure.subplots(1, 3, sharey=True)
    seen = np.abs(GRID) < 6
    for ax, shift in zip(axes, SHIFTS, strict=True):
        ax.fill_between(GRID[seen], np.exp(distribution(shift).log_density()[seen]), color=TRUTH, label="P")
        for colour, dash, (name, title) in zip(COLOURS, ("-", "--", ":"), SHORT.items(), strict=False):
            mean, sd = findings.mean(f"{name}_mean_{shift:g}"), findings.mean(f"{name}_sd_{shift:g}")
            ax.plot(GRID[seen], np.exp(log_normal(mean, sd))[seen], dash, color=colour, label=title)
        ax.set(title=f"modes at ±{shift:g}, sd {SD}", xlabel="x")
    axes[0].legend()


EXPERIMENT = Experiment("covering", "Covering and seeking", "divergences", measure, draw, size=(7.0, 2.3))
