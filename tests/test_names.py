"""A name that is unknown teaches the nearest ones, however they are written."""

from __future__ import annotations

import pytest

from ganbench import data
from ganbench._util.names import find, suggestion
from ganbench.errors import UnknownName
from ganbench.features import load as load_features
from ganbench.metrics import METRICS
from ganbench.scoring.asked_metrics import wanted
from ganbench.suites import find_suite
from ganbench.training import registry


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("FID", "'fid'"),
        ("Inception-Score", "'inception_score'"),
        ("inception score", "'inception_score'"),
        ("KDI", "'kid'"),
    ],
)
def test_neither_case_nor_hyphens_hide_a_name(name: str, nearest: str) -> None:
    assert suggestion(name, METRICS).startswith(f"did you mean {nearest}")


def test_what_differs_in_case_only_is_the_one_suggestion() -> None:
    assert suggestion("FID", METRICS) == "did you mean 'fid'?"
    assert suggestion("Real", ["REAL", "real", "reals"]) == "did you mean 'REAL' or 'real'?"


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: wanted("FID"), "unknown metric 'FID'; did you mean 'fid'?"),
        (lambda: data.load("MNIST"), "unknown dataset 'MNIST'; did you mean 'mnist'?"),
        (lambda: data.load("ring8(SD=1)"), "unknown field of ring8 'SD'; did you mean 'sd'?"),
        (lambda: load_features("Inception"), "unknown features 'Inception'; did you mean 'inception'?"),
        (lambda: registry.load("WGAN-GP"), "unknown baseline 'WGAN-GP'; did you mean 'wgan_gp'?"),
        (lambda: find_suite("Quick"), "unknown suite 'Quick'; did you mean 'quick'?"),
    ],
)
def test_every_kind_of_name_suggests_alike(ask: object, said: str) -> None:
    assert callable(ask)
    with pytest.raises(UnknownName) as caught:
        ask()
    assert said in str(caught.value)


def test_names_that_are_far_off_are_listed_but_not_by_hundreds() -> None:
    with pytest.raises(UnknownName, match=r"unknown thing 'x'; expected one of a, b$"):
        find("thing", "x", {"a": 1, "b": 2})
    assert suggestion("x", [f"layer{i:03}" for i in range(300)]).endswith("layer099 and 200 others")
