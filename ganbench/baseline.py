"""What a variant's file imports: a baseline is a subclass of ``Baseline`` that says what its paper contributed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import erf, inf, sqrt
from types import MappingProxyType
from typing import ClassVar, Literal, Self, get_args

import torch
from torch import Tensor, nn

from ganbench.dataset import Architecture, Dataset, NetworkKind, Source, Space, Tensors
from ganbench.errors import BadInput
from ganbench.losses import gradient
from ganbench.nets import discriminator, generator
from ganbench.nets.net import Net
from ganbench.optim import Adam, Optimizer

__all__ = [
    "Baseline",
    "Batch",
    "Control",
    "Draw",
    "League",
    "Net",
    "Order",
    "Update",
    "gradient",
    "integers",
    "normal",
    "one_hot",
    "some",
    "truncated_normal",
    "uniform",
]

Draw = Callable[[int, torch.Generator], Tensor]
Update = Literal["discriminator", "generator", "both"]
Order = Literal["discriminator_first", "generator_first", "simultaneous"]
# Rows of tables that are compared: trained against a discriminator without labels; asked for samples of a class;
# trained without a discriminator (likelihood, transport, autoencoders); not trained at all.
League = Literal["adversarial", "conditional", "not adversarial", "control"]


class Batch:
    """What a loss and ``generate`` are given, by name.

    Attributes
    ----------
    x : Tensor
        Data, (n, *shape).
    y : Tensor
        Their labels, (n,) int64; when sampling, the labels asked for.
    progress : Tensor
        Share of the training steps that is done, in [0, 1); one when sampling.
    index : Tensor
        When sampling: the running number of each sample, (n,).
    NAME : Tensor
        Every draw that the baseline declares in ``noise``, and every tensor that it carries or fits.

    Examples
    --------
    >>> b = Batch({"x": torch.zeros(4, 2), "z": torch.ones(4, 3)})
    >>> b.z.shape
    torch.Size([4, 3])
    """

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors

    def __getattr__(self, name: str) -> Tensor:
        try:
            return self._tensors[name]
        except KeyError:
            raise AttributeError(f"no {name!r} in this batch; it holds {', '.join(self._tensors)}") from None


@dataclass(frozen=True)
class Baseline:
    """What a paper contributes: its losses, noise and networks, and how it is optimised.

    A subclass is a frozen dataclass whose fields are the hyperparameters. Losses are minimised; a discriminator returns
    raw numbers (logits), one per sample. Each loss is differentiated with respect to its own network only, so nothing
    need be detached.

    Parameters
    ----------
    latent
        Length of the noise vector ``b.z``.
    lr
        Learning rate, one for both networks or (generator, discriminator).
    betas
        Adam's.
    d_steps
        Discriminator steps in each training step.
    order
        Whose step comes first, or "simultaneous": both gradients are taken before either network steps.
    ema
        Decay of the averaged generator weights, which samples come from.
    networks_
        Which of the shared networks are trained, ``networks`` in suites: "mlp", "maxout", "dcgan", "resnet" or "r3gan";
        "auto": what suits the data.
    width, depth
        Of the shared networks: units or channels, and hidden layers or halvings; 0: the usual number.

    Raises
    ------
    BadInput
        For a value out of range.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Hinge(Baseline):
    ...     def discriminator_loss(self, G, D, b):
    ...         return (1 - D(b.x)).relu().mean() + (1 + D(G(b.z))).relu().mean()
    ...
    ...     def generator_loss(self, G, D, b):
    ...         return -D(G(b.z)).mean()
    >>> Hinge(d_steps=2).updates(0)
    ('discriminator', 'discriminator', 'generator')
    """

    latent: int = 2
    lr: float | tuple[float, float] = 2e-4  # one rate, or (generator, discriminator)
    betas: tuple[float, float] = (0.5, 0.999)
    d_steps: int = 1
    order: Order = "discriminator_first"
    ema: float = 0.999
    networks_: NetworkKind = "auto"  # a trailing underscore, which settings do not have: ``networks`` is a method
    width: int = 0
    depth: int = 0

    paper: ClassVar[str] = ""
    claim: ClassVar[str] = ""  # what the paper says of it, in one sentence
    version: ClassVar[int] = 1  # raised when the same settings train to other numbers; part of a record's key
    conditional: ClassVar[bool] = False  # whether its samples are asked to be of a class
    members: ClassVar[tuple[str, tuple[str, ...]]] = ("", ())  # of a family: the field that differs, and its values
    aliases: ClassVar[Mapping[str, str]] = MappingProxyType({})  # further names of members that train to the same
    league: ClassVar[League | None] = None  # among whom tables rank it; None: as ``conditional`` and ``d_steps`` say

    def __post_init__(self) -> None:
        self.require(self.latent >= 1, "latent", "at least 1")
        self.require(all(0 < rate < inf for rate in self.lr_pair), "lr", "positive and finite")
        self.require(self.d_steps >= 0, "d_steps", "0 or more")
        self.require(0 <= self.ema < 1, "ema", "in [0, 1)")
        self.require(self.order in get_args(Order), "order", f"one of {', '.join(get_args(Order))}")
        kinds = get_args(NetworkKind)
        self.require(self.networks_ in kinds, "networks_", f"one of {', '.join(kinds)}")
        for name in ("width", "depth"):
            self.require(getattr(self, name) >= 0, name, "0 (the usual number) or more")

    def require(self, holds: bool, field: str, expected: str) -> None:
        """Raise BadInput unless a field's value ``holds``."""
        if not holds:
            raise BadInput(f"{type(self).__name__}: {field} must be {expected}, got {getattr(self, field)!r}")

    def latent_for(self, usual: int) -> int:
        """Return the length of the noise vector where none is set, for data whose ``usual`` one is this long."""
        return usual

    @classmethod
    def in_league(cls) -> League:
        """Return among whom tables rank this baseline."""
        if cls.league:
            return cls.league
        if cls.conditional:
            return "conditional"
        return "adversarial" if cls.d_steps else "not adversarial"

    # Networks, noise and losses.

    def with_networks(self, space: Space) -> Space:
        """Return ``space`` with the shared networks that the settings choose; ``networks`` is given such a space.

        A ``width`` or ``depth`` that a subclass defines anew is its own affair.
        """
        width, depth = (getattr(self, name) if getattr(type(self), name) == 0 else 0 for name in ("width", "depth"))
        return replace(space, networks=Architecture(self.networks_, width, depth))

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        """Return a new generator and a new discriminator for data in ``space``."""
        return generator(self.latent, space), discriminator(space)

    def noise(self, space: Space) -> dict[str, Draw]:
        """Return the draws that losses and ``generate`` need beside the data, by name."""
        return {"z": normal(self.latent)}

    def sampling_noise(self, space: Space) -> dict[str, Draw]:
        """Return the draws that ``generate`` needs: those of training, unless sampling takes more."""
        return self.noise(space)

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return what the discriminator minimises, a scalar."""
        raise NotImplementedError(f"{type(self).__name__} has no discriminator_loss")

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return what the generator minimises, a scalar."""
        raise NotImplementedError(f"{type(self).__name__} has no generator_loss")

    def generate(self, G: Net, b: Batch) -> Tensor:
        """Make samples from the batch's noise and labels."""
        return G(b.z)

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        """Return how real the discriminator finds examples with labels ``y``, (n,), high for real.

        None where it judges no example by itself, such as packs of several, or an example beside its code.
        """
        return D(x)

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the paper's own measure of how training goes."""
        return self.discriminator_loss(G, D, b) if self.d_steps else self.generator_loss(G, D, b)

    # Constraints, carried state, fitted tensors.

    def project(self, discriminator: Tensors) -> Tensors:
        """Return the discriminator's weights after a step, mapped back onto their constraint set."""
        return discriminator

    def initial_state(self, G: Net, D: Net) -> Tensors:
        """Return tensors that are carried from step to step, such as BEGAN's balance."""
        return {}

    def next_state(self, G: Net, D: Net, b: Batch) -> Tensors:
        """Return the carried tensors of the next step, from both networks before the generator's step."""
        return {}

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        """Return tensors that are fitted after training and before sampling, for one seed."""
        return {}

    def distinct_samples(self, data: Dataset) -> int | None:
        """Return after how many samples they repeat themselves one by one; None where every sample is a new draw."""
        return None

    def unsupported(self, space: Space, batch: int) -> str | None:
        """Return why this baseline does not support such data or this batch size, or None."""
        return None

    def unused_fields(self) -> dict[str, str]:
        """Return fields that have no effect while the others are as they are, and why; setting one is an error."""
        unused = {}
        if replace(self, betas=(0.25, 0.75)).optimizers(0.0) == self.optimizers(0.0):
            unused["betas"] = "its optimisers have none"
        if type(self).d_steps == 0:
            unused |= dict.fromkeys(("d_steps", "order"), "there is no discriminator")
        elif self.order == "simultaneous":
            unused["d_steps"] = "both networks are updated at once"
        return unused

    # Optimisers and the order of updates.

    @property
    def lr_pair(self) -> tuple[float, float]:
        """Learning rates of the generator and of the discriminator."""
        return self.lr if isinstance(self.lr, tuple) else (self.lr, self.lr)

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        """Return the optimisers of G and D at ``progress`` in [0, 1); only scheduled numbers may change."""
        return Adam(self.lr_pair[0], self.betas), Adam(self.lr_pair[1], self.betas)

    def updates(self, step: int) -> tuple[Update, ...]:
        """Return the updates of training step ``step``, in order."""
        if self.order == "simultaneous":
            return ("both",)
        discriminators: list[Update] = ["discriminator"] * self.d_steps
        return ("generator", *discriminators) if self.order == "generator_first" else (*discriminators, "generator")

    def phase(self, update: int) -> int:
        """Return the phase of update number ``update`` of a kind, from 0; each phase has losses of its own."""
        return 0

    def in_phase(self, phase: int) -> Self:
        """Return the baseline whose losses are those of a phase."""
        return self

    def batch_size(self, update: Update, batch: int) -> int:
        """Return how many examples an ``update`` is given, where the plan says ``batch``."""
        return batch

    def decay(self, step: int) -> float:
        """Return the decay of the averaged weights: ``ema``, warmed up so that the untrained start is forgotten."""
        return min(self.ema, (1 + step) / (10 + step))


@dataclass(frozen=True)
class Control(Baseline):
    """A baseline without training, to show what a score means: fitted once, or drawn from the data.

    Parameters
    ----------
    limit
        Training examples that it is fitted to, at most.
    """

    limit: int = 10_000

    paper: ClassVar[str] = "control"
    league: ClassVar[League | None] = "control"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.limit >= 2, "limit", "at least 2")

    def noise(self, space: Space) -> dict[str, Draw]:
        return {}

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return nn.Identity(), nn.Identity()

    def unused_fields(self) -> dict[str, str]:
        trained = ("latent", "lr", "betas", "d_steps", "order", "ema", "networks_", "width", "depth")
        return dict.fromkeys(trained, "nothing is trained")

    def updates(self, step: int) -> tuple[Update, ...]:
        return ()


def one_hot(y: Tensor, classes: int) -> Tensor:
    """Labels (n,) as (n, classes) indicators; torch's own form branches on a value, which no traced step may."""
    return (y[..., None] == torch.arange(classes, device=y.device)).float()


def some(source: Source, limit: int, stream: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return distinct examples and their labels: at most ``limit``, and that many of a streamed source."""
    return source.examples(source.distinct(min(source.size or limit, limit), stream))


def normal(*shape: int) -> Draw:
    """Standard normal draws of ``shape`` per example."""
    return lambda n, stream: torch.randn(n, *shape, generator=stream)


def truncated_normal(*shape: int, limit: float) -> Draw:
    """Normal draws of ``shape`` per example between -limit and limit: as if larger ones were drawn again."""
    inside = erf(limit / sqrt(2))  # share of normal numbers

    def draw(n: int, stream: torch.Generator) -> Tensor:
        u = torch.rand(n, *shape, generator=stream, dtype=torch.double)
        made = sqrt(2) * torch.special.erfinv(inside * (2 * u - 1))
        return made.clamp(-limit, limit).to(torch.get_default_dtype())

    return draw


def uniform(*shape: int, low: float = 0.0, high: float = 1.0) -> Draw:
    """Uniform draws from [low, high) of ``shape`` per example."""
    return lambda n, stream: low + (high - low) * torch.rand(n, *shape, generator=stream)


def integers(high: int, *shape: int) -> Draw:
    """Uniform whole numbers from 0 to ``high`` - 1: classes, codes, which generator."""
    return lambda n, stream: torch.randint(high, (n, *shape), generator=stream)
