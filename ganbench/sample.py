"""Draw samples from trained players: averaged weights, fixed statistics, and streams of their own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import vmap

from ganbench.dataset import Tensors
from ganbench.deal import examples
from ganbench.game import Batch
from ganbench.sides import Side
from ganbench.streams import stream
from ganbench.train import Trainer

ROWS = 256  # samples made at once; sample i depends on its seed and on i, not on how many are asked for
GATHER = 1024  # samples from which BatchNorm's statistics are gathered


class Sampler:
    """A snapshot of the generators of a game: what they would produce if the game ended now."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self.baseline = trainer, trainer.baseline
        self.noise = self.baseline.noise(trainer.data.space)
        self.rows = trainer.state["average"].clone()
        self.side, self.buffers = trainer.moves.sides["G"].sampling(), self.fresh_buffers()
        self.extra = trainer.state["carried"] | self.fitted()
        if self.buffers:
            with torch.no_grad():  # writes the statistics of one large batch into the buffers
                self.generate(trainer.moves.sides["G"].gathering(), self.batch("gather", 0, GATHER))

    def fresh_buffers(self) -> Tensors:
        """Buffers that follow the averaged weights rather than the current ones."""
        G = self.trainer.moves.sides["G"]
        buffers = {name: buffer.clone() for name, buffer in self.trainer.state["G"]["buffers"].items()}
        return {name: buffer.clone() for name, buffer in G.refresh(self.rows, buffers).items()}

    def fitted(self) -> Tensors:
        """Whatever the baseline fits after training, for each seed."""
        each = []
        for i, seed in enumerate(self.trainer.seeds):
            player = self.side.player(self.rows[i], {name: buffer[i] for name, buffer in self.buffers.items()})
            each.append(self.baseline.fit(player, self.trainer.data, stream(seed, "fit")))
        return {name: torch.stack([fit[name] for fit in each]).to(self.trainer.device) for name in each[0]}

    @torch.no_grad()
    def draw(self, n: int) -> tuple[Tensor, Tensor]:
        """Return ``n`` samples per seed on the CPU, (seeds, n, *shape), and the labels asked for, (seeds, n)."""
        xs, ys = [], []
        for chunk in range(-(-n // ROWS)):
            batch = self.batch("sample", chunk, ROWS)
            xs.append(self.generate(self.side, batch).cpu())
            ys.append(batch["y"].cpu())
        return torch.cat(xs, 1)[:, :n], torch.cat(ys, 1)[:, :n]

    def generate(self, side: Side, batch: Tensors) -> Tensor:
        """Run the baseline's generate for all seeds."""

        def one(row: Tensor, buffers: Tensors, batch: Tensors) -> Tensor:
            return self.baseline.generate(side.player(row, buffers), Batch(batch))

        return vmap(one)(self.rows, self.buffers, batch | self.extra)

    def batch(self, purpose: str, chunk: int, rows: int) -> Tensors:
        """Data, labels, draws and running numbers for one chunk of samples."""
        source, draws = self.trainer.source, []
        for seed in self.trainer.seeds:
            tickets = source.tickets(rows, stream(seed, purpose, "data", chunk))
            noise = {name: draw(rows, stream(seed, purpose, name, chunk)) for name, draw in self.noise.items()}
            draws.append({f"data.{name}": ticket for name, ticket in tickets.items()} | noise)
        dealt = {name: torch.stack([each[name] for each in draws]).to(self.trainer.device) for name in draws[0]}
        seats = len(draws)
        index = torch.arange(chunk * rows, (chunk + 1) * rows, device=self.trainer.device).expand(seats, rows)
        progress = torch.ones(seats, device=self.trainer.device)
        return examples(source, dealt) | {"index": index, "progress": progress}
