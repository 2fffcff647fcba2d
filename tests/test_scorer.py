"""Scores: the reference that they are taken against, their identity, and what is said where there is none."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ganbench import data as data_sets
from ganbench.data.sources import Finite
from ganbench.dataset import Dataset, Space
from ganbench.errors import BadInput, RequestError, UnknownName
from ganbench.evidence import Look
from ganbench.metrics import METRICS
from ganbench.metrics.base import metric
from ganbench.scorer import Scorer, applicable, extractor
from ganbench.streams import stream


@metric(needs=("real", "train"), better="lower", ideal=None, bounds=(0, math.inf), paper="none")
def rows_seen(real: object, train: object) -> float:
    """Count both clouds."""
    return 1000 * len(real) + len(train)  # type: ignore[arg-type]


@metric(needs=("fake",), better="lower", ideal=None, bounds=(0, math.inf), paper="none", version=3)
def infinite(fake: object, k: int = 4) -> float:
    """Infinite whatever is given."""
    return math.inf


@metric(needs=("fake_labels",), better="lower", ideal=None, bounds=(0, math.inf), paper="none")
def sum_of_labels(fake_labels: Tensor) -> float:
    """Add the labels."""
    return float(fake_labels.sum())


@pytest.fixture
def own_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (rows_seen, infinite, sum_of_labels):
        monkeypatch.setitem(METRICS, each.name, each)


def points(n: int = 12) -> Dataset:
    """Points on a line: train 0.., held out 100.., control 1000.."""
    parts = [torch.arange(n).float()[:, None] + start for start in (0, 100, 1000)]
    train, held_out, control = (Finite(x, torch.zeros(n, dtype=torch.int64)) for x in parts)
    return Dataset("line", Space((1,), 1, 0.0, 1100.0), train, held_out, control, "by start", "identity")


def samples(data: Dataset, n: int, seeds: int = 2) -> tuple[Tensor, Tensor]:
    drawn = [data.control.examples(data.control.tickets(n, stream(seed, "test"))) for seed in range(seeds)]
    return torch.stack([x for x, _ in drawn]), torch.stack([y for _, y in drawn])


def test_a_score_is_the_metric_of_the_held_out_reference_and_a_seed_s_samples() -> None:
    data = points()
    x, y = samples(data, 20)
    (found,) = Scorer(data, ["fid"], 1000)(x, y)
    held_out = 100 + torch.arange(12.0)[:, None]
    assert found.values == tuple(pytest.approx(METRICS["fid"](held_out, each), rel=1e-9) for each in x)
    assert found.reasons == ("", "")


def test_the_reference_is_distinct_the_same_every_time_and_never_of_another_split() -> None:
    first, again = (Scorer(points(), ["fid"], 5).real.x.flatten().tolist() for _ in range(2))
    assert first == again
    assert len(set(first)) == 5
    assert all(100 <= value < 112 for value in first)


def test_a_stream_gives_as_many_examples_as_asked_for() -> None:
    assert len(Scorer(data_sets.load("ring8"), ["fid"], 321).real.x) == 321


def test_the_identity_says_all_that_a_score_depends_on() -> None:
    data = data_sets.load("digits")
    x, y = samples(data, 64, seeds=1)
    (found,) = Scorer(data, ["coverage"], 10_000)(x, y)
    assert found.metric == "coverage"
    assert found.better == METRICS["coverage"].better
    assert found.version == METRICS["coverage"].version
    assert found.options == dict(METRICS["coverage"].options) != {}
    assert found.features["name"] == "digits"
    assert len(found.features["weights_sha256"]) == 64
    assert (found.n_real, found.n_fake) == (data.held_out.size, 64)
    assert found.reference == f"digits:held_out ({data.split})"


def test_what_no_extractor_and_no_reference_saw_claims_neither() -> None:
    data = data_sets.load("ring8")
    (found,) = Scorer(data, ["high_quality"], 50)(*samples(data, 64))
    assert (found.features, found.reference, found.n_real) == ({"name": "none"}, "ring8:modes", 0)


@pytest.mark.usefixtures("own_metrics")
def test_a_metric_that_asks_for_training_data_gets_all_of_it() -> None:
    data = points()
    (found,) = Scorer(data, ["rows_seen"], 5)(*samples(data, 4, seeds=1))
    assert found.values == (5012.0,)
    assert found.reference == "line:held_out (by start) and line:train (12)"


@pytest.mark.usefixtures("own_metrics")
def test_labels_are_those_that_the_samples_were_asked_to_be() -> None:
    data = points()
    x, _ = samples(data, 3)
    (found,) = Scorer(data, ["sum_of_labels"], 5)(x, torch.tensor([[0, 1, 2], [3, 4, 5]]))
    assert found.values == (3.0, 12.0)


@pytest.mark.usefixtures("own_metrics")
def test_a_value_that_is_not_finite_is_no_value() -> None:
    (found,) = Scorer(points(), ["infinite"], 5)(*samples(points(), 4))
    assert found.values == (None, None)
    assert found.reasons == ("the value is inf",) * 2
    assert (found.version, found.options) == (3, {"k": 4})


def test_a_seed_whose_samples_cannot_be_scored_says_why_and_leaves_the_others_alone() -> None:
    data = data_sets.load("ring8")
    x, y = samples(data, 64)
    alone = Scorer(data, ["fid", "high_quality"], 64)(x, y)
    x[1, 7, 0] = math.nan
    both = Scorer(data, ["fid", "high_quality"], 64)(x, y)
    for found, before in zip(both, alone, strict=True):
        assert found.values == (before.values[0], None)
        assert found.reasons[0] == ""
        assert "not finite" in found.reasons[1]


def test_a_metric_that_refuses_gives_its_reason() -> None:
    data = points()
    (found,) = Scorer(data, ["fid"], 5)(*samples(data, 1))
    assert found.values == (None, None)
    assert "at least 2 rows" in found.reasons[0]


def test_a_seed_scores_the_same_in_any_company() -> None:
    data = data_sets.load("digits")
    x, y = samples(data, 100, seeds=3)
    scorer = Scorer(data, ["fid", "inception_score"], 100)
    for together, alone in zip(scorer(x, y), scorer(x[1:2], y[1:2]), strict=True):
        assert together.values[1] == alone.values[0]


def test_unknown_metrics_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="did you mean 'coverage'"):
        Scorer(points(), ["covrage"], 5)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("high_quality", "modes are not known"),
        ("ms_ssim", "takes images"),
        ("inception_score", "features identity know no classes"),
    ],
)
def test_metrics_whose_needs_cannot_be_met_are_refused_before_any_work(name: str, reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        Scorer(points(), [name], 5)
    assert name not in applicable(points())


def test_labels_are_needed_where_labels_are_scored() -> None:
    data = points()
    unlabelled = replace(data, space=replace(data.space, classes=0))
    assert "gan_train" in applicable(data)
    assert "gan_train" not in applicable(unlabelled)


def test_what_applies_follows_the_data_and_the_features() -> None:
    assert {"fid", "high_quality"} <= set(applicable(data_sets.load("ring8")))
    digits = data_sets.load("digits")
    assert {"fid", "inception_score", "ms_ssim"} <= set(applicable(digits))
    assert "inception_score" not in applicable(digits, "pixels")
    assert Scorer.names(digits) == applicable(digits)


def test_features_that_cannot_look_at_the_data_are_refused() -> None:
    with pytest.raises(RequestError, match="features mnist cannot look at digits"):
        Scorer(data_sets.load("digits"), ["fid"], 5, features="mnist")
    with pytest.raises(UnknownName, match="digits"):
        Scorer(data_sets.load("digits"), ["fid"], 5, features="digitz")


def test_samples_of_another_shape_are_refused() -> None:
    x, y = samples(points(), 4)
    for wrong in ((x[..., None], y), (x, y[:1])):
        with pytest.raises(BadInput, match="expected samples"):
            Scorer(points(), ["fid"], 5)(*wrong)
    with pytest.raises(BadInput, match="at least one example"):
        Scorer(points(), ["fid"], 0)


@pytest.mark.slow
def test_every_metric_that_applies_gives_a_value_or_asks_for_more_samples() -> None:
    for name in ("ring8", "digits"):
        data = data_sets.load(name)
        for found in Scorer(data, applicable(data), 128)(*samples(data, 128, seeds=1)):
            too_few = "expected at least" in found.reasons[0]
            assert found.values[0] is not None or too_few, f"{found.metric}: {found.reasons[0]}"


def test_every_need_is_served() -> None:
    known = {need for each in METRICS.values() for need in each.needs}
    data = data_sets.load("digits")
    x, y = data.train.examples(data.train.tickets(4, stream(0, "test")))
    fake = Look("fake", x, y, extractor(data, None))
    scorer = Scorer(data, [], 4)
    assert [scorer.evidence(need, fake) for need in known - {"modes"}]
