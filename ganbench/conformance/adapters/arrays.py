"""From the arrays of a claim to what other libraries expect."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganbench.conformance.implementation import NotApplicable

Array = NDArray[Any]


def tensor(rows: Array) -> torch.Tensor:
    """Return rows as a tensor of their own type."""
    return torch.from_numpy(np.ascontiguousarray(rows))


def logits(posteriors: Array) -> torch.Tensor:
    """Return logits whose softmax are the posteriors; raises NotApplicable where no logits have such a one."""
    sums = posteriors.sum(1)
    if (np.abs(sums - 1) > 1e-3).any() or (posteriors < 0).any():
        raise NotApplicable("it takes logits, whose softmax is always a probability")
    return tensor(np.log(np.maximum(posteriors, np.finfo(posteriors.dtype).tiny)))


class Identity(torch.nn.Module):
    """Stands where a library has its network: what goes in are features already."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features
