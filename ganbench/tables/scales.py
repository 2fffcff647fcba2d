"""The scale on which a metric's values are averaged, compared and drawn: ratios, odds, counts or plain differences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ganbench._util.catalogue import facts
from ganbench.errors import BadInput
from ganbench.records.record import Scores

Kind = Literal["log", "logit", "count", "linear"]
Numbers = NDArray[np.float64]


def scale_of(metric: str) -> Kind:
    """Return the kind of scale that a metric declares; of a user's own metric plain differences."""
    declared: Kind = facts("metrics", metric).get("scale", "linear")
    return declared


@dataclass(frozen=True)
class Scale:
    """A monotone map of a metric's values to numbers that may be averaged, and back.

    Parameters
    ----------
    kind : {"log", "logit", "count", "linear"}
        Differences on the scale are ratios, ratios of odds, or plain differences.
    low, high : float
        The range of the metric; what is mapped back never leaves it.
    least : float
        The smallest value that can be told from ``low`` (and ``high - least`` from ``high``): log and odds have no
        place for the bound itself, which stands there instead.

    Raises
    ------
    BadInput
        For odds without two bounds, or a ``least`` that is not positive where it is needed.

    Examples
    --------
    >>> scale = Scale("log", 0.0)
    >>> round(float(scale.back(scale.of([1.0, 100.0]).mean())), 6)
    10.0
    """

    kind: Kind
    low: float = -inf
    high: float = inf
    least: float = 1e-300

    def __post_init__(self) -> None:
        if self.kind == "logit" and not -inf < self.low < self.high < inf:
            raise BadInput(f"odds need two bounds, got {self.low:g} and {self.high:g}")
        if not self.least > 0:
            raise BadInput(f"the least value of a scale must be positive, got {self.least:g}")

    def of(self, values: ArrayLike) -> Numbers:
        """Return values on this scale."""
        x = np.asarray(values, dtype=np.float64)
        if self.kind == "log":
            return np.log(np.maximum(x, self.least))
        if self.kind == "logit":
            x = np.clip(x, self.low + self.least, self.high - self.least)
            return np.log(x - self.low) - np.log(self.high - x)
        return x

    def back(self, numbers: ArrayLike) -> Numbers:
        """Return numbers of this scale as values of the metric, inside its range."""
        y = np.asarray(numbers, dtype=np.float64)
        if self.kind == "log":
            y = np.exp(np.minimum(y, 700.0))
        elif self.kind == "logit":
            y = self.low + (self.high - self.low) / (1 + np.exp(-np.clip(y, -700.0, 700.0)))
        return np.clip(y, self.low, self.high)

    def losses(self, values: ArrayLike, better: str, ideal: float | None = None) -> Numbers:
        """Return values on this scale as losses, the lower the better: negated, or their distance from the ideal.

        Raises BadInput for a target without an ideal.
        """
        y = self.of(values)
        if better == "target":
            if ideal is None:
                raise BadInput("a score with a target cannot be ranked without the target's value")
            return np.abs(y - self.of(ideal))
        return -y if better == "higher" else y


def scale_for(scores: Scores, values: Iterable[float]) -> Scale:
    """Return the scale of one column of a table from any of its scores and all of its values."""
    return scale_named(scores.metric, values, scores.n_fake)


def scale_named(metric: str, values: Iterable[float], samples: int = 1000) -> Scale:
    """Return the scale of some values of a metric, each of so many samples.

    Shares are told from 0 and 1 by half a sample. A distance of zero, which a logarithm cannot hold, counts as half of
    the smallest positive one among the values.
    """
    kind = scale_of(metric)
    bounds = facts("metrics", metric).get("bounds", (None, None))
    low, high = (bound if bound is not None else end for bound, end in zip(bounds, (-inf, inf), strict=True))
    if kind == "logit":
        return Scale(kind, low, high, (high - low) / (2 * max(samples, 1)))
    if kind == "log":
        positive = [value for value in values if value > 0]
        return Scale(kind, max(low, 0.0), high, min(positive, default=2.0) / 2)
    return Scale(kind, low, high)
