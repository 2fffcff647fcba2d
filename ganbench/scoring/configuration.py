"""A way to compute one number, field by field, so that two of them can be compared one field at a time.

A protocol is one (``clean-fid``); with other values for some of its fields it is another
(``clean-fid(resize=box,n=1000)``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from ganbench._util.names import check_names
from ganbench.errors import BadInput
from ganbench.features.base import Extractor
from ganbench.features.image_network import ImageNetwork, View
from ganbench.features.resize import RESIZES
from ganbench.scoring.protocols import Number, protocol_of

SCALES = {"128": ((128.0,), (128.0,)), "127.5": ((127.5,), (127.5,))}  # (x - a) / a of 0-255
ESTIMATES = ("fid", "cmmd")
# what a protocol's extractor shows to which network: the network's name for weights, resize, scale
SHOWN = {
    "inception": ("inception", "tf1", "128"),
    "inception_pytorch_fid": ("inception", "bilinear", "127.5"),
    "inception_clean": ("inception", "clean", "128"),
    "dinov2": ("dinov2", "pil", ""),
    "dinov2_edm2": ("dinov2", "bicubic", ""),
    "clip": ("clip", "pil", ""),
    "clip_large": ("clip_large", "pil", ""),
    "clip_cmmd": ("clip_cmmd", "pil", ""),
    "random_conv": ("random_conv", "clean", "127.5"),
}


@dataclass(frozen=True)
class Configuration:
    """Every choice that a number depends on, in the order in which they are applied.

    Attributes
    ----------
    reference : str
        Which reference: a path or a name; "" is the one of the command.
    grey : bool
        Whether samples are made grey first.
    jpeg : int
        The quality with which samples are compressed first; 0 leaves them.
    n : int
        How many samples; 0 takes all, or as many as the bound allows.
    resize : str
        The method by name, as in ``ganbench.features.resize.RESIZES``.
    rounded : bool
        Whether pixels are rounded to 8 bits after the resize.
    scale : str
        "128" or "127.5": (x - a) / a; "" is the network's own.
    network : str
        The network by the name of its extractor.
    estimate : str
        "fid" or "cmmd".
    ddof : int
        1 divides covariances by n - 1, 0 by n.
    """

    reference: str = ""
    grey: bool = False
    jpeg: int = 0
    n: int = 0
    resize: str = "clean"
    rounded: bool = False
    scale: str = ""
    network: str = "inception"
    estimate: str = "fid"
    ddof: int = 1


ORDER = tuple(each.name for each in fields(Configuration))
OF_FEATURES = {"grey", "jpeg", "resize", "rounded", "scale", "network"}  # fields whose change takes new features
MEANING = {
    "reference": "reference",
    "grey": "grey before anything",
    "jpeg": "JPEG quality before anything",
    "n": "number of samples",
    "resize": "resize",
    "rounded": "rounding to 8 bits after the resize",
    "scale": "scale (x - a) / a",
    "network": "network",
    "estimate": "estimate",
    "ddof": "divisor of covariances n - ",
}


def configuration_of(text: str, features: str | None = None) -> Configuration:
    """Return what ``PROTOCOL`` or ``PROTOCOL(field=value,...)`` stands for; another encoder may stand in for all.

    Raises UnknownName or BadInput, in one line, for what cannot be read.
    """
    match = re.fullmatch(r"([\w.-]+)(?:\((.*)\))?", text.strip())
    if match is None:
        raise BadInput(f"expected a protocol such as clean-fid, or clean-fid(resize=box,n=1000), got {text!r}")
    configuration = of_features(headline(match[1]).features)
    if match[1] == "stylegan3":
        configuration = replace(configuration, ddof=0)
    if match[1] == "cmmd":
        configuration = replace(configuration, estimate="cmmd")
    if features is not None:
        configuration = replace(configuration, network=features)
    for part in filter(None, (each.strip() for each in (match[2] or "").split(","))):
        name, sign, value = (each.strip() for each in part.partition("="))
        check_names("field of a protocol", [name], ORDER)
        if not sign:
            raise BadInput(f"{text}: expected {name}=VALUE")
        configuration = replace(configuration, **{name: READERS[name](value)})
    return configuration


def headline(protocol: str) -> Number:
    """Return the number that a protocol is compared by: its Frechet distance, or else its first."""
    numbers = protocol_of(protocol).numbers
    return next((each for each in numbers if each.name in ("FID", "FD-DINOv2", "CLIP-FID")), numbers[0])


def of_features(features: str) -> Configuration:
    """Return the configuration of an extractor as it is."""
    network, resize, scale = SHOWN.get(features, (features, "clean", ""))
    return Configuration(resize=resize, scale=scale, network=network)


def whole(name: str, least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers."""

    def read(value: str) -> int:
        if not value.isdecimal() or not least <= int(value) <= most:
            raise BadInput(f"{name}: expected a whole number from {least} to {most}, got {value!r}")
        return int(value)

    return read


def one_of(name: str, known: tuple[str, ...]) -> Callable[[str], str]:
    """Return a reader of names."""

    def read(value: str) -> str:
        check_names(name, [value], known)
        return value

    return read


READERS: dict[str, Callable[[str], Any]] = {
    "reference": str,
    "grey": lambda value: bool(whole("grey", 0, 1)(value)),
    "jpeg": whole("jpeg", 0, 100),
    "n": whole("n", 0, 10**9),
    "resize": one_of("resize", tuple(RESIZES)),
    "rounded": lambda value: bool(whole("rounded", 0, 1)(value)),
    "scale": one_of("scale", tuple(SCALES)),
    "network": str,
    "estimate": one_of("estimate", ESTIMATES),
    "ddof": whole("ddof", 0, 1),
}


def path_between(start: Configuration, end: Configuration) -> list[tuple[str, Configuration]]:
    """Return the fields that differ, in order, each with the configuration after its change."""
    steps, here = [], start
    for name in ORDER:
        if getattr(here, name) != getattr(end, name):
            here = replace(here, **{name: getattr(end, name)})
            steps.append((name, here))
    return steps


def shown_by(configuration: Configuration, network: Extractor) -> Extractor:
    """Return a network behind a configuration's resize, rounding and scale.

    Raises BadInput for an extractor that is no network of images, whose view cannot be changed.
    """
    if not isinstance(network, ImageNetwork):
        raise BadInput(
            f"features {network.name} do their own resize, which cannot be changed; random_conv, inception, dinov2, "
            "clip, timm:NAME and open_clip:NAME can be explained"
        )
    view = network.view
    mean, sd = SCALES.get(configuration.scale, (view.mean, view.sd))
    changed = View(configuration.resize, view.side, mean, sd, view.fit, configuration.rounded)
    return ImageNetwork(network.identity, changed, network.network, network.batch)


def worded(name: str, value: Any) -> str:
    """Return a field's value as reports show it."""
    usual = {"reference": "as given", "jpeg": "none", "n": "all", "scale": "the network's own"}
    text = {"tf1": "TensorFlow 1's bilinear", "bilinear": "PyTorch's bilinear", "clean": "Pillow's bicubic in floats"}
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not value and name in usual:
        return usual[name]
    return text.get(str(value), str(value)) if name == "resize" else str(value)
