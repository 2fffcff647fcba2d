"""The floor of a score stands at the samples' own number, and bad samples do not pass for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from ganbench.metrics import METRICS
from ganbench.scoring.api import Options, score
from ganbench.scoring.report import Report, Row
from tests.narrow import narrow
from tests.scoring.sets import features, photos


def with_controls(samples: Any, reference: Any, *metrics: str) -> Report:
    return score(samples, reference, metrics=metrics, options=Options(controls=True))


def row_of(report: Report, name: str) -> Row:
    (row,) = [each for each in report.rows if each.name == name]
    return row


def test_a_reference_twice_as_large_has_a_floor_at_the_samples_number() -> None:
    real = features(150, 1)
    report = with_controls(features(60, 2), real, "fid")
    floor = row_of(report, "control: 60 of the reference against the other 90")
    scored = floor.scores[0]
    assert (scored.n_fake, scored.n_real) == (60, 90)
    rows = [floor.inputs.feature_set.values, narrow(floor.reference, type(floor.inputs)).feature_set.values]
    assert sorted(map(tuple, torch.cat(rows).tolist())) == sorted(map(tuple, real.tolist()))
    assert scored.values[0] == METRICS["fid"](rows[1], rows[0])
    assert not [each for each in report.rows if "against the same" in each.name]


def test_beside_a_smaller_floor_stand_as_many_of_the_samples_against_the_same_reference() -> None:
    fake, real = features(100, 3), features(100, 4)
    report = with_controls(fake, real, "fid")
    floor = row_of(report, "control: 50 of the reference against the other 50")
    same = row_of(report, "control: 50 of an array in memory against the same 50")
    assert [(each.n_fake, each.n_real) for each in (floor.scores[0], same.scores[0])] == [(50, 50)] * 2
    assert same.reference is floor.reference
    assert set(map(tuple, same.inputs.feature_set.values.tolist())) <= set(map(tuple, fake.tolist()))


def test_sets_of_several_sizes_have_a_floor_each() -> None:
    report = with_controls([features(40, 5), features(70, 6), features(40, 7)], features(200, 8), "fid")
    floors = [row.name for row in report.rows if "of the reference" in row.name]
    assert floors == [
        "control: 40 of the reference against the other 160",
        "control: 70 of the reference against the other 130",
    ]


def test_blurred_pictures_do_not_look_as_good_as_the_floor() -> None:
    """At n 300 against 300 the floor at 150 is as high as they are; beside it they stand at 150 too."""
    real = photos(300, 11)
    soft = np.stack([np.asarray(Image.fromarray(x).filter(ImageFilter.GaussianBlur(1))) for x in photos(300, 12)])
    report = with_controls(soft, real, "fid")
    floor = narrow(row_of(report, "control: 150 of the reference against the other 150").value("fid"), float)
    (same,) = [row for row in report.rows if "against the same 150" in row.name]
    assert narrow(same.value("fid"), float) > 1.2 * floor


@pytest.mark.parametrize("loaded_first", [True, False])
def test_a_part_has_its_own_images_whether_or_not_all_were_read_before(loaded_first: bool) -> None:
    report = score(photos(20, 13), photos(30, 14), metrics=["fid"])
    whole = report.rows[0].inputs
    images = whole.images.clone() if loaded_first else None
    keep = torch.tensor([3, 5, 17])
    part = whole.part(keep)
    assert torch.equal(part.images, (whole.images if images is None else images)[keep])
    assert part.feature_set.names == tuple(whole.feature_set.names[i] for i in keep.tolist())
    assert len(part.feature_set.facts.digest) == 3
