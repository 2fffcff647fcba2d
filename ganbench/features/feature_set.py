"""A set of samples once its features are taken: features, labels, and facts about each sample."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.dataset import Tensors
from ganbench.io.source import LeftOut


@dataclass(frozen=True)
class Facts:
    """Of each sample: 128 bits of its digest (n, 2), the spread of its values in grey levels, its height and width."""

    digest: Tensor  # (n, 2) int64
    spread: Tensor  # (n,) float32
    size: Tensor  # (n, 2) int32; zeros for features


@dataclass(frozen=True)
class FeatureSet:
    """A set of samples in the order of their names.

    ``stored`` and ``conversions`` count samples by file format and by what was done to them; ``channels`` is the
    number that features were taken with, 0 for features that were given. ``scaled`` are the ranges that images of more
    than 8 bits were scaled from, ``depth`` is the largest value of 16 bits whose range nothing says.
    """

    values: Tensor  # (n, d)
    posteriors: Tensor | None
    labels: Tensor | None  # (n,) int64: positions in ``classes``
    classes: tuple[str, ...]
    names: tuple[str, ...]
    facts: Facts
    channels: int
    stored: dict[str, int] = field(default_factory=dict)
    conversions: dict[str, int] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    scaled: tuple[str, ...] = ()
    depth: int = 0

    def __len__(self) -> int:
        return len(self.values)

    @property
    def sizes(self) -> Counter[tuple[int, int]]:
        """How many samples have which height and width."""
        return Counter((height, width) for height, width in self.facts.size.tolist())


def digest_of(values: NDArray[Any]) -> bytes:
    """Return 128 bits of the digest of an array's values, the shape included."""
    content = np.ascontiguousarray(values).tobytes()
    return blake2b(content, digest_size=16, salt=str(values.shape).encode()[:16]).digest()


def digest_rows(digests: Sequence[bytes]) -> Tensor:
    """Return digests of 128 bits as (n, 2) int64."""
    return torch.from_numpy(np.frombuffer(b"".join(digests), np.int64).reshape(-1, 2).copy())


def content_order(digests: Tensor, labels: Tensor | None) -> Tensor:
    """Return the order in which samples are scored, wherever they lie and however they were divided: by digest."""
    keys = [digests[:, 1].numpy(), digests[:, 0].numpy()]
    return torch.from_numpy(np.lexsort(keys if labels is None else [labels.numpy(), *keys]))


def packed(features: FeatureSet) -> tuple[Tensors, dict[str, str]]:
    """Return a set as tensors and text, for a file."""
    tensors = {"values": features.values, "posteriors": features.posteriors, "labels": features.labels}
    tensors |= {each.name: getattr(features.facts, each.name) for each in fields(Facts)}
    left_out = [[each.name, each.reason, each.broken] for each in features.left_out]
    plain: dict[str, Any] = {name: getattr(features, name) for name in PLAIN} | {"left_out": left_out}
    kept = {name: tensor.contiguous() for name, tensor in tensors.items() if tensor is not None}
    return kept, {"feature_set": json.dumps(plain)}


PLAIN = ("classes", "names", "channels", "stored", "conversions", "scaled", "depth")


def unpacked(tensors: Tensors, text: dict[str, str]) -> FeatureSet:
    """Return the set that a file holds; raises KeyError, TypeError or ValueError where it is not one."""
    plain = json.loads(text["feature_set"])
    return FeatureSet(
        values=tensors["values"],
        posteriors=tensors.get("posteriors"),
        labels=tensors.get("labels"),
        classes=tuple(plain["classes"]),
        names=tuple(plain["names"]),
        facts=Facts(*(tensors[each.name] for each in fields(Facts))),
        channels=int(plain["channels"]),
        stored=dict(plain["stored"]),
        conversions=dict(plain["conversions"]),
        left_out=tuple(LeftOut(*each) for each in plain["left_out"]),
        scaled=tuple(plain["scaled"]),
        depth=int(plain["depth"]),
    )


def folder_labels(names: Iterable[str]) -> tuple[Tensor | None, tuple[str, ...]]:
    """Return the classes that names tell: the first folder behind what all share, where all names have one."""
    parts = [PurePosixPath(name).parts[:-1] for name in names]
    depth = 0
    while parts and all(len(each) > depth for each in parts) and len({each[depth] for each in parts}) == 1:
        depth += 1
    if not parts or any(len(each) <= depth for each in parts):
        return None, ()
    classes = tuple(sorted({each[depth] for each in parts}))
    places = {name: place for place, name in enumerate(classes)}
    return torch.tensor([places[each[depth]] for each in parts]), classes
