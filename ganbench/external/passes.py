"""One pass over the pictures of a source, in bounded memory: facts about each, and what an extractor makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganbench.cloud import Cloud, Facts, folder_labels
from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.external.gathered import Gathered
from ganbench.external.pieces import coloured, compact, digest_of, joined, spread, windows
from ganbench.features.base import Extracted, Extractor
from ganbench.features.images import ImageNetwork
from ganbench.sources.base import Bytes, LeftOut, Picture, Source, natural
from ganbench.sources.decode import quietly

Tell = Callable[[str, int, int | None], None]  # of which source, how many are done, of how many


@dataclass(frozen=True)
class Manner:
    """How sources are looked at: an extractor (None: features were given), broken files, whom to tell."""

    extractor: Extractor | None
    skip_broken: bool
    tell: Tell


class GreyBeforeColour(Exception):
    """Some pictures were looked at as grey before one with colour came: the pass starts again."""


class Pass:
    """One pass over the pictures of a source."""

    def __init__(self, source: Source, how: Manner, channels: int) -> None:
        self.source, self.how, self.channels = source, how, channels
        self.names: list[str] = []
        self.left_out: list[LeftOut] = []
        self.stored: Counter[str] = Counter()
        self.conversions: Counter[str] = Counter()
        self.digests: list[bytes] = []
        self.spreads: list[float] = []
        self.sizes: list[tuple[int, int]] = []
        self.values, self.posteriors = Gathered(), Gathered()

    def cloud(self) -> Cloud:
        """Do it; the samples come in the order of their names."""
        with quietly():
            for window in windows(self.source.scan()):
                self.left_out += [each for each in window if isinstance(each, LeftOut)]
                if not self.refused:
                    self.visit([each for each in window if isinstance(each, Picture)])
                window.clear()  # not to be held while the next one fills
                self.how.tell(self.source.name, len(self.names), self.source.count)
        self.refuse()
        order = sorted(range(len(self.names)), key=lambda i: natural(self.names[i]))
        return self.put_together(torch.tensor(order))

    @property
    def refused(self) -> bool:
        return not self.how.skip_broken and any(each.broken for each in self.left_out)

    def refuse(self) -> None:
        """Raise BadInput where files are broken and must not be, or where nothing was found."""
        broken = [each for each in self.left_out if each.broken]
        if broken and (self.refused or not self.names):
            first = f"{broken[0].name}: {broken[0].reason}"
            raise BadInput(
                f"{self.source.name}: {len(broken)} broken image{'s' * (len(broken) > 1)} (first: {first}); "
                "--skip-broken goes on without"
            )
        if not self.names:
            raise BadInput(f"{self.source.name}: no image in it")

    def visit(self, pictures: Sequence[Picture]) -> None:
        """Look at some pictures, those of one size together, and note the facts."""
        if not pictures:
            return
        if self.channels != 3 and any(each.pixels.shape[2] == 3 for each in pictures):
            if self.channels == 1:
                raise GreyBeforeColour
            self.channels = 3
        self.channels = self.channels or 1
        for each in pictures:
            pixels = coloured(each.pixels, self.channels)
            self.digests.append(digest_of(pixels))
            self.spreads.append(spread(pixels))
            self.sizes.append(each.pixels.shape[:2])
            self.names.append(each.name)
            self.stored[each.stored] += 1
            self.conversions.update(each.conversions)
        found = self.extracted([coloured(each.pixels, self.channels) for each in pictures])
        self.values.add(found.values)
        if found.posteriors is not None:
            self.posteriors.add(found.posteriors)

    def extracted(self, pixels: Sequence[Bytes]) -> Extracted:
        """Return what the extractor makes of pictures, in their order."""
        places: dict[tuple[int, ...], list[int]] = {}
        for i, each in enumerate(pixels):
            places.setdefault(each.shape, []).append(i)
        for shape in places:
            self.accept(shape)
        extractor, sizes = self.extractor, len(places)
        if isinstance(extractor, ImageNetwork) and sizes > 1 and sizes * extractor.batch > len(pixels):
            return extractor.mixed(
                [stacked([each])[0] for each in pixels]
            )  # else every size would fill a batch of its own
        found = [self.ask(stacked([pixels[i] for i in group])) for group in places.values()]
        if len({each.values.shape[1] for each in found} | {self.values.shape[1] or found[0].values.shape[1]}) > 1:
            raise BadInput(
                f"{self.source.name}: images of several sizes, which features {extractor.name} cannot compare; "
                "random_conv can"
            )
        back = torch.tensor([i for group in places.values() for i in group]).argsort()
        return joined(found, back)

    @property
    def extractor(self) -> Extractor:
        if self.how.extractor is None:
            raise BadInput(f"{self.source.name}: expected features as in the other sets, got images")
        return self.how.extractor

    def accept(self, shape: tuple[int, ...]) -> None:
        """Raise BadInput unless the extractor looks at pictures (h, w, c) of that shape."""
        height, width, channels = shape
        if not self.extractor.accepts(Space((channels, height, width), 0, -1.0, 1.0)):
            raise BadInput(
                f"{self.source.name}: features {self.extractor.name} cannot look at images of {width} by {height} "
                f"pixels with {channels} channel{'s' * (channels > 1)}; random_conv can"
            )

    def ask(self, x: Tensor) -> Extracted:
        """Return what the extractor makes of pictures (n, c, h, w) of one size."""
        return self.extractor(x if takes_bytes(self.extractor) else x.float().div_(127.5).sub_(1))

    def put_together(self, order: Tensor) -> Cloud:
        """Return the cloud with its samples in some order."""
        names = tuple(self.names[i] for i in order.tolist())
        digests = np.frombuffer(b"".join(self.digests), np.int64).reshape(-1, 2).copy()
        facts = Facts(
            torch.from_numpy(digests)[order],
            torch.tensor(self.spreads)[order],
            torch.tensor(self.sizes, dtype=torch.int32)[order],
        )
        known = (
            compact(torch.from_numpy(self.source.labels)) if self.source.labels is not None else folder_labels(names)
        )
        return Cloud(
            self.values.whole(order),
            self.posteriors.whole(order) if len(self.posteriors) else None,
            *known,
            names,
            facts,
            self.channels,
            dict(sorted(self.stored.items())),
            dict(sorted(self.conversions.items())),
            tuple(sorted(self.left_out, key=lambda each: natural(each.name))),
        )


def stacked(pixels: Sequence[Bytes]) -> Tensor:
    """Return pictures (h, w, c) of one size as a tensor (n, c, h, w), by one copy."""
    height, width, channels = pixels[0].shape
    whole = np.empty((len(pixels), channels, height, width), np.uint8)
    for place, each in zip(whole, pixels, strict=True):
        place[:] = np.moveaxis(each, 2, 0)
    return torch.from_numpy(whole)


def takes_bytes(extractor: Extractor) -> bool:
    """Whether an extractor takes uint8 as it is; raw pixels are compared on the scale that baselines play on."""
    return extractor.name != "pixels" and extractor.accepts(Space((3, 32, 32), 0, 0.0, 255.0))
