"""The extractors, by name. This file is the table of contents; listing it reads no weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganbench._util.names import find
from ganbench.errors import BadInput

if TYPE_CHECKING:  # importing it takes torch, which a list of names does not need
    from ganbench.features.base import Extractor


@dataclass(frozen=True)
class FeatureFactory:
    """One line of the table of contents: what it computes, and where the factory is.

    The factory of an extractor with ``published`` weights takes a Wanted: which file, and what may be done for it.
    """

    name: str
    summary: str
    module: str
    factory: str
    published: bool = False

    def function(self) -> Callable[..., Extractor]:
        """Import and return the factory."""
        function: Any = getattr(import_module(f"ganbench.features.{self.module}"), self.factory)
        return function


ENTRIES = [
    FeatureFactory("identity", "coordinates of points, as they are", "pixels", "identity"),
    FeatureFactory("pixels", "raw pixels of images, in one row", "pixels", "pixels"),
    FeatureFactory("digits", "32 features of a classifier of 8 by 8 digits", "classifier", "digits"),
    FeatureFactory("mnist", "64 features of a classifier of MNIST's digits", "classifier", "mnist"),
    FeatureFactory(
        "stacked_digits", "the classifier of digits on each channel, side by side", "classifier", "stacked_digits"
    ),
    FeatureFactory("stacked_mnist", "the classifier of MNIST's digits on each channel", "classifier", "stacked_mnist"),
    FeatureFactory("cifar10", "128 features of a classifier of CIFAR-10's pictures", "cifar10", "cifar10"),
    FeatureFactory(
        "random_conv", "320 activations of fixed random filters, of any pictures", "random_conv", "random_conv"
    ),
    FeatureFactory("inception", "2048 of the network of FID and IS, original resize", "inception", "inception", True),
    FeatureFactory(
        "inception_pytorch_fid",
        "2048 of the network of FID, pytorch-fid's resize",
        "inception",
        "inception_pytorch_fid",
        True,
    ),
    FeatureFactory(
        "inception_clean", "2048 of the network of FID, Pillow's resize", "inception", "inception_clean", True
    ),
    FeatureFactory(
        "inception_spatial", "2023 of the middle of that network, for sFID", "inception", "inception_spatial", True
    ),
    FeatureFactory("inception_torchvision", "2048 of torchvision's own", "inception", "inception_torchvision", True),
    FeatureFactory("dinov2", "1024 of DINOv2's ViT-L/14", "dinov2", "dinov2", True),
    FeatureFactory("dinov2_edm2", "the same, resized in floats as EDM2 does", "dinov2", "dinov2_edm2", True),
    FeatureFactory("clip", "512 of CLIP's ViT-B/32", "clip", "clip", True),
    FeatureFactory("clip_large", "768 of CLIP's ViT-L/14 at 336 pixels", "clip", "clip_large", True),
    FeatureFactory("clip_cmmd", "768 of the same, of the central square as CMMD cuts it", "clip", "clip_cmmd", True),
]
PACKAGES = ("timm:", "open_clip:")  # before a network's name there
EXTRACTORS = {entry.name: entry for entry in ENTRIES}


def load(
    name: str, weights: str | Path | None = None, download: bool = False, trust_weights: bool = False
) -> Extractor:
    """Return the extractor of that name, one of another package, or a user's own.

    Another package's are ``timm:NAME`` and ``open_clip:NAME``, a user's own ``FILE.py:FUNCTION`` (which is run), or a
    file of TorchScript or ONNX.

    ``weights`` names the file of published weights; ``download`` permits fetching it; ``trust_weights`` takes any file
    of the network's tensors, whose digest becomes part of the identity. Raises UnknownName, or Missing or BadInput for
    weights that are not there, cannot be used, or were named for an extractor that has none.
    """
    if trust_weights and weights is None:
        raise BadInput("--trust-weights is about a file of weights; name it with --weights FILE")
    if name not in EXTRACTORS and is_file(name):
        return own(name, weights)
    if name.startswith(PACKAGES):
        from ganbench.features.packages import of_package  # noqa: PLC0415 (it takes torch)
        from ganbench.features.weights_file import Wanted  # noqa: PLC0415

        return of_package(name, Wanted(None if weights is None else Path(weights), download, trust_weights))
    entry = find("features", name, EXTRACTORS)
    if not entry.published:
        refuse_weights(name, weights)
        return entry.function()()
    from ganbench.features.weights_file import Wanted  # noqa: PLC0415 (it takes torch)

    return entry.function()(Wanted(None if weights is None else Path(weights), download, trust_weights))


def is_file(name: str) -> bool:
    """Whether a name stands for a user's file."""
    return ".py:" in name or name.endswith((".py", ".pt", ".pth", ".ts", ".torchscript", ".onnx"))


def own(name: str, weights: str | Path | None) -> Extractor:
    """Return a user's own extractor; its module takes torch, which a list of names does not need."""
    from ganbench.features.user import user  # noqa: PLC0415

    refuse_weights(name, weights)
    return user(name)


def refuse_weights(name: str, weights: str | Path | None) -> None:
    """Raise BadInput where weights were named for an extractor that takes none."""
    if weights is not None:
        takers = ", ".join(entry.name for entry in ENTRIES if entry.published)
        raise BadInput(f"features {name} take no weights file, got {weights}; those that do are {takers}")
