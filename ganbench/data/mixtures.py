"""Gaussians on a ring and on a grid: data whose distribution is known, so that missed modes can be counted."""

from __future__ import annotations

from math import isfinite

import torch
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.data.sources import Finite, Streamed
from ganbench.dataset import Dataset, Modes, Source, Space
from ganbench.errors import BadInput

REACH = 6  # sd beyond the outermost centre that the space includes: a coordinate falls outside once in 10^9


def ring(modes: int = 8, radius: float = 1.0, sd: float = 0.01, size: int | None = None) -> Dataset:
    """Return ``modes`` Gaussians, evenly spaced on a circle; the first at angle 0, no position taken twice.

    The defaults are those of PacGAN (Lin et al., 2018, arXiv:1712.04086). ``size`` makes the training set finite.
    Raises BadInput for numbers that describe no ring.
    """
    whole("modes", modes, least=1)
    positive("radius", radius)
    angle = 2 * torch.pi * torch.arange(modes, dtype=torch.float64) / modes
    centres = radius * torch.stack([angle.cos(), angle.sin()], 1)
    return mixture(f"ring(modes={modes},radius={radius},sd={sd},size={size})", centres, sd, size)


def grid(side: int = 5, spacing: float = 2.0, sd: float = 0.05, size: int | None = None) -> Dataset:
    """Return ``side * side`` Gaussians on a square grid around the origin, row by row.

    The defaults are those of PacGAN (Lin et al., 2018, arXiv:1712.04086). ``size`` makes the training set finite.
    Raises BadInput for numbers that describe no grid.
    """
    whole("side", side, least=1)
    positive("spacing", spacing)
    line = spacing * (torch.arange(side, dtype=torch.float64) - (side - 1) / 2)
    centres = torch.cartesian_prod(line, line)
    return mixture(f"grid(side={side},spacing={spacing},sd={sd},size={size})", centres, sd, size)


def mixture(name: str, centres: Tensor, sd: float, size: int | None) -> Dataset:
    """Return the data set of equal Gaussians around ``centres`` (K, d); its reference is always streamed."""
    positive("sd", sd)
    modes = Modes(centres.float(), float(sd))
    distribution = Streamed(modes)
    edge = float(centres.abs().max()) + REACH * sd
    return Dataset(
        name=name,
        space=Space(shape=(centres.shape[1],), classes=len(centres), low=-edge, high=edge),
        train=distribution if size is None else drawn(distribution, size),
        held_out=distribution,
        control=distribution,
        split="every draw is new" if size is None else f"train: {size} draws made once; all others are new",
        features="identity",
        modes=modes,
    )


def drawn(distribution: Streamed, size: int) -> Source:
    """Return ``size`` examples drawn once, the same ones on every machine and for every seed."""
    whole("size", size, least=1)
    return Finite(*distribution.examples(distribution.indices(size, stream(0, "mixture", "train"))))


def whole(name: str, value: int, least: int) -> None:
    """Raise BadInput unless ``value`` is a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise BadInput(f"{name}: expected a whole number of at least {least}, got {value!r}")


def positive(name: str, value: float) -> None:
    """Raise BadInput unless ``value`` is a positive finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not (isfinite(value) and value > 0):
        raise BadInput(f"{name}: expected a positive number, got {value!r}")
