"""Deal what each move of the game looks at: per seed, per name, many moves ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ganbench.dataset import Source, Tensors
from ganbench.game import Draw
from ganbench.streams import stream

AHEAD = 32  # moves drawn at once; changing it changes every draw


class Dealer:
    """Deals one kind of move: tickets for data and every declared draw, with leading axis ``len(seeds)``.

    The draws of moves 32c to 32c+31 come from ``stream(seed, "play", move, name, c)``: a seed's draws are the same in
    any company, and the position in the game is all that a checkpoint must keep.
    """

    def __init__(
        self, move: str, seeds: Sequence[int], n: int, source: Source, noise: Mapping[str, Draw], device: torch.device
    ) -> None:
        self.move, self.seeds, self.n, self.source, self.noise, self.device = move, seeds, n, source, noise, device
        self.chunk = -1
        self.hands: dict[str, Tensor] = {}

    def deal(self, turn: int) -> Tensors:
        """Return what move number ``turn`` looks at: tickets under ``data.``, draws under their own names."""
        chunk, place = divmod(turn, AHEAD)
        if chunk != self.chunk:
            self.hands, self.chunk = self.ahead(chunk), chunk
        return {name: hand[place] for name, hand in self.hands.items()}

    def ahead(self, chunk: int) -> Tensors:
        """Draw a whole chunk for all seeds: tensors shaped (AHEAD, seeds, n, ...), moved to the device at once."""
        rows = AHEAD * self.n
        draws: dict[str, list[Tensor]] = {}
        for seed in self.seeds:
            tickets = self.source.tickets(rows, stream(seed, "play", self.move, "data", chunk))
            drawn = {f"data.{name}": ticket for name, ticket in tickets.items()}
            for name, draw in self.noise.items():
                drawn[name] = draw(rows, stream(seed, "play", self.move, name, chunk))
            for name, tensor in drawn.items():
                draws.setdefault(name, []).append(tensor.unflatten(0, (AHEAD, self.n)))
        return {name: torch.stack(parts, dim=1).to(self.device) for name, parts in draws.items()}


def examples(source: Source, dealt: Tensors) -> Tensors:
    """Turn the tickets among what was dealt into data ``x`` and labels ``y``; keep the rest."""
    tickets = {name.removeprefix("data."): ticket for name, ticket in dealt.items() if name.startswith("data.")}
    x, y = source.examples(tickets)
    return {"x": x, "y": y} | {name: draw for name, draw in dealt.items() if not name.startswith("data.")}
