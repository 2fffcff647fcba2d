"""Classifiers that try to tell fakes from reals: the nearest neighbour, k neighbours, and a small network."""

from __future__ import annotations

from functools import partial
from math import isqrt
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ganbench._util.streams import stream
from ganbench.metrics._engine.blocks import (
    TIE,
    centred_rows,
    distance_pass,
    exact_squares,
    in_full_precision,
    working_type,
)
from ganbench.metrics._engine.nearest import Nearest, OverNearest, Search
from ganbench.metrics._engine.pairs import NearestAcross, NearestWithin, pair_of
from ganbench.metrics.feature_vectors import Features, at_least, both
from ganbench.metrics.spec import metric

EVEN = 1e-9  # a vote this near one half is tied
HIDDEN, EPOCHS, BATCH, RATE = 20, 100, 64, 1e-3
ONE_NEIGHBOUR = (NearestWithin(real=1, fake=1), NearestAcross())


one_nn_metric = partial(
    metric, better="target", scale="logit", ideal=0.5, bounds=(0.0, 1.0), minimum=200, requires=ONE_NEIGHBOUR
)


@one_nn_metric(invariances={"symmetric", "rotation", "translation", "scale", "permutation"}, cost="20 n + 20 m")
def one_nn_accuracy(real: Any, fake: Any) -> float:
    """Leave-one-out accuracy of the nearest-neighbour classifier of reals and fakes.

    Near (n - 1) / (2 n - 1) for equal distributions, 1 for separate samples, below one half where fakes copy reals.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features of the reference and of the samples, at least 2 rows each.

    Returns
    -------
    float, 0 to 1
        The mean of the accuracies on reals and on fakes; best near 0.5.

    Raises
    ------
    BadInput
        For fewer than 2 rows.

    Notes
    -----
    ``(one_nn_real + one_nn_fake) / 2``; equally near neighbours share the vote.

    References
    ----------
    .. [1] Lopez-Paz and Oquab, 2017, arXiv:1610.06545; Xu et al., 2018, arXiv:1806.07755, section 2

    Examples
    --------
    >>> from ganbench.metrics import one_nn_accuracy
    >>> one_nn_accuracy([[0.0], [1.0]], [[5.0], [6.0]])
    1.0
    """
    return sum(one_nn_parts(real, fake)) / 2


@one_nn_metric(invariances={"rotation", "translation", "scale", "permutation"}, cost="20 n")
def one_nn_real(real: Any, fake: Any) -> float:
    """Share of reals whose nearest neighbour is a real.

    Low where fakes are packed into few places among them.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 2 rows each; the share is of ``real``.

    Returns
    -------
    float, 0 to 1
        The share of reals; best near 0.5.

    Raises
    ------
    BadInput
        For fewer than 2 rows.

    Notes
    -----
    ``mean over x of [the row nearest to x, of all others, is a real]``; equally near rows share the vote.

    References
    ----------
    .. [1] Xu et al., 2018, arXiv:1806.07755, section 2

    Examples
    --------
    >>> from ganbench.metrics import one_nn_real
    >>> one_nn_real([[0.0], [4.0]], [[1.0], [1.5]])
    0.0
    """
    return one_nn_parts(real, fake)[0]


@one_nn_metric(invariances={"rotation", "translation", "scale", "permutation"}, cost="20 m")
def one_nn_fake(real: Any, fake: Any) -> float:
    """Share of fakes whose nearest neighbour is a fake.

    High under collapse, low for scattered fakes.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 2 rows each; the share is of ``fake``.

    Returns
    -------
    float, 0 to 1
        The share of fakes; best near 0.5.

    Raises
    ------
    BadInput
        For fewer than 2 rows.

    Notes
    -----
    ``mean over y of [the row nearest to y, of all others, is a fake]``; equally near rows share the vote.

    References
    ----------
    .. [1] Xu et al., 2018, arXiv:1806.07755, section 2

    Examples
    --------
    >>> from ganbench.metrics import one_nn_fake
    >>> one_nn_fake([[0.0], [4.0]], [[1.0], [1.5]])
    1.0
    """
    return one_nn_parts(real, fake)[1]


def one_nn_parts(real: Any, fake: Any) -> tuple[float, float]:
    """Return the accuracies on reals and on fakes; equally near neighbours share the vote. BadInput for n < 2."""
    pair = pair_of(real, fake)
    r, f = pair.real, pair.fake
    of_real = _credit(r, f, r.radii(1), pair.nearest_fake().squares[:, 0])
    of_fake = _credit(f, r, f.radii(1), pair.nearest_real().squares[:, 0])
    return float(of_real.mean()), float(of_fake.mean())


def _credit(own: Features, other: Features, within: Tensor, across: Tensor) -> Tensor:
    """Return the share of each row's nearest neighbours that are of its own kind."""
    credit = (within < across).double()
    tied = ((within <= across * TIE) & (across <= within * TIE)).nonzero().flatten()
    if not len(tied):
        return credit
    distinct, which = own.values[tied].unique(dim=0, return_inverse=True)
    first = torch.zeros(len(distinct), dtype=torch.long, device=tied.device).scatter_(0, which, tied)
    shares = []
    for row in first.tolist():
        near = torch.minimum(within[row], across[row]) * TIE
        same = int((_from_row(own, row, own) <= near).sum()) - 1  # without itself
        shares.append(same / (same + int((_from_row(own, row, other) <= near).sum())))
    credit[tied] = torch.tensor(shares, dtype=torch.float64, device=tied.device)[which]
    return credit


def _from_row(sample: Features, row: int, to: Features) -> Tensor:
    every = torch.arange(len(to), device=to.values.device)
    return exact_squares(sample.values, to.values, torch.full_like(every, row), every)


@metric(
    better="target",
    scale="logit",
    ideal=0.5,
    bounds=(0.0, 1.0),
    invariances={"rotation", "translation", "scale"},
    minimum=200,
    version=2,
    cost="min(n, m)^2 d + 50 min(n, m)^2",
)
def c2st_knn(real: Any, fake: Any, *, seed: int = 0) -> float:
    """Held-out accuracy of a k-nearest-neighbour classifier of reals and fakes.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 4 rows each; the larger sample is cut to the size of the smaller.
    seed : int, default 0
        Fixes the shuffles.

    Returns
    -------
    float, 0 to 1
        The accuracy on the test half; a tied vote counts one half; best near 0.5, below it where fakes copy reals.

    Raises
    ------
    BadInput
        For fewer than 4 rows.

    Notes
    -----
    k is the root of the number of training rows, rounded down; rows as far as the k-th share what nearer ones leave of
    the vote. Each sample is shuffled and split in halves.

    References
    ----------
    .. [1] Lopez-Paz and Oquab, 2017, arXiv:1610.06545, section 3

    Examples
    --------
    >>> from ganbench.metrics import c2st_knn
    >>> c2st_knn([[0.0], [1.0], [2.0], [3.0]], [[50.0], [51.0], [52.0], [53.0]])
    1.0
    """
    train, labels, test, truth = split(real, fake, seed)
    k = isqrt(len(train))
    centre = train.mean(0)
    kind = working_type(test, train, centre)
    left, right = (centred_rows(each, centre, kind) for each in (test, train))
    nearest: Nearest = distance_pass(left, right, {"nearest": partial(Search, k=k + 1)})["nearest"]
    votes, squares = labels[nearest.index[:, :k]], nearest.squares
    tied = (squares[:, k] <= squares[:, k - 1] * TIE).nonzero().flatten()
    if len(tied):
        over = partial(OverNearest, near=squares[tied, k - 1], of=lambda rows, _: labels[rows])
        mean, _ = distance_pass(right, left.part(tied), {"over": over})["over"]
        nearer = squares[tied, :k] * TIE < squares[tied, k - 1 : k]
        votes[tied] = torch.where(nearer, votes[tied], mean[:, None])
    margin = votes.mean(1) - 0.5
    return float(torch.where(margin.abs() < EVEN, 0.5, ((margin > 0) == (truth > 0.5)).double()).mean())


@metric(
    better="target",
    scale="logit",
    ideal=0.5,
    bounds=(0.0, 1.0),
    minimum=1000,
    cost="10000 min(n, m) d + 30000000 min(n, m)",
)
def c2st_nn(real: Any, fake: Any, *, seed: int = 0) -> float:
    """Held-out accuracy of a small neural network that tells reals from fakes.

    Parameters
    ----------
    real, fake : array_like, (n, d) and (m, d)
        Features, at least 4 rows each, standardised by the training half.
    seed : int, default 0
        Fixes the shuffles, the weights and the order of batches.

    Returns
    -------
    float, 0 to 1
        The accuracy on the test half; best near 0.5.

    Raises
    ------
    BadInput
        For fewer than 4 rows.

    Notes
    -----
    One hidden layer of 20 ReLU units, 100 epochs of Adam on batches of 64; halves as in ``c2st_knn``.

    References
    ----------
    .. [1] Lopez-Paz and Oquab, 2017, arXiv:1610.06545, section 3

    Examples
    --------
    >>> from ganbench.metrics import c2st_nn
    >>> c2st_nn([[0.0], [1.0], [2.0], [3.0]] * 5, [[50.0], [51.0], [52.0], [53.0]] * 5)
    1.0
    """
    train, labels, test, truth = split(real, fake, seed)
    mean, spread = train.mean(0), train.std(0)
    spread = torch.where(spread > 0, spread, 1.0)
    x, y = ((part - mean) / spread for part in (train, test))
    with in_full_precision(x.device):
        weights = _fit(x.float(), labels.float(), seed)
        return float(((_logits(weights, y.float()) > 0) == (truth > 0.5)).double().mean())


def split(real: Any, fake: Any, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training rows, their labels (1 for real), test rows and theirs, in float64; halves of equal classes."""
    r, f = both(real, fake)
    size = min(len(r), len(f))
    at_least(r, 4)
    at_least(f, 4)
    half, parts = size // 2, []
    for sample, label in ((r, 1.0), (f, 0.0)):
        order = torch.randperm(len(sample), generator=stream(seed, "c2st", int(label)))[:size].to(sample.values.device)
        shuffled = sample.values[order].double()
        parts.append((shuffled, torch.full((size,), label, dtype=torch.float64, device=order.device)))
    train, labels = (torch.cat([part[i][:half] for part in parts]) for i in (0, 1))
    test, truth = (torch.cat([part[i][half:] for part in parts]) for i in (0, 1))
    return train, labels, test, truth


def _logits(weights: list[Tensor], x: Tensor) -> Tensor:
    a, b, c, d = weights
    return ((x @ a + b).relu() @ c + d)[:, 0]


def _fit(x: Tensor, labels: Tensor, seed: int) -> list[Tensor]:
    """Train by Adam on batches in an order that the seed fixes, whatever the caller has switched off or on."""
    random = stream(seed, "c2st", "network")
    with torch.inference_mode(mode=False), torch.enable_grad():
        x, labels = x.clone(), labels.clone()  # of inference mode none may take part in gradients
        weights = []
        for fan_in, fan_out in ((x.shape[1], HIDDEN), (HIDDEN, 1)):
            for shape in ((fan_in, fan_out), (fan_out,)):
                drawn = 2 * torch.rand(shape, generator=random, dtype=x.dtype) - 1
                weights.append((drawn / fan_in**0.5).to(x.device).requires_grad_())
        adam = torch.optim.Adam(weights, lr=RATE)
        for _ in range(EPOCHS):
            for batch in torch.randperm(len(x), generator=random).to(x.device).split(BATCH):
                adam.zero_grad()
                loss = binary_cross_entropy_with_logits(_logits(weights, x[batch]), labels[batch])
                torch.autograd.backward(loss)
                adam.step()
    return [weight.detach() for weight in weights]
