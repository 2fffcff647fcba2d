"""clean-fid: features through its own functions; one subset of all rows, so that its KID has nothing to draw."""

from __future__ import annotations

from cleanfid.fid import fid_from_feats, kernel_distance

from ganbench.conformance.adapters.arrays import Array


def fid(real: Array, fake: Array) -> float:
    return fid_from_feats(real, fake)


def kid(real: Array, fake: Array) -> float:
    return kernel_distance(real, fake, num_subsets=1, max_subset_size=max(len(real), len(fake)))
