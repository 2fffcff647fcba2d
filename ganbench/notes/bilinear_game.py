"""The bilinear game xy: which methods circle, diverge or converge, and what the loss says about it.

Note 0: "the generator loss and the discriminator loss keep oscillating"; "no robust stopping criterion"; its algorithm
moves the generator, then the discriminator, each by one gradient step. Design: x descends and y ascends xy from (1, 1)
with steps of 0.1, for 1000 steps, in float64; the figure's four methods. Number: the factor by which the distance to
the equilibrium changes per step, beside its closed form. Then ten turns of alternating steps of 0.01: the loss and the
distance. Nothing is random.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import ALARM, COLOURS

Point = tuple[float, float]
STEP, STEPS, PULL = 0.1, 1000, 1.0
FINE, TURNS = 0.01, 10
DRAWN = 60

# The factor per step: of the length of (x, y), for the whole step as a complex number.
CLOSED = {
    "simultaneous": sqrt(1 + STEP**2),
    "alternating": 1.0,
    "extragradient": sqrt(1 - STEP**2 + STEP**4),
    "consensus": sqrt((1 - STEP * PULL) ** 2 + STEP**2),
}


def simultaneous(x: float, y: float, h: float) -> Point:
    return x - h * y, y + h * x


def alternating(x: float, y: float, h: float) -> Point:
    x = x - h * y
    return x, y + h * x


def extragradient(x: float, y: float, h: float) -> Point:
    """Korpelevich, 1976: the gradients are taken where a simultaneous step would lead."""
    ahead = simultaneous(x, y, h)
    return x - h * ahead[1], y + h * ahead[0]


def consensus(x: float, y: float, h: float) -> Point:
    """Mescheder et al., 2017: both also descend PULL / 2 times the squared length (x^2 + y^2) of the field."""
    return x - h * (y + PULL * x), y + h * (x - PULL * y)


METHODS: dict[str, Callable[[float, float, float], Point]] = {
    "simultaneous": simultaneous,
    "alternating": alternating,
    "extragradient": extragradient,
    "consensus": consensus,
}


def path(method: Callable[[float, float, float], Point], h: float, steps: int) -> NDArray[np.float64]:
    """Return the points from (1, 1) on, (steps + 1, 2)."""
    points = [(1.0, 1.0)]
    for _ in range(steps):
        points.append(method(*points[-1], h))
    return np.array(points)


def measure(form: Form) -> Findings:
    """Run the four methods, and ten slow turns; the full form is the same, for all is exact."""
    numbers, curves = {}, {}
    for name, method in METHODS.items():
        points = path(method, STEP, STEPS)
        lengths = np.hypot(*points.T)
        # x^2 + y^2 - h x y is what alternating steps preserve; the plain length returns to its start only at times.
        if name == "alternating":
            kept = lengths**2 - STEP * points[:, 0] * points[:, 1]
            numbers["ellipse"] = (float(np.ptp(kept)),)
            lengths = np.sqrt(kept)
        numbers[name] = (float((lengths[-1] / lengths[0]) ** (1 / STEPS)),)
        for coordinate, values in zip("xy", points[: DRAWN + 1].T, strict=True):
            curves[f"{coordinate}, {name}"] = tuple(np.round(values, 5).tolist())
    return Findings(numbers | watched(curves), curves)


def watched(curves: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    """Return what the loss and the distance do in ten turns of small alternating steps; add both to the ``curves``."""
    points = path(alternating, FINE, round(2 * pi * TURNS / FINE))
    loss, lengths = points.prod(axis=1), np.hypot(*points.T)
    curves["loss"], curves["distance"] = (tuple(np.round(each[::20], 5).tolist()) for each in (loss, lengths))
    return {
        "crossings": (float(np.sum(np.sign(loss[1:]) != np.sign(loss[:-1]))),),
        "mean_loss": (float(loss.mean()),),
        "wander": (float(np.abs(lengths / lengths[0] - 1).max()),),
    }


def draw(findings: Findings, figure: Figure) -> None:
    """The four paths, and the loss beside the distance."""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.6))
    for colour, name in zip(COLOURS, METHODS, strict=False):
        left.plot(findings.curves[f"x, {name}"], findings.curves[f"y, {name}"], color=colour, label=name, linewidth=1)
    left.plot(0, 0, "+", color=ALARM, markersize=9)
    left.plot(1, 1, "o", color="black", markersize=3)
    left.set(xlabel="x descends", ylabel="y ascends", aspect="equal", title=f"{DRAWN} steps of {STEP} on xy")
    left.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    time = np.arange(len(findings.curves["loss"])) * 20 * FINE
    right.plot(time, findings.curves["loss"], label="loss xy")
    right.plot(time, findings.curves["distance"], color=ALARM, label="distance to the equilibrium")
    right.set(xlabel="time (steps of 0.01)", title="alternating, ten turns", ylim=(-1.2, 2.1))
    right.legend(loc="upper right", ncols=2)


EXPERIMENT = Experiment("bilinear_game", "The bilinear game", "training", measure, draw, size=(7.0, 2.4))
