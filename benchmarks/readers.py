"""Readers of image folders: ours and those of the libraries people use now, each a pass that decodes and may resize.

A peer imports its library when it is called, so that one which is not installed costs only its own line.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
import torchvision
from PIL import Image
from torch.nn import functional as F
from torch.utils.data import DataLoader

from ganbench.features.resize import resize
from ganbench.io import decode, open_source

Reader = Callable[[Path, int], None]  # a folder; the side in pixels that images are resized to, 0 for none

WORKERS = 2


def write_images(folder: Path, suffix: str, side: int, count: int) -> Path:
    """Write images that compress as photographs do: smooth colour with a little grain."""
    draws = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        small = Image.fromarray(draws.integers(0, 256, (8, 8, 3), np.uint8))
        smooth = np.asarray(small.resize((side, side), Image.Resampling.BICUBIC)).astype(np.int16)
        grain = draws.normal(0, 6, smooth.shape).astype(np.int16)
        image = Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8))
        image.save(folder / f"{i:05}.{suffix}", quality=90)
    return folder


def ours(folder: Path, size: int) -> None:
    for image in open_source(folder).scan():
        x = torch.from_numpy(image.pixels).permute(2, 0, 1)[None]  # type: ignore[union-attr]
        if size:
            resize("clean", x, size, size)


def ours_by_pillow(folder: Path, size: int) -> None:
    with patch.object(decode, "HAS_SIMPLEJPEG", False):
        ours(folder, size)


def pytorch_fid(folder: Path, size: int) -> None:
    from pytorch_fid.fid_score import ImagePathDataset  # noqa: PLC0415

    files: Any = ImagePathDataset(sorted(folder.iterdir()), torchvision.transforms.ToTensor())
    for batch in DataLoader(files, 50, num_workers=WORKERS):
        if size:
            F.interpolate(batch, size=(size, size), mode="bilinear", align_corners=False)


def torch_fidelity(folder: Path, size: int) -> None:
    from torch_fidelity import datasets  # noqa: PLC0415
    from torch_fidelity import interpolate_compat_tensorflow as graph  # noqa: PLC0415

    files: Any = datasets.ImagesPathDataset(sorted(map(str, folder.iterdir())))
    for batch in DataLoader(files, 64, num_workers=WORKERS):
        if size:
            graph.interpolate_bilinear_2d_like_tensorflow1x(batch.float(), size=(size, size), align_corners=False)


def clean_fid(folder: Path, size: int) -> None:
    from cleanfid.utils import ResizeDataset  # noqa: PLC0415

    files: Any = ResizeDataset(sorted(map(str, folder.iterdir())), mode="clean", size=(size, size))
    for _ in DataLoader(files, 32, num_workers=WORKERS):
        pass


DECODERS: tuple[Reader, ...] = (ours, ours_by_pillow, pytorch_fid, torch_fidelity)
RESIZERS: tuple[Reader, ...] = (ours, ours_by_pillow, pytorch_fid, clean_fid, torch_fidelity)
