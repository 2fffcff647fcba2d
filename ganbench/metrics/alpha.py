"""Alpha-precision and beta-recall: fidelity to the typical part of the reals, and coverage by the typical fakes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ganbench.metrics.base import metric
from ganbench.metrics.features import Features, at_least, both
from ganbench.metrics.pairs import pair_of

LEVELS = 30


@metric(
    needs=("real", "fake"),
    better="higher",
    ideal=1.0,
    bounds=(0.0, 1.0),
    paper="Alaa et al., 2022, arXiv:2102.08921, eq. 6 and 8",
    laws={"rotation", "translation", "scale", "permutation"},
    minimum=1000,
)
def alpha_precision(real: Any, fake: Any) -> float:
    """1 - 2 integral |P_alpha - alpha| over 30 levels, P_alpha the share of fakes in the ball of the alpha-quantile.

    Balls stand around the real mean, quantiles are those of real distances from it. About .97 for equal laws.
    """
    r, f = both(real, fake)
    at_least(r, 2)
    at_least(f, 1)
    levels = _levels(r)
    radii = torch.quantile(distances_to(r, r.mean), levels)
    inside = (distances_to(f, r.mean)[None] <= radii[:, None]).double().mean(1)
    return _agreement(inside, levels)


@metric(
    needs=("real", "fake"),
    better="higher",
    ideal=1.0,
    bounds=(0.0, 1.0),
    paper="Alaa et al., 2022, arXiv:2102.08921, eq. 7 and 8",
    laws={"rotation", "translation", "scale", "permutation"},
    minimum=1000,
)
def beta_recall(real: Any, fake: Any, *, k: int = 5) -> float:
    """1 - 2 integral |R_beta - beta| over 30 levels, R_beta the share of reals met by a typical fake.

    A real is met when its nearest fake lies in its k-nearest-neighbour ball and within the beta-quantile of such
    fakes' distances from the fake mean. With k = 5 equal laws score about .97; with k = 1, as in the official code,
    at most one half of the reals are met and equal laws score about .48. Raises BadInput unless n > k.
    """
    pair = pair_of(real, fake)
    nearest = pair.nearest_fake()
    met = nearest.squares[:, 0] <= pair.real.radii(k)
    matched = distances_to(pair.fake, pair.fake.mean)[nearest.index[:, 0]]
    levels = _levels(pair.real)
    typical = matched[None] <= torch.quantile(matched, levels)[:, None]
    return _agreement((met[None] & typical).double().mean(1), levels)


def distances_to(cloud: Features, centre: Tensor) -> Tensor:
    """Return each row's distance from ``centre`` in float64."""
    return torch.cat([(part.double() - centre).norm(dim=1) for part in cloud.values.split(4096)])


def _levels(cloud: Features) -> Tensor:
    return torch.linspace(0, 1, LEVELS, dtype=torch.float64, device=cloud.values.device)


def _agreement(curve: Tensor, levels: Tensor) -> float:
    """Return 1 - 2 sum |curve - level| step, at least 0 (the sum over both ends can pass one half)."""
    return max(1 - 2 * float((curve - levels).abs().sum() * (levels[1] - levels[0])), 0.0)
