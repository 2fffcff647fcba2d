"""Published sets of images through torchvision: CIFAR, SVHN, STL-10, CelebA, Fashion-MNIST, Kuzushiji-MNIST.

Files lie as torchvision lays them out, in the folder of ``--data``; they are downloaded there where that is allowed.
torchvision compares what it unpickles with the published MD5 first.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torchvision import datasets
from torchvision.datasets.utils import check_integrity

from ganbench._util.files import cache_folder
from ganbench.data.names import OWN_FIELDS
from ganbench.data.own import decoded
from ganbench.data.sources import Flipped, Pixels
from ganbench.dataset import Dataset, Space
from ganbench.errors import BadInput, Missing
from ganbench.io import open_source
from ganbench.io.fingerprint import remembering
from ganbench.io.source import Picture

Parts = tuple[dict[str, Any], dict[str, Any]]  # what torchvision calls the file to train on and the test

HERE = Path("data")
SMALLEST, LARGEST = 8, 128  # sides of squares that networks make
HALVES = "train: the training file; held out: even positions of the test file; control: odd positions"
JPEG = "{}-jpeg-50k.zip", "{}-jpeg-10k.zip"  # the training and the test images as JPEG, in a folder for each class
PARTITION, PICTURES = "list_eval_partition.txt", "img_align_celeba"  # of CelebA


@dataclass(frozen=True)
class TorchvisionSet:
    """How torchvision calls a set and its two files."""

    kind: str
    train: dict[str, Any]
    test: dict[str, Any]
    classes: int
    latent: int = 128


FILES: Parts = {"train": True}, {"train": False}
SPLITS: Parts = {"split": "train"}, {"split": "test"}
SETS = {
    "cifar10": TorchvisionSet("CIFAR10", *FILES, classes=10),
    "cifar100": TorchvisionSet("CIFAR100", *FILES, classes=100),
    "fashion_mnist": TorchvisionSet("FashionMNIST", *FILES, classes=10, latent=64),
    "kmnist": TorchvisionSet("KMNIST", *FILES, classes=10, latent=64),
    "svhn": TorchvisionSet("SVHN", *SPLITS, classes=10),
    "stl10": TorchvisionSet("STL10", *SPLITS, classes=10),
}


def published(
    name: str,
    size: int = 0,
    flip: int = 0,
    unlabelled: int = 0,
    jpeg: int = 0,
    share: float = 1.0,
    folder: Path | None = None,
    download: bool = True,
) -> Dataset:
    """Return a set as images in [-1, 1] of 256 levels, on which the test file's halves are held out and control.

    ``size`` is the side that images are resized to, 0 as they are; ``flip`` mirrors half of what is trained on, left
    to right. With ``unlabelled`` STL-10 is trained on its
    100 000 images without labels too, and has no classes. With ``jpeg`` the images are those of two archives of JPEG
    files, which lost a little: other data, for which published numbers do not hold. Of the training images a ``share``
    is taken, at even distances. Raises Missing with the remedy where files are not there.
    """
    known, folder = SETS[name], HERE if folder is None else folder
    check_choices(name, flip=flip, unlabelled=unlabelled, jpeg=jpeg)
    if not 0 < share <= 1:
        raise BadInput(f"{name}: share must be above 0 and at most 1, got {share}")
    train = {"split": "train+unlabeled"} if unlabelled else known.train
    if jpeg:
        (train_x, train_y), (test_x, test_y) = unpacked(name, folder, size)
    else:
        train_x, train_y = examples(name, folder, download, train, size)
        test_x, test_y = examples(name, folder, download, known.test, size)
    train_x, train_y = spread(train_x, share), spread(train_y, share)
    if unlabelled:
        train_y, test_y = torch.zeros_like(train_y), torch.zeros_like(test_y)
    return Dataset(
        name=name,
        space=Space(tuple(train_x.shape[1:]), 0 if unlabelled else known.classes, -1.0, 1.0),
        train=mirrored(Pixels(train_x, 127.5, train_y), flip),
        held_out=Pixels(test_x[0::2], 127.5, test_y[0::2]),
        control=Pixels(test_x[1::2], 127.5, test_y[1::2]),
        split=HALVES,
        features="random_conv",
        latent=known.latent,
    )


def examples(name: str, folder: Path, download: bool, which: dict[str, Any], size: int) -> tuple[Tensor, Tensor]:
    """Return images (n, c, h, w) uint8 and labels (n,) int64 of one file of a set."""
    made = opened(name, folder, download, which)
    x = np.asarray(made.data)
    labels = made.labels if hasattr(made, "labels") else made.targets
    if x.ndim == 3:
        x = x[:, None]
    elif x.shape[-1] == 3:
        x = x.transpose(0, 3, 1, 2)
    y = torch.as_tensor(np.asarray(labels), dtype=torch.int64)
    return torch.from_numpy(np.ascontiguousarray(resized(name, x, size))), y


def unpacked(name: str, folder: Path, size: int) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return images and labels of the archives of JPEG files: those to train on, and those of the test.

    They are decoded once, into the cache. Raises Missing where an archive is not there, BadInput for other images.
    """
    paths = [folder / file.format(name) for file in JPEG]
    if absent := [path.name for path in paths if not path.is_file()]:
        raise Missing(f"{name}(jpeg=1): {' and '.join(absent)} not in {folder}; name the folder of both with --data")
    check_size(name, size)
    options = {**OWN_FIELDS, "size": size, "channels": 3, "split": "one part"}
    both = []
    for path in paths:
        known = decoded(remembering(open_source(str(path)), cache_folder() / "digests.json"), options, lambda _: 0)
        if known.classes != SETS[name].classes:
            raise BadInput(f"{path}: expected a folder for each of {SETS[name].classes} classes, got {known.classes}")
        both.append((known.x, known.y))
    return both[0], both[1]


def spread(rows: Tensor, share: float) -> Tensor:
    """Return a share of rows at even distances, all of them as they are."""
    count = max(1, round(share * len(rows)))
    return rows if count == len(rows) else rows[torch.arange(count) * len(rows) // count]


def opened(name: str, folder: Path, download: bool, which: dict[str, Any]) -> Any:
    """Return torchvision's own set; raises Missing, with the remedy, where its files are not there."""
    kind = getattr(datasets, SETS[name].kind if name in SETS else "CelebA")
    try:
        with redirect_stdout(sys.stderr):
            return kind(folder, download=download or packed(kind, folder), **which)
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        reason = f" and cannot be downloaded ({first_line(error)})" if download else ""
        raise missing(name, kind.__name__, folder, reason) from error


def missing(name: str, kind: str, folder: Path, more: str = "") -> Missing:
    """Return what is said where the files of a set are not in a folder."""
    return Missing(
        f"{name} is not in {folder}{more}; put it there as torchvision.datasets.{kind}({str(folder)!r}, download=True) "
        "does, or name its folder with --data"
    )


def first_line(error: Exception) -> str:
    """Return an error's first line, or its name."""
    return str(error).splitlines()[0].rstrip(":") if str(error) else type(error).__name__


def packed(kind: Any, folder: Path) -> bool:
    """Whether the archives of a set are in the folder as they are published, so that unpacking needs no network."""
    if hasattr(kind, "tgz_md5"):
        archives = [(folder / kind.filename, kind.tgz_md5)]
    else:
        place = folder / kind.__name__ / "raw"
        archives = [(place / file, md5) for file, md5 in getattr(kind, "resources", [])]
    return bool(archives) and all(check_integrity(path, md5) for path, md5 in archives)


def resized(name: str, x: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Return images (n, c, h, w) of another side, by Lanczos' filter; those of that side as they are."""
    check_size(name, size)
    if size in (0, x.shape[-1]):
        return x
    made = np.empty((*x.shape[:2], size, size), np.uint8)
    for place, image in enumerate(x):
        for channel, plane in enumerate(image):
            small = Image.fromarray(plane).resize((size, size), Image.Resampling.LANCZOS)
            made[place, channel] = np.asarray(small)
    return made


def check_size(name: str, size: int) -> None:
    """Raise BadInput for a side that no network makes."""
    if size != 0 and not (isinstance(size, int) and SMALLEST <= size <= LARGEST):
        raise BadInput(f"{name}: size must be a side of {SMALLEST} to {LARGEST} pixels, got {size}")


def check_choices(name: str, **values: int) -> None:
    """Raise BadInput for anything but 0 and 1."""
    for field, value in values.items():
        if value not in (0, 1):
            raise BadInput(f"{name}: {field} must be 0 or 1, got {value}")


def mirrored(source: Pixels, flip: int) -> Pixels:
    """Return images as they are, or so that half of what is drawn is mirrored."""
    return Flipped(source) if flip else source


def celeba(size: int = 64, flip: int = 0, folder: Path | None = None, download: bool = True) -> Dataset:
    """Return CelebA's aligned faces, the square in the middle resized; its valid part is held out, its test control.

    The pictures are decoded once, into the cache. Raises Missing with the remedy where files are not there.
    """
    folder = HERE if folder is None else folder
    check_size("celeba", size)
    check_choices("celeba", flip=flip)
    place = folder / datasets.CelebA.base_folder
    md5 = {file: digest for _, digest, file in datasets.CelebA.file_list}
    if not check_integrity(place / PARTITION, md5[PARTITION]) or not (place / PICTURES).is_dir():
        if not download:
            raise missing("celeba", "CelebA", folder)
        opened("celeba", folder, download, {"split": "all"})
    options = {**OWN_FIELDS, "size": size or 64, "labels": "none", "channels": 3}
    source = remembering(open_source(str(place / PICTURES)), cache_folder() / "digests.json")
    parts = cache(lambda: partition(place / PARTITION))
    known = decoded(source, options, lambda picture: part_of(picture, parts()))
    train, held_out, control = (Pixels(x, 127.5, y) for _, x, y in known.parts())
    return Dataset(
        name="celeba",
        space=Space(tuple(known.x.shape[1:]), 0, -1.0, 1.0),
        split="as published: train; held out: valid; control: test; the middle square of each picture",
        features="random_conv",
        latent=128,
        train=mirrored(train, flip),
        held_out=held_out,
        control=control,
    )


def partition(path: Path) -> dict[str, int]:
    """Return the part of each picture of CelebA by its name."""
    lines = path.read_text(encoding="ascii").splitlines()
    return {name: int(part) for name, part in (line.split() for line in lines if line.strip())}


def part_of(picture: Picture, parts: dict[str, int]) -> int:
    """Return the published part of a picture; raises BadInput for one that is in none."""
    if picture.name not in parts:
        raise BadInput(f"celeba: {picture.name} is not in {PARTITION}")
    return parts[picture.name]
