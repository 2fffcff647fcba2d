"""f-GAN with one Gaussian as its generator: z -> mu + sigma z against a perceptron, many trainings at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.notes._fitting import GRID, SPACING, Mixture, log_normal
from ganbench.notes._perceptrons import Layers, cool, outputs, parameters, start
from ganbench.training import registry

DISCRIMINATOR_RATE, GENERATOR_RATE = 5e-3, 1e-2


@dataclass(frozen=True)
class Run:
    """One training: a seed, a divergence, and the number of discriminator steps for one of the generator's."""

    seed: int
    divergence: str
    discriminator_steps: int = 1


@dataclass(frozen=True)
class Result:
    """What was learned: the generator's distribution, and the discriminator's bound on its divergence from the data."""

    mean: float
    sd: float
    bound: float


def train(runs: list[Run], data: Mixture, steps: int, batch: int, width: int) -> list[Result]:
    """Nowozin et al., 2016, Algorithm 1, with Adam cooled to 0: one backward pass, then both networks are updated.

    With k discriminator steps the generator is updated at every k-th only, at k times the rate. Runs of one divergence
    must be neighbours.
    """
    keys = [(run.seed, f"f_gan/{run.divergence}/{run.discriminator_steps}") for run in runs]
    layers, streams = start(keys, (1, width, width, 1)), [stream(seed, name, "data") for seed, name in keys]
    distributions = [torch.zeros(1, 2, requires_grad=True) for _ in runs]  # mean and logarithm of sd
    discriminator = torch.optim.Adam(parameters(layers), DISCRIMINATOR_RATE, betas=(0.5, 0.999), maximize=True)
    step_counts = sorted({run.discriminator_steps for run in runs})
    generators = {
        k: torch.optim.Adam(
            [
                distribution
                for distribution, run in zip(distributions, runs, strict=True)
                if run.discriminator_steps == k
            ],
            GENERATOR_RATE,
            betas=(0.5, 0.999),
        )
        for k in step_counts
    }
    for step in range(steps):
        bound = bounded(runs, layers, examples(data, streams, batch), torch.cat(distributions))
        for optimizer in (discriminator, *generators.values()):
            optimizer.zero_grad()
        bound.sum().backward()
        for optimizer, rate, k in (
            (discriminator, DISCRIMINATOR_RATE, 1),
            *((generators[k], k * GENERATOR_RATE, k) for k in step_counts),
        ):
            cool(optimizer, rate, step / steps)
            if (step + 1) % k == 0:
                optimizer.step()
    return results_of(runs, layers, data, torch.cat(distributions).detach())


@torch.no_grad()
def results_of(runs: list[Run], layers: Layers, data: Mixture, distributions: Tensor) -> list[Result]:
    """Return what was learned, with bounds by quadrature, not from the samples that discriminators were fitted to."""
    points = torch.from_numpy(GRID).float()[None, :, None].expand(len(runs), -1, -1)
    p = torch.from_numpy(np.exp(data.log_density()) * SPACING)
    results = []
    for run, distribution, scores in zip(runs, distributions.double(), outputs(layers, points).double(), strict=True):
        mean, sd = distribution[0].item(), distribution[1].exp().item()
        variational, conjugate = forms(run.divergence)
        q = torch.from_numpy(np.exp(log_normal(mean, sd)) * SPACING)
        results.append(Result(mean, sd, float(variational(scores) @ p - conjugate(scores) @ q)))
    return results


def examples(data: Mixture, streams: list[torch.Generator], batch: int) -> tuple[Tensor, Tensor]:
    """Return data and noise, (runs, batch) each: stratified draws, one from each quantile.

    The share of each part of the mixture is exact as well, so that small batches suffice.
    """
    counts = [round(weight * batch) for weight in data.weights]
    places = torch.cat([torch.arange(n) / n for n in (*counts, batch)])
    width = torch.cat([torch.full((n,), 1 / n) for n in (*counts, batch)])
    draws = torch.stack([torch.rand(len(places), generator=each) for each in streams])
    quantiles = torch.special.ndtri((places + width * draws).clamp(1e-6, 1 - 1e-6))
    mean = torch.cat([torch.full((n,), m) for n, m in zip(counts, data.means, strict=True)])
    sd = torch.cat([torch.full((n,), s) for n, s in zip(counts, data.sds, strict=True)])
    return mean + sd * quantiles[:, :-batch], quantiles[:, -batch:]


def bounded(runs: list[Run], layers: Layers, drawn: tuple[Tensor, Tensor], distributions: Tensor) -> Tensor:
    """Return each run's E T(x) - E f*(T(G(z))), which D maximises and G minimises (equation 6)."""
    real, noise = drawn
    fake = distributions[:, :1] + distributions[:, 1:].exp() * noise
    scores = outputs(layers, torch.cat([real, fake], 1)[..., None])
    bounds = []
    for name in dict.fromkeys(run.divergence for run in runs):
        own = [i for i, run in enumerate(runs) if run.divergence == name]
        part = scores[own[0] : own[-1] + 1]
        variational, conjugate = forms(name)
        bounds.append(variational(part[:, : real.shape[1]]).mean(1) - conjugate(part[:, real.shape[1] :]).mean(1))
    return torch.cat(bounds)


def forms(divergence: str) -> Any:
    """Return T and f*(T) as functions of a discriminator's output, from the shipped baseline."""
    kind: Any = registry.load("f_gan")
    return kind(divergence=divergence).forms()
