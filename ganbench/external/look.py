"""From a source to a cloud: one pass through an extractor in bounded memory, or none where it was made before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganbench.cache import Cache
from ganbench.cloud import Cloud, Facts, folder_labels
from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.external.pieces import coloured, compact, digest_of, given, joined, spread, windows
from ganbench.features.base import Extracted, Extractor
from ganbench.sources.base import Bytes, LeftOut, Picture, Source, natural
from ganbench.sources.decode import quietly

Tell = Callable[[str, int, int | None], None]  # of which source, how many are done, of how many


def silent(_name: str, _done: int, _count: int | None) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Looker:
    """How sources are looked at: an extractor (None: features were given), a cache, what to do with broken files."""

    extractor: Extractor | None
    cache: Cache | None = None
    skip_broken: bool = False
    tell: Tell = silent

    def identity(self, source: Source) -> dict[str, str]:
        """Return all that the numbers of this source's cloud depend on, beside its content."""
        if self.extractor is None:
            return {"name": "given", **({"made_by": source.identity} if source.identity else {})}
        scale = "uint8" if takes_bytes(self.extractor) else "uint8 v becomes v / 127.5 - 1"
        return {**self.extractor.identity, "input": scale}

    def __call__(self, source: Source, channels: int = 0) -> Cloud:
        """Return the cloud of a source; ``channels`` 3 makes colour of grey, 0 is as the pictures are.

        Raises BadInput for broken files unless they are skipped, for fewer than 2 samples, and for pictures that the
        extractor cannot look at.
        """
        key = {**self.identity(source), "channels": str(channels)}
        content = source.digest()
        cloud = self.cache.find(content, key) if self.cache else None
        if cloud is None:
            cloud = self.look(source, channels)
            if self.cache and not source.changed() and not any(each.broken for each in cloud.left_out):
                self.cache.keep(content, key, source.name, cloud)
        self.tell(source.name, len(cloud), len(cloud))
        if len(cloud) < 2:
            raise BadInput(f"{source.name}: expected at least 2 samples, got {len(cloud)}")
        return cloud

    def look(self, source: Source, channels: int) -> Cloud:
        """Pass over a source."""
        if source.kind == "features":
            return given(source)
        try:
            return Pass(source, self, channels).cloud()
        except GreyBeforeColour:
            return Pass(source, self, 3).cloud()


class GreyBeforeColour(Exception):
    """Some pictures were looked at as grey before one with colour came: the pass starts again."""


class Pass:
    """One pass over the pictures of a source."""

    def __init__(self, source: Source, how: Looker, channels: int) -> None:
        self.source, self.how, self.channels = source, how, channels
        self.names: list[str] = []
        self.left_out: list[LeftOut] = []
        self.stored: Counter[str] = Counter()
        self.conversions: Counter[str] = Counter()
        self.digests: list[bytes] = []
        self.spreads: list[float] = []
        self.sizes: list[tuple[int, int]] = []
        self.parts: list[Extracted] = []

    def cloud(self) -> Cloud:
        """Do it; the samples come in the order of their names."""
        with quietly():
            for window in windows(self.source.scan()):
                pictures = [each for each in window if isinstance(each, Picture)]
                self.left_out += [each for each in window if isinstance(each, LeftOut)]
                if pictures and not self.refused:
                    self.visit(pictures)
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
        self.parts.append(self.extracted([coloured(each.pixels, self.channels) for each in pictures]))

    def extracted(self, pixels: Sequence[Bytes]) -> Extracted:
        """Return what the extractor makes of pictures, in their order."""
        places: dict[tuple[int, ...], list[int]] = {}
        for i, each in enumerate(pixels):
            places.setdefault(each.shape, []).append(i)
        found = [self.ask(np.stack([pixels[i] for i in group])) for group in places.values()]
        if len({each.values.shape[1] for each in found} | {each.values.shape[1] for each in self.parts[:1]}) > 1:
            raise BadInput(
                f"{self.source.name}: images of several sizes, which features {self.how.identity(self.source)['name']} "
                "cannot compare; random_conv can"
            )
        back = torch.tensor([i for group in places.values() for i in group]).argsort()
        return joined(found, back)

    def ask(self, pixels: Bytes) -> Extracted:
        """Return what the extractor makes of pictures (n, h, w, c) of one size."""
        extractor = self.how.extractor
        if extractor is None:
            raise BadInput(f"{self.source.name}: expected features as in the other sets, got images")
        x = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
        if not extractor.accepts(Space(tuple(x.shape[1:]), 0, -1.0, 1.0)):
            raise BadInput(
                f"{self.source.name}: features {extractor.name} cannot look at images of {x.shape[3]} by {x.shape[2]} "
                f"pixels with {x.shape[1]} channel{'s' * (x.shape[1] > 1)}; random_conv can"
            )
        return extractor(x if takes_bytes(extractor) else x.float().div_(127.5).sub_(1))

    def put_together(self, order: Tensor) -> Cloud:
        """Return the cloud with its samples in some order."""
        names = tuple(self.names[i] for i in order.tolist())
        digests = np.frombuffer(b"".join(self.digests), np.int64).reshape(-1, 2).copy()
        facts = Facts(
            torch.from_numpy(digests)[order],
            torch.tensor(self.spreads)[order],
            torch.tensor(self.sizes, dtype=torch.int32)[order],
        )
        whole = joined(self.parts, order)
        known = (
            compact(torch.from_numpy(self.source.labels)) if self.source.labels is not None else folder_labels(names)
        )
        return Cloud(
            whole.values,
            whole.posteriors,
            *known,
            names,
            facts,
            self.channels,
            dict(sorted(self.stored.items())),
            dict(sorted(self.conversions.items())),
            tuple(sorted(self.left_out, key=lambda each: natural(each.name))),
        )


def takes_bytes(extractor: Extractor) -> bool:
    """Whether an extractor takes uint8 as it is; raw pixels are compared on the scale that baselines play on."""
    return extractor.name != "pixels" and extractor.accepts(Space((3, 32, 32), 0, 0.0, 255.0))
