"""A cloud of feature vectors as the metrics see it: checked once, with statistics computed once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.distances import Rows, Start, differences, rows, sweep
from ganbench.metrics.moments import Moments
from ganbench.metrics.nearest import Nearest, search_within
from ganbench.metrics.rounding import working_type

USUAL_K = 5  # most neighbours that a default metric asks for: one search serves them all


class Features:
    """``(n, d)`` features and what metrics derive from them, each derived at most once.

    ``derived`` keeps what a metric's family derives from this cloud alone, under a key of its own.
    The values must not change afterwards.
    """

    def __init__(self, values: Any, name: str = "features") -> None:
        self.values = matrix(values, name)
        self.name = name
        self.derived: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        return len(self.values)

    @property
    def dim(self) -> int:
        return self.values.shape[1]

    @cached_property
    def mean(self) -> Tensor:
        """Mean in float64, (d,)."""
        at_least(self, 1)
        rough = self.values.mean(0).double()
        if not bool(rough.isfinite().all()):  # a sum of large numbers may overflow in float32
            rough = sum_rows(self.values, torch.zeros_like(rough)) / len(self)
        return rough + sum_rows(self.values, rough) / len(self)

    @cached_property
    def moments(self) -> Moments:
        """Mean and scatter in float64, centred before they are summed; raises BadInput for fewer than 2 rows."""
        at_least(self, 2)
        return Moments.of(self.values, self.mean)

    @property
    def covariance(self) -> Tensor:
        """Unbiased covariance (ddof 1) in float64, (d, d)."""
        return self.moments.covariance

    @cached_property
    def rows(self) -> Rows:
        """The cloud about its own mean, ready for distances within it."""
        return rows(self.values, self.mean, working_type(self.values, self.values, self.mean))

    def study(self, studies: Mapping[Hashable, Start], *, again: bool = False) -> None:
        """Fill ``derived`` with the ``studies`` of this cloud's distances that are not there yet, in one sweep."""
        missing = {key: start for key, start in studies.items() if again or key not in self.derived}
        if missing:
            self.derived |= sweep(self.rows, self.rows, missing)

    def search(self, k: int) -> Start:
        """Return the study that finds k nearest others, or as many as the default metrics ask for."""
        return partial(search_within, k=max(k, min(USUAL_K, len(self) - 1)))

    def nearest(self, k: int) -> Nearest:
        """The k nearest others of each row, exact; raises BadInput unless 0 < k < n."""
        count("k", k)
        at_least(self, k + 1)
        known = self.derived.get("nearest")
        if known is None or known.squares.shape[1] < k:
            self.study({"nearest": self.search(k)}, again=True)
            known = self.derived["nearest"]
        return Nearest(known.squares[:, :k], known.index[:, :k])

    def radii(self, k: int) -> Tensor:
        """Squared distance of each row to its k-th nearest other, (n,) in float64."""
        return self.nearest(k).squares[:, -1]


def sum_rows(values: Tensor, centre: Tensor) -> Tensor:
    """Sum ``values - centre`` over the rows in float64, without a float64 copy of them all."""
    return torch.stack([part.sum(0) for part in differences(values, centre)]).sum(0)


def features(values: Any, name: str) -> Features:
    """Return ``values`` as Features; Features pass through, so that their caches are shared."""
    return values if isinstance(values, Features) else Features(values, name)


def both(real: Any, fake: Any) -> tuple[Features, Features]:
    """Return two clouds as Features of one dimension, or raise BadInput."""
    r, f = features(real, "real"), features(fake, "fake")
    if r.dim != f.dim:
        raise BadInput(f"{f.name}: expected {r.dim} features a row as in {r.name}, got {f.dim}")
    if r.values.device != f.values.device:
        raise BadInput(f"{f.name}: expected features on {r.values.device} as {r.name}, got {f.values.device}")
    return r, f


def count(name: str, value: int) -> None:
    """Raise BadInput unless ``value`` is a positive whole number."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadInput(f"{name}: expected a positive whole number, got {value!r}")


def at_least(cloud: Features, n: int) -> None:
    """Raise BadInput unless ``cloud`` has ``n`` rows."""
    if len(cloud) < n:
        raise BadInput(f"{cloud.name}: expected at least {n} rows, got {len(cloud)}")


def matrix(values: Any, name: str) -> Tensor:
    """Return a finite floating ``(n, d)`` tensor, or raise BadInput naming ``name`` and what was given."""
    tensor = values.detach() if isinstance(values, Tensor) else from_array(values, name)
    if tensor.ndim != 2 or tensor.shape[1] == 0:
        raise BadInput(f"{name}: expected an (n, d) array with d > 0, got shape {tuple(tensor.shape)}")
    if tensor.is_complex():
        raise BadInput(f"{name}: expected real numbers, got {tensor.dtype}")
    if tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.float() if tensor.is_floating_point() else tensor.double()
    if len(tensor) and not bool(tensor.sum().isfinite()):  # else no number is missing or infinite
        refuse_infinite(tensor, name)
    return tensor.contiguous()


def refuse_infinite(tensor: Tensor, name: str) -> None:
    """Raise BadInput for rows that are not finite, if there are any."""
    bad = (~tensor.isfinite()).any(1).nonzero().flatten().tolist()
    if bad:
        raise BadInput(f"{name}: {len(bad)} of {len(tensor)} rows are not finite (first: row {bad[0]})")


def from_array(values: Any, name: str) -> Tensor:
    """Return a tensor of anything that numpy reads as numbers, copied only where torch could not hold it."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise BadInput(f"{name}: expected an (n, d) array, got rows of unequal length") from error
    if array.dtype.kind not in "fiubc":
        raise BadInput(f"{name}: expected numbers, got {array.dtype}")
    if array.dtype.kind != "c" and array.dtype not in (np.float16, np.float32):
        array = array.astype(np.float64)
    return torch.from_numpy(array if array.flags.c_contiguous and array.flags.writeable else array.copy())
