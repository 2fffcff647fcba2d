"""Probabilistic precision and recall: membership of a support that fades with the distance from its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics._engine.blocks import Block, CentredRows, exact_squares
from ganbench.metrics._engine.kernel_sums import NEAR, refined
from ganbench.metrics._engine.pairs import Pair, Reductions, Requirement, pair_of
from ganbench.metrics.cost import Cost
from ganbench.metrics.feature_vectors import Features, at_least, count
from ganbench.metrics.precision_recall import INVARIANT
from ganbench.metrics.spec import share_metric


@dataclass(frozen=True)
class Outside(Requirement):
    """How likely each row is outside the other sample's support; the key of (of the reals, of the fakes) too."""

    cost: ClassVar[Cost] = Cost.parse("0.5 n^2 d + 0.5 m^2 d + n m d + 100 n^2 + 100 m^2 + 200 n m")

    k: int
    a: float

    def reductions(self, pair: Pair) -> Reductions:
        for sample in (pair.real, pair.fake):
            at_least(sample, self.k + 1)

        def make(left: CentredRows, right: CentredRows) -> Products:
            return Products(left, right, (reach(pair.real, self.k, self.a), reach(pair.fake, self.k, self.a)))

        return Reductions((self.k, self.k), cross={self: make})


def reach(sample: Features, k: int, a: float) -> float:
    """Return the square of ``a`` times the mean distance of a row to its k-th nearest other."""
    return (a * float(sample.radii(k).sqrt().mean())) ** 2


class Products:
    """A reduction to products over the other sample of min(distance / reach, 1), for rows of either sample.

    ``reaches`` are the squared reaches of the left rows and of the right ones. Products are of squares, whose root is
    taken at the end. Distances that rounding would spoil are measured again.
    """

    def __init__(self, left: CentredRows, right: CentredRows, reaches: tuple[float, float]) -> None:
        self.left, self.right, self.reaches = left, right, reaches
        device = left.centred.device
        self.of_left = torch.ones(len(left), dtype=torch.float64, device=device)
        self.of_right = torch.ones(len(right), dtype=torch.float64, device=device)

    def visit(self, block: Block) -> None:
        squares = self.measured(block)
        self.of_right[block.columns] *= ratios(squares, self.reaches[0]).prod(0)
        self.of_left[block.rows] *= ratios(squares, self.reaches[1]).prod(1)

    def measured(self, block: Block) -> Tensor:
        """Return squares in float64, right to 12 digits where they are near enough to matter."""
        norms = self.left.norms[block.rows].double().max() + self.right.norms[block.columns].double().max()
        squares = refined(block).double()
        near = squares <= min(NEAR * float(norms), 2 * max(self.reaches) + self.left.slack * float(norms))
        row, column = near.nonzero(as_tuple=True)
        if len(row):
            squares = squares.clone() if squares is block.squares else squares
            exact = exact_squares(self.left.original, self.right.original, row + block.top, column + block.first)
            squares[row, column] = exact
        return squares

    def finish(self) -> tuple[Tensor, Tensor]:
        return self.of_left.sqrt(), self.of_right.sqrt()


def ratios(squares: Tensor, reach: float) -> Tensor:
    """Return squared distances over a squared reach, at most 1; of rows without any spread, 0 for copies alone."""
    return (squares / reach).clamp(max=1) if reach > 0 else (squares > 0).double()


@share_metric(
    invariances=INVARIANT | {"identity"},
    minimum=1000,
    requires=(Outside(4, 1.2),),
    cost="20 m",
)
def p_precision(real: Any, fake: Any, *, k: int = 4, a: float = 1.2) -> float:
    """Mean probability that a fake lies in the support of the reals.

    All balls have one radius and fade towards it, so that no outlier among the reals has a large ball of its own.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``k`` rows each; the support is that of ``real``.
    k : int, default 4
        Which nearest other the radius is measured by.
    a : float, default 1.2
        The radius over the mean distance to that neighbour.

    Returns
    -------
    float, 0 to 1
        The mean probability; higher is better, ideally 1.

    Raises
    ------
    BadInput
        For at most ``k`` rows, or an ``a`` that is not positive.

    Notes
    -----
    ``mean over y of 1 - prod over x of min(|x - y| / R, 1)`` with R = a mean over x of r_k(x).

    References
    ----------
    .. [1] Park and Kim, 2023, ICCV, arXiv:2309.01590 (P-precision)

    Examples
    --------
    >>> from ganbench.metrics import p_precision
    >>> p_precision([[0.0], [1.0]], [[0.5], [4.0]], k=1, a=1.0)
    0.375
    """
    return float((1 - outside(real, fake, k, a)[1]).mean())


@share_metric(
    invariances=INVARIANT | {"identity"},
    minimum=1000,
    requires=(Outside(4, 1.2),),
    cost="20 n",
)
def p_recall(real: Any, fake: Any, *, k: int = 4, a: float = 1.2) -> float:
    """Mean probability that a real lies in the support of the fakes.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, more than ``k`` rows each; here the support is that of ``fake``.
    k : int, default 4
        Which nearest other of a fake the radius is measured by.
    a : float, default 1.2
        How many times the mean of these distances the radius is.

    Returns
    -------
    float, 0 to 1
        The mean over reals; higher is better, ideally 1.

    Raises
    ------
    BadInput
        For at most ``k`` rows, and unless ``a`` is positive.

    Notes
    -----
    ``mean over x of 1 - prod over y of min(|x - y| / R, 1)`` with R = a mean over y of r_k(y).

    References
    ----------
    .. [1] Park and Kim, 2023, ICCV, arXiv:2309.01590 (P-recall)

    Examples
    --------
    >>> from ganbench.metrics import p_recall
    >>> round(p_recall([[0.0], [1.0]], [[0.5], [4.0]], k=1, a=1.0), 4)
    0.8673
    """
    return float((1 - outside(real, fake, k, a)[0]).mean())


def outside(real: Any, fake: Any, k: int, a: float) -> tuple[Tensor, Tensor]:
    """Return the probability of each real and of each fake that it is outside the other sample's support."""
    count("k", k)
    if not 0 < a < float("inf"):
        raise BadInput(f"a: expected a positive number, got {a!r}")
    pair, key = pair_of(real, fake), Outside(k, a)
    key.reductions(pair).run(pair)
    probabilities: tuple[Tensor, Tensor] = pair.derived[key]
    return probabilities
