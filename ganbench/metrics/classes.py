"""Class posteriors of samples beside those of the reference: mode scores, AM score, scores by class."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.inception_score import SMALLEST, class_labels, divergence, entropy, mutual_information, posteriors
from ganbench.metrics.spec import distance_metric, metric


def both(real_posteriors: Any, fake_posteriors: Any) -> tuple[Tensor, Tensor]:
    """Return ``(real, fake)`` posteriors over the same number of classes, or raise BadInput."""
    real, fake = posteriors(real_posteriors, "real_posteriors"), posteriors(fake_posteriors, "fake_posteriors")
    if real.shape[1] != fake.shape[1]:
        raise BadInput(f"fake_posteriors: expected {real.shape[1]} classes as in the reference, got {fake.shape[1]}")
    return real, fake


def class_distribution_gap(real: Tensor, fake: Tensor) -> Tensor:
    """KL(class distribution of fake || that of real) in nats; BadInput where real lacks a class of fake."""
    fake_classes, real_classes = fake.mean(0), real.mean(0)
    for c in ((fake_classes > 0) & (real_classes == 0)).nonzero().flatten()[:1].tolist():
        raise BadInput(
            f"real_posteriors: undefined, class {c} has no probability in the reference but has some in fake"
        )
    return divergence(fake_classes, real_classes).clamp(min=0)


@metric(
    better="higher",
    scale="linear",
    bounds=(1.0, math.inf),
    invariances={"permutation"},
    minimum=5000,
    cost="40 n k + 40 m k",
)
def mode_score_a(real_posteriors: Any, fake_posteriors: Any) -> float:
    """Mode Score in reading A, which is the Inception Score itself.

    The reference cancels out of it: a second name for one number.

    Parameters
    ----------
    real_posteriors, fake_posteriors : array_like, (n, K) and (m, K)
        Class probabilities of the reference and of the samples.

    Returns
    -------
    float, at least 1
        Between 1 and K; higher is better.

    Raises
    ------
    BadInput
        Where the reference lacks a class that the samples have.

    Notes
    -----
    ``exp(mean over x of KL(p(y|x) || p*) - KL(p(y) || p*))`` with p* the mean posterior of the reference.

    References
    ----------
    .. [1] Che et al., 2017, arXiv:1612.02136, in the reading of Borji, 2018, arXiv:1802.03446

    Examples
    --------
    >>> from ganbench.metrics import mode_score_a
    >>> mode_score_a([[0.5, 0.5]], [[1.0, 0.0], [0.0, 1.0]])
    2.0
    """
    real, fake = both(real_posteriors, fake_posteriors)
    gap = class_distribution_gap(real, fake)
    return (divergence(fake, real.mean(0)).mean() - gap).clamp(min=0).exp().item()


@metric(
    better="higher",
    scale="linear",
    bounds=(0.0, math.inf),
    invariances={"permutation"},
    minimum=5000,
    cost="40 n k + 40 m k",
)
def mode_score_b(real_posteriors: Any, fake_posteriors: Any) -> float:
    """Mode Score in reading B, a penalised Inception Score.

    Not maximal at the true class distribution p*: with a perfect classifier its maximiser is proportional to sqrt(p*).

    Parameters
    ----------
    real_posteriors, fake_posteriors : array_like, (n, K) and (m, K)
        Class probabilities; the penalty compares their means.

    Returns
    -------
    float, at least 0
        The score; higher is better.

    Raises
    ------
    BadInput
        Where the reference lacks a class that the samples have.

    Notes
    -----
    ``exp(mean over x of KL(p(y|x) || p(y)) - KL(p(y) || p*))``

    References
    ----------
    .. [1] Che et al., 2017, arXiv:1612.02136, in the reading of Xu et al., 2018, arXiv:1806.07755

    Examples
    --------
    >>> from ganbench.metrics import mode_score_b
    >>> mode_score_b([[0.5, 0.5]], [[1.0, 0.0], [0.0, 1.0]])
    2.0
    """
    real, fake = both(real_posteriors, fake_posteriors)
    return (mutual_information(fake) - class_distribution_gap(real, fake)).exp().item()


@metric(
    better="lower",
    scale="log",
    bounds=(0.0, math.inf),
    invariances={"permutation"},
    minimum=5000,
    cost="40 n k + 40 m k",
)
def am_score(real_posteriors: Any, fake_posteriors: Any) -> float:
    """AM score: certain posteriors and the right class distribution.

    A class of the reference that the samples lack entirely counts with probability 1e-16.

    Parameters
    ----------
    real_posteriors, fake_posteriors : array_like, (n, K) and (m, K)
        Class probabilities, over the same classes.

    Returns
    -------
    float, at least 0
        In nats; 0 where posteriors are certain and the class distribution is right; lower is better.

    Raises
    ------
    BadInput
        For rows that are not probabilities, or other classes.

    Notes
    -----
    ``KL(p* || p(y)) + mean over x of H(p(y|x))``

    References
    ----------
    .. [1] Zhou et al., 2018 (AM-GAN), arXiv:1703.02000

    Examples
    --------
    >>> from ganbench.metrics import am_score
    >>> round(am_score([[0.5, 0.5]], [[0.5, 0.5]]), 4)
    0.6931
    """
    real, fake = both(real_posteriors, fake_posteriors)
    gap = divergence(real.mean(0), fake.mean(0).clamp(min=SMALLEST)).clamp(min=0)
    return (gap + entropy(fake).mean()).item()


@metric(
    better="lower",
    scale="log",
    ideal=0.0,
    bounds=(0.0, 1.0),
    invariances={"identity", "symmetric", "permutation"},
    minimum=1000,
    cost="20 n k + 20 m k",
)
def class_distribution_chi_square(real_posteriors: Any, fake_posteriors: Any) -> float:
    """Symmetric chi-square distance between the class distributions.

    Parameters
    ----------
    real_posteriors, fake_posteriors : array_like, (n, K) and (m, K)
        Class probabilities, whose means p and q are compared.

    Returns
    -------
    float, 0 to 1
        The distance; 1 where the distributions are disjoint; lower is better, ideally 0.

    Raises
    ------
    BadInput
        For rows that are not probabilities, or other classes.

    Notes
    -----
    ``1/2 sum (p - q)^2 / (p + q)``

    References
    ----------
    .. [1] Le Cam, 1986, Asymptotic Methods in Statistical Decision Theory (symmetric chi-square)

    Examples
    --------
    >>> from ganbench.metrics import class_distribution_chi_square
    >>> round(class_distribution_chi_square([[0.5, 0.5]], [[1.0, 0.0]]), 4)
    0.3333
    """
    p, q = (each.mean(0) for each in both(real_posteriors, fake_posteriors))
    return ((p - q).square() / (p + q).clamp(min=torch.finfo(p.dtype).tiny)).sum().div(2).clamp(max=1).item()


@distance_metric(
    invariances={"identity", "permutation"},
    minimum=1000,
    cost="20 n k + 20 m k",
)
def class_distribution_kl(real_posteriors: Any, fake_posteriors: Any) -> float:
    """KL divergence of the samples' class distribution from that of the reference.

    Finite where the samples drop classes. Its floor for a perfect sampler is about (K - 1) / 2n.

    Parameters
    ----------
    real_posteriors, fake_posteriors : array_like, (n, K) and (m, K)
        Class probabilities of the two, over the same classes.

    Returns
    -------
    float, at least 0
        In nats; lower is better, ideally 0.

    Raises
    ------
    BadInput
        Where the reference lacks a class that the samples have.

    Notes
    -----
    ``KL(mean of fake posteriors || mean of real posteriors)``

    References
    ----------
    .. [1] Kullback & Leibler, 1951; the class-distribution term of Xu et al., 2018, arXiv:1806.07755

    Examples
    --------
    >>> from ganbench.metrics import class_distribution_kl
    >>> round(class_distribution_kl([[0.5, 0.5]], [[1.0, 0.0]]), 4)
    0.6931
    """
    return class_distribution_gap(*both(real_posteriors, fake_posteriors)).item()


def per_class_means(fake_posteriors: Any, fake_labels: Any) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Mean posterior of each asked-for class (C, K), its share of the samples (C,), and its rows."""
    p = posteriors(fake_posteriors, "fake_posteriors")
    asked = class_labels(fake_labels, "fake_labels", len(p)).to(p.device)
    groups = [p[asked == c] for c in torch.unique(asked)]
    share = torch.tensor([len(group) / len(p) for group in groups], dtype=p.dtype, device=p.device)
    return torch.stack([group.mean(0) for group in groups]), share, groups


@metric(
    better="higher", scale="linear", bounds=(1.0, math.inf), invariances={"permutation"}, minimum=5000, cost="40 m k"
)
def between_class_is(fake_posteriors: Any, fake_labels: Any) -> float:
    """Inception Score between the classes that were asked for.

    Its product with ``within_class_is`` is the Inception Score.

    Parameters
    ----------
    fake_posteriors : array_like, (m, K)
        Class probabilities of each sample.
    fake_labels : array_like, (m,)
        The class that each sample was asked to be of.

    Returns
    -------
    float, at least 1
        Between 1 and the number of classes; higher is better.

    Raises
    ------
    BadInput
        For labels that do not match the rows.

    Notes
    -----
    ``exp(E_c KL(p(y|c) || p(y)))``

    References
    ----------
    .. [1] Benny et al., 2021, arXiv:2004.12361 (BCIS)

    Examples
    --------
    >>> from ganbench.metrics import between_class_is
    >>> between_class_is([[1.0, 0.0], [0.0, 1.0]], [0, 1])
    2.0
    """
    means, share, _ = per_class_means(fake_posteriors, fake_labels)
    return (entropy(share @ means) - share @ entropy(means)).clamp(min=0).exp().item()


@metric(
    better="lower",
    scale="linear",
    ideal=1.0,
    bounds=(1.0, math.inf),
    invariances={"permutation"},
    minimum=5000,
    cost="40 m k",
)
def within_class_is(fake_posteriors: Any, fake_labels: Any) -> float:
    """Inception Score within the classes that were asked for.

    Parameters
    ----------
    fake_posteriors : array_like, (m, K)
        Class probabilities of each sample, in the order of the labels.
    fake_labels : array_like, (m,)
        The classes asked for.

    Returns
    -------
    float, at least 1
        1 where every asked-for class is one class; lower is better, ideally 1.

    Raises
    ------
    BadInput
        For labels that do not match the rows.

    Notes
    -----
    ``exp(E_c E_x KL(p(y|x) || p(y|c)))``

    References
    ----------
    .. [1] Benny et al., 2021, arXiv:2004.12361 (WCIS)

    Examples
    --------
    >>> from ganbench.metrics import within_class_is
    >>> within_class_is([[1.0, 0.0], [0.0, 1.0]], [0, 1])
    1.0
    """
    _, share, groups = per_class_means(fake_posteriors, fake_labels)
    within = torch.stack([mutual_information(group) for group in groups])
    return (share @ within).exp().item()
