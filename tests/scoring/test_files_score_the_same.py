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
