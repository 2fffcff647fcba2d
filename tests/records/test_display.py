"""What metrics are called: names that stand for a network are kept for its published weights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ganbench.features import EXTRACTORS
from ganbench.metrics import METRICS
from ganbench.records.display import PUBLISHED, display_name, how_to_publish
from ganbench.records.record import Scores

PLAIN = Scores("fid", (1.0,), ("",), "lower", 1, {"name": "inception"}, "real", 10, 10, {})


@pytest.mark.parametrize(
    ("metric", "features", "name"),
    [
        ("fid", {"name": "inception"}, "fid"),
        ("fid", {"name": "inception_pytorch_fid"}, "fid"),
        ("fid", {"name": "inception_clean"}, "fid"),
        ("fid", {"name": "given", "made_by": "inception"}, "fid"),
        ("fid", {"name": "given"}, "frechet[given]"),
        ("fid", {"name": "identity"}, "frechet"),
        ("fid", {"name": "digits", "weights_sha256": "82790460"}, "frechet[digits]"),
        ("fid", {"name": "inception_torchvision"}, "frechet[inception_torchvision]"),
        ("fid", {"name": "inception", "weights": "a file of the user's"}, "frechet[inception, own weights]"),
        ("fid_infinity", {"name": "random_conv"}, "frechet_infinity[random_conv]"),
        ("kid", {"name": "random_conv"}, "kid[random_conv]"),
        ("kid", {"name": "identity"}, "kid[identity]"),
        ("kid", {"name": "inception"}, "kid"),
        ("inception_score", {"name": "digits"}, "inception_score[digits]"),
        ("cmmd", {"name": "clip_cmmd"}, "cmmd"),
        ("cmmd", {"name": "clip_large"}, "cmmd[clip_large]"),
        ("precision", {"name": "random_conv"}, "precision"),
        ("mine.py", {}, "mine.py"),
    ],
)
def test_a_name_says_the_features_unless_they_are_the_published_ones(
    metric: str, features: dict[str, str], name: str
) -> None:
    assert display_name(replace(PLAIN, metric=metric, features=features)) == name


def test_the_table_of_names_holds_metrics_and_extractors_that_there_are() -> None:
    assert set(PUBLISHED) <= set(METRICS)
    assert {name for each in PUBLISHED.values() for name in each.features} <= set(EXTRACTORS)
    told = ("fid", "kid", "inception_score", "cmmd")
    assert {name for name in METRICS if name.startswith(told) or "_fid" in name} == set(PUBLISHED)


def test_the_way_to_the_published_features_is_said_once_for_each_network() -> None:
    other = [replace(PLAIN, metric=name, features={"name": "random_conv"}) for name in ("fid", "kid", "cmmd", "recall")]
    first, second = how_to_publish([PLAIN, *other])
    assert first.startswith("frechet[random_conv], kid[random_conv]: the published fid, kid take features of inception")
    assert "--features inception, with --weights FILE or --download" in first
    assert second.startswith("cmmd[random_conv]: the published cmmd take features of clip_cmmd")
    assert how_to_publish([PLAIN]) == []
