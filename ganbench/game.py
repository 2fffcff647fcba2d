"""The game: two players, two losses. A baseline is a subclass that says what its paper contributed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor, nn

from ganbench.dataset import Dataset, Source, Space, Tensors
from ganbench.errors import BadInput
from ganbench.nets import critic, generator
from ganbench.optim import Adam, Optimizer
from ganbench.players import Batch, Player, gradient, one_hot

__all__ = [
    "Baseline",
    "Batch",
    "Control",
    "Draw",
    "Move",
    "Order",
    "Player",
    "gradient",
    "integers",
    "normal",
    "one_hot",
    "some",
    "uniform",
]

Draw = Callable[[int, torch.Generator], Tensor]
Move = Literal["critic", "generator", "both"]
Order = Literal["critic_first", "generator_first", "simultaneous"]


@dataclass(frozen=True)
class Baseline:
    """What a paper contributes: its losses, noise and networks, and how it is optimised.

    Fields are hyperparameters. Losses are minimised; a critic returns raw numbers, one per sample.
    The trainer differentiates each loss with respect to its own player only.
    """

    latent: int = 2
    lr: float | tuple[float, float] = 2e-4  # one rate, or (generator, critic)
    betas: tuple[float, float] = (0.5, 0.999)
    n_critic: int = 1
    order: Order = "critic_first"
    ema: float = 0.999

    paper: ClassVar[str] = ""
    conditional: ClassVar[bool] = False  # whether its samples are asked to be of a class
    members: ClassVar[tuple[str, tuple[str, ...]]] = ("", ())  # of a family: the field that differs, and its values

    def __post_init__(self) -> None:
        self.require(self.latent >= 1, "latent", "at least 1")
        self.require(all(0 < rate < inf for rate in self.lr_pair), "lr", "positive and finite")
        self.require(self.n_critic >= 0, "n_critic", "0 or more")
        self.require(0 <= self.ema < 1, "ema", "in [0, 1)")
        self.require(self.order in get_args(Order), "order", f"one of {', '.join(get_args(Order))}")

    def require(self, holds: bool, field: str, expected: str) -> None:
        """Raise BadInput unless a field's value ``holds``."""
        if not holds:
            raise BadInput(f"{type(self).__name__}: {field} must be {expected}, got {getattr(self, field)!r}")

    # What the paper plays with.

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        """Fresh generator's side and critic's side for data in ``space``."""
        return generator(self.latent, space), critic(space)

    def noise(self, space: Space) -> dict[str, Draw]:
        """Draws that losses and ``generate`` need beside the data, by name."""
        return {"z": normal(self.latent)}

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no critic_loss")

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no generator_loss")

    def generate(self, G: Player, b: Batch) -> Tensor:
        """Make samples from the batch's noise and labels."""
        return G(b.z)

    def monitor(self, G: Player, D: Player, b: Batch) -> Tensor:
        """Return the paper's own measure of how training goes."""
        return self.critic_loss(G, D, b) if self.n_critic else self.generator_loss(G, D, b)

    # What the paper carries along, constrains or fits.

    def project(self, critic: Tensors) -> Tensors:
        """Map the critic's weights back onto their constraint set after each of its moves."""
        return critic

    def initial_state(self, G: Player, D: Player) -> Tensors:
        """Tensors carried from step to step, such as BEGAN's balance."""
        return {}

    def next_state(self, G: Player, D: Player, b: Batch) -> Tensors:
        """Carried tensors for the next step, from the players as they stood before the generator's move."""
        return {}

    def fit(self, G: Player, data: Dataset, stream: torch.Generator) -> Tensors:
        """Whatever is fitted rather than descended, after training and before sampling, for one seed."""
        return {}

    def refuses(self, space: Space, batch: int) -> str | None:
        """Why this baseline cannot play on such data with this batch size, or None."""
        return None

    def idle(self) -> dict[str, str]:
        """Fields that change nothing while the others are as they are, and why; setting one of them is refused."""
        found = {}
        if replace(self, betas=(0.25, 0.75)).optimizers(0.0) == self.optimizers(0.0):
            found["betas"] = "its optimisers have none"
        if type(self).n_critic == 0:
            found |= dict.fromkeys(("n_critic", "order"), "there is no critic")
        elif self.order == "simultaneous":
            found["n_critic"] = "both players move at once"
        return found

    # How the paper optimises.

    @property
    def lr_pair(self) -> tuple[float, float]:
        return self.lr if isinstance(self.lr, tuple) else (self.lr, self.lr)

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        """Generator's and critic's optimiser at ``progress`` in [0, 1); only their dials may change on the way."""
        return Adam(self.lr_pair[0], self.betas), Adam(self.lr_pair[1], self.betas)

    def moves(self, step: int) -> tuple[Move, ...]:
        """Who moves in game step ``step``, in order."""
        if self.order == "simultaneous":
            return ("both",)
        critics: list[Move] = ["critic"] * self.n_critic
        return ("generator", *critics) if self.order == "generator_first" else (*critics, "generator")

    def batch_size(self, move: Move, batch: int) -> int:
        """Examples that one ``move`` looks at, where the plan says ``batch``."""
        return batch

    def decay(self, step: int) -> float:
        """Decay of the averaged generator weights: ``ema``, warmed up so that the untrained start is forgotten."""
        return min(self.ema, (1 + step) / (10 + step))


@dataclass(frozen=True)
class Control(Baseline):
    """A row without a game: something fitted once to at most ``limit`` examples, to show what a score means."""

    limit: int = 10_000

    paper: ClassVar[str] = "control"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.limit >= 2, "limit", "at least 2")

    def noise(self, space: Space) -> dict[str, Draw]:
        return {}

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return nn.Identity(), nn.Identity()

    def idle(self) -> dict[str, str]:
        return dict.fromkeys(("latent", "lr", "betas", "n_critic", "order", "ema"), "nothing is trained")

    def moves(self, step: int) -> tuple[Move, ...]:
        return ()


def some(source: Source, limit: int, stream: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return distinct examples and their labels: at most ``limit``, and that many of a streamed source."""
    return source.examples(source.distinct(min(source.size or limit, limit), stream))


def normal(*shape: int) -> Draw:
    """Standard normal draws of ``shape`` per example."""
    return lambda n, stream: torch.randn(n, *shape, generator=stream)


def uniform(*shape: int, low: float = 0.0, high: float = 1.0) -> Draw:
    """Uniform draws from [low, high) of ``shape`` per example."""
    return lambda n, stream: low + (high - low) * torch.rand(n, *shape, generator=stream)


def integers(high: int, *shape: int) -> Draw:
    """Uniform whole numbers from 0 to ``high`` - 1: classes, codes, which generator."""
    return lambda n, stream: torch.randint(high, (n, *shape), generator=stream)
