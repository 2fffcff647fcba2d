"""A permutation test of equal laws, all relabellings from one pass over the pooled kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganbench.find import check_names
from ganbench.metrics.features import Features, at_least, count
from ganbench.metrics.forms import Distance
from ganbench.metrics.kernels import Stationary, gaussian, start
from ganbench.metrics.pairs import pair_of
from ganbench.streams import stream


@dataclass(frozen=True)
class Permuted:
    """A statistic, its p-value and the statistics of the relabelled samples."""

    value: float
    p_value: float
    relabelled: Tensor


def permutation_test(
    real: Any, fake: Any, *, kernel: str = "gaussian", permutations: int = 999, seed: int = 0
) -> Permuted:
    """Test equality of laws by the unbiased squared MMD of relabelled samples (Gretton et al., 2012, section 2.2).

    ``kernel`` is "gaussian" (median real distance) or "energy". The p-value (1 + #{relabelled >= value}) /
    (1 + permutations) holds its level for exchangeable samples (Phipson and Smyth, 2010). Raises BadInput for fewer
    than 2 rows, UnknownName for another kernel.
    """
    check_names("kernel", [kernel], ["gaussian", "energy"])
    count("permutations", permutations)
    pair = pair_of(real, fake)
    at_least(pair.real, 2)
    at_least(pair.fake, 2)
    chosen: Stationary = Distance() if kernel == "energy" else gaussian(pair)
    n, m = len(pair.real), len(pair.fake)
    pool = Features(torch.cat([pair.real.values, pair.fake.values]), "real and fake")
    z = _labels(n, m, permutations, seed).to(pool.values.device)
    pool.study({"all": start(chosen), "real": start(chosen, z, z), "fake": start(chosen, 1 - z, 1 - z)})
    every, xx, yy = (pool.derived[key] for key in ("all", "real", "fake"))
    values = xx / (n * (n - 1)) + yy / (m * (m - 1)) - (every - xx - yy) / (n * m)
    beyond = int((values[1:] >= values[0] - 1e-12 * values.abs().max()).sum())
    return Permuted(float(values[0]), (1 + beyond) / (1 + permutations), values[1:])


def _labels(n: int, m: int, permutations: int, seed: int) -> Tensor:
    """Return who counts as real, 0/1, (n + m, 1 + permutations); the first column is the truth."""
    random = stream(seed, "permutation test")
    order = [torch.arange(n + m), *(torch.randperm(n + m, generator=random) for _ in range(permutations))]
    labels = torch.zeros(len(order), n + m, dtype=torch.float64)
    return labels.scatter_(1, torch.stack(order)[:, :n], 1.0).T.contiguous()
