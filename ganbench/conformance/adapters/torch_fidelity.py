"""torch-fidelity: features through its own functions, in its order (generated first); nothing shuffled, one subset."""

from __future__ import annotations

from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from ganbench.conformance.adapters.arrays import Array, logits, tensor


def fid(real: Array, fake: Array) -> float:
    a, b = (fid_features_to_statistics(tensor(x)) for x in (fake, real))
    return fid_statistics_to_metric(a, b, False)["frechet_inception_distance"]


def kid(real: Array, fake: Array) -> float:
    size = min(len(real), len(fake))
    scores = kid_features_to_metric(tensor(fake), tensor(real), kid_subsets=1, kid_subset_size=size, verbose=False)
    return scores["kernel_inception_distance_mean"]


def precision(real: Array, fake: Array, k: int = 3) -> float:
    return prc_features_to_metric(tensor(fake), tensor(real), prc_neighborhood=k, verbose=False)["precision"]


def recall(real: Array, fake: Array, k: int = 3) -> float:
    return prc_features_to_metric(tensor(fake), tensor(real), prc_neighborhood=k, verbose=False)["recall"]


def inception_score(fake_posteriors: Array) -> float:
    return inception_score_splits(fake_posteriors, splits=1)


def inception_score_splits(fake_posteriors: Array, splits: int = 10) -> float:
    return isc_features_to_metric(logits(fake_posteriors), splits, shuffle=False)["inception_score_mean"]
