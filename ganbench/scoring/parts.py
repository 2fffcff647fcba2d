"""Files of features: of a set, of one of its shards, or only their mean and covariance; and how they are put together.

A file holds features with the digest of each sample and all that they depend on, so that parts made anywhere, by any
number of workers, join to the same bits. What does not belong together is refused.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ganbench._util.files import written_whole
from ganbench.dataset import Tensors
from ganbench.errors import BadInput, Missing
from ganbench.features.extraction import Extraction
from ganbench.features.feature_set import Facts, FeatureSet, content_order, folder_labels, packed, unpacked
from ganbench.io.grey_levels import is_filled
from ganbench.io.source import Source, natural
from ganbench.metrics._engine.moments import Moments

VERSION = 1  # of the file
Keep = Literal["features", "statistics", "both"]


@dataclass(frozen=True)
class Made:
    """What features were made of, and how.

    Attributes
    ----------
    identity : dict of str
        The extractor, its weights, its preprocessing: what the numbers depend on.
    name : str
        The set, as reports call it.
    shard, shards : int
        Which part of the set, from 0, and of how many.
    total : int
        How many samples the whole set has; 0 where nobody knows.
    by_name : bool
        Whether classes are the folders in the samples' names.
    stamp : str
        What the file system said of the files.
    """

    identity: dict[str, str]
    name: str
    shard: int = 0
    shards: int = 1
    total: int = 0
    by_name: bool = False
    stamp: str = ""


@dataclass(frozen=True)
class Part:
    """A file's content: features, or their moments, or both; the moments are of the features in the order of content.

    ``digests`` are those of the samples, (n, 2).
    """

    made: Made
    features: FeatureSet | None
    moments: Moments | None
    digests: Tensor

    @property
    def dim(self) -> int:
        return self.features.values.shape[1] if self.features else len(self.moments.mean) if self.moments else 0


def moments_of(features: FeatureSet) -> Moments:
    """Return the moments of features, the same bits whatever order they are in."""
    order = content_order(features.facts.digest, features.labels)
    return Moments.of(features.values[order])


def statistics_of(part: Part) -> Moments | None:
    """Return a part's moments, of its features where it has these."""
    return part.moments or (moments_of(part.features) if part.features else None)


def part_of(made: Made, features: FeatureSet, keep: Keep) -> Part:
    """Return what a file is to hold of features."""
    moments = None if keep == "features" else moments_of(features)
    return Part(made, None if keep == "statistics" else features, moments, features.facts.digest)


def write(part: Part, path: Path) -> Path:
    """Write a file, whole or not at all; raises BadInput where it cannot be written."""
    tensors: Tensors = {"digest": part.digests.contiguous()}
    text = {"ganbench": json.dumps({"version": VERSION, **part.made.__dict__}, sort_keys=True)}
    if part.features:
        own, more = packed(part.features)
        tensors, text = tensors | own, text | more
    if part.moments:
        sigma = part.moments.covariance.contiguous()
        tensors |= {"mu": part.moments.mean, "sigma": sigma, "scatter": part.moments.scatter.contiguous()}
        text["n"] = str(part.moments.n)
    try:
        with written_whole(path) as beside:
            save_file(tensors, beside, text)
    except (OSError, SafetensorError) as error:
        raise BadInput(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})") from error
    return path


def read(path: Path) -> Part:
    """Return what a file holds; raises Missing without it, BadInput where it is no file of features."""
    if not path.is_file():
        raise Missing(f"{path}: no such file")
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            text = dict(file.metadata() or {})
        return of_content(tensors, text, str(path))
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path}: no file of ganbench features ({' '.join(str(error).split())})") from error


def of_content(tensors: Tensors, text: dict[str, str], name: str) -> Part:
    """Return a file's content as a part; raises KeyError, TypeError or ValueError where it is none."""
    facts = json.loads(text["ganbench"])
    if facts.pop("version") != VERSION:
        raise BadInput(f"{name}: written by another version of ganbench; expected one of version {VERSION}")
    features = unpacked(tensors, text) if "feature_set" in text else None
    moments = Moments(int(text["n"]), tensors["mu"], tensors["scatter"]) if "scatter" in tensors else None
    return Part(Made(**facts), features, moments, tensors["digest"])


def merged(parts: Sequence[Part], names: Sequence[str], keep: Keep) -> Part:
    """Return one part of all: shards of one set, or whole sets that share no sample.

    Features join to the same bits in whatever order the parts come. Moments of features that are there are taken of
    them; others are added (Chan et al., 1979, eq. 2.1), in the order of the shards, to 1e-12 of the variances.

    Raises
    ------
    BadInput
        For parts of other extractors or dimensions, a shard that is missing or there twice, samples that are in two
        parts, and features that are wanted but not kept.
    """
    ordered = sorted(zip(parts, names, strict=True), key=lambda each: (each[0].made.shard, each[1]))
    parts, names = [part for part, _ in ordered], [name for _, name in ordered]
    check_identities(parts, names)
    check_shards(parts, names)
    check_overlap(parts, names)
    first = parts[0].made
    total = first.total if first.shards > 1 else sum(len(part.digests) for part in parts)
    made = replace(first, shard=0, shards=1, total=total, stamp="")
    sets = [part.features for part in parts if part.features]
    if len(sets) == len(parts):
        return part_of(made, together(sets, first.by_name), keep)
    if keep != "statistics":
        bare = next(name for part, name in zip(parts, names, strict=True) if not part.features)
        raise BadInput(f"{bare}: holds statistics alone; --keep statistics merges such files")
    moments = [each for part in parts if (each := statistics_of(part))]
    whole = moments[0]
    for each in moments[1:]:
        whole = whole.merge(each)
    return Part(made, None, whole, torch.cat([part.digests for part in parts]))


def check_identities(parts: Sequence[Part], names: Sequence[str]) -> None:
    """Raise BadInput where parts are of different extractors or dimensions."""
    first = parts[0]
    for part, name in zip(parts[1:], names[1:], strict=True):
        fields_of = {**first.made.identity, **part.made.identity}
        for each in fields_of:
            a, b = (one.made.identity.get(each, "nothing") for one in (first, part))
            if a != b:
                raise BadInput(f"{name} and {names[0]} are of different features: {each} is {b} and {a}")
        if part.dim != first.dim:
            raise BadInput(f"{name}: expected {first.dim} features a sample as in {names[0]}, got {part.dim}")


def check_shards(parts: Sequence[Part], names: Sequence[str]) -> None:
    """Raise BadInput unless the parts are all shards of one set, each once, or whole sets."""
    first = parts[0].made
    for part, name in zip(parts, names, strict=True):
        if (part.made.shards, part.made.total if first.shards > 1 else 0) != (
            first.shards,
            first.total if first.shards > 1 else 0,
        ):
            raise BadInput(
                f"{name} is one of {part.made.shards} shards of {part.made.total} samples, {names[0]} one of "
                f"{first.shards} of {first.total}"
            )
    if first.shards == 1:
        return
    counts = Counter(part.made.shard for part in parts)
    twice = [shard for shard, count in counts.items() if count > 1]
    if twice:
        raise BadInput(f"shard {twice[0]}/{first.shards} is there {counts[twice[0]]} times; expected each once")
    missing = [f"{shard}/{first.shards}" for shard in range(first.shards) if shard not in counts]
    if missing:
        raise BadInput(
            f"{'shards' if len(missing) > 1 else 'shard'} {', '.join(missing)} not there; expected each once"
        )


def check_overlap(parts: Sequence[Part], names: Sequence[str]) -> None:
    """Raise BadInput where whole sets share samples; within one set equal samples are its own affair."""
    if len(parts) < 2 or parts[0].made.shards > 1:
        return
    seen: dict[tuple[int, int], str] = {}
    for part, name in zip(parts, names, strict=True):
        own = set(map(tuple, part.digests.tolist()))
        common = own & seen.keys()
        if common:
            raise BadInput(f"{name} and {seen[next(iter(common))]} share {len(common)} samples; expected none twice")
        seen |= dict.fromkeys(own, name)


def together(sets: Sequence[FeatureSet], by_name: bool) -> FeatureSet:
    """Return one set of several, in the order of the names."""
    channels = sorted({each.channels for each in sets})
    if len(channels) > 1:
        raise BadInput("some parts hold grey images alone and others colour; take all with --colour")
    if len({each.posteriors is None for each in sets}) > 1:
        raise BadInput("some parts hold posteriors of classes and others none")
    names = [name for each in sets for name in each.names]
    order = torch.tensor(sorted(range(len(names)), key=lambda place: natural(names[place])))
    labels, classes = labels_of(sets)
    whole = FeatureSet(
        torch.cat([each.values for each in sets])[order],
        None if sets[0].posteriors is None else torch.cat([narrowed(each.posteriors) for each in sets])[order],
        None if labels is None else labels[order],
        classes,
        tuple(names[place] for place in order.tolist()),
        Facts(*(torch.cat([getattr(each.facts, part.name) for each in sets])[order] for part in fields(Facts))),
        channels[0],
        dict(sorted(sum((Counter(each.stored) for each in sets), Counter()).items())),
        dict(sorted(sum((Counter(each.conversions) for each in sets), Counter()).items())),
        tuple(sorted((one for each in sets for one in each.left_out), key=lambda one: natural(one.name))),
        tuple(sorted({one for each in sets for one in each.scaled})),
        max(each.depth for each in sets),
    )
    if not by_name:
        return whole
    labels, classes = folder_labels(whole.names)
    return replace(whole, labels=labels, classes=classes)


def narrowed(posteriors: Tensor | None) -> Tensor:
    """Return posteriors that are there."""
    if posteriors is None:
        raise BadInput("some parts hold posteriors of classes and others none")
    return posteriors


def labels_of(sets: Sequence[FeatureSet]) -> tuple[Tensor | None, tuple[str, ...]]:
    """Return the labels of several sets as positions among the classes of all; none where one has none."""
    classes = tuple(sorted({name for each in sets for name in each.classes}, key=natural))
    places = {name: place for place, name in enumerate(classes)}
    parts = []
    for each in sets:
        if each.labels is None:
            return None, ()
        known = torch.tensor([places[name] for name in each.classes])
        parts.append(known[each.labels])
    return torch.cat(parts), classes


@dataclass(frozen=True)
class Shard:
    """Part ``index``, from 0, of ``count``."""

    index: int = 0
    count: int = 1

    @classmethod
    def of(cls, text: str) -> Shard:
        """Return what ``i/N`` stands for; raises BadInput for anything else."""
        index, sign, count = text.partition("/")
        if not (sign and index.isdecimal() and count.isdecimal() and 0 <= int(index) < int(count)):
            raise BadInput(f"shard: expected i/N with i from 0 to N - 1, such as 0/4, got {text!r}")
        return cls(int(index), int(count))

    def bounds(self, total: int) -> tuple[int, int]:
        """Return the first position and the one behind the last."""
        return self.index * total // self.count, (self.index + 1) * total // self.count


def take(
    source: Source, extraction: Extraction, *, shard: Shard | None = None, keep: Keep = "features", colour: bool = False
) -> Part:
    """Return the features of a set of images, or of a shard of it, as a part.

    Raises
    ------
    BadInput
        For what holds no images, for more shards than images, and for values whose range nothing says.
    """
    shard = shard or Shard()
    if source.kind != "images" or source.taken:
        raise BadInput(f"{source.name} holds {'features' if source.taken else source.kind} already; expected images")
    if source.extremes and source.span and not is_filled(source.span, *source.extremes):
        raise BadInput(f"{source.name}: values of floats may be of several ranges; name the range with --span")
    total = source.count or 0
    if shard.count > 1 and total < shard.count:
        raise BadInput(f"{source.name}: expected at least {shard.count} images for as many shards, got {total}")
    part = source if shard.count == 1 else source.part(*shard.bounds(total))
    features = extraction.extract(part, 3 if colour else 0)
    if features.depth:
        raise BadInput(f"{source.name}: 16-bit values up to {features.depth}; name black and white with --span")
    return part_of(made_of(source, extraction, shard, len(features) if shard.count == 1 else total), features, keep)


def made_of(source: Source, extraction: Extraction, shard: Shard, total: int) -> Made:
    """Return what a part says of how it was made."""
    identity = extraction.identity(source) | ({"span": str(source.span)} if source.span else {})
    stamp = source.stamp().text if source.stamp else ""
    return Made(identity, source.name, shard.index, shard.count, total, source.labels is None, stamp)


def is_done(path: Path, source: Source, extraction: Extraction, shard: Shard, keep: Keep) -> bool:
    """Whether a file holds already what would be written there, of files that have not changed since."""
    if source.stamp is None or not path.is_file():
        return False
    try:
        part = read(path)
    except (BadInput, Missing):
        return False
    wanted = {"features": keep != "statistics", "moments": keep != "features"}
    same = made_of(source, extraction, shard, part.made.total) == part.made
    return same and all((getattr(part, name) is not None) == there for name, there in wanted.items())


def write_npz(part: Part, path: Path, spatial: Part | None) -> Path:
    """Write the mean and the covariance as other tools read them; raises BadInput where they cannot be had.

    pytorch-fid and EDM read ``mu`` and ``sigma``; guided-diffusion (ADM) reads ``mu_s`` and ``sigma_s`` too, those of
    ``inception_spatial``.
    """
    arrays: dict[str, Any] = {}
    for each, mean, covariance in ((part, "mu", "sigma"), (spatial, "mu_s", "sigma_s")):
        if each is None:
            continue
        moments = statistics_of(each)
        if moments is None or moments.n < 2:
            raise BadInput(f"{path}: expected at least 2 samples for a covariance")
        arrays |= {mean: moments.mean.numpy(), covariance: moments.covariance.numpy()}
    try:
        with written_whole(path) as beside, beside.open("wb") as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from error
    return path


def spatial_of(path: Path) -> Part:
    """Return a file of the features of sFID; raises BadInput for others."""
    part = read(path)
    if part.made.identity.get("name") != "inception_spatial":
        raise BadInput(f"{path}: expected features inception_spatial, got {part.made.identity.get('name')}")
    return part
