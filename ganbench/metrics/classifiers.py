"""Classifiers that try to tell fakes from reals: the nearest neighbour, k neighbours, and a small network."""

from __future__ import annotations

from functools import partial
from math import isqrt
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ganbench.metrics.balls import TIE
from ganbench.metrics.base import metric
from ganbench.metrics.distances import exact_squares, rows, sweep
from ganbench.metrics.features import Features, at_least, both
from ganbench.metrics.nearest import Nearest, Search
from ganbench.metrics.pairs import pair_of
from ganbench.metrics.rounding import working_type
from ganbench.streams import stream

HIDDEN, EPOCHS, BATCH, RATE = 20, 100, 64, 1e-3


@metric(
    needs=("real", "fake"),
    better="target",
    ideal=0.5,
    bounds=(0.0, 1.0),
    paper="Lopez-Paz and Oquab, 2017, arXiv:1610.06545; Xu et al., 2018, arXiv:1806.07755, section 2",
    laws={"symmetric", "rotation", "translation", "scale", "permutation"},
    minimum=200,
)
def one_nn_accuracy(real: Any, fake: Any) -> float:
    """Leave-one-out accuracy of the nearest neighbour, the mean of ``one_nn_parts``.

    Near (n - 1) / (2 n - 1) for equal laws, 1 for separate clouds, below one half where fakes copy reals.
    """
    return sum(one_nn_parts(real, fake)) / 2


@metric(
    needs=("real", "fake"),
    better="target",
    ideal=0.5,
    bounds=(0.0, 1.0),
    paper="Xu et al., 2018, arXiv:1806.07755, section 2",
    laws={"rotation", "translation", "scale", "permutation"},
    minimum=200,
)
def one_nn_real(real: Any, fake: Any) -> float:
    """Share of reals whose nearest neighbour is a real: low where fakes are packed into few places among them."""
    return one_nn_parts(real, fake)[0]


@metric(
    needs=("real", "fake"),
    better="target",
    ideal=0.5,
    bounds=(0.0, 1.0),
    paper="Xu et al., 2018, arXiv:1806.07755, section 2",
    laws={"rotation", "translation", "scale", "permutation"},
    minimum=200,
)
def one_nn_fake(real: Any, fake: Any) -> float:
    """Share of fakes whose nearest neighbour is a fake: high under collapse, low for scattered fakes."""
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


def _from_row(cloud: Features, row: int, to: Features) -> Tensor:
    every = torch.arange(len(to), device=to.values.device)
    return exact_squares(cloud.values, to.values, torch.full_like(every, row), every)


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.5,
    bounds=(0.0, 1.0),
    paper="Lopez-Paz and Oquab, 2017, arXiv:1610.06545, section 3",
    laws={"rotation", "translation", "scale"},
    minimum=200,
)
def c2st_knn(real: Any, fake: Any, *, seed: int = 0) -> float:
    """Held-out accuracy of floor(sqrt(training rows)) nearest neighbours; a tied vote counts one half.

    Both clouds are cut to one size, shuffled and split in halves. Raises BadInput for fewer than 4 rows.
    """
    train, labels, test, truth = split(real, fake, seed)
    k = isqrt(len(train))
    centre = train.mean(0)
    kind = working_type(test, train, centre)
    found: Nearest = sweep(rows(test, centre, kind), rows(train, centre, kind), {"near": partial(Search, k=k)})["near"]
    votes = labels[found.index].mean(1)
    return float(torch.where(votes == 0.5, 0.5, ((votes > 0.5) == (truth > 0.5)).double()).mean())


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.5,
    bounds=(0.0, 1.0),
    paper="Lopez-Paz and Oquab, 2017, arXiv:1610.06545, section 3",
    minimum=1000,
)
def c2st_nn(real: Any, fake: Any, *, seed: int = 0) -> float:
    """Held-out accuracy of a network with one hidden layer of 20 ReLU units, 100 epochs of Adam.

    Features are standardised by the training half. Splits and errors as in ``c2st_knn``.
    """
    train, labels, test, truth = split(real, fake, seed)
    mean, spread = train.mean(0), train.std(0)
    spread = torch.where(spread > 0, spread, 1.0)
    x, y = ((part - mean) / spread for part in (train, test))
    weights = _fit(x.float(), labels.float(), seed)
    return float(((_logits(weights, y.float()) > 0) == (truth > 0.5)).double().mean())


def split(real: Any, fake: Any, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training rows, their labels (1 for real), test rows and theirs, in float64; halves of equal classes."""
    r, f = both(real, fake)
    size = min(len(r), len(f))
    at_least(r, 4)
    at_least(f, 4)
    half, parts = size // 2, []
    for cloud, label in ((r, 1.0), (f, 0.0)):
        order = torch.randperm(len(cloud), generator=stream(seed, "c2st", int(label)))[:size].to(cloud.values.device)
        shuffled = cloud.values[order].double()
        parts.append((shuffled, torch.full((size,), label, dtype=torch.float64, device=order.device)))
    train, labels = (torch.cat([part[i][:half] for part in parts]) for i in (0, 1))
    test, truth = (torch.cat([part[i][half:] for part in parts]) for i in (0, 1))
    return train, labels, test, truth


def _logits(weights: list[Tensor], x: Tensor) -> Tensor:
    a, b, c, d = weights
    return ((x @ a + b).relu() @ c + d)[:, 0]


def _fit(x: Tensor, labels: Tensor, seed: int) -> list[Tensor]:
    """Train by Adam on batches in an order that the seed fixes."""
    random = stream(seed, "c2st", "network")
    weights = []
    for fan_in, fan_out in ((x.shape[1], HIDDEN), (HIDDEN, 1)):
        for shape in ((fan_in, fan_out), (fan_out,)):
            weights.append(((2 * torch.rand(shape, generator=random) - 1) / fan_in**0.5).to(x.device).requires_grad_())
    adam = torch.optim.Adam(weights, lr=RATE)
    with torch.enable_grad():
        for _ in range(EPOCHS):
            for batch in torch.randperm(len(x), generator=random).to(x.device).split(BATCH):
                adam.zero_grad()
                loss = binary_cross_entropy_with_logits(_logits(weights, x[batch]), labels[batch])
                torch.autograd.backward(loss)
                adam.step()
    return [weight.detach() for weight in weights]
