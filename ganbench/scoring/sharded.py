"""Features of one set that were taken in shards, put together to the bits of one pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ganbench.features.extraction import Extraction, refuse, several_sizes
from ganbench.features.feature_set import FeatureSet
from ganbench.io.source import LeftOut, Source, natural
from ganbench.scoring.parts import Shard, together

EVERY = 1 << 62  # behind the last image of a source that does not know how many it has


@dataclass(frozen=True)
class Taken:
    """What a shard gives: features, or None where it has no image, and what was left out."""

    features: FeatureSet | None
    left_out: tuple[LeftOut, ...]


Bounds = tuple[int, int]  # of a shard: the first image, and the one behind the last
Take = Callable[[Sequence[Bounds], int], list[Taken]]  # of some shards, as images of so many channels; 0: as they are


def bounds_of(source: Source, count: int) -> list[Bounds]:
    """Return the shards of a source: blocks of neighbours, as of ``ganbench features --shard``."""
    total = source.count or 0
    return [Shard(place, count).bounds(total) for place in range(count)] if total else [(0, EVERY)]


def taken_here(source: Source, extraction: Extraction, bounds: Bounds, channels: int) -> Taken:
    """Take the features of one shard in this process."""
    images = extraction.passed(source.part(*bounds), channels)
    return Taken(images.whole() if images.names else None, tuple(images.left_out))


def put_together(
    source: Source, extraction: Extraction, shards: Sequence[Bounds], channels: int, take: Take
) -> FeatureSet:
    """Return the features of a source whose shards ``take`` takes; raises what one pass would raise."""
    taken = take(shards, channels)
    sets = [each.features for each in taken if each.features]
    left_out = [one for each in taken for one in each.left_out]
    refuse(source.name, left_out, sum(map(len, sets)), extraction.skip_broken)
    if len({each.channels for each in sets}) > 1:  # grey images beside colour are taken as colour
        grey = [place for place, each in enumerate(taken) if each.features and each.features.channels == 1]
        coloured = dict(zip(grey, take([shards[place] for place in grey], 3), strict=True))
        sets = [one for place, each in enumerate(taken) if (one := coloured.get(place, each).features)]
    if extraction.extractor and len({each.values.shape[1] for each in sets}) > 1:
        raise several_sizes(source.name, extraction.extractor.name)
    left_out.sort(key=lambda one: natural(one.name))
    return replace(together(sets, source.labels is None), left_out=tuple(left_out))
