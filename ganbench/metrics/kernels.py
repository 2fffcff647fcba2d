"""Maximum mean discrepancies with characteristic kernels, the energy distance, and their permutation test."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from ganbench._util.names import check_names
from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.metrics._engine.blocks import CentredRows, MakeReduction, pieces
from ganbench.metrics._engine.kernel_sums import Distance, Gaussian, WeightedSums
from ganbench.metrics._engine.median import median_square
from ganbench.metrics._engine.pairs import Pair, Reductions, Requirement, pair_of
from ganbench.metrics.cost import Cost
from ganbench.metrics.feature_vectors import Features, at_least, count, order_of_bytes
from ganbench.metrics.spec import metric

FEW = (
    4096  # rows whose pairwise distances give the median; larger samples give as many, evenly by distance from the mean
)
OCTAVES = (0.25, 0.5, 1.0, 2.0, 4.0)  # the mixture's bandwidths over the median
CMMD_BANDWIDTH = 10.0
Stationary = Gaussian | Distance


def gaussian(pair: Pair, bandwidth: float | None = None) -> Gaussian:
    """Return the Gaussian kernel of a bandwidth, by default the median distance between reals."""
    if bandwidth is None:
        return Gaussian((median_distance(pair.real),))
    if not 0 < bandwidth < float("inf"):
        raise BadInput(f"bandwidth: expected a positive number, got {bandwidth!r}")
    return Gaussian((float(bandwidth),))


def mixture(pair: Pair) -> Gaussian:
    """Return the mean of five Gaussian kernels, two octaves about the median distance between reals."""
    return Gaussian(tuple(median_distance(pair.real) * octave for octave in OCTAVES))


def median_distance(sample: Features) -> float:
    """Median distance between different rows, zeros left out; raises BadInput where all rows are equal."""
    if "median distance" not in sample.derived:
        at_least(sample, 2)
        square = median_square(sample.values[spread_rows(sample)], sample.mean)
        if square is None:
            raise BadInput(f"{sample.name}: expected rows that differ, got {len(sample)} equal rows")
        sample.derived["median distance"] = square**0.5
    value: float = sample.derived["median distance"]
    return value


def spread_rows(sample: Features, most: int | None = None) -> Tensor:
    """Return the numbers of at most ``most`` rows (FEW), evenly by distance from the mean, whatever the rows' order.

    Rows that are equally far, up to rounding, come in the order of their bytes.
    """
    most = FEW if most is None else most
    if len(sample) <= most:
        return torch.arange(len(sample), device=sample.values.device)
    lengths, order = sample.rows.exact[1].sort(stable=True)
    rounding = (sample.dim + 16) * torch.finfo(lengths.dtype).eps * lengths[-1]
    group = torch.cat([lengths.new_zeros(1), lengths.diff() > rounding]).long().cumsum(0)
    tied = (group.bincount()[group] > 1).nonzero().flatten()
    if len(tied):
        by_bytes = order_of_bytes(sample.values[order[tied]])
        order[tied] = order[tied][by_bytes][group[tied][by_bytes].argsort(stable=True)]
    return order[torch.arange(most, device=order.device) * len(sample) // most]


def sums_of(kernel: Stationary, left: Tensor | None = None, right: Tensor | None = None) -> MakeReduction:
    """Return what makes the reduction to a kernel's sums, weighted by ``left`` and ``right``."""

    def make(_left: CentredRows, _right: CentredRows) -> WeightedSums:
        return WeightedSums(kernel, left, right)

    return make


def kernel_reductions(kernel: Stationary) -> Reductions:
    """Return the reductions to the sums of a kernel, under the kernel as their key."""
    make: dict[Hashable, MakeReduction] = {kernel: sums_of(kernel)}
    return Reductions(real=make, fake=make, cross=make)


@dataclass(frozen=True)
class KernelSums(Requirement):
    """Sums of a kernel over all pairs; the kernel may depend on the samples."""

    cost: ClassVar[Cost] = Cost.parse("0.5 n^2 d + 0.5 m^2 d + n m d + 200 n^2 + 200 m^2 + 400 n m")

    kernel: Callable[[Pair], Stationary]

    def reductions(self, pair: Pair) -> Reductions:
        return kernel_reductions(self.kernel(pair))


def energy(_pair: Pair) -> Distance:
    """Return the kernel of the energy distance."""
    return Distance()


mmd_metric = partial(
    metric,
    better="lower",
    scale="linear",
    ideal=0.0,
    bounds=(float("-inf"), 2.0),
    invariances={"rotation", "translation", "scale", "permutation"},
    minimum=100,
    version=2,
)


@mmd_metric(requires=(KernelSums(gaussian),), cost="20 n")
def mmd(real: Any, fake: Any, *, bandwidth: float | None = None) -> float:
    """Unbiased squared maximum mean discrepancy with a Gaussian kernel.

    May be negative for equal distributions.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 2 rows each; with the default bandwidth the reals must differ.
    bandwidth : float or None, default None
        In units of the features. By default the median distance between reals, one for all models that are compared.

    Returns
    -------
    float, at most 2
        The estimate; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For fewer than 2 rows, a bandwidth that is not positive, or a reference without spread.

    Notes
    -----
    With ``k(x, y) = exp(-|x - y|^2 / (2 bandwidth^2))``: the mean of k over pairs of different reals, plus that of
    fakes, less twice that over pairs of a real and a fake.

    References
    ----------
    .. [1] Gretton et al., 2012, JMLR 13, eq. 3

    Examples
    --------
    >>> from ganbench.metrics import mmd
    >>> round(mmd([[0.0], [1.0]], [[0.0], [2.0]], bandwidth=1.0), 6)
    -0.432332
    """
    pair = pair_of(real, fake)
    return unbiased(pair, gaussian(pair, bandwidth))


@mmd_metric(requires=(KernelSums(mixture),), cost="300 n m")
def mmd_mixture(real: Any, fake: Any) -> float:
    """Unbiased squared maximum mean discrepancy with the mean of five Gaussian kernels.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 2 rows each, of which the reals differ.

    Returns
    -------
    float, at most 2
        The estimate; may be negative for equal distributions; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For fewer than 2 rows, or a reference without spread.

    Notes
    -----
    The estimator of ``mmd``, its kernel the mean over bandwidths of 1/4, 1/2, 1, 2 and 4 times the median distance
    between reals.

    References
    ----------
    .. [1] Li et al., 2015, arXiv:1502.02761, section 3 (a sum of bandwidths)

    Examples
    --------
    >>> from ganbench.metrics import mmd_mixture
    >>> round(mmd_mixture([[0.0], [1.0]], [[0.0], [2.0]]), 6)
    -0.33753
    """
    pair = pair_of(real, fake)
    return unbiased(pair, mixture(pair))


@metric(
    better="lower",
    scale="log",
    ideal=0.0,
    bounds=(0.0, 2000.0),
    invariances={"identity", "symmetric", "rotation", "scale", "permutation"},
    minimum=1000,
    cost="0.5 n^2 d + n m d + 0.5 m^2 d + 200 n^2 + 200 n m + 200 m^2",
)
def cmmd(real: Any, fake: Any) -> float:
    """Biased squared maximum mean discrepancy of rows scaled to unit length, times 1000.

    Meant for CLIP embeddings. Biased upwards by order 1/n + 1/m: compare at equal sizes.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Embeddings without a zero row.

    Returns
    -------
    float, 0 to 2000
        1000 times the squared discrepancy; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For a row of zeros, or an empty sample.

    Notes
    -----
    The V-statistic, a row with itself included, of the kernel ``exp(-|x - y|^2 / 200)``.

    References
    ----------
    .. [1] Jayasumana et al., 2024, arXiv:2401.09603, section 4 and its code

    Examples
    --------
    >>> from ganbench.metrics import cmmd
    >>> round(cmmd([[1.0, 0.0]], [[0.0, 1.0]]), 4)
    19.9003
    """
    pair = pair_of(real, fake)
    at_least(pair.real, 1)
    at_least(pair.fake, 1)
    pair = pair_of(unit(pair.real), unit(pair.fake))
    real_sum, fake_sum, cross = _sums(pair, Gaussian((CMMD_BANDWIDTH,)))
    n, m = len(pair.real), len(pair.fake)
    return max(1000 * (real_sum / n**2 + fake_sum / m**2 - 2 * cross / (n * m)), 0.0)


@metric(
    better="lower",
    scale="linear",
    ideal=0.0,
    invariances={"symmetric", "rotation", "translation", "permutation"},
    minimum=100,
    requires=(KernelSums(energy),),
    cost="20 n",
)
def energy_distance(real: Any, fake: Any) -> float:
    """Energy distance between two samples, unbiased and without a root.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features of the reference and the samples, at least 2 rows each.

    Returns
    -------
    float, any number
        The estimate, in units of the features; may be negative for equal distributions; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For fewer than 2 rows, or unequal numbers of columns.

    Notes
    -----
    ``2 E|x - y| - E|x - x'| - E|y - y'|`` over different rows.

    References
    ----------
    .. [1] Szekely and Rizzo, 2013, J. Stat. Reductions. Inference 143, eq. 1.1

    Examples
    --------
    >>> from ganbench.metrics import energy_distance
    >>> energy_distance([[0.0], [1.0]], [[0.0], [2.0]])
    -1.0
    """
    return unbiased(pair_of(real, fake), Distance())


def unbiased(pair: Pair, kernel: Stationary) -> float:
    """Return the U-statistic of the squared MMD (Gretton et al., 2012, eq. 3)."""
    at_least(pair.real, 2)
    at_least(pair.fake, 2)
    real_sum, fake_sum, cross = _sums(pair, kernel)
    n, m = len(pair.real), len(pair.fake)
    return real_sum / (n * (n - 1)) + fake_sum / (m * (m - 1)) - 2 * cross / (n * m)


def _sums(pair: Pair, kernel: Stationary) -> tuple[float, float, float]:
    kernel_reductions(kernel).run(pair)
    return float(pair.real.derived[kernel]), float(pair.fake.derived[kernel]), float(pair.derived[kernel])


def unit(sample: Features) -> Features:
    """Return the rows scaled to unit length; raises BadInput for a zero row."""
    if "unit" not in sample.derived:
        norms = torch.cat([part.double().norm(dim=1, keepdim=True) for part in pieces(sample.values)])
        zero = (norms[:, 0] == 0).nonzero().flatten().tolist()
        if zero:
            raise BadInput(
                f"{sample.name}: expected rows of positive length, got {len(zero)} zero rows (first: row {zero[0]})"
            )
        directions = [(part / part.double().norm(dim=1, keepdim=True)).to(part.dtype) for part in pieces(sample.values)]
        sample.derived["unit"] = Features(torch.cat(directions), sample.name)
    scaled: Features = sample.derived["unit"]
    return scaled


@dataclass(frozen=True)
class Permuted:
    """A statistic, its p-value and the statistics of the relabelled samples."""

    value: float
    p_value: float
    relabelled: Tensor


def permutation_test(
    real: Any, fake: Any, *, kernel: str = "gaussian", permutations: int = 999, seed: int = 0
) -> Permuted:
    """Test equality of distributions by the squared MMD of relabelled samples, all from one pass over the pooled rows.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 2 rows each.
    kernel : "gaussian" or "energy", default "gaussian"
        A Gaussian of the median distance between reals, or the kernel of the energy distance.
    permutations : int, default 999
        Number of relabellings.
    seed : int, default 0
        Fixes the relabellings.

    Returns
    -------
    Permuted
        The unbiased squared MMD, its p-value, and the statistics of the relabelled samples.

    Raises
    ------
    BadInput
        For fewer than 2 rows.
    UnknownName
        For another kernel.

    Notes
    -----
    ``(1 + #{relabelled >= value}) / (1 + permutations)`` holds its level for exchangeable samples [2]_.

    References
    ----------
    .. [1] Gretton et al., 2012, JMLR 13, section 2.2
    .. [2] Phipson and Smyth, 2010, Stat. Appl. Genet. Mol. Biol. 9

    Examples
    --------
    >>> from ganbench.metrics.kernels import permutation_test
    >>> permutation_test([[0.0], [1.0]] * 5, [[7.0], [8.0]] * 5, permutations=99).p_value
    0.01
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
    pool.reduce({"all": sums_of(chosen), "real": sums_of(chosen, z, z), "fake": sums_of(chosen, 1 - z, 1 - z)})
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
