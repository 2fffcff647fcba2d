"""Samples that a name stands for: a split of a known data set, or what a cell of an earlier run left behind."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from ganbench import data
from ganbench._util.names import check_names, suggestion
from ganbench._util.streams import stream
from ganbench.data import DATASETS
from ganbench.dataset import Dataset
from ganbench.errors import BadInput, Missing
from ganbench.io import Reading, Source, open_source
from ganbench.io.memory import from_array
from ganbench.io.remote import scheme_of
from ganbench.io.shards import BRACES
from ganbench.io.source import printable
from ganbench.records.address import is_address, resolve

SPLITS = ("train", "held_out", "control", "test")
PHOTOS = {"cifar10": "CIFAR10", "cifar100": "CIFAR100", "fashion_mnist": "FashionMNIST", "svhn": "SVHN"}
STREAMED = 10_000  # samples of a data set that never ends
HERE = Path("data")


def opened(samples: Any, reading: Reading, folder: Path | None = None) -> tuple[Source, Dataset | None]:
    """Return the source of a path, a name or values in memory, and the data set where baselines train on it.

    A path that exists is never read as a name. Raises RequestError for what is neither.
    """
    if not isinstance(samples, str) or "\0" in samples or os.path.lexists(samples) or is_elsewhere(samples):
        return open_source(samples, reading), None
    name, _, split = samples.partition(":")  # of a data set, NAME:SPLIT:COUNT
    bare = name.partition("(")[0]
    if name in PHOTOS and split in ("", "train", "test"):  # all of a file, in its order
        return photos(name, split or "test", folder or HERE), None
    if bare in DATASETS:
        dataset = data.load(name, folder, download=False)
        return split_of(dataset, split or "held_out"), dataset
    if is_address(samples):
        return cell(samples), None
    if "/" in samples or "." in samples:
        raise Missing(f"{printable(samples)}: no such file or folder")
    raise Missing(
        f"{printable(samples)}: no such file or folder, nor a data set; {suggestion(bare, [*DATASETS, *PHOTOS])}"
    )


def is_elsewhere(samples: str) -> bool:
    """Whether samples lie at an address (``s3://``), or in shards that braces number."""
    return bool(scheme_of(samples) or BRACES.search(samples))


def opened_samples(samples: Any, reading: Reading, folder: Path | None = None) -> Source:
    """Return the source of a set of samples, which ``NAME=PATH`` gives a name of its own.

    What exists under the whole text is not read as a name.
    """
    if isinstance(samples, str) and "=" in samples and not os.path.lexists(samples):
        name, _, place = samples.partition("=")
        if name.strip() and place and "/" not in name:
            return replace(opened(place, reading, folder)[0], name=printable(name.strip()))
    return opened(samples, reading, folder)[0]


def split_of(dataset: Dataset, split: str) -> Source:
    """Return a split, or its first examples in the order in which runs take them; ``test`` is all but the training."""
    split, _, count = split.partition(":")
    check_names(f"split of {dataset.name}:", [split], SPLITS)
    if count and not (count.isdecimal() and int(count)):
        raise BadInput(f"{dataset.name}:{split}: expected a number of examples behind the split, got {count!r}")
    sources = {"train": [dataset.train], "held_out": [dataset.held_out], "control": [dataset.control]}
    parts = [
        source.examples(source.distinct(source.size or int(count or STREAMED), stream(0, "reference")))
        for source in sources.get(split, [dataset.held_out, dataset.control])
    ]
    x, y = (torch.cat([part[i] for part in parts])[: int(count) if count else None] for i in (0, 1))
    name = f"{dataset.name}:{split}:{count}" if count else f"{dataset.name}:{split}"
    return from_tensors(name, x, y, dataset.space.is_image)


def from_tensors(name: str, x: Tensor, y: Tensor, is_image: bool) -> Source:
    """Return examples as a source: images in [-1, 1], or points."""
    reading = Reading("NCHW", (-1.0, 1.0)) if is_image else Reading()
    return from_array(name, x.detach().float().numpy(), reading, y.numpy())


def photos(name: str, split: str, folder: Path) -> Source:
    """Return a data set of torchvision's; raises Missing, with the remedy, where its files are not in ``folder``."""
    check_names(f"split of {name}:", [split], ("train", "test"))
    from torchvision import datasets  # noqa: PLC0415 (it takes long, and few comparisons need it)

    kind = getattr(datasets, PHOTOS[name])
    which: dict[str, Any] = {"split": split} if name == "svhn" else {"train": split == "train"}
    try:
        with redirect_stdout(sys.stderr):
            dataset = kind(folder, download=False, **which)
    except (OSError, RuntimeError) as error:
        raise Missing(
            f"{name} is not in {folder}; put it there as torchvision.datasets.{PHOTOS[name]}({str(folder)!r}, "
            "download=True) does, or name its folder with --data"
        ) from error
    labels = np.asarray(dataset.labels if name == "svhn" else dataset.targets)
    return from_array(
        f"{name}:{split}", np.asarray(dataset.data), Reading("NCHW" if name == "svhn" else "NHWC"), labels
    )


def cell(samples: str) -> Source:
    """Return the samples of ``RESULTS:BASELINE:DATASET[:SEED]``, of the first seed that was done if none is named."""
    place = resolve(samples)
    record = place.record
    path = place.folder / record.files / f"samples-{place.seed}.safetensors"
    try:
        kept = safetensors.torch.load_file(path)
        x, y = (kept[name][: record.samples] for name in "xy")
    except FileNotFoundError as error:
        raise Missing(f"{samples}: its samples were not kept") from error
    except (OSError, SafetensorError, KeyError) as error:
        raise BadInput(f"{path}: cannot be read as samples of a cell") from error
    return from_tensors(f"{place.folder}:{record.baseline}:{record.dataset}:{place.seed}", x, y, x.ndim == 4)
