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

from itertools import pairwise
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
from ganbench.notes.base import Claim, Experiment, Findings, Form, Matrix, Verdict, confirmed
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


def expected_gap(theta: float) -> float:
    """The estimate of the best discriminator under the two-sided penalty: theta (1 + theta / 2 penalty)."""
    return theta * (1 + theta / (2 * PENALTY))


def far_apart(findings: Findings) -> Verdict:
    """JSD is log 2 to rounding, its discriminator within 2 % of it at each theta; WGAN-GP's follows theta."""
    exact = all(abs(findings.mean(f"JSD at {t}") - log(2)) < 1e-12 for t in THETAS)
    flat = all(0.98 * log(2) < findings.mean(f"gan says at {t}") <= log(2) for t in THETAS)
    drawn = all(t <= findings.mean(f"W1 of draws at {t}") < t + 0.03 for t in THETAS)
    follows = all(abs(findings.mean(f"wgan_gp says at {t}") / expected_gap(t) - 1) < 0.1 for t in THETAS)
    return confirmed(exact and flat and drawn and follows)


def easier(findings: Findings) -> Verdict:
    """At theta = 1 the gradient from WGAN-GP's discriminator is 0.9 to 1.15, from the original one below 0.05."""
    return confirmed(0.9 < findings.mean("wgan_gp pulls at 1.0") < 1.15 and findings.high("gan pulls at 1.0") < 0.05)


def noise_helps(findings: Findings) -> Verdict:
    """JSD at each noise as computed elsewhere to 1e-6, falling with noise and rising with the distance."""
    values = [findings.mean(f"JSD with noise {s}") for s in NOISES]
    right = all(abs(value - known) < 1e-6 for value, known in zip(values, NOISES.values(), strict=True))
    falling = all(a > b for a, b in pairwise(values))
    by_distance = [findings.mean(f"JSD with noise 0.5 at {d}") for d in DISTANCES]
    return confirmed(right and falling and by_distance == sorted(by_distance) and by_distance[-1] < log(2) - 0.05)


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


CLAIMS = (
    Claim(
        name="JSD and W1 of parallel lines",
        note="note 4, advantages of WGAN",
        says="When two distributions do not touch, the JS divergence is the same at any distance; the earth mover's is "
        "not.",
        expected="JSD = log 2 = 0.6931 at theta = 0.25, 0.5, 1; WGAN-GP's discriminator estimates theta (1 + theta/20)",
        source="closed form; Arjovsky et al., 2017, Example 1",
        shown=("gan says at 0.25", "gan says at 1.0", "wgan_gp says at 0.25", "wgan_gp says at 1.0"),
        rule="JSD log 2 to 1e-12, its discriminator up to 2 % below; W1 of draws 0 to 0.03 above theta; discriminator "
        "within 10 %",
        evaluate=far_apart,
        remark="The original discriminator reaches log 2 whatever the distance, so its value says nothing about "
        "progress. The Wasserstein discriminator follows the distance, a little above it: the soft penalty lets its "
        "gradient exceed 1.",
    ),
    Claim(
        name="descent on W1 and on JSD",
        note="note 4, advantages of WGAN",
        says="Since the earth mover's distance takes the distance into account, training is easier.",
        expected="gradient of W1 in theta 1 (with the penalty 1.05), of JSD 0",
        source="closed form; Arjovsky et al., 2017, Example 1",
        shown=("wgan_gp pulls at 1.0", "gan pulls at 1.0"),
        rule="at theta = 1 the gradient from WGAN-GP's discriminator in (0.9, 1.15), from the original saturating loss "
        "below 0.05",
        evaluate=easier,
        remark="Under the trained discriminator of the original GAN the generator's loss is nearly flat in theta. "
        "Its non-saturating form has a gradient, that of the discriminator, which does not measure the distance.",
    ),
    Claim(
        name="noise on parallel lines",
        note="note 4, advantages of WGAN",
        says="Without WGAN one adds noise to the distributions so that they overlap, which makes training easier.",
        expected="point masses at distance 1 under noise of sd 0.5: JSD 0.336831 (log 2 without)",
        source="closed form, by quadrature",
        shown=("JSD with noise 0.5", "JSD with noise 0.1", "JSD with noise 2.0"),
        rule="seven values to 1e-6; falling with the noise; rising with the distance at sd 0.5, and below log 2 - 0.05",
        evaluate=noise_helps,
        remark="Noise has to be as wide as the gap: at a tenth of the distance the JSD is still log 2 to 1e-6. "
        "At twice the distance little of the difference is left to see.",
    ),
)

EXPERIMENT = Experiment(
    name="parallel_lines",
    title="Two lines that do not touch",
    chapter="wasserstein",
    claims=CLAIMS,
    measure=measure,
    draw=draw,
)
