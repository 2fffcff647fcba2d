"""Semi-discrete optimal transport from a square to four modes: the potential, its map, and where the map jumps."""

from __future__ import annotations

from importlib import import_module
from math import cos

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn.functional import normalize, pad

from ganbench._util.streams import stream
from ganbench.data.mixtures import mixture
from ganbench.dataset import Dataset

SD, FAR, ANGLE = 0.05, 5.0, 0.7
WORKED, WORKED_COST = ((0.1, 0.5, 0.9), (0.2, 0.5, 0.3)), 0.0153333


def centres() -> Tensor:
    """Four points on the unit circle, (4, 2) in float64."""
    return torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]], dtype=torch.float64)


def four() -> Dataset:
    """Four Gaussians on the unit circle."""
    return mixture("four modes", centres(), SD, None)


def grid(n: int) -> Tensor:
    """Centres of n^2 equal cells of the unit square around 0, (n^2, 2), float64."""
    line = (torch.arange(n, dtype=torch.float64) + 0.5) / n - 0.5
    return torch.cartesian_prod(line, line)


def targets(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """As many targets of each mode, (n, 2) in float64, and their modes, (n,)."""
    mode = torch.arange(n) % 4
    noise = torch.randn(n, 2, generator=stream(seed, "brenier", "targets"))
    y, _ = four().train.examples({"mode": mode, "noise": noise})
    return y.double(), mode


def cells(w: Tensor, y: Tensor, h: Tensor) -> Tensor:
    """The two best cells of each point, (n, 2): the first is where the gradient of u takes it."""
    return (w @ y.T + h).topk(2, dim=1).indices


def off_modes(x: Tensor) -> float:
    """Share of points farther than FAR standard deviations from every centre."""
    return float((torch.cdist(x.double(), centres()).amin(1) > FAR * SD).double().mean())


def heights(y: Tensor, mass: Tensor, rounds: int, seed: int) -> Tensor:
    """AE-OT's own fit of the potential's heights, (n,)."""
    fitted: Tensor = import_module("ganbench.baselines.ae_ot").heights(y, mass, rounds, stream(seed, "brenier", "fit"))
    return fitted


def worked(rounds: int) -> float:
    """Cost of the fitted map in the worked example, by a fine grid on the line."""
    y, mass = (torch.tensor(each, dtype=torch.float64) for each in WORKED)
    h = heights(y[:, None] - 0.5, mass, rounds, 0)
    w = (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000 - 0.5
    reached = y[(w[:, None] * (y - 0.5) + h).argmax(1)] - 0.5
    return float((w - reached).square().mean())


def transported(n: int, seed: int, rounds: int) -> tuple[dict[str, float], dict[str, Tensor]]:
    """Fit the potential to ``n`` targets; return what is measured of its map, and points to draw."""
    y, mode = targets(n, seed)
    h = heights(y, torch.full((n,), 1 / n, dtype=torch.float64), rounds, seed)
    fine, coarse = grid(256), grid(32)
    best = cells(fine, y, h)
    mass = torch.bincount(best[:, 0], minlength=n) / len(fine)
    cost = float((fine - y[best[:, 0]]).square().sum(1).mean())
    dual = float(
        fine.square().sum(1).mean() + y.square().sum(1).mean() - 2 * ((fine @ y.T + h).amax(1).mean() - h.mean())
    )
    square = torch.cdist(coarse, y.repeat_interleave(len(coarse) // n, 0)).square().numpy()
    facets = normalize(pad(y, (0, 1), value=1.0), dim=1)
    jump = mode[best[:, 0]] != mode[best[:, 1]]
    detected = (facets[best[:, 0]] * facets[best[:, 1]]).sum(1) < cos(ANGLE)
    middle = (y[best[:, 0]] + y[best[:, 1]]) / 2
    gradient = torch.func.grad(lambda w: (w @ y.T + h).amax(1).sum())(coarse)
    numbers = {
        "largest error of a cell's mass": float((mass * n - 1).abs().max()),
        "W2 of the map": cost**0.5,
        "W2 of the dual": max(dual, 0.0) ** 0.5,
        "W2 of the assignment": float(square[linear_sum_assignment(square)].mean()) ** 0.5,
        "gradient apart from the map": float((gradient - y[cells(coarse, y, h)[:, 0]]).abs().max()),
        "off the modes, map": off_modes(y[best[:, 0]]),
        "off the modes, mixed across jumps": off_modes(middle[jump]),
        "off the modes, mixed elsewhere": off_modes(middle[~detected]),
        "jumps found": float(detected[jump].double().mean()),
        "jumps invented": float(detected[~jump].double().mean()),
    }
    return numbers, {"map": y[best[:, 0]], "jump": fine[borders(mode[best[:, 0]].view(256, 256))]}


def borders(label: Tensor) -> Tensor:
    """Which entries of a square map of labels differ from the next one down or across, flattened."""
    changes = torch.zeros_like(label, dtype=torch.bool)
    changes[:-1] |= label[:-1] != label[1:]
    changes[:, :-1] |= label[:, :-1] != label[:, 1:]
    return changes.flatten()
