"""pytorch-fid: float64 activations through its own Frechet distance."""

from __future__ import annotations

import numpy as np
from pytorch_fid.fid_score import calculate_frechet_distance

from ganbench.conformance.adapters.arrays import Array


def fid(real: Array, fake: Array) -> float:
    """Moments as its command takes them: float64, np.mean and np.cov."""
    a, b = (x.astype(np.float64) for x in (real, fake))
    return calculate_frechet_distance(a.mean(0), np.cov(a, rowvar=False), b.mean(0), np.cov(b, rowvar=False))
