"""How a metric is shown in tables and reports: its name, and an arrow to where better values are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ganbench.records.record import Scores

ARROWS = {"lower": "↓", "higher": "↑", "target": "→"}
POINTS = "identity"
INCEPTION = ("inception", "inception_pytorch_fid", "inception_clean")


@dataclass(frozen=True)
class PublishedName:
    """A metric whose name stands for one network: what it is called on other ``features`` than those."""

    otherwise: str
    features: tuple[str, ...]


PUBLISHED = {
    "fid": PublishedName("frechet", INCEPTION),
    "fid_infinity": PublishedName("frechet_infinity", INCEPTION),
    "intra_fid": PublishedName("intra_frechet", INCEPTION),
    "intra_fid_infinity": PublishedName("intra_frechet_infinity", INCEPTION),
    "between_class_fid": PublishedName("between_class_frechet", INCEPTION),
    "between_class_fid_infinity": PublishedName("between_class_frechet_infinity", INCEPTION),
    "kid": PublishedName("kid", INCEPTION),
    "kid_subsets": PublishedName("kid_subsets", INCEPTION),
    "inception_score": PublishedName("inception_score", INCEPTION),
    "inception_score_splits": PublishedName("inception_score_splits", INCEPTION),
    "inception_score_cross_fitted": PublishedName("inception_score_cross_fitted", INCEPTION),
    "cmmd": PublishedName("cmmd", ("clip_cmmd",)),
}


def display_name(scores: Scores) -> str:
    """Name a metric for a table.

    Names such as ``fid``, which stand for one network in the literature, are kept for features of that network by its
    published weights. On others the features stand beside the name: ``frechet[random_conv]``, ``kid[digits]``. On
    points as they are ``frechet`` alone says it.
    """
    published, features = PUBLISHED.get(scores.metric), features_name(scores.features)
    if "protocol" in scores.options:  # the name is that protocol's, and so is the network unless its weights are others
        return f"{scores.metric}[{features}]" if "weights" in scores.features else scores.metric
    if published is None:
        return scores.metric
    if features in published.features:
        return scores.metric
    is_clear = features == POINTS and published.otherwise != scores.metric
    return published.otherwise if is_clear else f"{published.otherwise}[{features}]"


def features_name(identity: Mapping[str, str]) -> str:
    """Return what the features of a score are called: the extractor, also where a file of features names it."""
    name = identity.get("name", "none")
    name = identity.get("made_by", name) if name == "given" else name
    return f"{name}, own weights" if "weights" in identity else name


def how_to_publish(scores: Iterable[Scores]) -> list[str]:
    """Say, for metrics that have not their published features, once which these are and how to get them."""
    others: dict[tuple[str, ...], dict[str, str]] = {}
    for each in scores:
        if each.metric in PUBLISHED and display_name(each) != each.metric:
            others.setdefault(PUBLISHED[each.metric].features, {})[each.metric] = display_name(each)
    return [
        f"{', '.join(names.values())}: the published {', '.join(names)} take features of {' or '.join(features)} "
        f"(--features {features[0]}, with --weights FILE or --download), and no others compare with them"
        for features, names in others.items()
    ]
