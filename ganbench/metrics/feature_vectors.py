"""A sample of feature vectors as the metrics see it: checked once, with statistics computed once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cached_property, partial
from typing import Any
from weakref import ReferenceType, WeakKeyDictionary, ref

import numpy as np
import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics._engine.blocks import (
    CentredRows,
    MakeReduction,
    centred_rows,
    differences,
    distance_pass,
    pieces,
    working_type,
)
from ganbench.metrics._engine.moments import Moments
from ganbench.metrics._engine.nearest import WITHIN, Nearest, search_within


class Features:
    """``(n, d)`` features and what metrics derive from them, each derived at most once.

    ``derived`` keeps what a metric's family derives from this sample alone, under a key of its own.
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

    @property
    def rows(self) -> CentredRows:
        """The sample about its own mean, ready for distances within it: a copy, which goes with its last user."""
        if (known := self.known_rows) is None:
            known = centred_rows(self.values, self.mean, working_type(self.values, self.values, self.mean))
            CENTRED[self] = ref(known)
        return known

    @property
    def known_rows(self) -> CentredRows | None:
        """The same where somebody uses it now, otherwise None."""
        return CENTRED[self]() if self in CENTRED else None

    def part(self, rows: Tensor) -> Features:
        """Return some rows, by their numbers."""
        return Features(self.values[rows.to(self.values.device)], self.name)

    def reduce(self, reductions: Mapping[Hashable, MakeReduction], *, neighbours: int = 0) -> None:
        """Fill ``derived`` with the ``reductions`` of this sample's distances that are not there yet, in one pass.

        With ``neighbours``, so many nearest others of each row are found in the same pass.
        """
        missing = {key: make for key, make in reductions.items() if key not in self.derived}
        known = self.derived.get(WITHIN)
        if neighbours and (known is None or known.squares.shape[1] < neighbours):
            missing[WITHIN] = partial(search_within, k=neighbours)
        if missing:
            self.derived |= distance_pass(self.rows, self.rows, missing)

    def nearest(self, k: int) -> Nearest:
        """The k nearest others of each row, exact; raises BadInput unless 0 < k < n."""
        count("k", k)
        at_least(self, k + 1)
        self.reduce({}, neighbours=k)
        known = self.derived[WITHIN]
        return Nearest(known.squares[:, :k], known.index[:, :k])

    def radii(self, k: int) -> Tensor:
        """Squared distance of each row to its k-th nearest other, (n,) in float64."""
        return self.nearest(k).squares[:, -1]


def sum_rows(values: Tensor, centre: Tensor) -> Tensor:
    """Sum ``values - centre`` over the rows in float64, without a float64 copy of them all."""
    sums = centre.new_empty(len(pieces(values)), len(centre))
    for place, part in zip(sums, differences(values, centre), strict=True):
        torch.sum(part, 0, out=place)
    return sums.sum(0)


def order_of_bytes(rows: Tensor) -> Tensor:
    """Return the numbers of the rows (n, d) in the order of their bytes: one order whatever order they come in."""
    array = rows.contiguous().cpu().numpy()
    whole = array.view(np.dtype((np.void, array.itemsize * array.shape[1])))[:, 0]
    return torch.from_numpy(whole.argsort(kind="stable")).to(rows.device)


def features(values: Any, name: str) -> Features:
    """Return ``values`` as Features; Features pass through, so that their caches are shared."""
    return values if isinstance(values, Features) else Features(values, name)


def both(real: Any, fake: Any) -> tuple[Features, Features]:
    """Return two samples as Features of one dimension, or raise BadInput."""
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


def at_least(sample: Features, n: int) -> None:
    """Raise BadInput unless ``sample`` has ``n`` rows."""
    if len(sample) < n:
        raise BadInput(f"{sample.name}: expected at least {n} rows, got {len(sample)}")


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


CENTRED: WeakKeyDictionary[Features, ReferenceType[CentredRows]] = WeakKeyDictionary()
