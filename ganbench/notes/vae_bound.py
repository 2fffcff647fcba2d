"""The variational bound, and the minimum of its second term.

Note 3, VAE: "We want the encoder's latent variables (mean and variance) to satisfy a standard normal distribution ...
so this turns into hoping that mean > 0, var > 1. This is the latent loss = 0.5 (1 + log s2 d2 s2), which clearly takes
its minimum 0 at s = 1, d = 0." And: "variational methods introduce a deterministic bias, since they optimise a lower
bound of the log-likelihood and not the likelihood itself."

Design: the divergence of N(m, s^2) from N(0, 1) is (m^2 + s^2 - 1 - log s^2) / 2: its least point by a search, its
value where the note would have it, and the printed sum with its lost signs put back. The bound exactly: a linear
decoder W = (1, 2), sd 0.5, x = (1, 1), with the exact posterior and with the prior. Learned: a VAE on the digits,
its bound against the importance-weighted one of 64 draws (Burda et al., 2016), held-out data, and its codes' moments.
Numbers: least at (0, 1); log p = -2.5452725, the bound -14.4515827 with the prior in the posterior's place.
"""

from __future__ import annotations

from math import log, pi

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from ganbench import data
from ganbench._util.streams import stream
from ganbench.baseline import Net
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS, QUIET
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer

LOG_P, WITH_PRIOR = -2.5452725, -14.4515827
W, NOISE, X = np.array([1.0, 2.0]), 0.5, np.array([1.0, 1.0])
SD, DRAWS, LATENT = 0.3, 64, 8


def divergence(mean: float, variance: float) -> float:
    """KL(N(mean, variance) || N(0, 1)) in nats (Kingma & Welling, 2013, appendix B)."""
    return (mean**2 + variance - 1 - log(variance)) / 2


def objective(point: NDArray[np.float64]) -> float:
    """The divergence as a function of the mean and the logarithm of the variance."""
    return divergence(float(point[0]), float(np.exp(point[1])))


def printed(mean: float, variance: float) -> float:
    """The note's 0.5 (1 + log s2 d2 s2) with the minus signs that it lost: 0.5 (1 + log s^2 - d^2 - s^2)."""
    return (1 + log(variance) - mean**2 - variance) / 2


def exact_log_p() -> float:
    """Log N(x; 0, W W' + noise^2)."""
    covariance = np.outer(W, W) + NOISE**2 * np.eye(2)
    quadratic = X @ np.linalg.solve(covariance, X)
    return float(-(quadratic + np.linalg.slogdet(2 * pi * covariance)[1]) / 2)


def linear_bound(mean: float, variance: float) -> float:
    """E_q log N(x; W z, noise^2) - KL(q || N(0, 1)) for q = N(mean, variance), in closed form."""
    errors = np.square(X - W * mean).sum() + variance * np.square(W).sum()
    return float(-errors / (2 * NOISE**2) - log(2 * pi * NOISE**2)) - divergence(mean, variance)


def posterior() -> tuple[float, float]:
    """Mean and variance of z given x in the linear model."""
    variance = 1 / (1 + float(W @ W) / NOISE**2)
    return variance * float(W @ X) / NOISE**2, variance


def bounds(G: Net, x: Tensor, seed: int) -> tuple[float, float, Tensor, Tensor]:
    """Mean bound and importance-weighted bound over ``x`` in nats, and the codes' means and variances."""
    mean, log_variance = G.encode(x).chunk(2, dim=1)
    eps = torch.randn(DRAWS, *mean.shape, generator=stream(seed, "vae_bound", "eps"))
    z = mean + (log_variance / 2).exp() * eps
    decoded = G.decode(z.flatten(0, 1)).unflatten(0, (DRAWS, len(x)))
    fit = (-((x - decoded) / SD).square() / 2 - log(2 * pi * SD**2) / 2).flatten(2).sum(2)
    weights = (fit + (eps.square() - z.square() + log_variance).sum(2) / 2).double()  # log p(x, z) - log q(z)
    return (
        float(weights.mean()),
        float((weights.logsumexp(0) - log(DRAWS)).mean()),
        mean.double(),
        log_variance.double().exp(),
    )


def measure(form: Form) -> Findings:
    """The divergence's least point, the exact bound, and a trained one."""
    best = minimize(objective, [0.7, 0.9], tol=1e-12)
    numbers: dict[str, tuple[float, ...]] = {
        "least at mean": (float(best.x[0]),),
        "least at variance": (float(np.exp(best.x[1])),),
        "divergence at mean 1, variance 2": (divergence(1.0, 2.0),),
        "printed at mean 1, variance 2": (printed(1.0, 2.0),),
        "printed at mean 0, variance 1": (printed(0.0, 1.0),),
        "log p": (exact_log_p(),),
        "bound with the posterior": (linear_bound(*posterior()),),
        "bound with the prior": (linear_bound(0.0, 1.0),),
    }
    digits, seeds = data.load("digits"), range(3) if form.name == "fast" else range(10)
    baseline = registry.configure("vae", {"sd": SD, "latent": LATENT}, digits)
    trainer = Trainer(baseline, digits, seeds, Plan(800 if form.name == "fast" else 8000, batch=64))
    trainer.run(points=1)
    x, _ = digits.held_out.examples({"index": torch.arange(digits.held_out.size or 0)})
    names = ("bound", "weighted bound", "codes' mean", "posterior variance", "codes' second moment")
    rows: dict[str, list[float]] = {name: [] for name in names}
    for seed, row in zip(seeds, trainer.state["average"], strict=True):
        with torch.no_grad():
            low, tighter, mean, variance = bounds(trainer.updates.stacked["G"].net(row, {}), x, seed)
        moments = [float(each.mean()) for each in (mean, variance, mean.square() + variance)]
        for name, value in zip(names, (low, tighter, *moments), strict=True):
            rows[name].append(value)
    return Findings(numbers | {key: tuple(values) for key, values in rows.items()})


def draw(findings: Findings, figure: Figure) -> None:
    """Left: the divergence against the variance. Right: the bound of a linear model against its posterior's mean."""
    left, right = figure.subplots(1, 2)
    variance = np.linspace(0.1, 4, 200)
    for mean, colour in ((0.0, COLOURS[0]), (1.0, COLOURS[1])):
        left.plot(variance, [divergence(mean, v) for v in variance], color=colour, label=f"mean {mean:g}")
    left.plot(1, 0, "o", color=COLOURS[6])
    left.set(xlabel="variance", ylabel="divergence from N(0, 1), nats", title="Least at mean 0, variance 1")
    left.legend()
    centre, spread = posterior()
    at = np.linspace(0.2, 1.0, 100)
    right.plot(at, [linear_bound(m, spread) for m in at], color=COLOURS[0], label="bound")
    right.axhline(findings.mean("log p"), color=QUIET, linestyle="--", label="log p")
    right.plot(centre, linear_bound(centre, spread), "o", color=COLOURS[6])
    right.set(xlabel="mean of q", ylabel="nats", title="A bound, tight at the posterior")
    right.legend()


EXPERIMENT = Experiment(
    name="vae_bound",
    title="The variational bound",
    chapter="references",
    measure=measure,
    draw=draw,
)
