"""Note 2 takes WGAN-GP's penalty from its paper, whose toy script has another weight of it than the paper says.

Design: WGAN-GP on the ring of the paper's code (radius 2 and sd .02, divided by 1.414), with the penalty's weight 10
that the paper states for every experiment and with the .1 of its published toy script. The paper prints contours only,
so there is no number to match; measured are the exact distance W1 between 1000 samples and 1000 points of the truth,
its floor between two sets of true points, and the discriminator's estimate of W1 on fresh points beside it.
Fast form: three seeds, 2 x 128 units, Adam 1e-3, 200 steps, too few for weight 10 to come near the truth;
full: six seeds, 1e-4, 3000. Theirs: 3 x 512, 100 000.
Number: where fakes lie w from the truth, the gradient settles at 1 + w / 2k for weight k, not at 1: the
discriminator's loss is an estimate of W1 for weight 10 and too large for .1.
"""

from __future__ import annotations

from math import sqrt

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.data.mixtures import ring
from ganbench.dataset import Dataset
from ganbench.metrics import METRICS
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

WEIGHTS = (10.0, 0.1)  # of the penalty: the paper's, and the script's
N = 1000


def measure(form: Form) -> Findings:
    toy = ring(radius=sqrt(2), sd=0.01 * sqrt(2))
    seeds, steps, rate = ((0, 1, 2), 200, 1e-3) if form.name == "fast" else (tuple(range(6)), 3000, 1e-4)
    numbers: dict[str, tuple[float, ...]] = {"steps": (float(steps),)}
    curves: dict[str, tuple[float, ...]] = {}
    truth = [points(toy, seed, "truth") for seed in seeds]
    others = [points(toy, seed, "other") for seed in seeds]
    numbers["W1 floor"] = tuple(METRICS["w1"](a, b) for a, b in zip(truth, others, strict=True))
    for weight in WEIGHTS:
        baseline = registry.configure("wgan_gp", {"penalty": weight, "lr": rate, "latent": 2, "ema": 0.0}, toy)
        trainer = Trainer(baseline, toy, seeds, Plan(steps, batch=128))
        numbers[f"W1 at the start, weight {weight:g}"] = distances(truth, Sampler(trainer).draw(N)[0])
        trainer.advance(steps)
        samples = Sampler(trainer).draw(N)[0]
        exact, claimed = distances(truth, samples), estimates(trainer, others, samples)
        numbers[f"W1, weight {weight:g}"] = exact
        numbers[f"estimate over W1, weight {weight:g}"] = tuple(a / b for a, b in zip(claimed, exact, strict=True))
        curves[f"x, weight {weight:g}"] = tuple(samples[0, :, 0].tolist())
        curves[f"y, weight {weight:g}"] = tuple(samples[0, :, 1].tolist())
    return Findings(numbers, curves)


def points(toy: Dataset, seed: int, name: str) -> Tensor:
    """Draw true points."""
    return toy.held_out.examples(toy.held_out.indices(N, stream(seed, "wgan-gp toys", name)))[0]


def distances(truth: list[Tensor], samples: Tensor) -> tuple[float, ...]:
    """Return the exact W1 of each seed's samples."""
    return tuple(METRICS["w1"](real, fake) for real, fake in zip(truth, samples, strict=True))


@torch.no_grad()
def estimates(trainer: Trainer, real: list[Tensor], samples: Tensor) -> tuple[float, ...]:
    """Return each discriminator's estimate of the distance, without the penalty, on points unseen in training."""
    stacked, rows = trainer.updates.stacked["D"], trainer.state["D"]["weights"]
    discriminators = [stacked.net(row, {}) for row in rows]
    return tuple(float(D(x).mean() - D(y).mean()) for D, x, y in zip(discriminators, real, samples, strict=True))


def draw(findings: Findings, figure: Figure) -> None:
    """Draw one seed's samples for each weight, and distances and estimates."""
    axes = figure.subplots(1, 3)
    for place, weight in enumerate(WEIGHTS):
        x, y = findings.curves[f"x, weight {weight:g}"], findings.curves[f"y, weight {weight:g}"]
        axes[place].plot(x, y, ".", ms=1.5, color=COLOURS[place], rasterized=True)
        axes[place].set(title=f"weight {weight:g}, first seed", xlim=(-2, 2), ylim=(-2, 2), aspect="equal")
        ratios = findings.numbers[f"estimate over W1, weight {weight:g}"]
        axes[2].plot([place] * len(ratios), ratios, "o", color=COLOURS[place], alpha=0.7)
    axes[2].axhline(1, color="black", lw=0.8, ls=":")
    axes[2].set_xticks(range(len(WEIGHTS)), [f"weight {weight:g}" for weight in WEIGHTS])
    axes[2].set(title="discriminator's estimate / exact W1", xlim=(-0.5, 1.5))


EXPERIMENT = Experiment(
    name="wgan_gp_toys",
    title="WGAN-GP's toys under the paper's penalty and the script's",
    chapter="published",
    measure=measure,
    draw=draw,
    size=(7.4, 2.6),
)
