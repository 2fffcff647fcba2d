"""Controls: which bad samples are made of a reference, how many, and what is said of samples better than real."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from ganbench.features.extraction import given
from ganbench.io import open_source
from ganbench.io.source import Picture, Source
from ganbench.metrics import fid, metric
from ganbench.scoring.api import Options, score
from ganbench.scoring.controls import atoms_of, bad_features, bad_samples, blurred, divided, matched, nearer, some
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.report import Report, Row
from ganbench.scoring.scorer import Scorer
from tests.scoring.sets import features, photos


def rows_of(x: Any, role: str = "real") -> FileInputs:
    source = open_source(x)
    return FileInputs(source, given(source), role)


def pictures_of(source: Source) -> list[Any]:
    return [each.pixels for each in source.scan() if isinstance(each, Picture)]


def test_a_part_of_a_reference_and_the_rest_of_it_are_all_of_it() -> None:
    x = features(30, 1)
    part, rest = divided(rows_of(x), 12)
    assert (len(part.feature_set), len(rest.feature_set)) == (12, 18)
    both = torch.cat([part.feature_set.values, rest.feature_set.values])
    assert sorted(map(tuple, both.tolist())) == sorted(map(tuple, x.tolist()))
    places = [x.tolist().index(each) for each in part.feature_set.values.tolist()]
    assert places == sorted(places) != list(range(12))
    again, _ = divided(rows_of(x), 12)
    assert torch.equal(again.feature_set.values, part.feature_set.values)
    few = some(rows_of(x, "fake"), 7).feature_set.values.tolist()
    chosen = [x.tolist().index(each) for each in few]
    assert chosen == sorted(set(chosen))
    assert chosen != list(range(7))


def test_bad_features_have_the_mean_and_spread_of_each_feature_or_are_one_row() -> None:
    x = features(4000, 1, 3) * np.array([1.0, 5.0, 0.1], np.float32) + np.array([9.0, 0.0, -3.0], np.float32)
    gaussians, repeated = bad_features(rows_of(x), 3000)
    assert [gaussians.name, repeated.name] == ["control: independent Gaussians", "control: one row repeated"]
    values = np.concatenate(list(gaussians.rows()))
    assert values.shape == (3000, 3)
    assert values.mean(0) == pytest.approx(x.mean(0), abs=0.4)
    assert values.std(0) == pytest.approx(x.std(0), rel=0.1)
    assert abs(np.corrcoef(values.T)[0, 1]) < 0.1
    same = np.concatenate(list(repeated.rows()))
    assert (len(same), (same == x[0]).all()) == (3000, True)


def test_atoms_have_the_mean_and_covariance_of_the_reference() -> None:
    x = features(200, 1, 3)
    atoms = atoms_of(rows_of(x), 60)
    values = atoms.feature_set.values.numpy()
    assert (atoms.name, atoms.role, len(values)) == ("control: moment atoms", "fake", 60)
    assert values.mean(0) == pytest.approx(x.mean(0), abs=1e-5)
    assert len(np.unique(values.round(4), axis=0)) == 6
    assert atoms.feature_set.names == tuple(map(str, range(len(values))))
    assert not atoms.is_image


def test_samples_of_frechet_matching_are_at_no_distance_and_on_one_curve() -> None:
    x = features(200, 1, 3)
    made = matched(rows_of(x), 60)
    values = made.feature_set.values.numpy()
    assert (made.name, made.role, len(values), made.is_image) == ("control: frechet matching", "fake", 60, False)
    assert fid(x, values) < 1e-6 * np.trace(np.cov(x.T))
    assert torch.equal(matched(rows_of(x), 60).feature_set.values, made.feature_set.values)


def test_a_blur_is_a_gaussian_of_a_sixteenth_of_the_shorter_side_and_of_one_pixel_at_least() -> None:
    for shape, radius in (((64, 48, 3), 3.0), ((48, 64, 3), 3.0), ((8, 8, 3), 1.0)):
        x = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        expected = np.asarray(Image.fromarray(x).filter(ImageFilter.GaussianBlur(radius)))
        assert np.array_equal(blurred(x), expected)
    grey = np.random.default_rng(1).integers(0, 256, (32, 32, 1), np.uint8)
    expected = np.asarray(Image.fromarray(grey[..., 0]).filter(ImageFilter.GaussianBlur(2.0)))
    assert np.array_equal(blurred(grey)[..., 0], expected)


def test_bad_pictures_are_noise_the_blurred_reference_and_its_first_picture() -> None:
    real = photos(9, 3, side=20)
    report = score(photos(9, 4, side=20), real, metrics=["fid"], features="random_conv")
    noise, soft, repeated = bad_samples(report.reference, 5)
    assert [each.name for each in (noise, soft, repeated)] == [
        "control: noise",
        "control: blurred reference",
        "control: one picture repeated",
    ]
    assert {each.count for each in (noise, soft, repeated)} == {5}
    pixels = np.stack(pictures_of(noise))
    assert pixels.shape == (5, 20, 20, 3)
    assert pixels.mean() == pytest.approx(127.5, abs=5)
    assert np.array_equal(pixels, np.stack(pictures_of(noise)))
    assert all(np.array_equal(a, blurred(b)) for a, b in zip(pictures_of(soft), real[:5], strict=True))
    assert all(np.array_equal(each, real[0]) for each in pictures_of(repeated))
    assert len(pictures_of(repeated)) == 5


def controlled(samples: Any, reference: Any, *metrics: str) -> Report:
    return score(samples, reference, metrics=metrics, options=Options(controls=True))


def test_as_many_bad_samples_are_made_as_there_are_samples_but_no_more_than_the_reference_has() -> None:
    rows = controlled([features(20, 1), features(40, 2)], features(90, 3), "fid").rows
    assert {row.name: len(row.inputs.feature_set) for row in rows[-4:]} == {
        "control: moment atoms": 40,
        "control: frechet matching": 40,
        "control: independent Gaussians": 40,
        "control: one row repeated": 40,
    }
    rows = controlled(features(60, 1), features(50, 2), "fid").rows
    assert [len(row.inputs.feature_set) for row in rows[-2:]] == [50, 50]
    assert all(row.is_control for row in rows[1:])
    assert {len(row.intervals) for row in rows} == {1}


def test_a_floor_in_grey_and_one_in_colour_are_told_apart() -> None:
    grey, colour = photos(24, 1, channels=1), photos(24, 2)
    report = score(
        [grey, colour], photos(60, 3, channels=1), metrics=["fid"], features="pixels", options=Options(controls=True)
    )
    floors = [row.name for row in report.rows if "of the reference" in row.name]
    assert floors == [
        "control: 24 of the reference against the other 36 (grey)",
        "control: 24 of the reference against the other 36 (colour)",
    ]
    one = score(grey, photos(60, 3, channels=1), metrics=["fid"], features="pixels", options=Options(controls=True))
    assert "control: 24 of the reference against the other 36" in [row.name for row in one.rows]


@metric(needs=("real", "fake"), better="lower", ideal=0.0, bounds=(-1e9, 1e9), paper="none")
def gap(real: Any, fake: Any) -> float:
    """Mean of the first feature of the samples."""
    return float(fake.values[:, 0].double().mean())


def test_samples_are_nearer_than_real_where_they_lie_below_the_interval_of_held_out_reals() -> None:
    scorer = Scorer(rows_of(features(300, 1)), None, None, {"name": "given"})
    held = rows_of(features(200, 2), "fake")
    x = held.feature_set.values[:, 0].double()
    means = x.reshape(20, 10).mean(0)  # the groups of an interval take every tenth row
    half = 2.2621571628 * float(means.std()) / 10**0.5
    low, high = float(x.mean()) - half, float(x.mean()) + half

    def at(value: float) -> FileInputs:
        return rows_of(torch.full((200, 4), value), "fake")

    assert nearer(scorer, gap, at(low + 1e-4), held) == ""
    said = f"gap is {low - 1e-3:.3g}, below the {float(x.mean()):.3g} [{low:.3g}, {high:.3g}]"
    assert nearer(scorer, gap, at(low - 1e-3), held) == said
    assert nearer(scorer, gap, held, held) == ""
    few = rows_of(features(50, 2), "fake")
    assert nearer(scorer, gap, at(-99.0), few) == ""


def test_a_set_that_is_nearer_than_half_of_the_reference_is_warned_of_with_its_numbers() -> None:
    """Near copies of that half of the reference that the floor is scored against."""
    real = features(1000, 1, 16)
    floor = controlled(features(500, 2, 16), real, "fid").rows[1]
    assert floor.reference is not None
    near = floor.reference.feature_set.values.numpy() + 1e-3
    (warned,) = [each for each in controlled(near, real, "fid").warnings if each.code == "W119"]
    assert warned.about == "an array in memory"
    assert warned.text.startswith("fid is ")
    assert f", below the {floor.value('fid'):.3g} [" in warned.text
    assert "] of as many held-out reals, against the same 500 of the reference: they were fitted to" in warned.text
    honest = controlled(features(500, 2, 16), real, "fid", "kid").warnings
    assert "W119" not in [each.code for each in honest]


def test_rows_of_controls_keep_the_reference_that_they_stood_against() -> None:
    rows: tuple[Row, ...] = controlled(features(20, 1), features(90, 3), "fid").rows
    floor = rows[1]
    assert isinstance(floor.reference, FileInputs)
    assert (floor.scores[0].n_fake, floor.scores[0].n_real, len(floor.reference.feature_set)) == (20, 70, 70)
