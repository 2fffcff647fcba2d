"""Small sets of pictures and of features, in memory and on disk, for tests of scoring."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganbench.features.feature_set import content_order, digest_of, digest_rows

Pixels = NDArray[np.uint8]


def photos(n: int, seed: int, side: int = 16, channels: int = 3) -> Pixels:
    """Smooth random pictures (n, side, side, channels)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (n, 4, 4, channels), np.uint8)
    return np.stack([np.asarray(image(each).resize((side, side))).reshape(side, side, channels) for each in coarse])


def features(n: int, seed: int, d: int = 4) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def in_scored_order(samples: Any) -> Any:
    """Return samples in the order in which they are scored."""
    return samples[content_order(digest_rows([digest_of(np.asarray(each)) for each in samples]), None).numpy()]


def image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def encoded(picture: Image.Image, kind: str = "PNG", **settings: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **settings)
    return out.getvalue()


def folder_of(pixels: Pixels, path: Path, suffix: str = ".png") -> Path:
    """Write pictures as 0.png, 1.png, ... 10.png."""
    path.mkdir(parents=True, exist_ok=True)
    for i, each in enumerate(pixels):
        image(each).save(path / f"{i}{suffix}")
    return path


def zip_of(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for each in sorted(folder.rglob("*"), reverse=True):
            if each.is_file():
                file.write(each, each.relative_to(folder).as_posix())
    return path


def tar_of(folder: Path, path: Path) -> Path:
    with tarfile.open(path, "w:gz") as file:
        file.add(folder, "some/prefix")
    return path
