"""The Inception Score and its relatives: what a classifier's posteriors say about samples alone.

All of them grow with the classifier's confidence and know nothing of the data that they were not told:
compare them only under one classifier, at one sample size.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.features import Features, matrix

SUM_SLACK = {torch.float16: 1e-2, torch.bfloat16: 5e-2}  # rounding of a softmax over a thousand classes
SMALLEST = 1e-16  # what an exact zero counts as where the published formula would be infinite


def posteriors(values: Any, name: str) -> Tensor:
    """Return class posteriors (n, K) in float64 with rows that sum to one; BadInput names the first bad row."""
    raw = matrix(values.values if isinstance(values, Features) else values, name)
    if not raw.numel():
        raise BadInput(f"{name}: expected at least one row and one class, got shape {tuple(raw.shape)}")
    p = raw.double()
    for row in (p < 0).any(1).nonzero().flatten()[:1].tolist():
        raise BadInput(f"{name}: row {row} has a negative probability ({p[row].min().item():.3g})")
    total = p.sum(1)
    slack = SUM_SLACK.get(raw.dtype, 1e-4)
    for row in ((total - 1).abs() > slack).nonzero().flatten()[:1].tolist():
        raise BadInput(f"{name}: row {row} sums to {total[row].item():.6g}, expected probabilities that sum to 1")
    return p / total[:, None]


def entropy(p: Tensor) -> Tensor:
    """Entropy in nats along the last axis; 0 log 0 = 0."""
    return torch.special.entr(p).sum(-1)


def divergence(p: Tensor, q: Tensor) -> Tensor:
    """KL(p || q) in nats along the last axis; infinite where p lives on a zero of q."""
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(-1)


def class_labels(values: Any, name: str, n: int) -> Tensor:
    """Return ``n`` integer class labels, or raise BadInput."""
    labels = torch.as_tensor(values).detach()
    if labels.shape != (n,):
        raise BadInput(f"{name}: expected {n} labels, one per row, got shape {tuple(labels.shape)}")
    if labels.is_complex() or (labels != labels.long()).any():
        raise BadInput(f"{name}: expected whole numbers, got {labels.dtype}")
    return labels.long()


def mutual_information(p: Tensor) -> Tensor:
    """I(y; x) = H(mean posterior) - mean H(posterior), in nats; never negative."""
    return (entropy(p.mean(0)) - entropy(p).mean()).clamp(min=0)


@metric(
    needs=("fake_posteriors",),
    better="higher",
    ideal=None,
    bounds=(1.0, math.inf),
    paper="Salimans et al., 2016, arXiv:1606.03498, section 4; unsplit: Barratt & Sharma, 2018, arXiv:1801.01973",
    laws={"permutation"},
    minimum=5000,
)
def inception_score(fake_posteriors: Any) -> float:
    """Inception Score over all samples at once: exp of the mean KL(p(y|x) || p(y)), between 1 and K.

    Biased down: the log is about (K - 1) / 2n too small. Blind to copies, to collapse within a class and
    to the true class law. Raises BadInput for rows that are not probabilities.
    """
    return mutual_information(posteriors(fake_posteriors, "fake_posteriors")).exp().item()


def inception_scores_by_split(fake_posteriors: Any, splits: int = 10) -> list[float]:
    """Inception Score of each contiguous block [i n // S, (i + 1) n // S), in order; BadInput where n < S."""
    p = posteriors(fake_posteriors, "fake_posteriors")
    if not 1 <= splits <= len(p):
        raise BadInput(f"splits: expected between 1 and the {len(p)} rows given, got {splits}")
    edges = [i * len(p) // splits for i in range(splits + 1)]
    return [mutual_information(p[a:b]).exp().item() for a, b in pairwise(edges)]


@metric(
    needs=("fake_posteriors",),
    better="higher",
    ideal=None,
    bounds=(1.0, math.inf),
    paper="Salimans et al., 2016, arXiv:1606.03498, as in the authors' code",
    minimum=50000,
)
def inception_score_splits(fake_posteriors: Any, *, splits: int = 10) -> float:
    """Inception Score as first published: the mean over 10 contiguous, unshuffled blocks.

    Samples in the order of their labels score near 1, and each block is biased by its own small size;
    offered for comparison with published numbers only.
    """
    scores = inception_scores_by_split(fake_posteriors, splits)
    return math.fsum(scores) / len(scores)


@metric(
    needs=("fake_posteriors",),
    better="higher",
    ideal=None,
    bounds=(0.0, math.inf),
    paper="Salimans et al., 2016, arXiv:1606.03498; cross-fitted: posteriors and marginal from different halves",
    minimum=1000,
)
def inception_score_cross_fitted(fake_posteriors: Any) -> float:
    """Inception Score with the marginal of the other half (even and odd rows), geometric mean of both ways.

    The log is about (K - 1) / n too large, where the plain score's is (K - 1) / 2n too small: the two bracket
    the limit. Raises BadInput where a class has probability in one half and exactly none in the other.
    """
    p = posteriors(fake_posteriors, "fake_posteriors")
    even, odd = p[::2], p[1::2]
    if not len(odd):
        raise BadInput("fake_posteriors: expected at least 2 rows to make two halves, got 1")
    log_score = (divergence(even, odd.mean(0)).mean() + divergence(odd, even.mean(0)).mean()) / 2
    if not log_score.isfinite():
        raise BadInput("fake_posteriors: undefined, a class with probability in one half has exactly none in the other")
    return log_score.exp().item()


def mean_pairwise_divergence(p: Tensor) -> Tensor:
    """Mean KL(p_i || p_j) over all ordered pairs, i = j included; zeros of p_j count as 1e-16."""
    return (torch.xlogy(p, p).sum(1).mean() - p.mean(0) @ p.clamp(min=SMALLEST).log().mean(0)).clamp(min=0)


@metric(
    needs=("fake_posteriors",),
    better="higher",
    ideal=None,
    bounds=(1.0, math.inf),
    paper="Gurumurthy et al., 2017 (DeLiGAN), arXiv:1706.02071",
    laws={"permutation"},
    minimum=1000,
)
def modified_is(fake_posteriors: Any) -> float:
    """m-IS: per predicted class, exp of the mean KL(p(y|x_i) || p(y|x_j)) over its pairs; the mean over classes.

    Diversity within classes, as far as the classifier sees it: a perfect classifier scores 1 whatever the
    diversity. Pairs of a sample with itself count, as in the authors' code; exact zeros count as 1e-16.
    """
    p = posteriors(fake_posteriors, "fake_posteriors")
    predicted = p.argmax(1)
    scores = [mean_pairwise_divergence(p[predicted == c]).exp() for c in torch.unique(predicted)]
    return torch.stack(scores).mean().item()


@metric(
    needs=("fake_posteriors",),
    better="higher",
    ideal=None,
    bounds=(1.0, math.inf),
    paper="Gurumurthy et al., 2017 (DeLiGAN), arXiv:1706.02071; over all pairs, regardless of class",
    laws={"permutation"},
    minimum=1000,
)
def modified_is_all_pairs(fake_posteriors: Any) -> float:
    """m-IS over all pairs of different samples: exp of the mean KL(p(y|x_i) || p(y|x_j)), i != j.

    Exact where others draw ten thousand random pairs. Grows without bound as posteriors sharpen
    (exact zeros count as 1e-16), so compare under one classifier only.
    """
    p = posteriors(fake_posteriors, "fake_posteriors")
    if len(p) < 2:
        raise BadInput("fake_posteriors: expected at least 2 rows to make a pair, got 1")
    return (mean_pairwise_divergence(p) * len(p) / (len(p) - 1)).exp().item()
