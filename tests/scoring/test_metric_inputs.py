"""What metrics are given, and what one set of samples lacks for them: limits, levels, parts, ranges, references."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from ganbench import data as data_sets
from ganbench.data.sources import Finite
from ganbench.dataset import Dataset, Space
from ganbench.errors import BadInput, RequestError
from ganbench.features.extraction import given
from ganbench.features.feature_set import Facts, FeatureSet
from ganbench.io import Reading, open_source
from ganbench.io.source import Source
from ganbench.metrics import METRICS, metric
from ganbench.scoring import inputs as given_to_metrics
from ganbench.scoring.api import Options, beside, numbered, of_kind, score, sets_of
from ganbench.scoring.inputs import FileInputs, in_levels
from ganbench.scoring.pairing import conversion, in_one_range, in_range_of, white_of
from ganbench.scoring.reference import DatasetScorer, drawn, helmert, reference_draws, rows_of_moments
from ganbench.scoring.scorer import Scorer, Step
from tests.scoring.sets import features, photos


def rows_of(x: Any, role: str = "real") -> FileInputs:
    source = open_source(x)
    return FileInputs(source, given(source), role)


# images


def test_images_are_rounded_to_the_levels_of_a_file() -> None:
    space = Space((1, 1, 5), 1, -1.0, 1.0)
    x = torch.tensor([-1.5, -1.0, 0.0, 1 / 255 + 1e-3, 1.2])
    levels = torch.tensor([0.0, 0.0, 128.0, 128.0, 255.0]) / 127.5 - 1
    torch.testing.assert_close(in_levels(x, space), levels)
    unit = Space((1, 1, 5), 1, 0.0, 0.5)
    torch.testing.assert_close(in_levels(torch.tensor([0.1, 0.5, 0.6]), unit), torch.tensor([51 / 510, 0.5, 0.5]))


def test_images_are_held_at_once_up_to_a_limit_and_of_one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, real = photos(6, 1, side=10), photos(6, 2, side=10)
    whole = score(fake, real, metrics=["fid"], features="random_conv").rows[0].inputs
    monkeypatch.setattr(given_to_metrics, "MOST_IMAGE_BYTES", 4 * 6 * 3 * 100 - 1)
    with pytest.raises(BadInput, match=r"^fake: 6 images of 10 by 10 are more than this metric holds at once$"):
        _ = whole.images
    monkeypatch.setattr(given_to_metrics, "MOST_IMAGE_BYTES", 4 * 6 * 3 * 100)
    places = [int(name) for name in whole.feature_set.names]  # rows come in the order of their content
    torch.testing.assert_close(whole.images, torch.from_numpy(fake[places]).permute(0, 3, 1, 2) / 127.5 - 1)
    with pytest.raises(BadInput, match=r"^real: expected images of one size$"):
        _ = rows_of(features(5, 1)).images


def test_a_part_has_the_rows_labels_and_facts_of_its_places() -> None:
    n = 6
    facts = Facts(torch.arange(2 * n).reshape(n, 2), torch.arange(float(n)), torch.ones(n, 2, dtype=torch.int32))
    values, posteriors = torch.arange(float(n))[:, None], torch.eye(n, dtype=torch.float64)
    known = FeatureSet(values, posteriors, torch.arange(n), ("a",) * n, tuple("uvwxyz"), facts, 0)
    part = FileInputs(Source("s", "features", str), known, "fake", "given").part(torch.tensor([4, 1]))
    assert (part.n, part.role, part.feature_set.names) == (2, "fake", ("y", "v"))
    assert part.points.flatten().tolist() == [4.0, 1.0]
    assert torch.equal(part.posteriors, posteriors[[4, 1]])
    assert part.labels is not None
    assert part.labels.tolist() == [4, 1]
    assert part.feature_set.facts.spread.tolist() == [4.0, 1.0]
    assert part.has_posteriors
    bare = rows_of(features(4, 1))
    assert not bare.has_posteriors
    with pytest.raises(BadInput, match=r"^features given know no classes$"):
        _ = bare.posteriors


# the scorer


def plain(needs: tuple[Any, ...], **changes: Any) -> Any:
    """A metric that needs these, and counts."""

    def count(*given: Any) -> float:
        return 3.0

    return metric(needs=needs, better="lower", ideal=0.0, bounds=(0.0, 9.0), paper="none", **changes)(count)


def test_progress_is_told_of_the_distances_and_of_each_metric() -> None:
    told: list[Step] = []
    Scorer(rows_of(features(50, 1)), None, None, {"name": "given"})(
        [METRICS["fid"], METRICS["precision"]], rows_of(features(40, 2), "fake"), told.append
    )
    assert [(each.metric, each.place, each.count, each.seconds is None) for each in told] == [
        ("distances", 0, 2, True),
        ("distances", 0, 2, False),
        ("fid", 1, 2, True),
        ("fid", 1, 2, False),
        ("precision", 2, 2, True),
        ("precision", 2, 2, False),
    ]
    assert {each.of for each in told} == {"an array in memory"}
    assert all(each.seconds >= 0 for each in told if each.seconds is not None)


def test_a_scorer_says_of_what_a_score_is() -> None:
    ring = data_sets.load("ring8")
    real, train = rows_of(features(50, 1, 2)), rows_of(features(30, 2, 2), "train")
    scorer = Scorer(real, train, ring.modes, {"name": "given"}, "the modes of it")
    name = "an array in memory"
    assert scorer.reference({"real", "fake"}) == name
    assert scorer.reference({"train", "real"}) == f"{name} and {name}"
    assert scorer.reference({"fake", "modes"}) == "the modes of it"
    assert scorer.reference({"fake"}) == "none"
    assert Scorer(real, None, None, {}).reference({"train", "real"}) == name
    only = scorer.described(METRICS["high_quality"], 0.5, "", 40)
    assert (only.features, only.n_real, only.n_fake) == ({"name": "none"}, 0, 40)
    both = scorer.described(METRICS["fid"], 0.5, "", 40)
    assert (both.features, both.n_real, both.reference) == ({"name": "given"}, 50, name)


def test_metrics_that_no_set_can_meet_are_left_out_and_named_ones_refused() -> None:
    scorer = Scorer(rows_of(features(50, 1)), None, None, {"name": "given"})
    fake = rows_of(features(40, 2), "fake")
    fid, copies = METRICS["fid"], METRICS["copies"]
    assert scorer.select([fid, copies], frozenset(), [fake]) == [fid]
    with pytest.raises(RequestError, match=r"^metric copies cannot be used on an array in memory: it needs training"):
        scorer.select([fid, copies], frozenset({"copies"}), [fake])
    with pytest.raises(RequestError, match=r"^no metric can be used on an array in memory$"):
        scorer.select([copies], frozenset(), [fake])


def test_samples_of_another_width_than_the_reference_are_refused() -> None:
    scorer = Scorer(rows_of(features(50, 1, 4)), None, None, {"name": "given"})
    message = "^an array in memory: expected 4 features a sample as in an array in memory, got 5$"
    with pytest.raises(BadInput, match=message):
        scorer([METRICS["fid"]], rows_of(features(40, 2, 5), "fake"))


# pairs


def test_what_was_made_of_both_sides_is_part_of_the_identity() -> None:
    def side(channels: int, *scaled: str) -> FeatureSet:
        facts = Facts(torch.zeros(1, 2), torch.zeros(1), torch.zeros(1, 2))
        return FeatureSet(torch.zeros(1, 1), None, None, (), ("0",), facts, channels, scaled=scaled)

    assert conversion(side(0), side(0)) == {}
    assert conversion(side(3), side(3)) == {"channels": "colour"}
    assert conversion(side(1), side(1)) == {"channels": "grey"}
    assert conversion(side(1, "[0, 1]"), side(1, "[0, 1]")) == {"channels": "grey", "range": "[0, 1]"}
    both = "samples [0, 1], [0, 4095], reference 0-255"
    assert conversion(side(3), side(3, "[0, 1]", "[0, 4095]")) == {"channels": "colour", "range": both}
    assert conversion(side(3, "[0, 1]"), side(3))["range"] == "samples 0-255, reference [0, 1]"


def source(name: str, low: float, high: float, span: tuple[float, float] | None = None) -> Source:
    return Source(name, "images", str, extremes=(low, high), span=span, respan=lambda _span: lambda: iter(()))


def test_a_range_that_holds_the_values_of_both_sides_is_chosen() -> None:
    a, b = source("a", 0.0, 1.0, (0.0, 1.0)), source("b", -1.0, 1.0, (-1.0, 1.0))
    chosen, doubts = in_one_range([a, b])
    assert [each.span for each in chosen] == [(-1.0, 1.0)] * 2
    assert doubts == [
        "a has values from 0 to 1, which alone would be [0, 1], and is read as [-1, 1] like the other side; name the "
        "ranges with --span and --reference-span"
    ]
    half = source("c", 0.25, 0.5, (0.0, 1.0))
    assert in_one_range([half, half])[1] == [
        "values from 0.25 to 0.5 are read as [0, 1], which they do not fill; name the range with --span"
    ]
    assert in_one_range([a, source("d", 0.4, 0.6, (0.0, 1.0))])[1] == []
    named = Source("named", "images", str)
    assert in_one_range([named, b])[0] == [named, b]
    message = "^a has values from 0 to 1 and e has values from -1 to 300, which no usual range holds; name them with"
    with pytest.raises(BadInput, match=message):
        in_one_range([a, source("e", -1.0, 300.0)])


def test_training_examples_are_read_as_samples_are_where_their_values_permit_it() -> None:
    fake = source("fake", -1.0, 1.0, (-1.0, 1.0))
    assert in_range_of(fake, source("train", 0.0, 1.0, (0.0, 1.0))).span == (-1.0, 1.0)
    assert in_range_of(fake, source("train", -1.0, 1.0)).span == (-1.0, 1.0)
    for wide in (source("t", -1.1, 1.0, (0.0, 5.0)), source("t", 0.0, 1.1, (0.0, 5.0))):
        assert in_range_of(fake, wide) is wide
    whole = Source("train", "images", str)
    assert in_range_of(fake, whole) is whole
    assert in_range_of(Source("fake", "images", str, span=(0.0, 9.0)), source("t", 0.0, 1.0, (0.0, 1.0))).span == (0, 1)


def test_white_of_sixteen_bits_is_that_of_the_brighter_side() -> None:
    white, (doubt,) = white_of([("a", 100), ("b", 1000), ("c", 0)])
    assert white == 1023
    assert doubt == "a has 16-bit values up to 100 and b has 16-bit values up to 1000, read as [0, 1023]; name the range with --span"  # fmt: skip  # noqa: E501
    assert white_of([("a", 100), ("b", 60_000)])[0] == 65535
    assert len(white_of([("a", 100), ("b", 60_000)])[1]) == 1
    assert white_of([("a", 60_000), ("b", 60_000)]) == (65535, [])


# the reference


@pytest.mark.parametrize("d", [1, 2, 5, 9])
def test_contrasts_are_orthonormal_and_sum_to_zero(d: int) -> None:
    h = helmert(d)
    assert h.shape == (d + 1, d)
    torch.testing.assert_close(h.T @ h, torch.eye(d, dtype=torch.float64))
    torch.testing.assert_close(h.sum(0), torch.zeros(d, dtype=torch.float64))


def test_rows_of_moments_have_that_mean_and_covariance() -> None:
    mean, covariance = np.array([1.0, -2.0]), np.array([[4.0, 1.0], [1.0, 2.0]])
    known = rows_of_moments(Source("a.npz", "moments", str, moments=lambda: (mean, covariance)))
    assert known.values.numpy().mean(0) == pytest.approx(mean)
    assert np.cov(known.values.numpy(), rowvar=False) == pytest.approx(covariance)
    assert (known.channels, known.stored, len(known.facts.digest)) == (0, {"moments": 1}, 0)
    with pytest.raises(BadInput, match=r"^a.npz: expected a mean and a covariance$"):
        rows_of_moments(Source("a.npz", "moments", str))


def line(n: int = 12) -> Dataset:
    parts = [
        Finite(torch.arange(n).float()[:, None] + start, torch.zeros(n, dtype=torch.int64)) for start in (0, 100, 1000)
    ]
    return Dataset("line", Space((1,), 1, 0.0, 1100.0), parts[0], parts[1], parts[2], "by start", "identity")


def test_draws_of_the_reference_share_no_example() -> None:
    held = line().held_out
    first, second = (drawn(held, 5, "reference", draw)[0].flatten().tolist() for draw in (0, 1))
    assert len({*first, *second}) == 10
    assert drawn(held, 50, "reference")[0].flatten().tolist()[:5] == first
    ring = data_sets.load("ring8").held_out
    one, two = (drawn(ring, 50, "reference", draw)[0] for draw in (0, 1))
    assert not torch.equal(one, two)
    assert (len(one), len(two)) == (50, 50)


def test_there_are_as_many_draws_as_the_held_out_examples_permit() -> None:
    assert [reference_draws(line(), n, 4) for n in (3, 4, 5, 12, 50)] == [4, 3, 2, 1, 1]
    assert reference_draws(line(), 3, 2) == 2
    assert reference_draws(data_sets.load("ring8"), 10**6, 4) == 4


def test_values_are_listed_for_each_draw_and_set() -> None:
    data = line()
    x = torch.arange(8.0)[:, None]
    scorer = DatasetScorer(data, ["fid"], 5, draws=2)
    (scored,) = scorer(x, torch.zeros(8, dtype=torch.int64), sets=2)
    expected = [
        METRICS["fid"](drawn(data.held_out, 5, data.reference, draw)[0], part) for draw in (0, 1) for part in x.split(4)
    ]
    assert scored.values == pytest.approx(expected)
    assert (scored.draws, scored.reasons, scored.n_fake) == (2, ("",) * 4, 4)


@pytest.mark.parametrize("sets", [0, -1, 3])
def test_sets_must_divide_the_samples(sets: int) -> None:
    with pytest.raises(BadInput, match=f"^sets: expected a divisor of 4 samples, got {sets}$"):
        DatasetScorer(line(), ["fid"], 5)(torch.arange(4.0)[:, None], None, sets=sets)


def test_shapes_that_are_not_the_data_set_s_are_said() -> None:
    scorer = DatasetScorer(line(), ["fid"], 5)
    with pytest.raises(BadInput, match=r"^expected samples \(n, 1\) and labels \(n,\), got \(4, 2\) and none$"):
        scorer.inputs(torch.zeros(4, 2), None)
    with pytest.raises(BadInput, match=r"got \(4, 1\) and \(3,\)$"):
        scorer.inputs(torch.zeros(4, 1), torch.zeros(3))
    with pytest.raises(BadInput, match=r"^n: expected at least one example of reference, got 0$"):
        DatasetScorer(line(), ["fid"], 0)


def test_features_that_cannot_take_a_data_set_say_its_shape_and_range() -> None:
    message = r"^features mnist cannot take digits, examples of shape \(1, 8, 8\) in \[-1, 1\]; its own are digits$"
    with pytest.raises(RequestError, match=message):
        DatasetScorer(data_sets.load("digits"), ["fid"], 5, features="mnist")


def test_the_identity_of_images_has_their_levels() -> None:
    assert DatasetScorer(data_sets.load("digits"), [], 5).scorer.identity["levels"] == "256"
    ring = DatasetScorer(data_sets.load("ring8"), [], 5).scorer
    assert "levels" not in ring.identity
    assert (ring.modes_name, ring.train and ring.train.name) == ("ring8:modes", "ring8:train (5)")


# what stands beside the samples


def test_what_stands_beside_samples_is_read_in_their_range_unless_it_has_its_own() -> None:
    options = Options(reading=Reading(span=(0.0, 5.0)))
    assert beside(options, Reading(), "--train-key") == Reading(span=(0.0, 5.0), key_option="--train-key")
    assert beside(options, Reading(span=(0.0, 1.0)), "--x").span == (0.0, 1.0)


def test_moments_beside_images_serve_features_alone() -> None:
    both = Source("a", "images", str, moments=lambda: (np.zeros(1), np.eye(1)))
    assert (of_kind(both, "features").kind, of_kind(both, "images").kind) == ("moments", "images")
    bare = Source("a", "images", str)
    assert of_kind(bare, "features") is bare
    rows = Source("a", "features", str, moments=lambda: (np.zeros(1), np.eye(1)))
    assert of_kind(rows, "features") is rows


def test_sets_of_one_name_are_numbered_by_their_places() -> None:
    names = [each.name for each in numbered([Source(name, "images", str) for name in ("a", "b", "a")])]
    assert names == ["a 1", "b", "a 3"]
    x = features(3, 1)
    assert len(sets_of(x)) == 1
    assert len(sets_of([x, x])) == 2
    assert len(sets_of(list(photos(3, 1)))) == 1


def test_kinds_that_differ_are_named(tmp_path: Any) -> None:
    message = (
        r"^an array in memory( \d)? holds features and an array in memory holds images; expected the same of both$"
    )
    with pytest.raises(BadInput, match=message):
        score([photos(9, 1), features(9, 1)], photos(9, 2))
    np.savez(tmp_path / "a.npz", mu=np.zeros(4), sigma=np.eye(4))
    np.save(tmp_path / "f.npy", features(9, 1))
    np.save(tmp_path / "i.npy", photos(9, 1))
    with pytest.raises(BadInput, match=r"second holds images and first holds features; expected the same of both$"):
        score([f"first={tmp_path}/f.npy", f"second={tmp_path}/i.npy"], tmp_path / "a.npz")


def test_a_name_of_features_beside_features_is_refused_by_that_name() -> None:
    def mine(x: Any) -> Any:
        return x

    message = r"^features .*mine are taken of images, and an array in memory holds features already$"
    with pytest.raises(BadInput, match=message):
        score(features(9, 1), features(9, 2), features=mine)
    assert math.isfinite(
        score(features(9, 1), features(9, 2), metrics="fid", features="identity").rows[0].value("fid") or 0
    )
    with pytest.raises(BadInput, match=r"^weights of several networks by name are for a protocol; expected one file$"):
        score(photos(9, 1), photos(9, 2), options=Options(weights={"a": "b"}))
