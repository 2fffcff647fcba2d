"""Features of one set taken in shards, as tasks of a Ray cluster, and put together to the bits of one process.

A shard is a block of neighbours of the images, as of ``ganbench features --shard``. A task reads its images itself, so
that all nodes must see them; the extractor with its weights is sent to it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import Any

from ganbench._util.ray_cluster import Cluster, enter
from ganbench.errors import BadInput, PlaceError
from ganbench.features.extraction import Extraction, silent
from ganbench.features.feature_set import FeatureSet
from ganbench.io.source import Source
from ganbench.scoring.sharded import Taken, bounds_of, put_together, taken_here

MOST, LEAST = 1024, 16  # images of a shard: so many are done again at most; fewer are not worth a task
GRACE = 10.0  # seconds for tasks to end when the command is interrupted
REMEDY = "more --cpus-per-task"


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
        sent = self.sent(source, extraction)
        take = lambda shards, channels: self.taken(sent, shards, channels, extraction, source)  # noqa: E731
        return put_together(source, extraction, bounds_of(source, count), channels, take)

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
    return taken_here(source, extraction, (first, last), channels)
