"""Dirac-GAN (Mescheder et al., 2018, section 2): real data all at 0, the generator's at theta, the discriminator psi x.

Twelve games in float64, as vector fields (d theta, d psi): theta descends, psi ascends. As in the
paper, a high psi x says "generated"; mirroring psi gives the other convention and the same distances to the
equilibrium (0, 0).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import copysign, exp, inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Field = Callable[[float, float], tuple[float, float]]
Order = Literal["simultaneous", "alternating"]
STEP, STEPS, START = 0.2, 500, (1.0, 1.0)  # of the authors' notebook

NODES, MASSES = np.polynomial.hermite_e.hermegauss(40)
MASSES = MASSES / MASSES.sum()


def sigmoid(x: float) -> float:
    return 1 / (1 + exp(-x))


def linear(theta: float, psi: float) -> tuple[float, float]:
    """V = psi theta: the Wasserstein game without its constraint."""
    return -psi, theta


def saturating(theta: float, psi: float, damping: float = 0.0) -> tuple[float, float]:
    """V = -softplus(-psi theta) (equation 2), less ``damping`` / 2 psi^2: R1, which equals R2 here."""
    f = sigmoid(-psi * theta)
    return -psi * f, theta * f - damping * psi


def non_saturating(theta: float, psi: float, damping: float = 0.0) -> tuple[float, float]:
    """The discriminator as in ``saturating``; the generator descends softplus(psi theta)."""
    return -psi * sigmoid(psi * theta), theta * sigmoid(-psi * theta) - damping * psi


def gradient_penalty(theta: float, psi: float, weight: float = 1.0, target: float = 0.7) -> tuple[float, float]:
    """The linear game less ``weight`` / 2 (|psi| - target)^2: WGAN-GP, whose gradient is psi everywhere."""
    away = (abs(psi) - target) * copysign(1, psi) if psi else 0.0
    return -psi, theta - weight * away


def instance_noise(theta: float, psi: float, sd: float = 0.7) -> tuple[float, float]:
    """The saturating game with N(0, sd^2) added to both distributions; expectations by Gauss-Hermite quadrature."""
    fake, real = theta + sd * NODES, sd * NODES
    f, g = 1 / (1 + np.exp(psi * fake)), 1 / (1 + np.exp(-psi * real))
    return float(MASSES @ (-psi * f)), float(MASSES @ (fake * f - real * g))


def consensus(theta: float, psi: float, weight: float = 1.0, coupling: float = 1.0) -> tuple[float, float]:
    """The saturating game v, less ``weight`` times the gradient of |v|^2 / 2, |v|^2 = (theta^2 + psi^2) f^2.

    The gradient is (theta, psi) f^2 + (psi, theta) (theta^2 + psi^2) f f'; the authors' notebook takes half of
    the second term, which ``coupling`` 1/2 reproduces.
    """
    f = sigmoid(-psi * theta)
    shared = -coupling * (theta**2 + psi**2) * f * f * sigmoid(psi * theta)
    pull = -psi * f - weight * (theta * f**2 + psi * shared)
    return pull, theta * f - weight * (psi * f**2 + theta * shared)


@dataclass(frozen=True)
class Game:
    """A row of the table: its field, and the bound to which psi is clipped after each discriminator step."""

    title: str
    field: Field
    clip: float = inf


GAMES: dict[str, Game] = {
    "linear": Game("WGAN, no constraint", linear),
    "gan": Game("GAN (saturating)", saturating),
    "ns_gan": Game("NS-GAN", non_saturating),
    "wgan": Game("WGAN, clip 1", linear, clip=1.0),
    "wgan_gp": Game("WGAN-GP, weight 1, target 0.7", gradient_penalty),
    "wgan_gp_notebook": Game("WGAN-GP, weight 0.7, target 1", partial(gradient_penalty, weight=0.7, target=1.0)),
    "r1": Game("GAN + R1, 0.3", partial(saturating, damping=0.3)),
    "r1_critical": Game("GAN + R1, 1 (critical)", partial(saturating, damping=1.0)),
    "ns_r1": Game("NS-GAN + R1, 0.3", partial(non_saturating, damping=0.3)),
    "instance_noise": Game("GAN + instance noise, sd 0.7", instance_noise),
    "consensus": Game("GAN + consensus, 1", consensus),
    "consensus_notebook": Game("consensus as in the notebook", partial(consensus, coupling=0.5)),
}


def trajectory(
    game: Game, order: Order = "simultaneous", discriminator_steps: int = 1, steps: int = STEPS, step: float = STEP
) -> NDArray[np.float64]:
    """Return the path of (theta, psi) from START, (steps + 1, 2); alternating, the generator steps first."""
    theta, psi = START
    path = [(theta, psi)]
    for _ in range(steps):
        descent, ascent = game.field(theta, psi)
        theta += step * descent
        if order == "alternating":
            for _ in range(discriminator_steps):
                psi = clipped(psi + step * game.field(theta, psi)[1], game.clip)
        else:
            psi = clipped(psi + step * ascent, game.clip)
        path.append((theta, psi))
    return np.array(path)


def clipped(psi: float, edge: float) -> float:
    return min(max(psi, -edge), edge)


def distance(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sqrt(theta^2 + psi^2) at each step of a path: the distance to the equilibrium."""
    return np.hypot(path[:, 0], path[:, 1])
