"""f-GAN with one Gaussian as its generator: z -> mu + sigma z against a perceptron, many games side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench import roster
from ganbench.experiments._fitting import GRID, SPACING, Mixture, log_normal
from ganbench.experiments._perceptrons import Layers, cool, outputs, parameters, start
from ganbench.streams import stream

CRITIC_RATE, GENERATOR_RATE = 5e-3, 1e-2


@dataclass(frozen=True)
class Game:
    """Who plays: a seed, a divergence, and how many critic steps there are for one of the generator's."""

    seed: int
    divergence: str
    critic_steps: int = 1


@dataclass(frozen=True)
class Result:
    """What a game learned: the generator's law, and the critic's bound on the divergence from the data."""

    mean: float
    sd: float
    bound: float


def play(games: list[Game], data: Mixture, steps: int, batch: int, width: int) -> list[Result]:
    """Nowozin et al., 2016, Algorithm 1, with Adam cooled to 0: one backward pass, then everybody moves.

    Of a game with k critic steps, the generator moves at every k-th only, k times as fast. Games of one divergence
    must be neighbours.
    """
    keys = [(game.seed, f"f_gan/{game.divergence}/{game.critic_steps}") for game in games]
    layers, streams = start(keys, (1, width, width, 1)), [stream(seed, name, "data") for seed, name in keys]
    laws = [torch.zeros(1, 2, requires_grad=True) for _ in games]  # mean and logarithm of sd
    critic = torch.optim.Adam(parameters(layers), CRITIC_RATE, betas=(0.5, 0.999), maximize=True)
    ways = sorted({game.critic_steps for game in games})
    movers = {
        k: torch.optim.Adam(
            [law for law, game in zip(laws, games, strict=True) if game.critic_steps == k],
            GENERATOR_RATE,
            betas=(0.5, 0.999),
        )
        for k in ways
    }
    for step in range(steps):
        bound = bounded(games, layers, examples(data, streams, batch), torch.cat(laws))
        for optimizer in (critic, *movers.values()):
            optimizer.zero_grad()
        bound.sum().backward()
        for optimizer, rate, k in ((critic, CRITIC_RATE, 1), *((movers[k], k * GENERATOR_RATE, k) for k in ways)):
            cool(optimizer, rate, step / steps)
            if (step + 1) % k == 0:
                optimizer.step()
    return judged(games, layers, data, torch.cat(laws).detach())


@torch.no_grad()
def judged(games: list[Game], layers: Layers, data: Mixture, laws: Tensor) -> list[Result]:
    """Return what was learned; the bounds are by quadrature, not from the samples that critics were fitted to."""
    points = torch.from_numpy(GRID).float()[None, :, None].expand(len(games), -1, -1)
    p = torch.from_numpy(np.exp(data.log_density()) * SPACING)
    results = []
    for game, law, scores in zip(games, laws.double(), outputs(layers, points).double(), strict=True):
        mean, sd = law[0].item(), law[1].exp().item()
        variational, conjugate = forms(game.divergence)
        q = torch.from_numpy(np.exp(log_normal(mean, sd)) * SPACING)
        results.append(Result(mean, sd, float(variational(scores) @ p - conjugate(scores) @ q)))
    return results


def examples(data: Mixture, streams: list[torch.Generator], batch: int) -> tuple[Tensor, Tensor]:
    """Return data and noise, (games, batch) each: draws spread evenly over their law, one to each slice of it.

    The share of each part of the mixture is exact and its draws are stratified, so that small batches suffice.
    """
    counts = [round(weight * batch) for weight in data.weights]
    places = torch.cat([torch.arange(n) / n for n in (*counts, batch)])
    width = torch.cat([torch.full((n,), 1 / n) for n in (*counts, batch)])
    draws = torch.stack([torch.rand(len(places), generator=each) for each in streams])
    quantiles = torch.special.ndtri((places + width * draws).clamp(1e-6, 1 - 1e-6))
    mean = torch.cat([torch.full((n,), m) for n, m in zip(counts, data.means, strict=True)])
    sd = torch.cat([torch.full((n,), s) for n, s in zip(counts, data.sds, strict=True)])
    return mean + sd * quantiles[:, :-batch], quantiles[:, -batch:]


def bounded(games: list[Game], layers: Layers, drawn: tuple[Tensor, Tensor], laws: Tensor) -> Tensor:
    """Return each game's E T(x) - E f*(T(G(z))), which the critic ascends and the generator descends (equation 6)."""
    real, noise = drawn
    fake = laws[:, :1] + laws[:, 1:].exp() * noise
    scores = outputs(layers, torch.cat([real, fake], 1)[..., None])
    found = []
    for name in dict.fromkeys(game.divergence for game in games):
        own = [i for i, game in enumerate(games) if game.divergence == name]
        part = scores[own[0] : own[-1] + 1]
        variational, conjugate = forms(name)
        found.append(variational(part[:, : real.shape[1]]).mean(1) - conjugate(part[:, real.shape[1] :]).mean(1))
    return torch.cat(found)


def forms(divergence: str) -> Any:
    """Return T and f*(T) as functions of a critic's raw number, from the shipped baseline."""
    kind: Any = roster.load("f_gan")
    return kind(divergence=divergence).forms()
