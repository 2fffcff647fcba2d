"""Damage done to real images step by step: what a generator's typical faults would do to a perfect sampler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, pad

from ganbench.experiments._evaluators import Study
from ganbench.metrics.clusters import k_means
from ganbench.metrics.features import Features
from ganbench.streams import stream

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
RANK = 50  # directions of the Gaussian that plays the generator
DEGREES = 15.0
MOST_DROPPED = 0.5  # of the images at level 1; the other half suffices to refill from


@dataclass(frozen=True)
class Scene:
    """One seed's images: three sets of real ones without a common member, and what they become when damaged."""

    real: Tensor  # the reference, (n, 1, side, side)
    held: Tensor  # as many others: a perfect sampler
    spare: Tensor  # the rest of the pool
    fakes: Tensor
    shifted: Tensor
    rotated: Tensor
    cells: Tensor  # the cluster of each held and then each spare image, in the order in which clusters are hit
    centres: Tensor  # the mean image of each cluster
    refill: Tensor  # random numbers of spare capacity: where the copies come from


def scene(chosen: Study, seed: int) -> Scene:
    """Draw one seed's images."""
    order = torch.randperm(len(chosen.pool), generator=stream(seed, "evaluators", "pool"))
    real, held, spare = chosen.pool[order].split([chosen.n, chosen.n, len(order) - 2 * chosen.n])
    cells, centres = clustered(torch.cat([held, spare]), chosen.clusters, seed)
    random = stream(seed, "evaluators", "moves")
    moves = torch.randint(-chosen.pixels, chosen.pixels + 1, (chosen.n, 2), generator=random)
    angles = (2 * torch.rand(chosen.n, generator=random) - 1) * DEGREES
    return Scene(
        real=real,
        held=held,
        spare=spare,
        fakes=gaussian(chosen.train, chosen.n, seed),
        shifted=shift(held, moves),
        rotated=rotate(held, angles),
        cells=cells,
        centres=centres,
        refill=torch.rand(chosen.n, generator=stream(seed, "evaluators", "refill")),
    )


def gaussian(train: Tensor, n: int, seed: int) -> Tensor:
    """Draw images from the Gaussian with the mean and the largest directions of ``train``, cut to its range."""
    flat = train.flatten(1).double()
    values, vectors = torch.linalg.eigh(flat.T.cov())
    draws = torch.randn(n, RANK, generator=stream(seed, "evaluators", "fakes"), dtype=torch.float64)
    images = flat.mean(0) + draws * values[-RANK:].clamp(min=0).sqrt() @ vectors[:, -RANK:].T
    return images.clamp(-1, 1).float().view(n, *train.shape[1:])


def clustered(images: Tensor, clusters: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return the k-means cluster of each image, by pixels and numbered at random, and the clusters' mean images."""
    flat = Features(images.flatten(1).double())
    (cells,) = k_means(flat, [flat], clusters, seed)
    cells = torch.randperm(clusters, generator=stream(seed, "evaluators", "clusters"))[cells]
    return cells, torch.stack([images[cells == cell].mean(0) for cell in range(clusters)])


def shift(images: Tensor, moves: Tensor) -> Tensor:
    """Move each image by whole pixels (down, right); background comes in."""
    most, side = int(moves.abs().max()), images.shape[-1]
    wide = pad(images, [most] * 4, value=-1.0)
    starts = (most - moves).tolist()
    return torch.stack([each[:, y : y + side, x : x + side] for each, (y, x) in zip(wide, starts, strict=True)])


def rotate(images: Tensor, degrees: Tensor) -> Tensor:
    """Turn each image about its middle, bilinearly; background comes in."""
    angle = degrees * pi / 180
    zero = torch.zeros_like(angle)
    lines = [torch.stack([angle.cos(), -angle.sin(), zero], 1), torch.stack([angle.sin(), angle.cos(), zero], 1)]
    grid = affine_grid(torch.stack(lines, 1), list(images.shape), align_corners=False)
    return grid_sample(images + 1, grid, align_corners=False) - 1


def replaced(by: Tensor, held: Tensor, level: float) -> Tensor:
    """Put ``by`` in the place of the first share of the held images."""
    count = round(level * len(held))
    return torch.cat([by[:count], held[count:]])


def collapsed(found: Scene, level: float) -> Tensor:
    """Replace all members of the first share of clusters by their cluster's mean image (Xu et al., 2018)."""
    cells = found.cells[: len(found.held)]
    hit = cells < round(level * len(found.centres))
    return torch.where(hit[:, None, None, None], found.centres[cells], found.held)


def dropped(found: Scene, level: float) -> Tensor:
    """Say which of the held and spare images belong to a dropped cluster: as many whole ones as fit in the share."""
    share = torch.bincount(found.cells, minlength=len(found.centres)).cumsum(0) / len(found.cells)
    return share[found.cells] <= level * MOST_DROPPED


def refilled_with_copies(found: Scene, level: float) -> Tensor:
    """Drop clusters and fill their places with copies of surviving images, as Xu et al. (2018) do."""
    gone = dropped(found, level)[: len(found.held)]
    left = (~gone).nonzero().flatten()
    copies = left[(found.refill * len(left)).long()]
    return found.held[torch.where(gone, copies, torch.arange(len(gone)))]


def refilled_afresh(found: Scene, level: float) -> Tensor:
    """Drop clusters and fill their places with other images of the surviving clusters."""
    gone = dropped(found, level)
    held, spare = gone[: len(found.held)], gone[len(found.held) :]
    return torch.cat([found.held[~held], found.spare[~spare]])[: len(found.held)]


DAMAGES: dict[str, Callable[[Scene, float], Tensor]] = {
    "fakes": lambda found, level: replaced(found.fakes, found.held, level),
    "collapse": collapsed,
    "dropping": refilled_afresh,
    "dropping, copies": refilled_with_copies,
    "shift": lambda found, level: replaced(found.shifted, found.held, level),
    "rotation": lambda found, level: replaced(found.rotated, found.held, level),
    "copying": lambda found, level: replaced(found.real, found.held, level),
}
