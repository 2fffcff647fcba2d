"""Dirac-GAN, the smallest GAN: twelve variants of its game, with every number known.

Note 0: "the generator loss and the discriminator loss keep oscillating"; "no robust stopping criterion". Note 1:
maximising log D(G(z)) and minimising log(1 - D(G(z))) are "equivalent". Note 3: "D and G need good synchrony, such as k
updates of D for one of G". Note 4: "without WGAN one adds noise to both distributions, so that they overlap". Design:
Mescheder et al., 2018, section 2 and notebook: step 0.2, start (1, 1), 500 steps, simultaneous or alternating with 1 or
5 discriminator steps. Number: the distance to the equilibrium, 1.4142 at the start. Nothing is random.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from matplotlib.figure import Figure

from ganbench.notes._dirac import GAMES, Game, Order, distance, non_saturating, trajectory
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.report.style import ALARM, SAMPLE

ORDERS: dict[str, tuple[Order, int]] = {
    "simultaneous": ("simultaneous", 1),
    "alternating": ("alternating", 1),
    "alternating, 5 discriminator steps": ("alternating", 5),
}
DRAWN = ("linear", "gan", "ns_gan", "wgan", "wgan_gp", "r1", "instance_noise", "consensus")
ORBITING = ("linear", "gan", "wgan", "wgan_gp")
SHOWN_STEPS = 150
FINE = 0.02  # the step at which the non-saturating game follows its flow
TIMES = {"fast": (100, 400, 1600), "full": (100, 400, 1600, 6400)}


def measure(form: Form) -> Findings:
    """Run every game in every order of updates."""
    paths = {(name, order): trajectory(game, *how) for name, game in GAMES.items() for order, how in ORDERS.items()}
    numbers: dict[str, tuple[float, ...]] = {
        f"{name}_{order}": (float(distance(paths[name, full])[-1]),)
        for name in GAMES
        for order, full in zip(("simultaneous", "alternating", "five"), ORDERS, strict=True)
    }
    numbers["linear_100"] = (float(distance(paths["linear", "simultaneous"])[100]),)
    frozen = paths["wgan_gp", "alternating, 5 discriminator steps"]
    numbers["frozen_theta"] = (float(abs(frozen[-1, 0])),)
    numbers["frozen_motion"] = (float(np.ptp(frozen[-100:], axis=0).max()),)
    numbers["decay"] = (decay(TIMES[form.name]),)
    columns = tuple(f"{order}, {step} steps" for order in ORDERS for step in (100, 500))
    cells = tuple(
        tuple(float(distance(paths[name, order])[step]) for order in ORDERS for step in (100, 500)) for name in GAMES
    )
    table = Matrix(tuple(game.title for game in GAMES.values()), columns, cells)
    return Findings(numbers, curves(paths), {"distance to the equilibrium": table})


def curves(paths: dict[tuple[str, str], np.ndarray]) -> dict[str, tuple[float, ...]]:
    """Return the simultaneous paths that the figure shows."""
    return {
        f"{parameter} of {name}": tuple(np.round(paths[name, "simultaneous"][: SHOWN_STEPS + 1, i], 4).tolist())
        for name in DRAWN
        for i, parameter in enumerate(("theta", "psi"))
    }


def decay(times: tuple[int, ...]) -> float:
    """Return the worst ratio of the non-saturating game's distance to sqrt(8 / t), which averaging its flow gives.

    Over a turn r r' = -theta^2 psi^2 / 2 is -r^4 / 16, so r(t)^-2 grows by 1/8 per unit of time.
    """
    path = distance(trajectory(Game("", non_saturating), "alternating", steps=round(times[-1] / FINE), step=FINE))
    ratios = [float(path[round(time / FINE)] / sqrt(8 / time)) for time in times]
    return max(ratios, key=lambda ratio: abs(ratio - 1))


def draw(findings: Findings, figure: Figure) -> None:
    """Theta against psi, from the start to the equilibrium or around it."""
    axes = figure.subplots(2, 4, sharex=True, sharey=True)
    for ax, name in zip(axes.flat, DRAWN, strict=True):
        theta, psi = findings.curves[f"theta of {name}"], findings.curves[f"psi of {name}"]
        ax.plot(theta, psi, color=SAMPLE if name in ORBITING else "#009E73", linewidth=0.9)
        ax.plot(theta[:1], psi[:1], "o", color="black", markersize=3)
        ax.plot(0, 0, "+", color=ALARM, markersize=8, markeredgewidth=1.6)
        ax.set(title=GAMES[name].title, xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), aspect="equal")
    for ax in axes[1]:
        ax.set_xlabel("generator θ")
    for ax in axes[:, 0]:
        ax.set_ylabel("discriminator ψ")


EXPERIMENT = Experiment("dirac_gan", "Dirac-GAN", "training", measure, draw, size=(7.0, 3.9))
