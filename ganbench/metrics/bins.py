"""Samples counted in bins: NDB over k-means cells of the reference, and classes or stacked digits that turn up."""

from __future__ import annotations

import math
from typing import Any

import torch
from scipy.stats import norm
from sklearn.cluster import KMeans
from torch import Tensor

from ganbench.errors import BadInput
from ganbench.metrics.base import metric
from ganbench.metrics.features import features
from ganbench.metrics.modes import jensen_shannon, uniform_gap
from ganbench.metrics.posteriors import posteriors


def cell_counts(real: Any, fake: Any, bins: int, seed: int) -> tuple[Tensor, Tensor]:
    """Count both clouds, (K,) each, in the k-means cells of ``real``; BadInput where it has fewer distinct rows."""
    a, b = features(real, "real").values.double().cpu(), features(fake, "fake").values.double().cpu()
    if a.shape[1] != b.shape[1]:
        raise BadInput(f"fake: expected {a.shape[1]} columns as in real, got {b.shape[1]}")
    distinct = len(torch.unique(a, dim=0))
    if not 1 <= bins <= distinct:
        raise BadInput(f"bins: expected between 1 and the {distinct} distinct rows of real, got {bins}")
    centre = a.mean(0)
    cells = KMeans(bins, n_init=1, random_state=seed).fit((a - centre).numpy())
    labels = [torch.from_numpy(cells.predict((side - centre).numpy())).long() for side in (a, b)]
    return torch.bincount(labels[0], minlength=bins), torch.bincount(labels[1], minlength=bins)


def two_proportion_z(a: Tensor, b: Tensor) -> Tensor:
    """Pooled two-proportion z of each bin, (K,): (p_a - p_b) / sqrt(p (1 - p) (1/n + 1/m)); 0 where a bin is empty."""
    a, b = a.double(), b.double()
    n, m = a.sum(), b.sum()
    pooled = (a + b) / (n + m)
    error = (pooled * (1 - pooled) * (1 / n + 1 / m)).sqrt()
    return torch.where(error > 0, (a / n - b / m) / error, 0.0)


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=None,
    bounds=(0.0, 1.0),
    paper="Richardson & Weiss, 2018, arXiv:1805.12462",
    laws={"rotation", "translation", "scale"},
    minimum=10000,
)
def ndb(real: Any, fake: Any, *, bins: int = 100, seed: int = 0, level: float = 0.05) -> float:
    """NDB / K: the share of k-means cells of the reference whose proportion differs significantly in the samples.

    A perfect sampler scores about ``level``. Larger n rejects more for the same gap, so compare at one n only.
    """
    z = two_proportion_z(*cell_counts(real, fake, bins, seed))
    return (z.abs() > norm.isf(level / 2)).double().mean().item()


@metric(
    needs=("real", "fake"),
    better="lower",
    ideal=0.0,
    bounds=(0.0, math.log(2)),
    paper="Richardson & Weiss, 2018, arXiv:1805.12462",
    laws={"identity", "rotation", "translation", "scale"},
    minimum=10000,
)
def ndb_jsd(real: Any, fake: Any, *, bins: int = 100, seed: int = 0) -> float:
    """Jensen-Shannon divergence in nats of the two clouds over the k-means cells of the reference.

    A perfect sampler scores about (K - 1) / 8 (1/n + 1/m).
    """
    a, b = cell_counts(real, fake, bins, seed)
    return jensen_shannon(a.double() / a.sum(), b.double() / b.sum()).clamp(max=math.log(2)).item()


@metric(
    needs=("fake_posteriors",),
    better="higher",
    ideal=None,
    bounds=(0.0, math.inf),
    paper="Metz et al., 2017 (Unrolled GAN), arXiv:1611.02163",
    laws={"permutation"},
    minimum=1000,
)
def classes_captured(fake_posteriors: Any, *, at_least: int = 1) -> float:
    """Classes that are the most probable one of at least one sample.

    The classifier's errors invent classes: read it beside a count that needs several samples (``at_least``).
    """
    p = posteriors(fake_posteriors, "fake_posteriors")
    return (torch.bincount(p.argmax(1), minlength=p.shape[1]) >= at_least).sum().item()


def stacked_counts(digits: Any) -> Tensor:
    """Count each of the 1000 stacks of three digits, (1000,), from labels (n, 3) in 0..9; BadInput otherwise."""
    labels = torch.as_tensor(digits).detach()
    if labels.ndim != 2 or labels.shape[1] != 3 or not len(labels):
        raise BadInput(f"digits: expected an (n, 3) array of digits, got shape {tuple(labels.shape)}")
    if (labels != labels.long()).any() or labels.min() < 0 or labels.max() > 9:
        raise BadInput("digits: expected whole numbers from 0 to 9")
    place = torch.tensor([100, 10, 1], device=labels.device)
    return torch.bincount((labels.long() * place).sum(1), minlength=1000)


def stacked_modes(digits: Any, at_least: int = 1) -> int:
    """Count the stacks of three digits, of 1000, that at least so many samples show (Metz et al., 2017).

    A classifier of 99.25 % per digit mislabels 2.2 % of the stacks: print ``at_least=5`` beside 1.
    """
    return int((stacked_counts(digits) >= at_least).sum())


def stacked_kl(digits: Any, reference: Any | None = None) -> float:
    """KL(law of the stacks || uniform, or the law of ``reference`` digits), in nats (Lin et al., 2018, PacGAN).

    A perfect sampler scores about 999 / 2n: .0192 at the usual n of 26 000. BadInput where the reference
    lacks a stack that the samples show.
    """
    seen = stacked_counts(digits)
    if reference is None:
        return uniform_gap(seen)
    truth = stacked_counts(reference)
    for stack in ((seen > 0) & (truth == 0)).nonzero().flatten()[:1].tolist():
        raise BadInput(f"reference: undefined, it lacks the stack {stack:03d} that the samples show")
    p, q = seen.double() / seen.sum(), truth.double() / truth.sum()
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum().clamp(min=0).item()
