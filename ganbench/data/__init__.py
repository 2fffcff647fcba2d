"""The data sets, by name. This file is the table of contents; listing it reads no file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ganbench._util.names import find
from ganbench.data.names import (
    OWN_FIELDS,
    Settings,
    is_own,
    settle,
    settle_own,
    spelled,
    spelled_own,
    split,
)
from ganbench.errors import BadInput

if TYPE_CHECKING:  # importing it takes torch, which a list of names does not need
    from ganbench.dataset import Dataset


@dataclass(frozen=True)
class DatasetFactory:
    """One line of the table of contents: where the factory is, the settings a name may carry, and their defaults."""

    name: str
    summary: str
    module: str
    factory: str
    settings: Settings = field(default_factory=dict)  # may be written behind the name
    fixed: Settings = field(default_factory=dict)  # part of what the name means
    files: bool = False  # whether the factory takes a folder and may download into it

    def function(self) -> Callable[..., Dataset]:
        """Import and return the factory."""
        function: Callable[..., Dataset] = getattr(import_module(self.module), self.factory)
        return function


ENTRIES = [
    DatasetFactory(
        "ring8",
        "8 Gaussians on a circle, streamed",
        "ganbench.data.mixtures",
        "ring",
        settings={"radius": 1.0, "sd": 0.01, "size": None},
        fixed={"modes": 8},
    ),
    DatasetFactory(
        "grid25",
        "25 Gaussians on a 5 by 5 grid, streamed",
        "ganbench.data.mixtures",
        "grid",
        settings={"spacing": 2.0, "sd": 0.05, "size": None},
        fixed={"side": 5},
    ),
    DatasetFactory(
        "digits", "1797 handwritten digits, 8 by 8, shipped with scikit-learn", "ganbench.data.digits", "digits"
    ),
    DatasetFactory("mnist", "70 000 handwritten digits, 28 by 28", "ganbench.data.mnist", "mnist", files=True),
    DatasetFactory(
        "stacked_digits",
        "three digits, 8 by 8, as the channels of one image: 1000 modes",
        "ganbench.data.stacked",
        "stacked_digits",
    ),
    DatasetFactory(
        "stacked_mnist",
        "three digits, 28 by 28, as the channels of one image: 1000 modes",
        "ganbench.data.stacked",
        "stacked_mnist",
        files=True,
    ),
    DatasetFactory(
        "fashion_mnist",
        "70 000 pieces of clothing, 28 by 28",
        "ganbench.data.published",
        "published",
        settings={},
        fixed={"name": "fashion_mnist"},
        files=True,
    ),
    DatasetFactory(
        "kmnist",
        "70 000 handwritten Kuzushiji characters, 28 by 28",
        "ganbench.data.published",
        "published",
        settings={},
        fixed={"name": "kmnist"},
        files=True,
    ),
    DatasetFactory(
        "cifar10",
        "60 000 colour photographs of 10 classes, 32 by 32",
        "ganbench.data.published",
        "published",
        settings={"size": 0, "flip": 0, "jpeg": 0, "share": 1.0},
        fixed={"name": "cifar10"},
        files=True,
    ),
    DatasetFactory(
        "cifar100",
        "60 000 colour photographs of 100 classes, 32 by 32",
        "ganbench.data.published",
        "published",
        settings={"size": 0, "flip": 0},
        fixed={"name": "cifar100"},
        files=True,
    ),
    DatasetFactory(
        "svhn",
        "99 289 house numbers in colour, 32 by 32",
        "ganbench.data.published",
        "published",
        settings={"size": 0, "flip": 0},
        fixed={"name": "svhn"},
        files=True,
    ),
    DatasetFactory(
        "stl10",
        "13 000 colour photographs of 10 classes, 96 by 96, and 100 000 without labels",
        "ganbench.data.published",
        "published",
        settings={"size": 0, "flip": 0, "unlabelled": 0},
        fixed={"name": "stl10"},
        files=True,
    ),
    DatasetFactory(
        "celeba",
        "202 599 aligned faces in colour, 64 by 64",
        "ganbench.data.published",
        "celeba",
        settings={"size": 64, "flip": 0},
        files=True,
    ),
]
DATASETS = {entry.name: entry for entry in ENTRIES}


def load(name: str, folder: Path | None = None, download: bool = True) -> Dataset:
    """Return the data set of that name, which may carry settings: ``ring8(sd=0.05,size=10000)``.

    A path is one's own data (``data.own``): ``./faces@64``. ``validation=1`` divides the training examples of any
    data set, for a search of settings (``data.validation``).
    ``folder`` is where sets that come as files lie; they are downloaded into it unless ``download`` is false.
    Raises UnknownName for a name or a field, BadInput for a value, Missing for files that cannot be had.
    """
    bare, given = split(name)
    if is_own(name):
        return load_own(bare, given)
    entry = find("dataset", bare, DATASETS)
    if "@" in name and not (entry.files and "size" in entry.settings):
        raise BadInput(f"{bare}: has no size behind an @; it is {entry.summary}")
    defaults: Settings = {**entry.settings, "validation": 0}
    settings = settle(bare, given, defaults)
    if settings["validation"] not in (0, 1):
        raise BadInput(f"{bare}: validation must be 0 or 1, got {settings['validation']}")
    files = {"folder": folder, "download": download} if entry.files else {}
    own = {field: value for field, value in settings.items() if field in entry.settings}
    dataset = entry.function()(**entry.fixed, **own, **files)
    return replace(divided(dataset, bool(settings["validation"])), name=spelled(bare, settings, defaults))


def load_own(path: str, given: Settings) -> Dataset:
    """Return one's own data; raises as ``load``."""
    from ganbench.data.own import own  # noqa: PLC0415 it takes torch

    defaults: Settings = {**OWN_FIELDS, "validation": 0}
    settings = settle_own(path, given, defaults)
    if settings["validation"] not in (0, 1):
        raise BadInput(f"{path}: validation must be 0 or 1, got {settings['validation']}")
    return replace(
        divided(own(path, settings), bool(settings["validation"])), name=spelled_own(path, settings, defaults)
    )


def divided(dataset: Dataset, is_search: bool) -> Dataset:
    """Return a data set as it is, or for a search of settings."""
    if not is_search:
        return dataset
    from ganbench.data.validation import validation  # noqa: PLC0415 it takes torch

    return validation(dataset)
