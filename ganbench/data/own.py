"""Anybody's own data as a data set: a folder, an archive or an array of images, an array of vectors, a Python file.

    ./faces@64                                   a folder, its pictures cut to squares and resized to 64 x 64
    ./faces.zip@32(crop=none,labels=none)        an archive, stretched instead of cut; sub-folders are no classes
    ./faces.npz(flip=1)                          an array as it is; training sees mirror images too
    ./mydata.py:make                             what a function in a file of one's own returns: a ``Dataset``

Which part an example belongs to is decided by a digest of its own content: on every machine the same, whatever its
name, its place and its neighbours are, and two copies are never in different parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ganbench._util.files import cache_folder, written_whole
from ganbench._util.user_code import attribute
from ganbench.data.names import OWN_FIELDS, Settings, own_function
from ganbench.data.sources import Finite, Flipped, Pixels
from ganbench.dataset import Dataset, Space
from ganbench.errors import BadInput
from ganbench.io import open_source
from ganbench.io.fingerprint import remembering
from ganbench.io.source import LeftOut, Picture, Source

PARTS = {"train": 14, "held_out": 3, "control": 3}  # twentieths of the examples, on average
LEAST = 10  # examples of each part
LAYOUT = 1  # of the decoded files in the cache; goes up whenever the same source would give others
NAMED = 3  # names in a message


@dataclass(frozen=True)
class Decoded:
    """All examples of a source: ``x`` uint8 images (n, c, h, w) or float32 vectors (n, d), their parts and classes."""

    x: Tensor
    part: Tensor  # (n,) uint8: 0 train, 1 held out, 2 control
    y: Tensor  # (n,) int64; zeros where there are no classes
    classes: int
    digest: str
    skipped: int = 0


def own(path: str, settings: Settings) -> Dataset:
    """Return the data set that a path with settings (``names.OWN_FIELDS``) stands for.

    Raises Missing for what is not there, BadInput for what cannot be trained on.
    """
    file, function = own_function(path)
    if function:
        return from_file(file, function)
    source = remembering(open_source(file), cache_folder() / "digests.json")
    options = {name: settings[name] for name in OWN_FIELDS}
    return dataset_of(path, decoded(source, options), options)


def from_file(file: str, function: str) -> Dataset:
    """Return the data set that a function in a user's file makes."""
    make, digest = attribute(Path(file), function, "data set")
    made = make() if callable(make) else make
    if not isinstance(made, Dataset):
        raise BadInput(f"{file}:{function}: expected a ganbench Dataset, got {type(made).__name__}")
    return replace(made, version=int(digest[:8], 16))


def dataset_of(name: str, known: Decoded, options: Settings) -> Dataset:
    """Return examples as a data set, split by their digests."""
    parts = {part: known.part == number for number, part in enumerate(PARTS)}
    for part, chosen in parts.items():
        if (count := int(chosen.sum())) < LEAST:
            raise BadInput(
                f"{name}: {len(known.x)} examples leave {count} for the part {part.replace('_', ' ')}; expected at "
                f"least {LEAST} in each of {', '.join(each.replace('_', ' ') for each in PARTS)} (give 100 or more)"
            )
    pictures = known.x.dtype == torch.uint8
    sources: dict[str, Any] = {
        part: Pixels(known.x[chosen], 127.5, known.y[chosen]) if pictures else Finite(known.x[chosen], known.y[chosen])
        for part, chosen in parts.items()
    }
    if options["flip"]:
        sources["train"] = Flipped(sources["train"])
    shares = "/".join(f"{100 * share // sum(PARTS.values())}" for share in PARTS.values())
    skipped = f"; {known.skipped} that cannot be read left out" if known.skipped else ""
    return Dataset(
        name=name,
        space=Space(tuple(known.x.shape[1:]), known.classes, *span_of(known.x)),
        split=f"by a digest of each example, {shares} % for train, held out and control{skipped}",
        features="random_conv" if pictures else "identity",
        latent=64 if pictures else max(2, min(known.x.shape[1], 64)),
        version=int(known.digest[:8], 16),
        **sources,
    )


def span_of(x: Tensor) -> tuple[float, float]:
    """Return the range of examples as they are trained on."""
    return (-1.0, 1.0) if x.dtype == torch.uint8 else (float(x.min()), float(x.max()))


def decoded(source: Source, options: Settings) -> Decoded:
    """Return all examples of a source, from the cache where they were decoded before."""
    reading = f"{LAYOUT} {source.digest()} {sorted(options.items())}"
    digest = blake2b(reading.encode(), digest_size=16).hexdigest()
    return remembered(source.name, digest) or keep(decode(source, options, digest))


@lru_cache(maxsize=2)
def remembered(name: str, digest: str) -> Decoded | None:
    """Return what was decoded before under a digest; nothing where there is no whole file of it."""
    try:
        tensors = load_file(cache_file(digest))
        classes, skipped = tensors["facts"].tolist()
        return Decoded(tensors["x"], tensors["part"], tensors["y"], classes, digest, skipped)
    except (OSError, SafetensorError, KeyError, ValueError):
        return None


def keep(known: Decoded) -> Decoded:
    """Keep what was decoded where it can be kept; return it."""
    facts = torch.tensor([known.classes, known.skipped])
    try:
        with written_whole(cache_file(known.digest)) as path:
            save_file({"x": known.x, "part": known.part, "y": known.y, "facts": facts}, path)
    except OSError:  # a full or read-only place: decoding again is only slower
        pass
    remembered.cache_clear()
    return known


def cache_file(digest: str) -> Path:
    """Return the file of the cache that holds what was decoded under a digest."""
    return cache_folder().parent / "datasets" / f"{digest}.safetensors"


def decode(source: Source, options: Settings, digest: str) -> Decoded:
    """Read a source; raises BadInput, in one line, for what cannot be trained on."""
    if source.kind == "moments":
        raise BadInput(f"{source.name}: holds a mean and a covariance; training needs examples")
    if source.kind == "features":
        return vectors(source, options, digest)
    images, names, parts, broken = [], [], [], []
    for each in source.scan():
        if isinstance(each, LeftOut):
            broken += [each] if each.broken else []
            continue
        images.append(fitted(each, options))
        names.append(each.name)
        parts.append(part_of(each.pixels))
    if broken and not options["skip_broken"]:
        raise BadInput(
            f"{source.name}: {len(broken)} of {len(broken) + len(images)} pictures cannot be read: "
            f"{listed(f'{each.name} ({each.reason})' for each in broken)}; skip_broken=1 leaves them out"
        )
    if not images:
        raise BadInput(f"{source.name}: no picture can be read")
    check_sizes(source.name, images, names)
    y, classes = labels(source, names, options, skipped=len(broken))
    x = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous()
    return Decoded(x, torch.tensor(parts, dtype=torch.uint8), y, classes, digest, len(broken))


def vectors(source: Source, options: Settings, digest: str) -> Decoded:
    """Read rows of numbers."""
    if options["size"] or options["flip"]:
        raise BadInput(f"{source.name}: holds vectors; size and flip are for pictures")
    rows = np.concatenate([np.asarray(block, np.float32) for block in source.rows()])
    if not np.isfinite(rows).all():
        raise BadInput(f"{source.name}: row {int((~np.isfinite(rows)).any(1).argmax())} is not finite")
    y, classes = labels(source, [str(i) for i in range(len(rows))], options, skipped=0)
    parts = torch.tensor([part_of(row) for row in rows], dtype=torch.uint8)
    return Decoded(torch.from_numpy(rows), parts, y, classes, digest)


def part_of(values: NDArray[Any]) -> int:
    """Return the part that an example belongs to, by a digest of its content."""
    content = f"{values.shape} {values.dtype.str} ".encode() + np.ascontiguousarray(values).tobytes()
    place = int.from_bytes(blake2b(content, digest_size=8).digest(), "big") % sum(PARTS.values())
    train, held_out, _ = PARTS.values()
    return 0 if place < train else 1 if place < train + held_out else 2


def fitted(picture: Picture, options: Settings) -> NDArray[np.uint8]:
    """Return a picture as it is, or cut and resized to a square of the asked size (h, w, c), uint8."""
    size, pixels = options["size"], picture.pixels
    if not isinstance(size, int) or not size or pixels.shape[:2] == (size, size):
        return pixels
    height, width, channels = pixels.shape
    if options["crop"] == "center":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        pixels = pixels[top : top + side, left : left + side]
    image = Image.fromarray(pixels if channels == 3 else pixels[..., 0])
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS)).reshape(size, size, channels)


def check_sizes(name: str, images: list[NDArray[np.uint8]], names: list[str]) -> None:
    """Raise BadInput for pictures of several shapes, and for sizes that no network makes."""
    for image, where in zip(images, names, strict=True):
        if image.shape[:2] != images[0].shape[:2]:
            sizes = [f"{names[0]} is {text_of(images[0])}", f"{where} is {text_of(image)}"]
            raise BadInput(f"{name}: pictures of several sizes ({', '.join(sizes)}); give one, as in {name}@64")
        if image.shape[2] != images[0].shape[2]:
            kinds = [
                f"{each} is {'grey' if i.shape[2] == 1 else 'colour'}"
                for each, i in ((names[0], images[0]), (where, image))
            ]
            raise BadInput(f"{name}: grey and colour pictures ({', '.join(kinds)}); make them one kind")


def text_of(image: NDArray[np.uint8]) -> str:
    """Return the size of a picture, width by height."""
    return f"{image.shape[1]}x{image.shape[0]}"


def labels(source: Source, names: list[str], options: Settings, skipped: int) -> tuple[Tensor, int]:
    """Return classes (n,) int64 and how many there are: an array's labels, or the folders that all pictures lie in."""
    none = torch.zeros(len(names), dtype=torch.int64), 0
    if options["labels"] == "none":
        return none
    if source.labels is not None and not skipped:
        y = torch.from_numpy(source.labels)
        if int(y.min()) < 0:
            raise BadInput(f"{source.name}: label {int(y.min())}; expected 0 and up")
        return y, int(y.max()) + 1
    folders = [name.split("/", 1)[0] if "/" in name else "" for name in names]
    known = sorted(set(folders))
    if "" in known or len(known) < 2:
        return none
    return torch.tensor([known.index(folder) for folder in folders]), len(known)


def listed(texts: Iterator[str]) -> str:
    """Return the first few texts in one line."""
    every = list(texts)
    return ", ".join(every[:NAMED]) + (f" and {len(every) - NAMED} more" if len(every) > NAMED else "")
