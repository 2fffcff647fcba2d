"""torchmetrics: its classes with an identity for a network, updated once with either set; one subset of all rows."""

from __future__ import annotations

from torchmetrics import Metric
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from ganbench.conformance.adapters.arrays import Array, Identity, logits, tensor
from ganbench.conformance.implementation import NotApplicable


def filled(metric: Metric, real: Array, fake: Array) -> Metric:
    """Update a metric with real and fake features; raises NotApplicable for what one network cannot have made."""
    if real.shape[1] != fake.shape[1]:
        raise NotApplicable("one network makes the features of both sets")
    metric.update(tensor(real), real=True)
    metric.update(tensor(fake), real=False)
    return metric


def fid(real: Array, fake: Array) -> float:
    return filled(FrechetInceptionDistance(feature=Identity(real.shape[1])), real, fake).compute().item()


def kid(real: Array, fake: Array) -> float:
    size = min(len(real), len(fake))
    metric = KernelInceptionDistance(feature=Identity(real.shape[1]), subsets=1, subset_size=size)
    return filled(metric, real, fake).compute()[0].item()


def inception_score(fake_posteriors: Array) -> float:
    return inception_score_splits(fake_posteriors, splits=1)


def inception_score_splits(fake_posteriors: Array, splits: int = 10) -> float:
    metric = InceptionScore(feature=Identity(fake_posteriors.shape[1]), splits=splits)
    metric.update(logits(fake_posteriors))
    return metric.compute()[0].item()
