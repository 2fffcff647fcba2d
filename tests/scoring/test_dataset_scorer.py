"""Scores: the reference that they are taken against, their identity, and what is said where there is none."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ganbench import data as data_sets
from ganbench._util.streams import stream
from ganbench.data.sources import Finite
from ganbench.dataset import Dataset, Space
from ganbench.errors import BadInput, RequestError, UnknownName
from ganbench.metrics import METRICS, metric
from ganbench.scoring.reference import DatasetScorer, applicable


@metric(needs=("real", "train"), better="lower", ideal=None, bounds=(0, math.inf), paper="none")
def rows_seen(real: object, train: object) -> float:
    """Count both sets."""
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
        monkeypatch.setitem(METRICS, each.spec.name, each)


def points(n: int = 12) -> Dataset:
    """Points on a line: train 0.., held out 100.., control 1000.."""
    parts = [torch.arange(n).float()[:, None] + start for start in (0, 100, 1000)]
    train, held_out, control = (Finite(x, torch.zeros(n, dtype=torch.int64)) for x in parts)
    return Dataset("line", Space((1,), 1, 0.0, 1100.0), train, held_out, control, "by start", "identity")


def samples(data: Dataset, n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    return data.control.examples(data.control.indices(n, stream(seed, "test")))


def test_a_score_is_the_metric_of_the_held_out_reference_and_a_seed_s_samples() -> None:
    data = points()
    x, y = samples(data, 20)
    (scored,) = DatasetScorer(data, ["fid"], 1000)(x, y)
    held_out = 100 + torch.arange(12.0)[:, None]
    assert scored.values == pytest.approx((METRICS["fid"](held_out, x),), rel=1e-9)
    assert scored.reasons == ("",)


def test_the_reference_is_distinct_the_same_every_time_and_never_of_another_split() -> None:
    first, again = (DatasetScorer(points(), ["fid"], 5).scorer.real.points.flatten().tolist() for _ in range(2))
    assert first == again
    assert len(set(first)) == 5
    assert all(100 <= value < 112 for value in first)


def test_a_stream_gives_as_many_examples_as_asked_for() -> None:
    assert len(DatasetScorer(data_sets.load("ring8"), ["fid"], 321).scorer.real.points) == 321


def test_the_identity_says_all_that_a_score_depends_on() -> None:
    data = data_sets.load("digits")
    x, y = samples(data, 64)
    (scored,) = DatasetScorer(data, ["coverage"], 10_000)(x, y)
    assert scored.metric == "coverage"
    assert scored.better == METRICS["coverage"].spec.better
    assert scored.version == METRICS["coverage"].spec.version
    assert scored.options == dict(METRICS["coverage"].spec.options) != {}
    assert scored.features["name"] == "digits"
    assert len(scored.features["weights_sha256"]) == 64
    assert (scored.n_real, scored.n_fake) == (data.held_out.size, 64)
    assert scored.reference == f"digits:held_out ({data.split})"


def test_what_no_extractor_and_no_reference_saw_claims_neither() -> None:
    data = data_sets.load("ring8")
    (scored,) = DatasetScorer(data, ["high_quality"], 50)(*samples(data, 64))
    assert (scored.features, scored.reference, scored.n_real) == ({"name": "none"}, "ring8:modes", 0)


@pytest.mark.usefixtures("own_metrics")
def test_a_metric_that_asks_for_training_data_gets_all_of_it() -> None:
    data = points()
    (scored,) = DatasetScorer(data, ["rows_seen"], 5)(*samples(data, 4))
    assert scored.values == (5012.0,)
    assert scored.reference == "line:held_out (by start) and line:train (12)"


@pytest.mark.usefixtures("own_metrics")
def test_labels_are_those_that_the_samples_were_asked_to_be() -> None:
    data = points()
    x, _ = samples(data, 3)
    (scored,) = DatasetScorer(data, ["sum_of_labels"], 5)(x, torch.tensor([3, 4, 5]))
    assert scored.values == (12.0,)
    (scored,) = DatasetScorer(data, ["sum_of_labels"], 5)(x, None)
    assert (scored.values, scored.reasons) == ((None,), ("the samples have no labels",))


@pytest.mark.usefixtures("own_metrics")
def test_a_value_that_is_not_finite_is_no_value() -> None:
    (scored,) = DatasetScorer(points(), ["infinite"], 5)(*samples(points(), 4))
    assert scored.values == (None,)
    assert scored.reasons == ("the value is inf",)
    assert (scored.version, scored.options) == (3, {"k": 4})


def test_samples_that_cannot_be_scored_say_why_and_leave_the_scorer_as_it_was() -> None:
    data = data_sets.load("ring8")
    x, y = samples(data, 64)
    scorer = DatasetScorer(data, ["fid", "high_quality"], 64)
    before = scorer(x, y)
    broken = x.clone()
    broken[7, 0] = math.nan
    for scored in scorer(broken, y):
        assert scored.values == (None,)
        assert "not finite" in scored.reasons[0]
    assert scorer(x, y) == before


def test_a_metric_that_refuses_gives_its_reason() -> None:
    data = points()
    (scored,) = DatasetScorer(data, ["fid"], 5)(*samples(data, 1))
    assert scored.values == (None,)
    assert "at least 2 rows" in scored.reasons[0]


def test_a_set_scores_the_same_before_and_after_others() -> None:
    data = data_sets.load("digits")
    scorer = DatasetScorer(data, ["fid", "inception_score"], 100)
    alone = DatasetScorer(data, ["fid", "inception_score"], 100)(*samples(data, 100, seed=1))
    scorer(*samples(data, 100, seed=0))
    assert scorer(*samples(data, 100, seed=1)) == alone


def test_samples_that_there_are_not_have_no_value_and_the_reason_that_is_given() -> None:
    (scored,) = DatasetScorer(points(), ["fid"], 5).undefined(7, "the seed diverged")
    (usual,) = DatasetScorer(points(), ["fid"], 5)(*samples(points(), 7))
    assert scored == replace(usual, values=(None,), reasons=("the seed diverged",))


def test_unknown_metrics_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="did you mean 'coverage'"):
        DatasetScorer(points(), ["covrage"], 5)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("high_quality", "its modes are not known"),
        ("ms_ssim", "it takes images"),
        ("inception_score", "features identity know no classes"),
    ],
)
def test_metrics_whose_needs_cannot_be_met_are_refused_before_any_work(name: str, reason: str) -> None:
    with pytest.raises(RequestError, match=reason):
        DatasetScorer(points(), [name], 5)
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


def test_features_that_cannot_take_the_data_are_refused() -> None:
    with pytest.raises(RequestError, match="features mnist cannot take digits"):
        DatasetScorer(data_sets.load("digits"), ["fid"], 5, features="mnist")
    with pytest.raises(UnknownName, match="digits"):
        DatasetScorer(data_sets.load("digits"), ["fid"], 5, features="digitz")


def test_samples_of_another_shape_are_refused() -> None:
    x, y = samples(points(), 4)
    for wrong in ((x[..., None], y), (x, y[:1])):
        with pytest.raises(BadInput, match="expected samples"):
            DatasetScorer(points(), ["fid"], 5)(*wrong)
    with pytest.raises(BadInput, match="at least one example"):
        DatasetScorer(points(), ["fid"], 0)


@pytest.mark.slow
def test_every_metric_that_applies_gives_a_value_or_asks_for_more_samples() -> None:
    for name in ("ring8", "digits"):
        data = data_sets.load(name)
        for scored in DatasetScorer(data, applicable(data), 128)(*samples(data, 128)):
            too_few = "expected at least" in scored.reasons[0]
            assert scored.values[0] is not None or too_few, f"{scored.metric}: {scored.reasons[0]}"


def test_every_need_is_served() -> None:
    known = {need for each in METRICS.values() for need in each.spec.needs}
    data = data_sets.load("digits")
    x, y = data.train.examples(data.train.indices(4, stream(0, "test")))
    scorer = DatasetScorer(data, [], 4)
    fake = scorer.inputs(x, y)
    assert all(scorer.scorer.input(need, fake) is not None for need in known - {"modes"})
