"""The blur of a Gaussian, and a distance of two moments that cannot see it.

Note 3, on the advantages of GANs: the bounds that variational methods optimise "seem to make the instances that VAEs
generate blurrier than GANs'". Note 2, FID: "it computes the distance between real and generated pictures at the level
of features", by means and covariances alone.

Design: the ring of eight Gaussians, radius 1, sd 0.01. A VAE with a linear decoder and free noise is at best the
Gaussian that fits the data's mean and covariance: no bound is left slack, and it blurs all the same. That Gaussian is
fitted and drawn from (2500 samples, 10 seeds), and computed: the mass that N(0, v), v = 1/2 + 0.01^2,
has within 3 sd of a centre. Squared error's own worst case beside it: for data at -1 and 1 its best constant is 0.
Numbers: 0.27 % of high quality where real data have 98.89 %, Frechet distance 0.
"""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.stats import ncx2
from torch import Tensor

from ganbench import data
from ganbench._util.streams import stream
from ganbench.dataset import Dataset, Modes
from ganbench.metrics.frechet import fid
from ganbench.metrics.modes import high_quality, modes_covered
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import QUIET, SAMPLE

RADIUS, SD, MODES, SAMPLES = 1.0, 0.01, 8, 2500


def expected_quality() -> float:
    """Mass of N(0, v) in the plane within 3 sd of the ring's centres: a noncentral chi-square's, 8 times."""
    variance = RADIUS**2 / 2 + SD**2
    return MODES * float(ncx2.cdf((3 * SD) ** 2 / variance, 2, RADIUS**2 / variance))


def fitted(ring: Dataset, seed: int) -> Tensor:
    """Draws from the Gaussian with the mean and covariance of 50 000 training points, (SAMPLES, 2)."""
    draws = stream(seed, "linear_vae", "Gaussian")
    x, _ = ring.train.examples(ring.train.indices(50_000, draws))
    return x.mean(0) + torch.randn(SAMPLES, 2, generator=draws) @ torch.linalg.cholesky(x.T.cov()).T


def measure(form: Form) -> Findings:
    """Quality, modes and distance of the fitted Gaussian and of fresh real points."""
    ring, seeds = data.load("ring8"), range(10 if form.name == "fast" else 40)
    rows: dict[str, list[float]] = {}
    angle = 2 * torch.pi * torch.arange(MODES, dtype=torch.float64) / MODES
    modes = Modes((RADIUS * torch.stack([angle.cos(), angle.sin()], 1)).float(), SD)
    for seed in seeds:
        samples = {"Gaussian": fitted(ring, seed)}
        for name in ("real", "reference"):
            indices = ring.held_out.indices(SAMPLES, stream(seed, "linear_vae", name))
            samples[name], _ = ring.held_out.examples(indices)
        for name in ("Gaussian", "real"):
            rows.setdefault(f"high quality, {name}", []).append(high_quality(samples[name], modes))
            rows.setdefault(f"modes covered, {name}", []).append(modes_covered(samples[name], modes, share=0.2))
            rows.setdefault(f"Frechet distance, {name}", []).append(fid(samples["reference"], samples[name]))
    numbers = {name: tuple(values) for name, values in rows.items()}
    numbers["high quality, expected"] = (expected_quality(),)
    points = fitted(ring, 0)[:800].double()
    return Findings(numbers, {"x": tuple(points[:, 0].tolist()), "y": tuple(points[:, 1].tolist())})


def draw(findings: Findings, figure: Figure) -> None:
    """The fitted Gaussian's samples on the ring's centres."""
    axis = figure.subplots()
    axis.plot(findings.curves["x"], findings.curves["y"], ".", color=SAMPLE, markersize=2)
    angle = 2 * np.pi * np.arange(MODES) / MODES
    axis.plot(np.cos(angle), np.sin(angle), "+", color=QUIET, markersize=9)
    title = f"Frechet distance {findings.mean('Frechet distance, Gaussian'):.4f}"
    axis.set(aspect="equal", title=f"{title}, high quality {100 * findings.mean('high quality, Gaussian'):.2f} %")


EXPERIMENT = Experiment(
    name="linear_vae",
    title="A Gaussian on a ring",
    chapter="references",
    measure=measure,
    draw=draw,
    size=(3.6, 3.2),
)
