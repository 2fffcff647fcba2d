"""A score card word for word, and where it begins and ends."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ganbench.errors import BadInput
from ganbench.metrics.frechet import Interval
from ganbench.scoring.api import Options
from ganbench.scoring.card import Card, EncoderScore, card
from ganbench.scoring.warnings import Warned
from tests.scoring.sets import features, photos

LINES = (
    EncoderScore("fidelity", "precision", "higher", 0.5, 0.8, ""),
    EncoderScore("both in one", "fid", "lower", 3.0, 1.5, ""),
    EncoderScore("both in one", "mind", "lower", None, 0.25, "expected at least 4 rows"),
    EncoderScore("memorisation", "authenticity", "higher", 0.123456, 0.0, ""),
)
WARNED = Warned("W101", "unequal n", "a", "text")
MADE = Card("gen", "real", 40, 60, {"inception": LINES}, Interval(2.0, 1.234, 3.0), (WARNED,), ("a remark",))


def test_a_card_is_a_screen_of_text() -> None:
    assert str(MADE) == (
        "gen: 40 samples and 40 held-out reals against 60 of real\n"
        "\n"
        "inception                              samples   real data    ratio\n"
        "  fidelity\n"
        "    precision ↑                            0.5         0.8    0.625\n"
        "  both in one\n"
        "    fid ↓                                    3         1.5        2\n"
        "    mind ↓                                   -        0.25        -\n"
        "  memorisation\n"
        "    authenticity ↑                      0.1235           0        -\n"
        "\n"
        "Frechet distance over that of real data, mean over encoders: 2 [1.23, 3]; 1 is as good as real\n"
        "\n"
        "a remark\n"
        "W101 unequal n: a: text\n"
    )


def test_a_card_without_ratio_and_remarks_ends_with_its_lines() -> None:
    plain = Card("gen", "real", 40, 60, {"pixels": LINES[:1]}, None, (), ())
    assert str(plain).endswith("0.625\n")
    assert "Frechet" not in str(plain)


def test_a_card_as_data_has_the_ratios() -> None:
    data = json.loads(MADE.to_json())
    assert data["encoders"]["inception"][1] == {
        "aspect": "both in one",
        "metric": "fid",
        "better": "lower",
        "value": 3.0,
        "floor": 1.5,
        "reason": "",
        "ratio": 2.0,
    }
    assert [each["ratio"] for each in data["encoders"]["inception"]] == [0.625, 2.0, None, None]
    assert (data["n"], data["n_reference"], data["samples"], data["reference"]) == (40, 60, "gen", "real")
    assert data["frechet_ratio"] == {"value": 2.0, "low": 1.234, "high": 3.0}
    assert data["warnings"][0]["code"] == "W101"


def test_half_of_the_reference_at_most_is_held_out() -> None:
    train = "memorisation is not judged without the training examples (--train)"
    one = "one encoder: a score that cannot be bought needs two of different training (--features A,B)"
    few = card(features(15, 1), features(20, 2))
    assert (few.n, few.n_reference, few.remarks) == (10, 10, (one, train))
    more = card(features(15, 1), features(60, 2), options=Options(train=features(30, 3)))
    assert (more.n, more.n_reference, more.remarks) == (15, 45, (one,))
    assert (more.samples, more.reference) == ("an array in memory", "an array in memory")
    with pytest.raises(BadInput, match="expected a reference of at least 20 samples to hold half out, got 19 samples"):
        card(features(15, 1), features(19, 2))


def test_statistics_have_no_half_to_hold_out(tmp_path: Any) -> None:
    x = features(50, 1).astype(float)
    np.savez(tmp_path / "a.npz", mu=x.mean(0), sigma=np.cov(x, rowvar=False))
    with pytest.raises(BadInput, match="to hold half out, got a mean and a covariance"):
        card(features(50, 2), tmp_path / "a.npz")


def test_pictures_are_seen_by_two_encoders_and_a_ratio_needs_a_hundred_of_them() -> None:
    made = card(photos(99, 1, side=8), photos(240, 2, side=8))
    assert list(made.encoders) == ["random_conv", "pixels"]
    assert made.frechet_ratio is None
    assert made.remarks[0] == "99 samples beside as many held-out reals: the ratio of distances needs 100"
    other = card(photos(100, 1, side=8), photos(240, 2, side=8), features=["pixels", "random_conv"])
    assert list(other.encoders) == ["pixels", "random_conv"]
    assert other.frechet_ratio is not None
    assert len(other.remarks) == 1
    alone = card(photos(30, 1, side=8), photos(60, 2, side=8), features=["pixels"])
    assert list(alone.encoders) == ["pixels"]
    codes = [(each.code, each.text) for each in made.warnings]
    assert len(codes) == len(set(codes))
