"""Samples score the same wherever they lie: in the run that made them, in a folder, in an archive, in an array,
in memory."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench import data
from ganbench.baselines.dcgan import DCGAN
from ganbench.io import Reading
from ganbench.scoring.api import Options, score
from ganbench.scoring.reference import DatasetScorer
from ganbench.training.sampler import Sampler
from tests.training.short_runs import trained

METRICS = ("fid", "kid", "precision", "recall", "coverage")


@pytest.fixture(scope="module")
def samples() -> torch.Tensor:
    """What a barely trained DCGAN makes of digits, (449, 1, 8, 8) floats in [-1, 1]."""
    return Sampler(trained(DCGAN(width=4), [0], 3, dataset="digits")).draw(449)[0][0]


@pytest.fixture(scope="module")
def inside(samples: torch.Tensor) -> dict[str, float | None]:
    """Its scores inside the run."""
    scores = DatasetScorer(data.load("digits"), METRICS, len(samples))(samples, None)
    return {each.metric: each.values[0] for each in scores}


def test_any_order_of_the_rows_has_the_same_bits(samples: torch.Tensor, inside: dict[str, float | None]) -> None:
    shuffled = samples[torch.randperm(len(samples), generator=torch.Generator().manual_seed(3))]
    scores = DatasetScorer(data.load("digits"), METRICS, len(samples))(shuffled, None)
    assert {each.metric: each.values[0] for each in scores} == inside
    asked = [*METRICS, "kid_subsets", "prd_f8", "inception_score_splits", "fid_infinity"]
    reports = [
        score(each, "digits:held_out", metrics=asked, features="digits", options=Options(reading=Reading(span=(-1, 1))))
        for each in (samples, shuffled, samples.flip(0))
    ]
    values = [report.values[report.rows[0].name] for report in reports]
    assert values[0] == values[1] == values[2]


def test_records_of_earlier_runs_are_scored_in_the_order_of_their_rows(samples: torch.Tensor) -> None:
    one, other = (
        DatasetScorer(data.load("digits"), ["kid"], len(samples), by_content=False)(each, None)[0].values
        for each in (samples, samples.flip(0))
    )
    assert one == pytest.approx(other, rel=1e-12)
    assert one != other


@pytest.mark.parametrize("kind", ["folder", "zip", "npz", "uint8 array", "tensor in [-1, 1]"])
def test_samples_in_files_and_in_memory_score_as_inside_the_run(
    kind: str, samples: torch.Tensor, inside: dict[str, float | None], tmp_path: Path
) -> None:
    grey = ((samples[:, 0] + 1) * 127.5).round().to(torch.uint8).numpy()
    folder = tmp_path / "folder"
    folder.mkdir()
    for i, image in enumerate(grey):
        Image.fromarray(image).save(folder / f"{i:04d}.png")
    with zipfile.ZipFile(tmp_path / "samples.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    np.savez(tmp_path / "samples.npz", grey[..., None])
    given = {
        "folder": folder,
        "zip": tmp_path / "samples.zip",
        "npz": tmp_path / "samples.npz",
        "uint8 array": grey,
        "tensor in [-1, 1]": samples,
    }[kind]
    options = Options(reading=Reading(span=(-1.0, 1.0)) if kind.startswith("tensor") else Reading())
    report = score(given, "digits:held_out", metrics=METRICS, features="digits", options=options)
    assert report.values[report.rows[0].name] == inside
