"""Draw samples from trained generators: averaged or last weights, fixed statistics, and streams of their own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import vmap

from ganbench._util.streams import stream
from ganbench.baseline import Batch
from ganbench.dataset import Tensors
from ganbench.records.record import Weights
from ganbench.training.batches import examples
from ganbench.training.functional import StackedNet
from ganbench.training.stacked_products import Products
from ganbench.training.trainer import Trainer

ROWS = 256  # samples made at once; sample i depends on its seed and on i, not on how many are asked for
STATISTICS = 1024  # samples from which BatchNorm's statistics are computed


class Sampler:
    """A snapshot of a trainer's generators, to draw samples from.

    Parameters
    ----------
    trainer
        At whatever step it is; training on afterwards does not change the sampler.
    weights
        "average" for those averaged over the steps, "last" for those after the latest step. Draws are the same.

    Examples
    --------
    >>> from ganbench.baselines.ns_gan import NonSaturatingGAN
    >>> from ganbench.data import load
    >>> from ganbench.training.trainer import Plan, Trainer
    >>> x, y = Sampler(Trainer(NonSaturatingGAN(), load("ring8"), [0, 1], Plan(10))).draw(5)
    >>> x.shape, y.shape
    (torch.Size([2, 5, 2]), torch.Size([2, 5]))
    """

    def __init__(self, trainer: Trainer, weights: Weights = "average") -> None:
        self.trainer, self.baseline = trainer, trainer.baseline
        self.seeds, state = trainer.seeds, trainer.state
        self.noise = self.baseline.sampling_noise(trainer.data.space)
        self.rows = (state["average"] if weights == "average" else state["G"]["weights"]).clone()
        self.net = trainer.updates.stacked["G"].sampling()
        self.buffers = self.fresh_buffers(state["G"]["buffers"])
        self.extra = {name: tensor.clone() for name, tensor in state["carried"].items()} | self.fitted()
        if self.buffers:
            with torch.no_grad():  # writes the statistics of one large batch into the buffers
                self.generate(trainer.updates.stacked["G"].gathering(), self.batch("gather", 0, STATISTICS))

    def fresh_buffers(self, current: Tensors) -> Tensors:
        """Buffers that follow the weights that samples come from."""
        buffers = {name: buffer.clone() for name, buffer in current.items()}
        refreshed = self.trainer.updates.stacked["G"].refresh(self.rows, buffers)
        return {name: buffer.clone() for name, buffer in refreshed.items()}

    def fitted(self) -> Tensors:
        """Whatever the baseline fits after training, for each seed."""
        each = []
        for i, seed in enumerate(self.trainer.seeds):
            net = self.net.net(self.rows[i], {name: buffer[i] for name, buffer in self.buffers.items()})
            each.append(self.baseline.fit(net, self.trainer.data, stream(seed, "fit")))
        return {name: torch.stack([fit[name] for fit in each]).to(self.trainer.device) for name in each[0]}

    @torch.no_grad()
    def draw(self, n: int, noise_seed: int = 0, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Draw samples of every seed.

        Parameters
        ----------
        n
            Samples of each seed. Asking for more leaves the first ones as they are.
        noise_seed
            Of the draws: 0 for those that are scored, any other number for others.
        labels
            Labels to ask for, (n,) int64, instead of drawn ones.

        Returns
        -------
        x
            Samples on the CPU, (seeds, n, *shape).
        y
            The labels asked for, (seeds, n) int64; zeros where the data have none.
        """
        cuts = range(0, n, ROWS)
        parts = [
            self.chunk(start // ROWS, noise_seed, None if labels is None else labels[start : start + ROWS])
            for start in cuts
        ]
        x, y = (torch.cat(each, 1)[:, :n] for each in zip(*parts, strict=True))
        return x, y

    @torch.no_grad()
    def chunk(
        self, number: int, noise_seed: int = 0, labels: Tensor | None = None, purpose: str = "sample"
    ) -> tuple[Tensor, Tensor]:
        """Draw the samples of one chunk of every seed, (seeds, ROWS, *shape), and their labels, (seeds, ROWS).

        Parameters
        ----------
        number
            Which chunk.
        noise_seed
            As of ``draw``.
        labels
            Those of its first samples.
        purpose
            Another one than "sample" has draws of its own.
        """
        batch = self.batch(f"{purpose} {noise_seed}" if noise_seed else purpose, number, ROWS)
        if labels is not None:
            batch["y"][:, : len(labels)] = labels.to(batch["y"])
        return self.generate(self.net, batch).cpu(), batch["y"].cpu()

    def generate(self, net: StackedNet, batch: Tensors) -> Tensor:
        """Run the baseline's generate for all seeds."""

        def one(row: Tensor, buffers: Tensors, batch: Tensors) -> Tensor:
            return self.baseline.generate(net.net(row, buffers), Batch(batch))

        with Products(len(self.seeds)):
            return vmap(one)(self.rows, self.buffers, batch | self.extra)

    def batch(self, purpose: str, chunk: int, rows: int) -> Tensors:
        """Data, labels, draws and running numbers for one chunk of samples."""
        source, draws = self.trainer.source, []
        for seed in self.seeds:
            indices = source.indices(rows, stream(seed, purpose, "data", chunk))
            noise = {name: draw(rows, stream(seed, purpose, name, chunk)) for name, draw in self.noise.items()}
            draws.append({f"data.{name}": index for name, index in indices.items()} | noise)
        drawn = {name: torch.stack([each[name] for each in draws]).to(self.trainer.device) for name in draws[0]}
        index = torch.arange(chunk * rows, (chunk + 1) * rows, device=self.trainer.device)
        progress = torch.ones(len(self.seeds), device=self.trainer.device)
        return examples(source, drawn) | {"index": index.expand(len(self.seeds), rows), "progress": progress}
