"""What goes into a generator: noise from a uniform or a normal distribution; the class beside it or times it.

Note 1: "We consider a simple distribution p_z (for example the uniform distribution between -1 and 1)." Note 2, CGAN:
"Class and noise can be joined by combined embedding, or by an operation such as the Hadamard product."

Design: the 8 by 8 digits, two layers of 128 units, Adam 1e-3 (0.5, 0.9), averaged weights. Noise: the non-saturating
GAN with N(0, 1) or with U(-1, 1), as many numbers. Class: CGAN's generator with indicators beside z, or with z times a
learnt vector for each class; both have 16 numbers of noise. Numbers: Frechet distance to held-out digits in the shipped
classifier's features, and log10 of the ratio of two distances, seed by seed; the share of samples that the classifier
puts into the class asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from ganbench import features
from ganbench.baseline import Baseline, Draw, normal, uniform
from ganbench.baselines.cgan import CGAN
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.dataset import Space
from ganbench.notes._digits import SAMPLES, distances, trained
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS
from ganbench.training.sampler import Sampler

LATENT = 16
RATE, BETAS = 1e-3, (0.5, 0.9)
SIZES = {"fast": (4, 1200), "full": (10, 20_000)}  # seeds, steps


@dataclass(frozen=True)
class Noise(NonSaturatingGAN):  # type: ignore[misc] # mypy cannot follow the name of the baselines
    """The non-saturating GAN with noise of either distribution."""

    even: bool = False

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": uniform(self.latent, low=-1.0) if self.even else normal(self.latent)}


MODELS: dict[str, Baseline] = {
    "normal noise": Noise(latent=LATENT, lr=RATE, betas=BETAS),
    "uniform noise": Noise(latent=LATENT, lr=RATE, betas=BETAS, even=True),
    "concatenation": CGAN(latent=LATENT, lr=RATE, betas=BETAS),
    "Hadamard product": CGAN(latent=LATENT, lr=RATE, betas=BETAS, fusion="hadamard"),
}


def measure(form: Form) -> Findings:
    """Train the four models; compare distances in pairs, and the classes with those asked for."""
    seeds, steps = SIZES[form.name]
    numbers: dict[str, tuple[float, ...]] = {}
    for name, model in MODELS.items():
        trainer, before = trained(model, range(seeds), steps)
        samples, asked = Sampler(trainer).draw(SAMPLES)
        numbers[f"distance, {name}"] = distances(samples)
        numbers[f"distance, untrained, {name}"] = tuple([before] * seeds)
        if model.conditional:
            numbers[f"class as asked, {name}"] = hits(samples, asked)
    numbers["uniform over normal"] = ratio(numbers, "uniform noise", "normal noise")
    numbers["Hadamard over concatenation"] = ratio(numbers, "Hadamard product", "concatenation")
    return Findings(numbers)


def hits(samples: object, asked: object) -> tuple[float, ...]:
    """Return by seed the share of samples that the shipped classifier puts into the class asked for."""
    extract, shares = features.load("digits"), list[float]()
    for x, y in zip(samples, asked, strict=True):  # type: ignore[call-overload]
        posteriors = extract(x).posteriors
        if posteriors is not None:
            shares.append(float((posteriors.argmax(1) == y).double().mean()))
    return tuple(shares)


def ratio(numbers: dict[str, tuple[float, ...]], one: str, other: str) -> tuple[float, ...]:
    """Return log10 of one model's distance over another's, seed by seed."""
    pair = (np.log10(numbers[f"distance, {name}"]) for name in (one, other))
    return tuple(np.subtract(*pair).tolist())


def draw(findings: Findings, figure: Figure) -> None:
    """Draw the distances of the four models, seed by seed."""
    axes = figure.subplots()
    for place, name in enumerate(MODELS):
        values = findings.numbers[f"distance, {name}"]
        axes.plot(values, [place] * len(values), "o", ms=4, color=COLOURS[place // 2], alpha=0.7)
    axes.set_yticks(range(len(MODELS)), list(MODELS))
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="Frechet distance to held-out digits, one point a seed")


EXPERIMENT = Experiment("generator_inputs", "What goes into a generator", "references", measure, draw, size=(5.6, 2.0))
