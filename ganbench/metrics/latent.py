"""How smoothly samples change along a path between two latent vectors: the perceptual path length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.features import matrix

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


def path_steps(generate: Map, look: Map, ends: tuple[Any, Any], at: Tensor, epsilon: float, blend: str) -> Tensor:
    """Squared feature distance over epsilon^2 of a step of ``epsilon`` from ``at`` on each path, (n,)."""
    start, end = matrix(ends[0], "ends[0]"), matrix(ends[1], "ends[1]")
    if start.shape != end.shape or at.shape != start.shape[:1]:
        shapes = [tuple(side.shape) for side in (start, end, at)]
        raise BadInput(f"ends, at: expected (n, d), (n, d) and (n,), got {shapes[0]}, {shapes[1]} and {shapes[2]}")
    way = {"lerp": lerp, "slerp": slerp}.get(blend)
    if way is None:
        raise BadInput(f"blend: expected 'lerp' or 'slerp', got {blend!r}")
    near, far = (look(generate(way(start, end, t))) for t in (at, at + epsilon))
    steps = (far.double() - near.double()).flatten(1).square().sum(1) / epsilon**2
    if not steps.isfinite().all():
        raise BadInput("generate, look: expected finite features along the path")
    return steps


def path_length(
    generate: Map,
    look: Map,
    ends: tuple[Any, Any],
    at: Tensor,
    epsilon: float = 1e-4,
    blend: Literal["lerp", "slerp"] = "slerp",
) -> float:
    """Perceptual path length: the trimmed mean of |look(G(z_t)) - look(G(z_(t + epsilon)))|^2 / epsilon^2.

    Karras et al., 2019 (StyleGAN), arXiv:1812.04948, equation 2: latents ``ends`` (n, d) twice, positions ``at`` (n,)
    uniform on [0, 1] ("full") or 0 ("end"), slerp in z or lerp in w; the shortest and longest 1 % are left out.
    ``look`` is any feature function. Keep G's output unrounded (8-bit values give 37 times the length) and, with a
    small epsilon, in float64. A constant generator scores a perfect 0. Lower is smoother. Raises BadInput for
    shapes that do not match and features that are not finite.
    """
    if not epsilon > 0:
        raise BadInput(f"epsilon: expected a positive number, got {epsilon}")
    steps = path_steps(generate, look, ends, at, epsilon, blend)
    low, high = steps.quantile(TRIM, interpolation="lower"), steps.quantile(1 - TRIM, interpolation="higher")
    return steps[(steps >= low) & (steps <= high)].mean().item()
