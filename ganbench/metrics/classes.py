"""Class posteriors of samples beside those of the reference: mode scores, AM score, class laws, scores per class."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.posteriors import (
    SMALLEST,
    class_labels,
    divergence,
    entropy,
    mutual_information,
    posteriors,
)


def both(real_posteriors: Any, fake_posteriors: Any) -> tuple[Tensor, Tensor]:
    """Return ``(real, fake)`` posteriors over the same number of classes, or raise BadInput."""
    real, fake = posteriors(real_posteriors, "real_posteriors"), posteriors(fake_posteriors, "fake_posteriors")
    if real.shape[1] != fake.shape[1]:
        raise BadInput(f"fake_posteriors: expected {real.shape[1]} classes as in the reference, got {fake.shape[1]}")
    return real, fake


def law_gap(real: Tensor, fake: Tensor) -> Tensor:
    """KL(class law of fake || class law of real) in nats; BadInput where the reference lacks a class of the samples."""
    fake_law, real_law = fake.mean(0), real.mean(0)
    for c in ((fake_law > 0) & (real_law == 0)).nonzero().flatten()[:1].tolist():
        raise BadInput(
            f"real_posteriors: undefined, class {c} has no probability in the reference but has some in fake"
        )
    return divergence(fake_law, real_law).clamp(min=0)


@metric(
    needs=("real_posteriors", "fake_posteriors"),
    better="higher",
    ideal=None,
    bounds=(1.0, math.inf),
    paper="Che et al., 2017, arXiv:1612.02136, in the reading of Borji, 2018, arXiv:1802.03446",
    laws={"permutation"},
    minimum=5000,
)
def mode_score_a(real_posteriors: Any, fake_posteriors: Any) -> float:
    """Mode Score, reading A: exp(mean KL(p(y|x) || p*) - KL(p(y) || p*)), which is the Inception Score itself.

    The reference cancels out of it: a second name for one number. Raises BadInput where p* lacks a class.
    """
    real, fake = both(real_posteriors, fake_posteriors)
    gap = law_gap(real, fake)
    return (divergence(fake, real.mean(0)).mean() - gap).clamp(min=0).exp().item()


@metric(
    needs=("real_posteriors", "fake_posteriors"),
    better="higher",
    ideal=None,
    bounds=(0.0, math.inf),
    paper="Che et al., 2017, arXiv:1612.02136, in the reading of Xu et al., 2018, arXiv:1806.07755",
    laws={"permutation"},
    minimum=5000,
)
def mode_score_b(real_posteriors: Any, fake_posteriors: Any) -> float:
    """Mode Score, reading B: exp(mean KL(p(y|x) || p(y)) - KL(p(y) || p*)), a penalised Inception Score.

    Not maximal at the true class law p*: with a perfect classifier its maximiser is proportional to sqrt(p*).
    """
    real, fake = both(real_posteriors, fake_posteriors)
    return (mutual_information(fake) - law_gap(real, fake)).exp().item()


@metric(
    needs=("real_posteriors", "fake_posteriors"),
    better="lower",
    ideal=None,
    bounds=(0.0, math.inf),
    paper="Zhou et al., 2018 (AM-GAN), arXiv:1703.02000",
    laws={"permutation"},
    minimum=5000,
)
def am_score(real_posteriors: Any, fake_posteriors: Any) -> float:
    """AM score: KL(p* || p(y)) + mean H(p(y|x)), in nats; 0 where posteriors are certain and the class law is right.

    A class of the reference that the samples lack entirely counts with probability 1e-16.
    """
    real, fake = both(real_posteriors, fake_posteriors)
    gap = divergence(real.mean(0), fake.mean(0).clamp(min=SMALLEST)).clamp(min=0)
    return (gap + entropy(fake).mean()).item()


@metric(
    needs=("real_posteriors", "fake_posteriors"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, 1.0),
    paper="Le Cam, 1986, Asymptotic Methods in Statistical Decision Theory (symmetric chi-square)",
    laws={"identity", "symmetric", "permutation"},
    minimum=1000,
)
def class_law_chi_square(real_posteriors: Any, fake_posteriors: Any) -> float:
    """Symmetric chi-square distance of the class laws: half the sum of (p - q)^2 / (p + q); 1 where disjoint."""
    p, q = (side.mean(0) for side in both(real_posteriors, fake_posteriors))
    return ((p - q).square() / (p + q).clamp(min=torch.finfo(p.dtype).tiny)).sum().div(2).clamp(max=1).item()


@metric(
    needs=("real_posteriors", "fake_posteriors"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, math.inf),
    paper="Kullback & Leibler, 1951; the class-law term of Xu et al., 2018, arXiv:1806.07755",
    laws={"identity", "permutation"},
    minimum=1000,
)
def class_law_kl(real_posteriors: Any, fake_posteriors: Any) -> float:
    """KL(class law of fake || class law of real) in nats: finite where the samples drop classes.

    Its floor for a perfect sampler is about (K - 1) / 2n. Raises BadInput where the reference lacks a class.
    """
    return law_gap(*both(real_posteriors, fake_posteriors)).item()


def per_class_means(fake_posteriors: Any, fake_labels: Any) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Mean posterior of each asked-for class (C, K), its share of the samples (C,), and its rows."""
    p = posteriors(fake_posteriors, "fake_posteriors")
    asked = class_labels(fake_labels, "fake_labels", len(p)).to(p.device)
    groups = [p[asked == c] for c in torch.unique(asked)]
    share = torch.tensor([len(group) / len(p) for group in groups], dtype=p.dtype, device=p.device)
    return torch.stack([group.mean(0) for group in groups]), share, groups


@metric(
    needs=("fake_posteriors", "fake_labels"),
    better="higher",
    ideal=None,
    bounds=(1.0, math.inf),
    paper="Benny et al., 2021, arXiv:2004.12361 (BCIS)",
    laws={"permutation"},
    minimum=5000,
)
def between_class_is(fake_posteriors: Any, fake_labels: Any) -> float:
    """Inception Score between asked-for classes: exp(E_c KL(p(y|c) || p(y))); its product with the one within is IS."""
    means, share, _ = per_class_means(fake_posteriors, fake_labels)
    return (entropy(share @ means) - share @ entropy(means)).clamp(min=0).exp().item()


@metric(
    needs=("fake_posteriors", "fake_labels"),
    better="lower",
    ideal=1.0,
    bounds=(1.0, math.inf),
    paper="Benny et al., 2021, arXiv:2004.12361 (WCIS)",
    laws={"permutation"},
    minimum=5000,
)
def within_class_is(fake_posteriors: Any, fake_labels: Any) -> float:
    """Inception Score within asked-for classes: exp(E_c E_x KL(p(y|x) || p(y|c))); 1 where a class is one class."""
    _, share, groups = per_class_means(fake_posteriors, fake_labels)
    within = torch.stack([mutual_information(group) for group in groups])
    return (share @ within).exp().item()
