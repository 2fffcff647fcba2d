"""piq: its classes on features; KID and FID are symmetric, PR takes the reference first."""

from __future__ import annotations

from piq import FID, KID, PR
from piq.isc import inception_score as score_of

from ganbench.conformance.adapters.arrays import Array, logits, tensor


def fid(real: Array, fake: Array) -> float:
    return FID()(tensor(real), tensor(fake)).item()


def kid(real: Array, fake: Array) -> float:
    return KID()(tensor(real), tensor(fake)).item()


def precision(real: Array, fake: Array, k: int = 3) -> float:
    return PR(nearest_k=k)(tensor(real), tensor(fake))[0].item()


def recall(real: Array, fake: Array, k: int = 3) -> float:
    return PR(nearest_k=k)(tensor(real), tensor(fake))[1].item()


def inception_score(fake_posteriors: Array) -> float:
    return inception_score_splits(fake_posteriors, splits=1)


def inception_score_splits(fake_posteriors: Array, splits: int = 10) -> float:
    return score_of(logits(fake_posteriors), splits)[0].item()
