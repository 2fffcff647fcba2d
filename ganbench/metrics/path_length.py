"""How smoothly samples change along a path between two latent vectors: the perceptual path length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.metrics.feature_vectors import count, matrix

Map = Callable[[Tensor], Tensor]
TRIM = 0.01  # share of the shortest and of the longest steps that the authors discard


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Straight line from ``a`` to ``b`` (n, d), at ``t`` (n,)."""
    return a + (b - a) * t[:, None]


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Great circle from ``a`` to ``b`` (n, d) on the unit sphere, at ``t`` (n,) (Shoemake, 1985).

    Both are scaled to unit length first; BadInput for a vector of zeros.
    """
    lengths = torch.stack([a.norm(dim=1), b.norm(dim=1)])
    if not (lengths > 0).all():
        raise BadInput("a latent vector of zeros has no direction to turn from")
    a, b = a / lengths[0][:, None], b / lengths[1][:, None]
    across = b - (a * b).sum(1, keepdim=True) * a
    sine = across.norm(dim=1, keepdim=True)
    angle = torch.atan2(sine, (a * b).sum(1, keepdim=True)) * t[:, None]
    # Equal ends have no direction across; they stay where they are.
    return a * angle.cos() + across / torch.where(sine > 0, sine, 1.0) * angle.sin()


def interpolation(blend: str) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Return the path of that name, or raise BadInput."""
    interpolate = {"lerp": lerp, "slerp": slerp}.get(blend)
    if interpolate is None:
        raise BadInput(f"blend: expected 'lerp' or 'slerp', got {blend!r}")
    return interpolate


def path_steps(generate: Map, embed: Map, ends: tuple[Any, Any], at: Tensor, epsilon: float, blend: str) -> Tensor:
    """Squared feature distance over epsilon^2 of a step of ``epsilon`` from ``at`` on each path, (n,)."""
    start, end = matrix(ends[0], "ends[0]"), matrix(ends[1], "ends[1]")
    if start.shape != end.shape or at.shape != start.shape[:1]:
        shapes = [tuple(each.shape) for each in (start, end, at)]
        raise BadInput(f"ends, at: expected (n, d), (n, d) and (n,), got {shapes[0]}, {shapes[1]} and {shapes[2]}")
    interpolate = interpolation(blend)
    near, far = (embed(generate(interpolate(start, end, t))) for t in (at, at + epsilon))
    steps = (far.double() - near.double()).flatten(1).square().sum(1) / epsilon**2
    if not steps.isfinite().all():
        raise BadInput("generate, embed: expected finite features along the path")
    return steps


def path_length(
    generate: Map,
    embed: Map,
    ends: tuple[Any, Any],
    at: Tensor,
    epsilon: float = 1e-4,
    blend: Literal["lerp", "slerp"] = "slerp",
) -> float:
    """Perceptual path length: how far features move on a path between latents.

    Keep G's output unrounded (8-bit values give 37 times the length) and, with a small epsilon, in float64.

    Parameters
    ----------
    generate : callable
        The generator: Tensor (n, d) of latents to Tensor (n, ...) of samples.
    embed : callable
        The features of samples: Tensor (n, ...) to Tensor (n, ...).
    ends : pair of array_like, (n, d) each
        Where the paths start and end.
    at : Tensor, (n,)
        Positions on the paths: uniform on [0, 1] ("full"), or 0 ("end").
    epsilon : float, default 0.0001
        Length of a step.
    blend : "slerp" or "lerp", default "slerp"
        Great circles, for z, or straight lines, for w.

    Returns
    -------
    float, at least 0
        The mean; the shortest and the longest 1 % are left out. Lower is smoother, and a constant generator scores 0.

    Raises
    ------
    BadInput
        For shapes that do not match, an epsilon that is not positive, and features that are not finite.

    Notes
    -----
    ``mean |embed(G(z_t)) - embed(G(z_(t + epsilon)))|^2 / epsilon^2``

    References
    ----------
    .. [1] Karras et al., 2019 (StyleGAN), arXiv:1812.04948, equation 2

    Examples
    --------
    >>> import torch
    >>> from ganbench.metrics.path_length import path_length
    >>> ends = torch.zeros(3, 2, dtype=torch.float64), torch.ones(3, 2, dtype=torch.float64)
    >>> round(path_length(lambda z: z, lambda x: 3 * x, ends, torch.zeros(3), blend="lerp"), 4)
    18.0
    """
    if not epsilon > 0:
        raise BadInput(f"epsilon: expected a positive number, got {epsilon}")
    return trimmed_mean(path_steps(generate, embed, ends, at, epsilon, blend))


Distance = Callable[[Tensor, Tensor], Tensor]
BATCH = 64


def perceptual_path_length(
    generate: Map,
    distance: Distance,
    *,
    latent: int,
    n: int = 10_000,
    epsilon: float = 1e-4,
    at_ends: bool = False,
    blend: Literal["lerp", "slerp"] = "slerp",
    batch: int = BATCH,
    seed: int = 0,
) -> float:
    """Perceptual path length of a generator by a distance of one's own, such as LPIPS.

    Latents are standard normal draws of the seed. With a small epsilon let the generator work in float64, and leave its
    output unrounded.

    Parameters
    ----------
    generate : callable
        The generator: Tensor (n, latent) float64 to Tensor (n, ...) of samples.
    distance : callable
        Of two Tensors of samples (n, ...) each, the perceptual distances, Tensor (n,); it should grow with the square
        of small differences, as LPIPS does.
    latent : int
        Length of a latent vector.
    n : int, default 10000
        Paths.
    epsilon : float, default 0.0001
        Length of a step, as a share of the path.
    at_ends : bool, default False
        Whether steps are taken at the start of each path ("end" in the paper) instead of anywhere on it ("full").
    blend : "slerp" or "lerp", default "slerp"
        Great circles on the unit sphere, for z, or straight lines, for w.
    batch : int, default 64
        Paths that are generated at once.
    seed : int, default 0
        Fixes latents and positions.

    Returns
    -------
    float, at least 0
        The mean over paths of ``distance / epsilon^2``, the shortest and the longest 1 % left out; lower is smoother.

    Raises
    ------
    BadInput
        For counts below one, an epsilon that is not positive, and distances that are not (n,), finite and at least 0.

    References
    ----------
    .. [1] Karras et al., 2019 (StyleGAN), arXiv:1812.04948, equations 2 and 3

    Examples
    --------
    >>> from ganbench.metrics.path_length import perceptual_path_length
    >>> def squared(a, b):
    ...     return (a - b).square().sum(1)
    >>> round(perceptual_path_length(lambda z: 0 * z, squared, latent=4, n=10), 6)
    0.0
    """
    for name, value in (("latent", latent), ("n", n), ("batch", batch)):
        count(name, value)
    if not epsilon > 0:
        raise BadInput(f"epsilon: expected a positive number, got {epsilon}")
    interpolate = interpolation(blend)
    draws = stream(seed, "perceptual path length")
    start, end = (torch.randn(n, latent, generator=draws, dtype=torch.float64) for _ in range(2))
    at = torch.zeros(n, dtype=torch.float64) if at_ends else torch.rand(n, generator=draws, dtype=torch.float64)
    steps = []
    for a, b, t in zip(start.split(batch), end.split(batch), at.split(batch), strict=True):
        near, far = (generate(interpolate(a, b, place)) for place in (t, t + epsilon))
        steps.append(checked_distances(distance(near, far), len(t)) / epsilon**2)
    return trimmed_mean(torch.cat(steps))


def checked_distances(distances: Tensor, n: int) -> Tensor:
    """Return distances in float64, or raise BadInput where they are none of so many pairs."""
    if not isinstance(distances, Tensor) or distances.numel() != n:
        given = tuple(distances.shape) if isinstance(distances, Tensor) else type(distances).__name__
        raise BadInput(f"distance: expected a Tensor of {n} distances, one for each pair, got {given}")
    values = distances.detach().double().flatten()
    if not bool((values.isfinite() & (values >= 0)).all()):
        raise BadInput("distance: expected finite numbers of at least 0")
    return values.cpu()


def trimmed_mean(steps: Tensor) -> float:
    """Return the mean of steps without the shortest and the longest percent."""
    low, high = steps.quantile(TRIM, interpolation="lower"), steps.quantile(1 - TRIM, interpolation="higher")
    return steps[(steps >= low) & (steps <= high)].mean().item()
