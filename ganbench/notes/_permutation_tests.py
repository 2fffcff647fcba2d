"""Seven two-sample statistics under many relabellings at once: all of a pair's p-values from one pooled sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Statistic = Callable[[Tensor, Tensor, Tensor], Tensor]  # pooled points, their distances, labels -> one value a column


def relabelled(n: int, permutations: int, random: torch.Generator) -> Tensor:
    """Return labels of 2n points (2n, 1 + permutations), 1 for real: the true ones, then random halves."""
    columns = [torch.arange(2 * n), *(torch.randperm(2 * n, generator=random) for _ in range(permutations))]
    return torch.stack([(column < n).double() for column in columns], 1)


def p_values(x: Tensor, labels: Tensor) -> dict[str, float]:
    """Return each statistic's p-value (1 + #{relabelled >= value}) / (1 + permutations) of pooled points (2n, d)."""
    distances = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
    p = {}
    for name, statistic in STATISTICS.items():
        values = statistic(x, distances, labels)
        slack = 1e-9 * float(values.abs().max())
        p[name] = float((values >= values[0] - slack).sum()) / len(values)
    return p


def means(x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean of either half of each relabelling, (columns, d) each."""
    return labels.T @ x / labels.sum(0)[:, None], (1 - labels).T @ x / (1 - labels).sum(0)[:, None]


def covariances(x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return the unbiased covariance of either half of each relabelling, (columns, d, d) each."""
    products = (x[:, :, None] * x[:, None, :]).flatten(1)
    matrices = []
    for half, mean in zip((labels, 1 - labels), means(x, labels), strict=True):
        n = half.sum(0)[:, None, None]
        second = (half.T @ products).unflatten(1, (x.shape[1], x.shape[1]))
        matrices.append((second - n * mean[:, :, None] * mean[:, None, :]) / (n - 1))
    return matrices[0], matrices[1]


def student(x: Tensor, distances: Tensor, labels: Tensor) -> Tensor:
    """Largest absolute pooled t of a coordinate."""
    n = labels[:, 0].sum()
    a, b = means(x, labels)
    pooled = sum(each.diagonal(dim1=1, dim2=2) for each in covariances(x, labels)) / 2
    return ((a - b).abs() / (pooled * 2 / n).sqrt()).amax(1)


def hotelling(x: Tensor, distances: Tensor, labels: Tensor) -> Tensor:
    """Hotelling's T^2 of samples of one size."""
    n = labels[:, 0].sum()
    a, b = means(x, labels)
    first, second = covariances(x, labels)
    gap = (a - b)[:, :, None]
    return n / 2 * (gap * torch.linalg.solve((first + second) / 2, gap)).sum((1, 2))


def frechet(x: Tensor, distances: Tensor, labels: Tensor) -> Tensor:
    """Squared Frechet distance |gap|^2 + Tr(A + B) - 2 Tr (A^1/2 B A^1/2)^1/2."""
    a, b = means(x, labels)
    first, second = covariances(x, labels)
    values, vectors = torch.linalg.eigh(first)
    root = vectors * values.clamp(min=0).sqrt()[:, None, :] @ vectors.transpose(1, 2)
    cross = torch.linalg.eigvalsh(root @ second @ root).clamp(min=0).sqrt().sum(1)
    trace = (first + second).diagonal(dim1=1, dim2=2).sum(1)
    return (a - b).square().sum(1) + trace - 2 * cross


def u_statistic(kernel: Tensor, labels: Tensor) -> Tensor:
    """Unbiased squared MMD of each relabelling (Gretton et al., 2012, eq. 3) for a pooled kernel."""
    kernel = kernel - torch.diag(kernel.diagonal())
    n = labels[:, 0].sum()
    inside = (labels * (kernel @ labels)).sum(0)
    other = ((1 - labels) * (kernel @ (1 - labels))).sum(0)
    across = kernel.sum() - inside - other
    return (inside + other) / (n * (n - 1)) - across / n**2


def mmd(x: Tensor, distances: Tensor, labels: Tensor) -> Tensor:
    """Squared MMD, Gaussian kernel as wide as the median of all distances, which no relabelling changes."""
    return u_statistic((-distances.square() / (2 * pooled_median(distances) ** 2)).exp(), labels)


def pooled_median(distances: Tensor) -> float:
    first, second = torch.triu_indices(len(distances), len(distances), 1)
    return float(distances[first, second].median())


def energy(x: Tensor, distances: Tensor, labels: Tensor) -> Tensor:
    """Energy distance 2 E|x - y| - E|x - x'| - E|y - y'|."""
    return u_statistic(-distances, labels)


def nearest_neighbour(x: Tensor, distances: Tensor, labels: Tensor) -> Tensor:
    """Leave-one-out accuracy of the nearest neighbour."""
    nearest = (distances + torch.diag(torch.full((len(x),), torch.inf))).argmin(1)
    return (labels[nearest] == labels).double().mean(0)


def c2st(x: Tensor, distances: Tensor, labels: Tensor) -> Tensor:
    """Held-out accuracy of sqrt(n) nearest neighbours, learnt from every other point; a tied vote counts one half."""
    train, test = labels[::2], labels[1::2]
    k = int(len(train) ** 0.5)
    near = distances[1::2, ::2].topk(k, largest=False).indices
    votes = train[near].mean(1)
    return torch.where(votes == 0.5, 0.5, ((votes > 0.5) == (test > 0.5)).double()).mean(0)


STATISTICS: Mapping[str, Statistic] = {
    "t": student,
    "Hotelling": hotelling,
    "FID": frechet,
    "MMD": mmd,
    "energy": energy,
    "1-NN": nearest_neighbour,
    "C2ST": c2st,
}
