"""Anybody's own data as a data set: a folder, an archive or an array of images, an array of vectors, a Python file.

    ./faces@64                                   a folder, its pictures cut to squares and resized to 64 x 64
    ./faces.zip@32(crop=none,labels=none)        an archive, stretched instead of cut; sub-folders are no classes
    ./faces.npz(flip=1)                          an array as it is; training sees mirror images too
    ./faces.parquet@32(key=image)                a column of image files, as data sets on the Hub have them
    ./shards/train-{000..127}.tar@32             WebDataset shards, or the folder that they lie in
    ./mydata.py:make                             what a function in a file of one's own returns: a ``Dataset``

Which part an example belongs to is decided by a digest of its own content: on every machine the same, whatever its
name, its place and its neighbours are, and two copies are never in different parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganbench._util.files import cache_folder
from ganbench._util.user_code import attribute, in_one_line, raising_line
from ganbench.data.decoded import PARTS, Decoded, Images, images_in_memory, images_on_disk, keep_rows, remembered
from ganbench.data.names import OWN_FIELDS, Setting, Settings, own_function
from ganbench.data.sources import Finite, Flipped, Pixels
from ganbench.dataset import Dataset, Space
from ganbench.errors import BadInput, RequestError
from ganbench.io import is_array_file, open_source
from ganbench.io.fingerprint import remembering
from ganbench.io.shards import PARQUET, shards_in
from ganbench.io.source import LeftOut, Picture, Reading, Source

SHARES = (14, 3, 3)  # twentieths of the examples in each part, on average
LEAST = 10  # examples of each part
LAYOUT = 1  # goes up whenever the same source would give other examples
NAMED = 3  # names in a message

Part = Callable[[Picture], int]  # the number of the part that a picture belongs to


def own(path: str, settings: Settings) -> Dataset:
    """Return the data set that a path with settings (``names.OWN_FIELDS``) stands for.

    Raises Missing for what is not there, BadInput for what cannot be trained on.
    """
    file, function = own_function(path)
    if function:
        return from_file(file, function)
    if path.endswith(".py"):
        raise BadInput(f"{path}: say which function of it returns the data set, as in {path}:make")
    if settings["key"] and not has_keys(file):
        raise BadInput(f"{path}: key names a column of a Parquet file or an array of a file; there is none of either")
    reading = Reading(key=str(settings["key"]), key_option="(key=NAME) behind the path")
    source = remembering(open_source(file, reading), cache_folder() / "digests.json")
    options = {name: settings[name] for name in OWN_FIELDS}
    return dataset_of(path, decoded(source, options), options)


def has_keys(file: str) -> bool:
    """Whether what lies at a path holds columns or arrays by name."""
    paths = [file, *(shards_in(Path(file)) if Path(file).is_dir() else [])]
    return any(path.lower().endswith(PARQUET) or is_array_file(Path(path)) for path in paths)


def from_file(file: str, function: str) -> Dataset:
    """Return the data set that a function in a user's file makes."""
    make, digest = attribute(Path(file), function, "data set")
    try:
        made = make() if callable(make) else make
    except RequestError:
        raise
    except Exception as error:  # whatever a user's function may raise
        number, _ = raising_line(error, Path(file).resolve())
        where = f"{file}:{number}" if number else f"{file}:{function}"
        raise BadInput(f"{where}: {function} raised {in_one_line(error)}") from error
    if not isinstance(made, Dataset):
        raise BadInput(f"{file}:{function}: expected a ganbench Dataset, got {type(made).__name__}")
    return replace(made, version=int(digest[:8], 16))


def dataset_of(name: str, known: Decoded, options: Settings) -> Dataset:
    """Return examples as a data set, split by their digests."""
    for part, count in zip(PARTS, known.sizes, strict=True):
        if count < LEAST:
            raise BadInput(
                f"{name}: {len(known.x)} examples leave {count} for the part {part.replace('_', ' ')}; expected at "
                f"least {LEAST} in each of {', '.join(each.replace('_', ' ') for each in PARTS)} (give 100 or more)"
            )
    pictures = known.x.dtype == torch.uint8
    sources: dict[str, Any] = {part: Pixels(x, 127.5, y) if pictures else Finite(x, y) for part, x, y in known.parts()}
    if options["flip"]:
        sources["train"] = Flipped(sources["train"])
    shares = "/".join(f"{100 * share // sum(SHARES)}" for share in SHARES)
    skipped = f"; {known.skipped} that cannot be read left out" if known.skipped else ""
    return Dataset(
        name=name,
        space=Space(tuple(known.x.shape[1:]), known.classes, *span_of(known.x)),
        split=f"by a digest of each example, {shares} % for train, held out and control{skipped}",
        features=str(options["features"]) or ("random_conv" if pictures else "identity"),
        latent=64 if pictures else max(2, min(known.x.shape[1], 64)),
        version=int(known.digest[:8], 16),
        **sources,
    )


def span_of(x: Tensor) -> tuple[float, float]:
    """Return the range of examples as they are trained on."""
    return (-1.0, 1.0) if x.dtype == torch.uint8 else (float(x.min()), float(x.max()))


def decoded(source: Source, options: Settings, part: Part | None = None) -> Decoded:
    """Return all examples of a source, from the cache where they were decoded before.

    ``part`` says which part a picture belongs to, if that is not decided by its content.
    """
    later = ("channels", "key")  # settings that older results do not know
    said = sorted(
        (name, value)
        for name, value in options.items()
        if name != "features" and (name not in later or value != OWN_FIELDS[name])
    )
    reading = f"{LAYOUT} {source.digest()} {said}"
    digest = blake2b(reading.encode(), digest_size=16).hexdigest()
    return remembered(source.name, digest) or decode(source, options, digest, part or by_content)


def decode(source: Source, options: Settings, digest: str, part: Part) -> Decoded:
    """Read a source and keep what was read; raises BadInput, in one line, for what cannot be trained on."""
    if source.kind == "moments":
        raise BadInput(f"{source.name}: holds a mean and a covariance; training needs examples")
    if source.kind == "features":
        return vectors(source, options, digest)
    try:
        with images_on_disk() as images:
            return images.keep(*pictures(source, options, images, digest, part))
    except OSError:  # a full or read-only place
        images = images_in_memory()
        return images.in_memory(*pictures(source, options, images, digest, part))


def pictures(
    source: Source, options: Settings, images: Images, digest: str, part: Part
) -> tuple[Tensor, int, str, int]:
    """Add the pictures of a source to images; return their classes, how many there are, the digest, and those broken.

    Raises BadInput for pictures that are not alike, or that cannot be read.
    """
    names, places, broken, first = list[str](), list[int](), list[LeftOut](), ""
    for each in source.scan():
        if isinstance(each, LeftOut):
            broken += [each] if each.broken else []
            continue
        places.append(len(names) + len(broken))
        pixels, first = fitted(each, options), first or each.name
        check_alike(source.name, (first, images.shape or pixels.shape), (each.name, pixels.shape))
        images.add(pixels, part(each))
        names.append(each.name)
    if broken and not options["skip_broken"]:
        raise BadInput(
            f"{source.name}: {len(broken)} of {len(broken) + len(names)} pictures cannot be read: "
            f"{listed(f'{each.name} ({each.reason})' for each in broken)}; --skip-broken leaves them out"
        )
    if not names:
        raise BadInput(f"{source.name}: no picture can be read")
    y, classes = labels(source, names, options, places)
    return y, classes, digest, len(broken)


def vectors(source: Source, options: Settings, digest: str) -> Decoded:
    """Read rows of numbers."""
    if options["size"] or options["flip"]:
        raise BadInput(f"{source.name}: holds vectors; size and flip are for pictures")
    rows = np.concatenate([np.asarray(block, np.float32) for block in source.rows()])
    if not np.isfinite(rows).all():
        raise BadInput(f"{source.name}: row {int((~np.isfinite(rows)).any(1).argmax())} is not finite")
    y, classes = labels(source, [str(i) for i in range(len(rows))], options, list(range(len(rows))))
    return keep_rows(rows, [part_of(row) for row in rows], y, classes, digest)


def by_content(picture: Picture) -> int:
    """Return the part that a picture belongs to by its own pixels."""
    return part_of(picture.pixels)


def part_of(values: NDArray[Any]) -> int:
    """Return the part that an example belongs to, by a digest of its content."""
    content = f"{values.shape} {values.dtype.str} ".encode() + np.ascontiguousarray(values).tobytes()
    place = int.from_bytes(blake2b(content, digest_size=8).digest(), "big") % sum(SHARES)
    train, held_out, _ = SHARES
    return 0 if place < train else 1 if place < train + held_out else 2


def fitted(picture: Picture, options: Settings) -> NDArray[np.uint8]:
    """Return a picture as it is, or cut, resized to a square and made grey or colour as asked (h, w, c), uint8."""
    size, pixels = options["size"], in_channels(picture.pixels, options["channels"])
    if not isinstance(size, int) or not size or pixels.shape[:2] == (size, size):
        return pixels
    height, width, channels = pixels.shape
    if options["crop"] == "center":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        pixels = pixels[top : top + side, left : left + side]
    image = Image.fromarray(pixels if channels == 3 else pixels[..., 0])
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS)).reshape(size, size, channels)


def in_channels(pixels: NDArray[np.uint8], channels: Setting) -> NDArray[np.uint8]:
    """Return a picture (h, w, c) with one channel, ITU-R 601's luma, or with three, or with those it has."""
    if not channels or pixels.shape[2] == channels:
        return pixels
    return pixels.repeat(3, 2) if channels == 3 else np.asarray(Image.fromarray(pixels).convert("L"))[..., None]


def check_alike(name: str, first: tuple[str, tuple[int, ...]], other: tuple[str, tuple[int, ...]]) -> None:
    """Raise BadInput for two pictures, each a name and a shape (h, w, c), that differ in size or channels."""
    both = (first, other)
    if first[1][:2] != other[1][:2]:
        sizes = [f"{where} is {shape[1]}x{shape[0]}" for where, shape in both]
        raise BadInput(f"{name}: pictures of several sizes ({', '.join(sizes)}); give one, as in {name}@64")
    if first[1][2] != other[1][2]:
        kinds = [f"{where} is {'grey' if shape[2] == 1 else 'colour'}" for where, shape in both]
        raise BadInput(
            f"{name}: grey and colour pictures ({', '.join(kinds)}); channels=3 makes all colour, channels=1 grey"
        )


def labels(source: Source, names: list[str], options: Settings, places: list[int]) -> tuple[Tensor, int]:
    """Return classes (n,) int64 and how many there are: labels beside examples, or the folders that all lie in.

    ``places`` are those of the examples among all that there are labels for, broken ones too.
    """
    none = torch.zeros(len(names), dtype=torch.int64), 0
    if options["labels"] == "none":
        return none
    if source.unused_labels:
        raise BadInput(f"{source.name}: its labels cannot be used: {source.unused_labels}; labels=none leaves them out")
    if source.labels is not None:
        y = torch.from_numpy(source.labels)[places]
        if int(y.min()) < 0:
            raise BadInput(f"{source.name}: label {int(y.min())}; expected 0 and up")
        if int(y.max()) >= len(y):
            raise BadInput(f"{source.name}: label {int(y.max())}; expected classes 0, 1, ... of {len(y)} examples")
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
