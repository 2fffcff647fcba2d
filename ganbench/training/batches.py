"""The batches of the updates: per seed and per name, drawn many updates ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.baseline import Draw
from ganbench.dataset import Source, Tensors

AHEAD = 32  # updates drawn at once; changing it changes every draw
STREAMS = {"discriminator": "critic"}  # under which a kind of update draws: part of what a seed means, so never renamed


class BatchSampler:
    """The batches of one kind of update: indices of data and every declared draw, with a leading axis of seeds.

    The draws of updates 32c to 32c+31 come from ``stream(seed, "play", kind, name, c)``: a seed's draws are the same
    in any group of seeds, and the number of the update is all that a checkpoint must keep.
    """

    def __init__(
        self, kind: str, seeds: Sequence[int], n: int, source: Source, noise: Mapping[str, Draw], device: torch.device
    ) -> None:
        self.kind, self.seeds, self.n, self.source, self.noise, self.device = kind, seeds, n, source, noise, device
        self.on_host = getattr(source, "on_host", False)  # images are fetched batch by batch
        self.chunk = -1
        self.chunk_draws: dict[str, Tensor] = {}

    def draw(self, count: int) -> Tensors:
        """Return the batch of update number ``count``: indices under ``data.``, draws under their own names."""
        chunk, place = divmod(count, AHEAD)
        if chunk != self.chunk:
            self.chunk_draws, self.chunk = self.ahead(chunk), chunk
        drawn = {name: draws[place] for name, draws in self.chunk_draws.items()}
        if not self.on_host:
            return drawn
        fetched = self.source.fetched(drawn.pop("data.index"))  # type: ignore[attr-defined]
        return drawn | {f"data.{name}": tensor.to(self.device) for name, tensor in fetched.items()}

    def ahead(self, chunk: int) -> Tensors:
        """Draw a whole chunk for all seeds: tensors shaped (AHEAD, seeds, n, ...), moved to the device at once."""
        rows, kind = AHEAD * self.n, STREAMS.get(self.kind, self.kind)
        draws: dict[str, list[Tensor]] = {}
        for seed in self.seeds:
            indices = self.source.indices(rows, stream(seed, "play", kind, "data", chunk))
            drawn = {f"data.{name}": index for name, index in indices.items()}
            for name, draw in self.noise.items():
                drawn[name] = draw(rows, stream(seed, "play", kind, name, chunk))
            for name, tensor in drawn.items():
                draws.setdefault(name, []).append(tensor.unflatten(0, (AHEAD, self.n)))
        together = {name: torch.stack(parts, dim=1) for name, parts in draws.items()}
        stays = {"data.index"} if self.on_host else set()
        return {name: x if name in stays else x.to(self.device) for name, x in together.items()}


def examples(source: Source, drawn: Tensors) -> Tensors:
    """Turn the indices among what was drawn into data ``x`` and labels ``y``; keep the rest."""
    indices = {name.removeprefix("data."): index for name, index in drawn.items() if name.startswith("data.")}
    x, y = source.examples(indices)
    return {"x": x, "y": y} | {name: draw for name, draw in drawn.items() if not name.startswith("data.")}
