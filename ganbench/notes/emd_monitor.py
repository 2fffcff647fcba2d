"""Whether the discriminator's estimate tells how good the samples are during the training.

Note 4, on the advantages of WGAN: "So WGAN can partly solve the problem of evaluating generative models: the earth
mover's distance can be used to monitor how good the model is (more as a matter of practice than as a theoretical
loss)."

Design: WGAN-GP and NS-GAN are trained on the digits with the same networks; at twenty even steps the recorded loss and
the Frechet distance (the shipped classifier's features, 450 samples, held-out data) are taken, the first two left out:
there the discriminator is untrained. Number: Spearman's rank correlation along each run. WGAN-GP's is that of its
discriminator's estimate, NS-GAN's that of the loss its generator minimises; both losses ask for "less is better".
Beside them, without a rule, stands NS-GAN's estimate of the Jensen-Shannon divergence, log 2 - loss / 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from scipy.stats import spearmanr

from ganbench import data, features
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.frechet import fid
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

PLACES, SKIPPED = 20, 2
LOSSES = {"wgan_gp": ("monitor", "the discriminator's estimate"), "ns_gan": ("generator", "the generator's loss")}
STEPS = {"fast": {"wgan_gp": 240, "ns_gan": 1200}, "full": {"wgan_gp": 4000, "ns_gan": 20_000}}  # as many updates of D
SAMPLES = 450


Series = list[list[float]]  # one for each seed, by step


def watched(name: str, seeds: Sequence[int], steps: int) -> tuple[Series, Series, Series]:
    """Train; return the method's loss, its discriminator's loss and the Frechet distance."""
    digits, extract = data.load("digits"), features.load("digits")
    x, _ = digits.held_out.examples({"index": torch.arange(digits.held_out.size or 0)})
    real = Features(extract(x).values)
    scores: list[list[float]] = []

    def score(trainer: Trainer) -> None:
        samples, _ = Sampler(trainer).draw(SAMPLES)
        scores.append([fid(real, extract(each).values) for each in samples])

    settings = {"lr": 5e-4, "betas": [0.0, 0.9], "ema": 0.0}
    trainer = Trainer(registry.configure(name, settings, digits), digits, seeds, Plan(steps, batch=32))
    trainer.run(points=PLACES, watch=score)
    losses, discriminators = ([note[which] for note in trainer.history] for which in (LOSSES[name][0], "discriminator"))
    own_losses, discriminator, score_path = (
        np.transpose(each)[:, SKIPPED:].tolist() for each in (losses, discriminators, scores)
    )
    return own_losses, discriminator, score_path


def measure(form: Form) -> Findings:
    """Train both methods; return their rank correlations, and how far the distance fell."""
    seeds = range(4) if form.name == "fast" else range(10)
    numbers: dict[str, tuple[float, ...]] = {}
    curves: dict[str, tuple[float, ...]] = {}
    for name in LOSSES:
        losses, discriminators, scores = watched(name, seeds, STEPS[form.name][name])
        numbers[f"{name}: rank correlation"] = tuple(rank_correlation(*run) for run in zip(losses, scores, strict=True))
        if name == "ns_gan":
            estimates = [[log(2) - loss / 2 for loss in run] for run in discriminators]
            numbers["ns_gan: of the discriminator's JSD"] = tuple(
                rank_correlation(*run) for run in zip(estimates, scores, strict=True)
            )
        numbers[f"{name}: first distance"] = tuple(run[0] for run in scores)
        numbers[f"{name}: last distance"] = tuple(run[-1] for run in scores)
        for i, (loss, run) in enumerate(zip(losses, scores, strict=True)):
            curves |= {f"{name} loss {i}": tuple(loss), f"{name} distance {i}": tuple(run)}
    return Findings(numbers, curves)


def rank_correlation(losses: Sequence[float], scores: Sequence[float]) -> float:
    """Spearman's rank correlation of two series; 0 where one of them is constant."""
    if min(losses) == max(losses) or min(scores) == max(scores):
        return 0.0
    return float(spearmanr(losses, scores).statistic)


def draw(findings: Findings, figure: Figure) -> None:
    """Loss against distance for each method, one colour for each seed."""
    axes = figure.subplots(1, 2)
    for axis, (name, (_, words)) in zip(axes, LOSSES.items(), strict=True):
        for i in range(len(findings.numbers["wgan_gp: rank correlation"])):
            curve = (findings.curves[f"{name} distance {i}"], findings.curves[f"{name} loss {i}"])
            axis.plot(*curve, "o-", color=COLOURS[i % len(COLOURS)], markersize=2.5, linewidth=0.6)
        mean = findings.mean(f"{name}: rank correlation")
        axis.set(xlabel="Frechet distance", ylabel=words, title=f"{name}: rank correlation {mean:.2f}")
        axis.set_xscale("log")
        axis.set_xticks([20, 50, 100, 200, 400], ["20", "50", "100", "200", "400"])
        axis.xaxis.set_minor_formatter(NullFormatter())


EXPERIMENT = Experiment(
    name="emd_monitor",
    title="The Wasserstein estimate as a monitor",
    chapter="wasserstein",
    measure=measure,
    draw=draw,
)
