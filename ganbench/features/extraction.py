"""From a source to its features: one pass of its images through an extractor in bounded memory, or the cache.

``Extraction`` is called with a source and returns its FeatureSet. It reads images by windows, sends those of one size
through the extractor together, and notes facts about each; the features come back in the order of the images' names.
"""

from __future__ import annotations

import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
import torch
from torch import Tensor

from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.features.base import Extracted, Extractor
from ganbench.features.feature_set import Facts, FeatureSet, digest_of, digest_rows, folder_labels, unpacked
from ganbench.features.image_network import ImageNetwork
from ganbench.features.store import Cache
from ganbench.io.decode import quietly
from ganbench.io.grey_levels import worded
from ganbench.io.source import Bytes, LeftOut, Picture, Source, natural

WINDOW, WINDOW_BYTES = 512, 1 << 25  # images that are extracted together, at most
SPREAD_VALUES = 4096  # of an image, from which its spread is measured
BOUND = 1 << 29  # bytes of rows that are held in memory: 50 000 of 2048 features in float32 are
ROWS = 4096  # that are put into order at once

Progress = Callable[[str, int, int | None], None]  # of which source, how many are done, of how many


# takes the features of a source's images as an Extraction does, with that many channels
Elsewhere = Callable[[Source, "Extraction", int], FeatureSet]


def silent(_name: str, _done: int, _count: int | None) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Extraction:
    """How features are taken: an extractor (None: features were given), a cache, what to do with broken files.

    ``elsewhere`` takes those of images in other processes, to the same bits.
    """

    extractor: Extractor | None
    cache: Cache | None = None
    skip_broken: bool = False
    progress: Progress = silent
    elsewhere: Elsewhere | None = None

    def identity(self, source: Source) -> dict[str, str]:
        """Return all that the features of this source depend on, beside its content."""
        if self.extractor is None:
            return {"name": "given", **({"made_by": source.identity} if source.identity else {})}
        if isinstance(self.extractor, Known):
            return dict(self.extractor.identity)
        scale = "uint8" if takes_bytes(self.extractor) else "uint8 v becomes v / 127.5 - 1"
        return {**self.extractor.identity, "input": scale}

    def __call__(self, source: Source, channels: int = 0) -> FeatureSet:
        """Return the features of a source of images or of features; ``channels`` 3 makes colour of grey images.

        Raises BadInput for broken files unless they are skipped, for fewer than 2 samples, and for images that the
        extractor cannot take.
        """
        if source.taken:
            return self.known(source, channels)
        key = {**self.identity(source), "channels": str(channels)}
        if source.span:
            key["span"] = str(source.span)
        cache = self.cache if source.kind == "images" else None  # what was given is as quickly read again
        features = cache.find(source.digest(), key) if cache else None
        if features is None:
            features = self.extract(source, channels)
            if cache and not source.changed() and not any(each.broken for each in features.left_out):
                cache.keep(source.digest(), key, source.name, features)
        self.progress(source.name, len(features), len(features))
        if len(features) < 2:
            raise BadInput(f"{source.name}: expected at least 2 samples, got {len(features)}")
        return features

    def known(self, source: Source, channels: int) -> FeatureSet:
        """Return features that were taken before, if they are those that are asked for."""
        wanted = self.identity(source)
        for each in {**source.made, **wanted}:
            if source.made.get(each) != wanted.get(each):
                there, here = (one.get(each, "nothing") for one in (source.made, wanted))
                raise BadInput(f"{source.name} holds other features: {each} is {there} there, asked for is {here}")
        tensors, text = source.taken() if source.taken else ({}, {})
        features = unpacked(tensors, text)
        if channels == 3 and features.channels == 1:
            raise BadInput(
                f"{source.name} holds features of grey images, and the other side has colour; take them with --colour"
            )
        self.progress(source.name, len(features), len(features))
        if len(features) < 2:
            raise BadInput(f"{source.name}: expected at least 2 samples, got {len(features)}")
        return features

    def extract(self, source: Source, channels: int) -> FeatureSet:
        """Read a source, without the cache."""
        if source.kind != "images":
            return given(source)
        if self.elsewhere:
            return self.elsewhere(source, self, channels)
        images = self.passed(source, channels)
        refuse(source.name, images.left_out, len(images.names), self.skip_broken)
        return images.whole()

    def passed(self, source: Source, channels: int) -> ImagePass:
        """Return a finished pass over the images of a source; nothing is said of broken ones yet."""
        try:
            return ImagePass(source, self, channels).run()
        except GreyBeforeColour:
            return ImagePass(source, self, 3).run()


class Known:
    """Stands for an extractor where all features were taken before; images it refuses."""

    def __init__(self, identity: Mapping[str, str]) -> None:
        self.name = identity["name"]
        self.identity = dict(identity)

    def accepts(self, space: Space) -> bool:
        """Nothing new."""
        return False

    def __call__(self, x: Tensor) -> Extracted:
        raise BadInput(f"features {self.name} were taken before and are all there is; nothing new can be extracted")


def takes_bytes(extractor: Extractor) -> bool:
    """Whether an extractor takes uint8 as it is; raw pixels are compared on the scale that baselines train on."""
    return extractor.name != "pixels" and extractor.accepts(Space((3, 32, 32), 0, 0.0, 255.0))


def given(source: Source) -> FeatureSet:
    """Return the features of a source that holds features already."""
    rows, digests = Rows(), []
    for block in source.rows():
        digests += [digest_of(row) for row in block]
        rows.add(torch.from_numpy(block))
    n = len(rows)
    facts = Facts(digest_rows(digests), torch.ones(n), torch.zeros(n, 2, dtype=torch.int32))
    labels = None if source.labels is None else torch.from_numpy(source.labels)
    notes = dict.fromkeys(source.notes, n)
    return FeatureSet(rows.whole(), None, *compact(labels), tuple(map(str, range(n))), facts, 0, {"array": n}, notes)


class GreyBeforeColour(Exception):
    """Some images were taken as grey before one with colour came: the pass starts again."""


class ImagePass:
    """One pass over the images of a source."""

    def __init__(self, source: Source, extraction: Extraction, channels: int) -> None:
        self.source, self.extraction, self.channels = source, extraction, channels
        self.names: list[str] = []
        self.places: list[int] = []  # of the images among all, broken ones too
        self.met = 0
        self.left_out: list[LeftOut] = []
        self.stored: Counter[str] = Counter()
        self.conversions: Counter[str] = Counter()
        self.digests: list[bytes] = []
        self.spreads: list[float] = []
        self.sizes: list[tuple[int, int]] = []
        self.labels: list[int | None] = []
        self.scaled: set[str] = set()
        self.depth = 0
        self.values, self.posteriors = Rows(), Rows()

    def run(self) -> ImagePass:
        """Read and extract."""
        with quietly():
            for window in windows(self.source.scan()):
                self.left_out += [each for each in window if isinstance(each, LeftOut)]
                self.place(window)
                if not self.has_refused:
                    self.add([each for each in window if isinstance(each, Picture)])
                window.clear()  # not to be held while the next one fills
                self.extraction.progress(self.source.name, len(self.names), self.source.count)
        return self

    def place(self, window: Sequence[Picture | LeftOut]) -> None:
        """Note which of all images, broken ones too, those that can be read are."""
        for each in window:
            if isinstance(each, Picture):
                self.places.append(self.met)
            self.met += isinstance(each, Picture) or each.broken

    def whole(self) -> FeatureSet:
        """Return everything in the order of the names."""
        return self.in_order(torch.tensor(sorted(range(len(self.names)), key=lambda i: natural(self.names[i]))))

    @property
    def has_refused(self) -> bool:
        return not self.extraction.skip_broken and any(each.broken for each in self.left_out)

    def add(self, pictures: Sequence[Picture]) -> None:
        """Note the facts of some images and extract their features."""
        if not pictures:
            return
        if self.channels != 3 and any(each.pixels.shape[2] == 3 for each in pictures):
            if self.channels == 1:
                raise GreyBeforeColour
            self.channels = 3
        self.channels = self.channels or 1
        for each in pictures:
            pixels = with_channels(each.pixels, self.channels)
            self.digests.append(digest_of(pixels))
            self.spreads.append(spread(pixels))
            self.sizes.append(each.pixels.shape[:2])
            self.names.append(each.name)
            self.labels.append(each.label)
            self.stored[each.stored] += 1
            self.conversions.update(each.conversions)
            self.scaled |= {worded(each.span)} if each.span else set()
            self.depth = max(self.depth, each.depth)
        extracted = self.extracted([with_channels(each.pixels, self.channels) for each in pictures])
        self.values.add(extracted.values)
        if extracted.posteriors is not None:
            self.posteriors.add(extracted.posteriors)

    def extracted(self, pixels: Sequence[Bytes]) -> Extracted:
        """Return what the extractor makes of images, in their order; those of one size share a call."""
        places: dict[tuple[int, ...], list[int]] = {}
        for i, each in enumerate(pixels):
            places.setdefault(each.shape, []).append(i)
        for shape in places:
            self.check_shape(shape)
        extractor, sizes = self.extractor, len(places)
        if isinstance(extractor, ImageNetwork) and sizes > 1 and sizes * extractor.batch > len(pixels):
            # else every size would fill a batch of its own
            return extractor.mixed([stacked([each])[0] for each in pixels])
        parts = [self.ask(stacked([pixels[i] for i in group])) for group in places.values()]
        if len({each.values.shape[1] for each in parts} | {self.values.shape[1] or parts[0].values.shape[1]}) > 1:
            raise several_sizes(self.source.name, extractor.name)
        back = torch.tensor([i for group in places.values() for i in group]).argsort()
        return joined(parts, back)

    @property
    def extractor(self) -> Extractor:
        if self.extraction.extractor is None:
            raise BadInput(f"{self.source.name}: expected features as in the other sets, got images")
        return self.extraction.extractor

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Raise BadInput unless the extractor takes images (h, w, c) of that shape."""
        height, width, channels = shape
        if not self.extractor.accepts(Space((channels, height, width), 0, -1.0, 1.0)):
            raise BadInput(
                f"{self.source.name}: features {self.extractor.name} cannot take images of {width} by {height} "
                f"pixels with {channels} channel{'s' * (channels > 1)}; random_conv can"
            )

    def ask(self, x: Tensor) -> Extracted:
        """Return what the extractor makes of images (n, c, h, w) of one size."""
        return self.extractor(x if takes_bytes(self.extractor) else x.float().div_(127.5).sub_(1))

    def in_order(self, order: Tensor) -> FeatureSet:
        """Return the set with its samples in some order."""
        names = tuple(self.names[i] for i in order.tolist())
        facts = Facts(
            digest_rows(self.digests)[order],
            torch.tensor(self.spreads, dtype=torch.float32)[order],
            torch.tensor(self.sizes, dtype=torch.int32)[order],
        )
        return FeatureSet(
            self.values.whole(order),
            self.posteriors.whole(order) if len(self.posteriors) else None,
            *self.classes(order, names),
            names,
            facts,
            self.channels,
            dict(sorted(self.stored.items())),
            dict(sorted(self.conversions.items())),
            tuple(sorted(self.left_out, key=lambda each: natural(each.name))),
            tuple(sorted(self.scaled)),
            self.depth,
        )

    def classes(self, order: Tensor, names: Sequence[str]) -> tuple[Tensor | None, tuple[str, ...]]:
        """Return labels as positions, and the classes: what the images carry, what lies beside them, or folders."""
        carried = [each for each in self.labels if each is not None]
        if carried and len(carried) == len(names):
            return compact(torch.tensor(carried)[order])
        beside = self.source.labels
        return folder_labels(names) if beside is None else compact(torch.from_numpy(beside)[self.places][order])


def refuse(name: str, left_out: Sequence[LeftOut], count: int, skip_broken: bool) -> None:
    """Raise BadInput where files are broken and must not be, or where there was no image."""
    broken = [each for each in left_out if each.broken]
    if broken and not (skip_broken and count):
        first = f"{broken[0].name}: {broken[0].reason}"
        raise BadInput(
            f"{name}: {len(broken)} broken image{'s' * (len(broken) > 1)} (first: {first}); "
            "--skip-broken goes on without"
        )
    if not count:
        raise BadInput(f"{name}: no image in it")


def several_sizes(name: str, features: str) -> BadInput:
    """Return what is raised where images of several sizes give rows of several widths."""
    return BadInput(f"{name}: images of several sizes, which features {features} cannot compare; random_conv can")


def windows(items: Iterator[Picture | LeftOut]) -> Iterator[list[Picture | LeftOut]]:
    """Cut a pass into lists that fit the memory: WINDOW items, or as many as hold WINDOW_BYTES of pixels."""
    window: list[Picture | LeftOut] = []
    held = 0
    for each in items:
        window.append(each)
        held += each.pixels.size if isinstance(each, Picture) else 0
        if len(window) >= WINDOW or held >= WINDOW_BYTES:
            yield window
            window, held = [], 0
    if window:
        yield window


def stacked(pixels: Sequence[Bytes]) -> Tensor:
    """Return images (h, w, c) of one size as a tensor (n, c, h, w), by one copy."""
    height, width, channels = pixels[0].shape
    whole = np.empty((len(pixels), channels, height, width), np.uint8)
    for place, each in zip(whole, pixels, strict=True):
        place[:] = np.moveaxis(each, 2, 0)
    return torch.from_numpy(whole)


def joined(parts: Sequence[Extracted], order: Tensor) -> Extracted:
    """Return the rows of all parts in some order."""
    posteriors = [each.posteriors for each in parts if each.posteriors is not None]
    return Extracted(
        torch.cat([each.values for each in parts])[order], torch.cat(posteriors)[order] if posteriors else None
    )


def with_channels(pixels: Bytes, channels: int) -> Bytes:
    """Return pixels (h, w, c) with that many channels: grey may become colour."""
    return pixels if pixels.shape[2] == channels else np.repeat(pixels, 3, 2)


def spread(pixels: Bytes) -> float:
    """Return the standard deviation of evenly spaced values of an image, in grey levels."""
    values = pixels.reshape(-1)
    return float(values[:: max(1, len(values) // SPREAD_VALUES)].std())


def compact(labels: Tensor | None) -> tuple[Tensor | None, tuple[str, ...]]:
    """Return labels as positions among those that occur, and these as text."""
    if labels is None:
        return None, ()
    classes, places = labels.unique(return_inverse=True)
    return places, tuple(map(str, classes.tolist()))


class Rows:
    """Rows (n, d) of one type that come part by part: held in memory, or in a mapped file where they are many."""

    def __init__(self) -> None:
        self.parts: list[Tensor] = []
        self.shape: tuple[int, int] = (0, 0)
        self.dtype = torch.float32
        self.held = 0  # bytes
        self.file: IO[bytes] | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def add(self, rows: Tensor) -> None:
        """Take rows (m, d)."""
        self.parts.append(rows)
        self.shape = (self.shape[0] + len(rows), rows.shape[1])
        self.dtype = rows.dtype
        self.held += rows.nbytes
        if self.held > BOUND:
            self.put_away()

    def put_away(self) -> None:
        """Move what is held into the file."""
        if self.file is None:
            self.file = tempfile.TemporaryFile()  # noqa: SIM115 (it is open as long as rows come)
            weakref.finalize(self, self.file.close)
        write_rows(self.file, self.parts)
        self.parts, self.held = [], 0

    def whole(self, order: Tensor | None = None) -> Tensor:
        """Return all rows, in some order."""
        if order is not None and bool((order[1:] > order[:-1]).all()):
            order = None
        if self.file is None:
            rows = torch.cat(self.parts)
            return rows if order is None else rows[order]
        self.put_away()
        rows = mapped_rows(self.file, self.shape, self.dtype)
        return rows if order is None else reordered(rows, order)


def reordered(rows: Tensor, order: Tensor) -> Tensor:
    """Return some rows in some order: a copy in memory, or in a mapped file where they are many."""
    if rows.nbytes <= BOUND:
        return rows[order]
    with tempfile.TemporaryFile() as again:
        write_rows(again, (rows[places] for places in order.split(ROWS)))
        return mapped_rows(again, (len(order), rows.shape[1]), rows.dtype)


def write_rows(file: IO[bytes], parts: Iterable[Tensor]) -> None:
    """Append rows to a file."""
    for part in parts:
        file.write(part.contiguous().numpy().data)
    file.flush()


def mapped_rows(file: IO[bytes], shape: tuple[int, int], dtype: torch.dtype) -> Tensor:
    """Return a file's rows as a tensor whose pages are read when they are used; it outlives the file's name."""
    kind = torch.empty(0, dtype=dtype).numpy().dtype
    return torch.from_numpy(np.memmap(file, kind, "c", shape=shape))
