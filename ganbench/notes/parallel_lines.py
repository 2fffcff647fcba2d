"""Two distributions that do not touch: two divergences of them, exact and as trained discriminators estimate them.

Note 4, on the advantages of WGAN: "When two distributions are not in contact, the JS divergence measures the same
however far apart they are, while the earth mover's distance takes into account how far apart the two distributions
are; so training becomes easier." And: "Without WGAN, the usual way is to add noise to the distributions, so that they
overlap; only then are they easier to train."

Design: Example 1 of the WGAN paper, two parallel unit segments in the plane at distance theta. Exactly: W1 = theta, JSD
= log 2, KL infinite. Drawn: exact assignment of n points on each. Learned: a discriminator of the original GAN, whose
value is 2 JSD - log 4, and a discriminator of WGAN-GP, 2-64-64-1 each. With its penalty of weight k the optimal
gradient between the lines is 1 + theta / 2k, so that discriminator estimates theta (1 + theta / 2k). Noise: point
masses at distance d, blurred by N(0, s^2): JSD by quadrature. Numbers: log 2 = 0.693147 at every theta, W1 = theta.
"""

from __future__ import annotations

from math import log

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.integrate import quad
from torch import Tensor
from torch.nn.functional import softplus

from ganbench._util.streams import stream
from ganbench.baseline import Draw, Net, gradient
from ganbench.data.sources import Finite
from ganbench.dataset import Dataset, Space
from ganbench.metrics.transport import w1
from ganbench.notes._discriminators import DiscriminatorAlone, tower, train
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.report.style import COLOURS, QUIET
from ganbench.training import registry

POINTS = 20_000


def line(at: float) -> Draw:
    """Draw from the unit segment {at} x [0, 1]."""
    return lambda n, draws: torch.stack([torch.full((n,), at), torch.rand(n, generator=draws)], 1)


def lines(seed: int) -> Dataset:
    """Return the segment at 0 as a data set."""
    x = line(0.0)(POINTS, stream(seed, "parallel_lines", "data"))
    source = Finite(x, torch.zeros(POINTS, dtype=torch.long))
    space = Space(shape=(2,), classes=0, low=-1.0, high=2.0)
    return Dataset("segment", space, source, source, source, "points drawn once", "identity")


def discrete_jsd(theta: float) -> float:
    """JSD in nats of uniform distributions on 100 points of either segment, over their joint support."""
    points = [[(x, i) for i in range(100)] for x in (0.0, theta)]
    joint = sorted({*points[0], *points[1]})
    p, q = (np.array([each.count(point) / len(each) for point in joint]) for each in points)
    m = (p + q) / 2
    return float(
        sum(
            0.5 * (distribution[distribution > 0] * np.log(distribution[distribution > 0] / m[distribution > 0])).sum()
            for distribution in (p, q)
        )
    )


def blurred_jsd(distance: float, s: float) -> float:
    """JSD in nats of N(0, s^2) and N(distance, s^2): log 2 - E_p[log(1 + q/p)], by quadrature."""

    def integrand(t: float) -> float:
        logit = (distance / s) * t - (distance / s) ** 2 / 2  # log q/p at t standard deviations from p's mean
        return float(np.exp(-t * t / 2) / np.sqrt(2 * np.pi) * np.logaddexp(0.0, logit))

    kink = distance / s / 2
    return log(2) - sum(quad(integrand, a, b, epsabs=1e-12)[0] for a, b in ((-40, kink), (kink, kink + 40)))


THETAS = (0.25, 0.5, 1.0)
PENALTY = 10.0
NOISES = {0.05: 0.693147, 0.1: 0.693146, 0.2: 0.675943, 0.3: 0.571151, 0.5: 0.336831, 1.0: 0.111421, 2.0: 0.030311}
DISTANCES = (0.5, 1.0, 2.0)


def learned(theta: float, seeds: range, steps: int) -> dict[str, tuple[float, ...]]:
    """Return what the two discriminators estimate, and the gradient along theta that each gives a fake point."""
    data, numbers = lines(0), {}
    for name in ("gan", "wgan_gp"):
        settings = {"penalty": PENALTY} if name == "wgan_gp" else {}
        alone = DiscriminatorAlone(
            method=registry.configure(name, settings, data),
            net=lambda: tower([2, 64, 64]),
            fakes=line(theta),
            discriminator_lr=1e-3,
        )
        discriminators = train(alone, data, seeds, steps, batch=256)
        estimate, gradient_size = (jsd_estimate, saturating_gradient) if name == "gan" else (gap, gradient_along)
        pairs = [
            tuple(line(x)(2000, stream(i, "parallel_lines", str(x))).double() for x in (0.0, theta)) for i in seeds
        ]
        numbers[f"{name} says at {theta}"] = tuple(
            estimate(D, *pair) for D, pair in zip(discriminators, pairs, strict=True)
        )
        numbers[f"{name} pulls at {theta}"] = tuple(
            gradient_size(D, pair[1]) for D, pair in zip(discriminators, pairs, strict=True)
        )
    return numbers


def jsd_estimate(D: Net, real: Tensor, fake: Tensor) -> float:
    """(V + log 4) / 2, a lower bound on the JSD in nats."""
    value = -(softplus(-D(real)).mean() + softplus(D(fake)).mean())
    return float(value.item() + log(4)) / 2


def gap(D: Net, real: Tensor, fake: Tensor) -> float:
    """E D(real) - E D(fake)."""
    return float((D(real).mean() - D(fake).mean()).item())


def saturating_gradient(D: Net, fake: Tensor) -> float:
    """|d/d theta| of the generator's loss E log(1 - D): sigmoid(D) times D's gradient along theta."""
    return abs(float((torch.sigmoid(D(fake)) * gradient(D, fake)[:, 0]).mean().item()))


def gradient_along(D: Net, fake: Tensor) -> float:
    """|d/d theta| of the generator's loss -E D."""
    return abs(float(gradient(D, fake)[:, 0].mean().item()))


def measure(form: Form) -> Findings:
    """Exact values, drawn points and trained discriminators at every theta; JSD under noise."""
    seeds, steps = (range(3), 400) if form.name == "fast" else (range(10), 2000)
    numbers: dict[str, tuple[float, ...]] = {}
    for theta in THETAS:
        numbers[f"JSD at {theta}"] = (discrete_jsd(theta),)
        draws = [[line(x)(500, stream(i, "parallel_lines", "drawn", str(x))) for x in (0.0, theta)] for i in range(5)]
        numbers[f"W1 of draws at {theta}"] = tuple(w1(real, fake) for real, fake in draws)
        numbers |= learned(theta, seeds, steps)
    numbers |= {f"JSD with noise {s}": (blurred_jsd(1.0, s),) for s in NOISES}
    numbers |= {f"JSD with noise 0.5 at {d}": (blurred_jsd(d, 0.5),) for d in DISTANCES}
    cells = tuple((theta, theta, log(2), "infinite", "infinite", 1.0) for theta in (0.1, *THETAS, 2.0))
    columns = ("theta", "W1", "JSD", "KL(P, Q)", "KL(Q, P)", "total variation")
    return Findings(numbers, matrices={"exact": Matrix(tuple(f"{row[0]}" for row in cells), columns, cells)})


def draw(findings: Findings, figure: Figure) -> None:
    """Left: the estimate of each discriminator against theta. Right: JSD against the noise."""
    left, right = figure.subplots(1, 2)
    at = [0.0, *THETAS]
    left.plot(at, at, color=COLOURS[0], label="$W_1=\\theta$")
    left.plot([0.001, 1.0], [log(2)] * 2, color=COLOURS[1], label="JSD $=\\log 2$")
    for name, colour in (("wgan_gp", COLOURS[0]), ("gan", COLOURS[1])):
        means = [findings.mean(f"{name} says at {t}") for t in THETAS]
        errors = [findings.half_width(f"{name} says at {t}") for t in THETAS]
        left.errorbar(THETAS, means, errors, fmt="o", color=colour, markersize=4, label=f"discriminator of {name}")
    left.set(xlabel="distance of the lines, $\\theta$", ylabel="estimate", title="Distributions that do not touch")
    left.legend(loc="center right", bbox_to_anchor=(1.0, 0.3))
    right.semilogx(list(NOISES), [findings.mean(f"JSD with noise {s}") for s in NOISES], "o-", color=COLOURS[1])
    right.axhline(log(2), color=QUIET, linestyle="--", linewidth=1)
    right.set(xlabel="sd of the noise (distance 1)", ylabel="JSD, nats", title="Noise makes them overlap")


EXPERIMENT = Experiment(
    name="parallel_lines",
    title="Two lines that do not touch",
    chapter="wasserstein",
    measure=measure,
    draw=draw,
)
