"""What an ordinary PyTorch script holds: modules, torch's own optimisers, and one seed's batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ganbench import data
from ganbench._util.streams import stream
from ganbench.baseline import Baseline
from ganbench.data.sources import Finite
from ganbench.dataset import Dataset
from ganbench.training.batches import AHEAD, STREAMS
from ganbench.training.functional import seeded
from ganbench.training.trainer import Plan, Trainer

BATCH, STEPS, SEEDS = 16, 4, (3, 5)


class Script:
    """Two networks, two optimisers, one number carried from step to step; nothing of the trainer's."""

    def __init__(
        self, baseline: Baseline, seed: int, optimizer: type[torch.optim.Optimizer] = torch.optim.Adam
    ) -> None:
        self.baseline, self.seed = baseline, seed
        self.data = data.load("ring8")
        self.G: Any
        self.D: Any
        self.G, self.D = seeded(seed, lambda: baseline.networks(self.data.space))
        self.counts = {"discriminator": 0, "generator": 0, "both": 0}
        self.done = 0
        self.k = torch.zeros(())
        self.average = flat(self.G).clone()
        options: dict[str, Any] = {"betas": baseline.betas} if optimizer is torch.optim.Adam else {}
        self.opt_G, self.opt_D = (
            optimizer([*net.parameters()] or [torch.zeros(1)], lr=rate, **options)  # type: ignore[call-arg]
            for net, rate in zip((self.G, self.D), baseline.lr_pair, strict=True)
        )

    def batch(self, kind: str, n: int = BATCH) -> dict[str, Tensor]:
        """Draw the next batch of one kind of update: 32 batches come from each stream."""
        (chunk, place), rows = divmod(self.counts[kind], AHEAD), AHEAD * n
        self.counts[kind] += 1
        name, mine = STREAMS.get(kind, kind), slice(place * n, place * n + n)
        indices = self.data.train.indices(rows, stream(self.seed, "play", name, "data", chunk))
        x, y = self.data.train.examples({key: index[mine] for key, index in indices.items()})
        noise = self.baseline.noise(self.data.space).items()
        drawn = {key: draw(rows, stream(self.seed, "play", name, key, chunk))[mine] for key, draw in noise}
        return {"x": x, "y": y} | drawn

    def train(self, step: Callable[[Script], None], steps: int) -> None:
        """Make all steps; the average of the generator's weights forgets its untrained start."""
        for i in range(steps):
            step(self)
            decay = min(self.baseline.ema, (1 + i) / (10 + i))
            self.average = decay * self.average + (1 - decay) * flat(self.G)
            self.done = i + 1


@dataclass(frozen=True)
class Case:
    """A baseline beside its ordinary training step."""

    baseline: Baseline
    step: Callable[[Script], None]
    optimizer: type[torch.optim.Optimizer] = torch.optim.Adam


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def flat(net: nn.Module) -> Tensor:
    """All weights of a network in one row."""
    weights = [weight.detach().flatten() for weight in net.parameters()]
    return torch.cat(weights) if weights else torch.zeros(0)


def real(logits: Tensor) -> Tensor:
    """Cross entropy of a discriminator that should say 1."""
    return binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def fake(logits: Tensor) -> Tensor:
    """Cross entropy of a discriminator that should say 0."""
    return binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def compare(case: Case, atol: float, backend: str, steps: int = STEPS) -> None:
    """Raise AssertionError unless each seed of a group ends where its ordinary script does."""
    trainer = Trainer(case.baseline, data.load("ring8"), SEEDS, Plan(steps, batch=BATCH, backend=backend))
    trainer.advance(steps)
    for place, seed in enumerate(SEEDS):
        script = Script(case.baseline, seed, case.optimizer)
        start = flat(script.G)
        script.train(case.step, steps)
        assert (flat(script.G) - start).abs().max() > 1e-4  # training changed the weights
        trained = {name: trainer.state[name]["weights"][place] for name in "GD"}
        trained["average"] = trainer.state["average"][place]
        expected = {"G": flat(script.G), "D": flat(script.D), "average": script.average}
        torch.testing.assert_close(trained, expected, atol=atol, rtol=0)
        for k in trainer.state["carried"].values():
            assert script.k > 0
            torch.testing.assert_close(k[place], script.k, atol=atol, rtol=0)


@contextmanager
def double_precision() -> Iterator[None]:
    """Let networks, draws and data be float64: kinks and Adam's sign of a zero gradient then meet no rounding noise."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.double)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def in_double(dataset: Dataset) -> Dataset:
    """Return a data set whose training examples are float64."""
    if isinstance(dataset.train, Finite):
        return replace(dataset, train=Finite(dataset.train.x.double(), dataset.train.y))
    return dataset
