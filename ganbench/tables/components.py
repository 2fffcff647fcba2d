"""Where the spread of a score comes from: training, sampling, the reference. Variances by moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganbench.errors import BadInput

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Components:
    """Variances of one value by what it is drawn from; None where nothing tells that part from the others.

    Attributes
    ----------
    training : float or None
        Between seeds; with ``sampling`` in it where no seed has several sets of samples.
    sampling : float or None
        Between sets of samples of one trained seed.
    reference : float or None
        Between draws of the reference, as all seeds feel them alike.
    """

    training: float | None
    sampling: float | None
    reference: float | None


def components(seeds: Sequence[Numbers]) -> Components:
    """Split the variance of scores into those of training, sampling and reference, none of them below 0.

    Parameters
    ----------
    seeds : sequence of ndarray, each (draws, sets), float64
        The scores of one row on the metric's scale: of each seed, every draw of the reference by every set of samples.
        Seeds may have different numbers of sets and draws; the first draws of all are the same reference.

    Returns
    -------
    Components
        Estimates of moments: unbiased before negative ones become 0.

    Raises
    ------
    BadInput
        Without seeds, or for arrays that are not draws by sets.

    Notes
    -----
    The model is y = mean + seed + set(seed) + draw + seed x draw + rest. Sets within a seed give the sampling variance,
    draws of the mean over seeds that of the reference, the means of seeds that of training, each less what the others
    add to it. This is the analysis of unweighted means, exact for any numbers of sets.

    Examples
    --------
    >>> components([np.array([[1.0, 3.0]]), np.array([[5.0, 7.0]])])
    Components(training=7.0, sampling=2.0, reference=None)
    """
    raw = moments(seeds)
    return Components(*(None if part is None else max(0.0, float(part)) for part in raw))


def moments(seeds: Sequence[Numbers]) -> tuple[float | None, float | None, float | None]:
    """Return the estimates of training, sampling and reference as they come, negative ones too."""
    if not seeds or any(each.ndim != 2 or not each.size for each in seeds):
        raise BadInput(f"expected scores by draws and sets for each seed, got {[np.shape(each) for each in seeds]}")
    if all(each.size == 1 for each in seeds):
        return (float(np.var([each[0, 0] for each in seeds], ddof=1)) if len(seeds) > 1 else None), None, None
    draws = min(len(each) for each in seeds)  # all seeds have these
    rest = pooled([interaction(each) for each in seeds])
    sets = pooled([(each.mean(axis=0).var(ddof=1), each.shape[1] - 1) for each in seeds if each.shape[1] > 1])
    shares = pooled([(1 / len(each), each.shape[1] - 1) for each in seeds])
    sampling = None if sets is None else sets - (rest or 0.0) * (shares or 0.0)
    common = np.array([each[:draws].mean(axis=1) for each in seeds])  # (seeds, draws)
    crossed = pooled([interaction(common)])  # seed x draw, and the rest as far as it is not averaged out
    many = [each for each in seeds if len(each) > 1]
    reference = of_reference(many) if len(many) > 1 else None
    training = None
    if len(seeds) > 1:
        inside = sum(1 / each.shape[1] for each in seeds) / len(seeds) * (sampling or 0.0)
        training = float(common.mean(axis=1).var(ddof=1)) - inside - (crossed or 0.0) / draws
    return training, sampling, reference


def of_reference(seeds: Sequence[Numbers]) -> float:
    """Return the variance between draws of the mean over seeds that have several, less what seed x draw adds to it."""
    draws = min(len(each) for each in seeds)
    common = np.array([each[:draws].mean(axis=1) for each in seeds])
    return float(common.mean(axis=0).var(ddof=1)) - (pooled([interaction(common)]) or 0.0) / len(common)


def interaction(table: Numbers) -> tuple[float, int]:
    """Return the mean square of what rows and columns of a table do not explain, and its degrees of freedom."""
    rows, columns = table.shape
    freedom = (rows - 1) * (columns - 1)
    left = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    return (float((left**2).sum()) / freedom if freedom else 0.0), freedom


def pooled(parts: Sequence[tuple[float, int]]) -> float | None:
    """Return the mean of variances weighted by their degrees of freedom; None where there are none."""
    total = sum(freedom for _, freedom in parts)
    return sum(variance * freedom for variance, freedom in parts) / total if total else None
