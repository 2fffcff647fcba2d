"""Files that serve as a reference: of several arrays, of images beside moments, under names that others use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.errors import BadInput, RequestError
from ganbench.io import Reading
from ganbench.metrics import METRICS
from ganbench.scoring.api import Options, score
from tests.scoring.sets import features, photos

IMAGES, SAMPLES = photos(50, 1), photos(40, 2)
ROWS, POOL, SPATIAL = features(60, 1), features(80, 2).astype(float), features(80, 3, 6).astype(float)


def moments(values: Any, names: tuple[str, str] = ("mu", "sigma")) -> dict[str, Any]:
    return dict(zip(names, (values.mean(0), np.cov(values, rowvar=False)), strict=True))


@pytest.fixture
def batch(tmp_path: Path) -> Path:
    """A reference batch as guided-diffusion writes it."""
    path = tmp_path / "VIRTUAL_small.npz"
    np.savez(path, arr_0=IMAGES, **moments(POOL), **moments(SPATIAL, ("mu_s", "sigma_s")))
    return path


def fid(samples: Any, reference: Any, features: str | None = None, **options: Any) -> float | None:
    return (
        score(samples, reference, metrics=["fid"], features=features, options=Options(**options)).rows[0].value("fid")
    )


def keyed(key: str) -> dict[str, Any]:
    return {"reference_reading": Reading(key=key)}


@pytest.mark.parametrize("options", [{}, keyed("arr_0")])
def test_a_reference_batch_serves_as_images_for_images(batch: Path, options: dict[str, Any]) -> None:
    report = score(SAMPLES, batch, metrics=["fid", "kid", "precision"], options=Options(**options))
    assert report.reference.n == 50
    plain = score(SAMPLES, IMAGES, metrics=["fid", "kid", "precision"])
    assert [each.values for each in report.rows[0].scores] == [each.values for each in plain.rows[0].scores]


@pytest.mark.parametrize("key", ["", "mu", "sigma"])
def test_a_reference_batch_serves_as_moments_for_features(batch: Path, key: str) -> None:
    assert fid(ROWS, batch, **keyed(key)) == pytest.approx(METRICS["fid"](POOL, ROWS), rel=1e-9)


def test_the_moments_of_spatial_features_are_asked_for_by_their_name(batch: Path) -> None:
    rows = features(60, 1, 6)
    for key in ("mu_s", "sigma_s"):
        assert fid(rows, batch, **keyed(key)) == pytest.approx(METRICS["fid"](SPATIAL, rows), rel=1e-9)


def test_images_of_a_batch_are_no_reference_for_features_where_they_are_asked_for(batch: Path) -> None:
    with pytest.raises(BadInput, match="expected the same of both"):
        fid(ROWS, batch, **keyed("arr_0"))


def test_a_batch_that_is_scored_is_its_images(batch: Path) -> None:
    assert fid(batch, SAMPLES) == fid(IMAGES, SAMPLES)


@pytest.mark.parametrize("names", [("mean", "cov"), ("mean", "covariance"), ("mu", "cov")])
def test_moments_have_other_usual_names(names: tuple[str, str], tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **moments(POOL, names))
    torch.save({name: torch.from_numpy(each) for name, each in moments(POOL, names).items()}, tmp_path / "a.pt")
    for name in ("a.npz", "a.pt"):
        assert fid(ROWS, tmp_path / name) == pytest.approx(METRICS["fid"](POOL, ROWS), rel=1e-9)


def test_each_side_has_its_own_key_and_messages_name_its_option(tmp_path: Path) -> None:
    two = tmp_path / "two.npz"
    np.savez(two, real=ROWS, fake=features(60, 5))
    with pytest.raises(BadInput, match=r"two.npz: holds fake, real; say which array with --reference-key"):
        fid(ROWS, two)
    with pytest.raises(BadInput, match=r"two.npz: holds fake, real; say which array with --key"):
        fid(two, ROWS)
    with pytest.raises(BadInput, match=r"holds fake, real; say which array with --train-key"):
        fid(features(9, 7), ROWS, train=two)
    value = fid(two, two, reading=Reading(key="fake"), **keyed("real"))
    assert value == pytest.approx(METRICS["fid"](ROWS, features(60, 5)), rel=1e-12)  # in another order of rows
    with pytest.raises(BadInput, match="no array 'rael' in it; did you mean 'real'"):
        fid(two, two, reading=Reading(key="fake"), **keyed("rael"))


def test_labels_that_cannot_be_used_are_missed_only_where_they_are_needed(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=ROWS, y=np.full((60, 2), 0.5))
    report = score(tmp_path / "a.npz", POOL, metrics=["fid", "kid"])
    assert None not in report.values[str(tmp_path / "a.npz")].values()
    said = " ".join(str(report).split())  # however long the paths in it are
    assert "labels not used (y: expected 60 whole numbers or one-hot rows, got float64 of shape (60, 2))" in said
    with pytest.raises(RequestError, match=r"intra_fid cannot be used on .*: the reference has no labels"):
        score(tmp_path / "a.npz", POOL, metrics=["intra_fid"])
    np.savez(tmp_path / "b.npz", x=POOL, y=np.arange(80) % 2)
    with pytest.raises(RequestError, match=r"the samples have no labels \(y: expected 60 whole numbers"):
        score(tmp_path / "a.npz", tmp_path / "b.npz", metrics=["intra_fid"])


def test_labels_of_any_form_give_the_same_score(tmp_path: Path) -> None:
    labels = np.arange(60) % 3
    values = set()
    for form in (labels, labels.astype(float), labels[:, None], np.eye(3)[labels]):
        np.savez(tmp_path / "a.npz", x=ROWS, labels=form)
        np.savez(tmp_path / "b.npz", x=features(60, 5), labels=labels)
        values.add(score(tmp_path / "a.npz", tmp_path / "b.npz", metrics=["intra_fid"]).rows[0].value("intra_fid"))
    assert len(values) == 1
    assert None not in values
