"""MNIST as its authors published it: 70 000 handwritten digits, 28 by 28."""

from __future__ import annotations

import gzip
import hashlib
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import torch
import torchvision
from torch import Tensor

from ganbench.data.sources import Pixels
from ganbench.dataset import Dataset, Space
from ganbench.errors import BadInput, Missing

MD5 = {  # of the unpacked files: packing may differ
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
LONGEST = 1 << 26  # bytes that are unpacked: the longest of the four files has 47 million
HERE = Path("data")


def mnist(folder: Path | None = None, download: bool = True) -> Dataset:
    """Return MNIST as (1, 28, 28) images in [-1, 1]: 256 grey levels ``v`` become ``v / 127.5 - 1``.

    Looks for the four files, packed or not, in ``folder`` (default: ./data) as torchvision lays them out. Without
    them it downloads, unless ``download`` is false. Raises Missing with the remedy, or BadInput for a damaged file.
    """
    folder = HERE if folder is None else folder
    if any(located(folder, name) is None for name in MD5):
        fetch(folder, download)
    train_x, test_x = (images(folder, f"{part}-images-idx3-ubyte") for part in ("train", "t10k"))
    train_y, test_y = (labels(folder, f"{part}-labels-idx1-ubyte") for part in ("train", "t10k"))
    return Dataset(
        name="mnist",
        space=Space(shape=(1, 28, 28), classes=10, low=-1.0, high=1.0),
        train=Pixels(train_x, 127.5, train_y),
        # The halves of the test file were written by different people: each part takes from both.
        held_out=Pixels(test_x[0::2], 127.5, test_y[0::2]),
        control=Pixels(test_x[1::2], 127.5, test_y[1::2]),
        split="train: the training file; held out: even positions of the test file; control: odd positions",
        features="mnist",
        latent=64,
    )


def located(folder: Path, name: str) -> Path | None:
    """Return where the file lies, unpacked or packed, or None."""
    places = [place / f"{name}{ending}" for place in (folder / "MNIST" / "raw", folder) for ending in ("", ".gz")]
    return next((place for place in places if place.is_file()), None)


def fetch(folder: Path, download: bool) -> None:
    """Download through torchvision into ``folder``; raise Missing with the remedy where that cannot be."""
    remedy = f"put the four MNIST files (*-ubyte.gz) into {folder / 'MNIST' / 'raw'}, or name their folder with --data"
    if not download:
        raise Missing(f"MNIST is not in {folder} and downloading is off; {remedy}")
    try:
        with redirect_stdout(sys.stderr):
            torchvision.datasets.MNIST(folder, download=True)
    except (OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0].rstrip(":") if str(error) else type(error).__name__
        raise Missing(f"MNIST is not in {folder} and cannot be downloaded ({reason}); {remedy}") from error


def images(folder: Path, name: str) -> Tensor:
    """Return the grey levels of images, (n, 1, 28, 28) uint8."""
    return torch.from_numpy(np.frombuffer(unpacked(folder, name), np.uint8, offset=16).reshape(-1, 1, 28, 28).copy())


def labels(folder: Path, name: str) -> Tensor:
    """Return labels (n,) int64."""
    return torch.from_numpy(np.frombuffer(unpacked(folder, name), np.uint8, offset=8).astype(np.int64))


def unpacked(folder: Path, name: str) -> bytes:
    """Return the file's content, or raise BadInput unless it is the published one."""
    path = located(folder, name)
    if path is None:
        raise Missing(f"{name} is not in {folder}; put it there or name its folder with --data")
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(LONGEST)
    except (OSError, EOFError) as error:
        raise BadInput(f"{path} cannot be read ({error}); delete it to download it again") from error
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if digest != MD5[name]:
        raise BadInput(f"{path}: expected MD5 {MD5[name]} (unpacked), found {digest}; delete it to download it again")
    return content
