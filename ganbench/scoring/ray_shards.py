"""Features of one set taken in shards, as tasks of a Ray cluster, and put together to the bits of one process.

A shard is a block of neighbours of the images, as of ``ganbench features --shard``. A task reads its images itself, so
that all nodes must see them; the extractor with its weights is sent to it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from ganbench._util.ray_cluster import Cluster, enter
from ganbench.errors import BadInput, PlaceError
from ganbench.features.extraction import Extraction, refuse, several_sizes, silent
from ganbench.features.feature_set import FeatureSet
from ganbench.io.source import LeftOut, Source, natural
from ganbench.scoring.parts import Shard, together

MOST, LEAST = 1024, 16  # images of a shard: so many are done again at most; fewer are not worth a task
GRACE = 10.0  # seconds for tasks to end when the command is interrupted
REMEDY = "more --cpus-per-task"


@dataclass(frozen=True)
class Taken:
    """What a task gives back: features, or None where its shard has no image, and what was left out."""

    features: FeatureSet | None
    left_out: tuple[LeftOut, ...]


class RayShards:
    """Takes features on a Ray cluster; ``elsewhere`` of an Extraction.

    Parameters
    ----------
    address : str
        ``auto`` or ``HOST:PORT``; empty for a Ray of this machine, which `close` ends.
    cpus, gpus : float
        Of each task.

    Raises
    ------
    Missing
        Where Ray is not installed.
    """

    def __init__(self, address: str = "", cpus: float = 1.0, gpus: float = 0.0) -> None:
        self.cluster = Cluster(address, cpus, gpus, PlaceError)

    def __call__(self, source: Source, extraction: Extraction, channels: int) -> FeatureSet:
        """Return the features of a source of images, the same bits as without Ray; raises what that would raise."""
        slots = self.cluster.slots()
        total = source.count or 0
        count = max(1, ceil(total / MOST), min(slots, total // LEAST))
        if source.between is None:
            count = min(count, slots)  # what comes before a shard has to be read to get there
        shards = [Shard(place, count).bounds(total) for place in range(count)] if total else [(0, 1 << 62)]
        sent = self.sent(source, extraction)
        taken = self.taken(sent, shards, channels, extraction, source)
        sets = [each.features for each in taken if each.features]
        left_out = [one for each in taken for one in each.left_out]
        refuse(source.name, left_out, sum(map(len, sets)), extraction.skip_broken)
        if len({each.channels for each in sets}) > 1:  # grey images beside colour are taken as colour
            grey = [place for place, each in enumerate(taken) if each.features and each.features.channels == 1]
            again = self.taken(sent, [shards[place] for place in grey], 3, extraction, source)
            coloured = dict(zip(grey, again, strict=True))
            sets = [one for place, each in enumerate(taken) if (one := coloured.get(place, each).features)]
        if extraction.extractor and len({each.values.shape[1] for each in sets}) > 1:
            raise several_sizes(source.name, extraction.extractor.name)
        left_out.sort(key=lambda one: natural(one.name))
        return replace(together(sets, source.labels is None), left_out=tuple(left_out))

    def sent(self, source: Source, extraction: Extraction) -> tuple[Any, ...]:
        """Return what all tasks take, of which the large lies in the cluster once."""
        bare = replace(  # what a task does not need might be large, or stay with its process
            source, digest=str, again=None, stamp=None, respan=None, taken=None, moments=None, statistics={}
        )
        mine = replace(extraction, cache=None, progress=silent, elsewhere=None)
        try:
            things = self.cluster.ray.put(bare), self.cluster.ray.put(mine)
        except (TypeError, AttributeError, ValueError, RuntimeError, NotImplementedError) as error:
            reason = " ".join(str(error).split())[:200]
            raise BadInput(f"{source.name}: cannot be sent to tasks of Ray ({reason}); expected files") from error
        return *things, extraction.identity(source), os.getcwd()  # noqa: PTH109

    def taken(
        self,
        sent: Sequence[Any],
        shards: Sequence[tuple[int, int]],
        channels: int,
        extraction: Extraction,
        source: Source,
    ) -> list[Taken]:
        """Return what the tasks of some shards give, in their order; tell how far they are."""
        task, done = self.cluster.task(extracted), 0
        places = {task.remote(*sent, *shard, channels): place for place, shard in enumerate(shards)}
        results = dict[int, Taken]()
        try:
            while places:
                ended, _ = self.cluster.ray.wait(list(places), timeout=None)
                for each in ended:
                    results[places.pop(each)] = one = self.cluster.result(each, REMEDY)
                    done += len(one.features) if one.features else 0
                extraction.progress(source.name, done, source.count)
        except BaseException:
            self.cluster.cancel(list(places), GRACE)
            raise
        return [results[place] for place in range(len(shards))]

    def close(self) -> None:
        """Leave the cluster; end the one that was started here."""
        self.cluster.close()


def extracted(
    source: Source,
    extraction: Extraction,
    identity: dict[str, str],
    folder: str,
    first: int,
    last: int,
    channels: int,
) -> Taken:
    """Take the features of the images from one position to before another, in a worker."""
    enter(folder)
    here = extraction.identity(source)
    if different := [each for each in {**identity, **here} if identity.get(each) != here.get(each)]:
        raise PlaceError(
            f"a node of the Ray cluster has other features: {different[0]} is {here.get(different[0], 'nothing')} "
            f"there, and {identity.get(different[0], 'nothing')} where the command was started"
        )
    images = extraction.passed(source.part(first, last), channels)
    return Taken(images.whole() if images.names else None, tuple(images.left_out))
