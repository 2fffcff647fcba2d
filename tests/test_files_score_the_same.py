"""Samples score the same wherever they lie: in the run that made them, in a folder, in an archive, in an array."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench import data
from ganbench.baselines.dcgan import DCGAN
from ganbench.external import score
from ganbench.sample import Sampler
from ganbench.scorer import Scorer
from tests.games import play

METRICS = ("fid", "kid", "precision", "recall", "coverage")


@pytest.fixture(scope="module")
def samples() -> torch.Tensor:
    """What a barely trained DCGAN makes of digits, (449, 1, 8, 8) floats in [-1, 1]."""
    return Sampler(play(DCGAN(width=4), [0], 3, dataset="digits")).draw(449)[0][0]


@pytest.fixture(scope="module")
def inside(samples: torch.Tensor) -> dict[str, float | None]:
    """Its scores inside the run."""
    scores = Scorer(data.load("digits"), METRICS, len(samples))(samples[None], None)
    return {each.metric: each.values[0] for each in scores}


@pytest.mark.parametrize("kind", ["folder", "zip", "npz"])
def test_samples_written_to_files_score_as_inside_the_run(
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
    path = {"folder": folder, "zip": tmp_path / "samples.zip", "npz": tmp_path / "samples.npz"}[kind]
    report = score(path, "digits:held_out", metrics=METRICS, features="digits")
    assert report.values[report.rows[0].name] == inside
