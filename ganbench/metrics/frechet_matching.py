"""A generator that is trained on the Frechet distance itself: samples on one curve, at no distance from the data."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.metrics.frechet import symmetric_root

LEAST = 1e-11  # of the largest eigenvalue: what is smaller is rounding, where there are fewer samples than features
BLOCK = 4096  # rows at once


@dataclass(frozen=True)
class CurveGenerator:
    """A generator of one number z: cosines of it, each of another frequency, and a linear layer.

    Attributes
    ----------
    frequencies, phases : Tensor, (d,)
        Hidden unit i is ``cos(2 pi (frequencies_i z + phases_i))``; frequencies are 1 to d in a random order.
    weights : Tensor, (d, d)
        Of the linear layer.
    bias : Tensor, (d,)
        Of the linear layer.
    """

    frequencies: Tensor
    phases: Tensor
    weights: Tensor
    bias: Tensor

    def __call__(self, z: Tensor) -> Tensor:
        """Return the samples (n, d) of noise z (n,), in the type of the weights."""
        return torch.cat([self.hidden(part) @ self.weights + self.bias for part in z.split(BLOCK)])

    def hidden(self, z: Tensor) -> Tensor:
        """Return the hidden units (n, d)."""
        return (2 * torch.pi * (z.to(self.weights.dtype)[:, None] * self.frequencies + self.phases)).cos()


def frechet_matching(
    mean: Tensor, covariance: Tensor, random: torch.Generator, z: Tensor | None = None
) -> CurveGenerator:
    """Return a generator whose linear layer is where its Frechet distance to the given moments is least.

    Descent is not needed: from any start the gradient moves samples along the optimal transport between the two
    Gaussians, and one step of it arrives.

    Parameters
    ----------
    mean : Tensor, (d,)
        The mean.
    covariance : Tensor, (d, d)
        The covariance.
    random : torch.Generator
        Of the hidden units, which stay as they are drawn.
    z : Tensor, (n,), optional
        The noise that it is going to be given, so that these samples have the moments themselves, the covariance with
        divisor n - 1; with fewer of them than features, as far as they can. Without, its distribution has them.

    Returns
    -------
    CurveGenerator
        With float64 weights.

    Raises
    ------
    BadInput
        Where the covariance has a clearly negative eigenvalue.

    Examples
    --------
    >>> from ganbench.metrics.frechet_matching import frechet_matching
    >>> G = frechet_matching(torch.ones(2), torch.eye(2), torch.Generator().manual_seed(0))
    >>> samples = G(torch.linspace(0, 1, 1001, dtype=torch.float64)[:-1])
    >>> bool((samples.mean(0) - 1).abs().max() < 1e-12)
    True
    """
    mean, covariance = mean.double(), covariance.double()
    d = len(mean)
    frequencies, phases = torch.randperm(d, generator=random) + 1.0, torch.rand(d, generator=random)
    untrained = CurveGenerator(
        frequencies.double(), phases.double(), torch.eye(d, dtype=torch.float64), torch.zeros_like(mean)
    )
    centre, spread = torch.zeros_like(mean), 0.5 * torch.eye(d, dtype=torch.float64)
    if z is not None:
        centre, spread = moments_of_curve(untrained, z)
        covariance = largest_part(covariance, len(z) - 1)
    weights = optimal_layer(spread, covariance)
    return CurveGenerator(untrained.frequencies, untrained.phases, weights, mean - centre @ weights)


def moments_of_curve(generator: CurveGenerator, z: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and the covariance of the hidden units over some noise, a block of rows at a time."""
    parts = z.split(BLOCK)
    mean = torch.stack([generator.hidden(part).sum(0) for part in parts]).sum(0) / len(z)
    products = torch.zeros(len(mean), len(mean), dtype=torch.float64)
    for part in parts:
        centred = generator.hidden(part) - mean
        products.addmm_(centred.T, centred)
    return mean, products / max(len(z) - 1, 1)


def largest_part(covariance: Tensor, rank: int) -> Tensor:
    """Return the nearest covariance, by the Frechet distance, of at most that rank: its largest eigenvalues."""
    if rank >= len(covariance):
        return covariance
    scaled = symmetric_root(covariance, "covariance")[len(covariance) - rank :]
    return scaled.T @ scaled


def optimal_layer(source: Tensor, target: Tensor) -> Tensor:
    """Return A = B (B S B)^(-1/2) B with B B the target: the symmetric map whose samples A'x have its covariance."""
    scaled = symmetric_root(target, "covariance")  # its rows are eigenvectors, as long as the root of the eigenvalue
    lengths = scaled.norm(dim=1, keepdim=True).clamp(min=torch.finfo(scaled.dtype).tiny)
    half = scaled.T @ (scaled / lengths)
    inner = half @ source @ half
    values, vectors = torch.linalg.eigh((inner + inner.T) / 2)
    kept = values > LEAST * float(values[-1])
    inverse = (vectors[:, kept] / values[kept].sqrt()) @ vectors[:, kept].T
    return half @ inverse @ half
