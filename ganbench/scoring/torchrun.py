"""Features of one set taken by the processes of ``torchrun``, each a shard of it, to the bits of one process.

Every process runs the same command and ends up with all features; the first one prints and writes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import torch.distributed as dist

from ganbench.errors import BadInput, PlaceError, RequestError
from ganbench.features.extraction import Extraction
from ganbench.features.feature_set import FeatureSet
from ganbench.features.store import Cache
from ganbench.io.source import Source
from ganbench.scoring.sharded import Bounds, Taken, bounds_of, put_together, taken_here

GIVEN = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # by torchrun, to its processes
PATIENCE = timedelta(days=2)  # until the slowest shard is done


class TorchrunShards:
    """Takes features with the other processes of ``torchrun``; ``elsewhere`` of an Extraction.

    Raises
    ------
    BadInput
        Where this process was not started by torchrun.
    """

    def __init__(self) -> None:
        if missing := [name for name in GIVEN if name not in os.environ]:
            raise BadInput(
                f"--executor torchrun: {missing[0]} is not set; expected to be started as in "
                "torchrun --nproc-per-node 2 --no-python ganbench score ... --executor torchrun"
            )
        dist.init_process_group("gloo", timeout=PATIENCE)
        self.rank, self.count = dist.get_rank(), dist.get_world_size()

    def __call__(self, source: Source, extraction: Extraction, channels: int) -> FeatureSet:
        """Return the features of a source of images, the same in every process; raises what one process would raise."""
        self.check_alike(source, extraction)

        def take(shards: Sequence[Bounds], channels: int) -> list[Taken]:
            mine = {
                place: self.attempt(source, extraction, bounds, channels)
                for place, bounds in enumerate(shards)
                if place % self.count == self.rank
            }
            results: dict[int, Taken | RequestError] = {}
            for each in self.gathered(mine):
                results.update(each)
            for place in range(len(shards)):
                if isinstance(error := results[place], RequestError):
                    raise error
            return [each for place in range(len(shards)) if isinstance(each := results[place], Taken)]

        return put_together(source, extraction, bounds_of(source, self.count), channels, take)

    def attempt(self, source: Source, extraction: Extraction, bounds: Bounds, channels: int) -> Taken | RequestError:
        """Take a shard, or return what is wrong with it: the others must hear of it, or they wait for ever."""
        try:
            return taken_here(source, replace(extraction, cache=None, elsewhere=None), bounds, channels)
        except RequestError as error:
            return error

    def check_alike(self, source: Source, extraction: Extraction) -> None:
        """Raise PlaceError where the processes see other images or would take other features."""
        here = {"images": source.digest(), **extraction.identity(source)}
        for rank, there in enumerate(self.gathered(here)):
            if different := [each for each in {**here, **there} if here.get(each) != there.get(each)]:
                one, other = (each.get(different[0], "nothing") for each in (here, there))
                pair = f"processes {self.rank} and {rank} of torchrun"
                raise PlaceError(f"{source.name}: {pair} differ: {different[0]} is {one} and {other}")

    def gathered(self, mine: Any) -> list[Any]:
        """Return what each process gives, in the order of their ranks."""
        every: list[Any] = [None] * self.count
        dist.all_gather_object(every, mine)
        return every

    def agreed(self, mine: bool) -> bool:
        """Whether all processes say so."""
        return all(self.gathered(mine))

    def close(self) -> None:
        """Leave the others."""
        dist.destroy_process_group()


@dataclass(frozen=True)
class SharedCache(Cache):
    """A cache that has features only where the caches of all processes have them, so that none waits alone."""

    shards: TorchrunShards

    def find(self, content: str, identity: Mapping[str, str]) -> FeatureSet | None:
        """Return the features of some content by some extractor, where every process has them."""
        entry = super().find(content, identity)
        return entry if self.shards.agreed(entry is not None) else None
