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
from ganbench.metrics.feature_vectors import Features, matrix
from ganbench.metrics.spec import metric

SUM_SLACK = {"float16": 1e-2, "bfloat16": 5e-2}  # rounding of a softmax over a thousand classes
SMALLEST = 1e-16  # what an exact zero counts as where the published formula would be infinite


def posteriors(values: Any, name: str) -> Tensor:
    """Return class posteriors (n, K) in float64 with rows that sum to one; BadInput names the first bad row."""
    stored = values.values if isinstance(values, Features) else values
    raw = matrix(stored, name)
    if not raw.numel():
        raise BadInput(f"{name}: expected at least one row and one class, got shape {tuple(raw.shape)}")
    p = raw.double()
    for row in (p < 0).any(1).nonzero().flatten()[:1].tolist():
        raise BadInput(f"{name}: row {row} has a negative probability ({p[row].min().item():.3g})")
    total = p.sum(1)
    slack = SUM_SLACK.get(str(getattr(stored, "dtype", "")).removeprefix("torch."), 1e-4)
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
    better="higher", scale="linear", bounds=(1.0, math.inf), invariances={"permutation"}, minimum=5000, cost="40 m k"
)
def inception_score(fake_posteriors: Any) -> float:
    """Inception Score over all samples at once.

    Biased down: its logarithm is about (K - 1) / 2n too small. Blind to copies, to collapse within a class and to the
    true class distribution.

    Parameters
    ----------
    fake_posteriors : array_like, (m, K)
        Class probabilities of each sample; rows sum to 1.

    Returns
    -------
    float, at least 1
        Between 1 and K, the number of classes; higher is better.

    Raises
    ------
    BadInput
        For rows that are not probabilities, or no rows.

    Notes
    -----
    ``exp(mean over x of KL(p(y|x) || p(y)))`` with p(y) the mean of the posteriors.

    References
    ----------
    .. [1] Salimans et al., 2016, arXiv:1606.03498, section 4; unsplit: Barratt & Sharma, 2018, arXiv:1801.01973

    Examples
    --------
    >>> from ganbench.metrics import inception_score
    >>> inception_score([[1.0, 0.0], [0.0, 1.0]])
    2.0
    """
    return mutual_information(posteriors(fake_posteriors, "fake_posteriors")).exp().item()


def inception_scores_by_split(fake_posteriors: Any, splits: int = 10) -> list[float]:
    """Inception Score of each of several contiguous blocks.

    Parameters
    ----------
    fake_posteriors : array_like, (m, K)
        Class probabilities of each sample.
    splits : int, default 10
        Number S of blocks; block i is rows i m // S to (i + 1) m // S.

    Returns
    -------
    list of float, 1 to K
        The scores in the order of the blocks; higher is better.

    Raises
    ------
    BadInput
        For fewer rows than blocks.

    Examples
    --------
    >>> from ganbench.metrics.inception_score import inception_scores_by_split
    >>> inception_scores_by_split([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]], splits=2)
    [2.0, 1.0]
    """
    p = posteriors(fake_posteriors, "fake_posteriors")
    if not 1 <= splits <= len(p):
        raise BadInput(f"splits: expected between 1 and the {len(p)} rows given, got {splits}")
    edges = [i * len(p) // splits for i in range(splits + 1)]
    return [mutual_information(p[a:b]).exp().item() for a, b in pairwise(edges)]


@metric(better="higher", scale="linear", bounds=(1.0, math.inf), minimum=50000, cost="40 m k")
def inception_score_splits(fake_posteriors: Any, *, splits: int = 10) -> float:
    """Inception Score as first published: the mean over contiguous, unshuffled blocks.

    Samples in the order of their labels score near 1, and each block is biased by its own small size; offered for
    comparison with published numbers only.

    Parameters
    ----------
    fake_posteriors : array_like, (m, K)
        Class probabilities, at least one row a block.
    splits : int, default 10
        Number of blocks.

    Returns
    -------
    float, at least 1
        The mean of the blocks' scores, between 1 and K; higher is better.

    Raises
    ------
    BadInput
        For fewer rows than blocks, or rows that are not probabilities.

    Notes
    -----
    The mean of ``inception_scores_by_split``.

    References
    ----------
    .. [1] Salimans et al., 2016, arXiv:1606.03498, as in the authors' code

    Examples
    --------
    >>> from ganbench.metrics import inception_score_splits
    >>> inception_score_splits([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], splits=2)
    1.0
    """
    scores = inception_scores_by_split(fake_posteriors, splits)
    return math.fsum(scores) / len(scores)


@metric(better="higher", scale="linear", bounds=(0.0, math.inf), minimum=1000, cost="40 m k")
def inception_score_cross_fitted(fake_posteriors: Any) -> float:
    """Inception Score whose marginal comes from the other half of the samples.

    Its logarithm is about (K - 1) / n too large, where the plain score's is (K - 1) / 2n too small: the two bracket the
    limit.

    Parameters
    ----------
    fake_posteriors : array_like, (m, K)
        Class probabilities, at least 2 rows; the halves are the even and the odd rows.

    Returns
    -------
    float, at least 0
        The score; may pass K in small samples; higher is better.

    Raises
    ------
    BadInput
        For fewer than 2 rows, or a class with probability in one half and exactly none in the other.

    Notes
    -----
    The geometric mean over both halves of ``exp(mean over x of KL(p(y|x) || q(y)))``, with q the other half's mean.

    References
    ----------
    .. [1] Salimans et al., 2016, arXiv:1606.03498; cross-fitted: posteriors and marginal from different halves

    Examples
    --------
    >>> from ganbench.metrics import inception_score_cross_fitted
    >>> round(inception_score_cross_fitted([[0.75, 0.25], [0.25, 0.75]]), 4)
    1.7321
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
    better="higher", scale="linear", bounds=(1.0, math.inf), invariances={"permutation"}, minimum=1000, cost="40 m k"
)
def modified_is(fake_posteriors: Any) -> float:
    """Modified Inception Score: diversity within predicted classes, as far as the classifier sees it.

    A perfect classifier scores 1 whatever the diversity.

    Parameters
    ----------
    fake_posteriors : array_like, (m, K)
        Class probabilities; an exact zero counts as 1e-16.

    Returns
    -------
    float, at least 1
        The mean over predicted classes; higher is better.

    Raises
    ------
    BadInput
        For rows that are not probabilities, or no rows.

    Notes
    -----
    Per predicted class ``exp(mean of KL(p(y|x_i) || p(y|x_j)))`` over all pairs, a sample with itself included as in
    the authors' code.

    References
    ----------
    .. [1] Gurumurthy et al., 2017 (DeLiGAN), arXiv:1706.02071

    Examples
    --------
    >>> from ganbench.metrics import modified_is
    >>> modified_is([[0.75, 0.25], [0.75, 0.25], [0.25, 0.75]])
    1.0
    """
    p = posteriors(fake_posteriors, "fake_posteriors")
    predicted = p.argmax(1)
    scores = [mean_pairwise_divergence(p[predicted == c]).exp() for c in torch.unique(predicted)]
    return torch.stack(scores).mean().item()


@metric(
    better="higher", scale="linear", bounds=(1.0, math.inf), invariances={"permutation"}, minimum=1000, cost="40 m k"
)
def modified_is_all_pairs(fake_posteriors: Any) -> float:
    """Modified Inception Score over all pairs of different samples, regardless of class.

    Exact where others draw ten thousand random pairs. Grows without bound as posteriors sharpen: compare under one
    classifier only.

    Parameters
    ----------
    fake_posteriors : array_like, (m, K)
        Class probabilities, at least 2 rows; an exact zero counts as 1e-16.

    Returns
    -------
    float, at least 1
        The score; higher is better.

    Raises
    ------
    BadInput
        For fewer than 2 rows, or rows that are not probabilities.

    Notes
    -----
    ``exp(mean of KL(p(y|x_i) || p(y|x_j)) over i != j)``

    References
    ----------
    .. [1] Gurumurthy et al., 2017 (DeLiGAN), arXiv:1706.02071; over all pairs, regardless of class

    Examples
    --------
    >>> from ganbench.metrics import modified_is_all_pairs
    >>> round(modified_is_all_pairs([[0.75, 0.25], [0.25, 0.75]]), 4)
    1.7321
    """
    p = posteriors(fake_posteriors, "fake_posteriors")
    if len(p) < 2:
        raise BadInput("fake_posteriors: expected at least 2 rows to make a pair, got 1")
    return (mean_pairwise_divergence(p) * len(p) / (len(p) - 1)).exp().item()
