"""A baseline with regularisers around its losses: a baseline like any other, with their fields beside its own."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import field, fields, make_dataclass
from functools import cache, partial, reduce
from typing import Any, ClassVar, Self, get_type_hints

import torch
from torch import Tensor

from ganbench.baseline import Baseline, Batch, Draw, Net, Update
from ganbench.dataset import Space, Tensors
from ganbench.errors import BadInput
from ganbench.nets.net import Descent as Step
from ganbench.optim import Descent, Optimizer
from ganbench.regularisers.optimisation import updates_in_a_step
from ganbench.regularisers.regulariser import Answers, Loss, Regulariser

UPDATED: dict[Update, str] = {"discriminator": "D", "generator": "G", "both": "GD"}  # which networks move
PROBED = 4  # examples with which a loss is computed to see what it asks of the discriminator


class Regularised(Baseline):
    """The losses of ``base`` with regularisers around them, the first innermost; all else is as in ``base``.

    A loss that calls its baseline's other loss, such as that of unrolled, calls it as the paper has it; so does the
    monitor.
    """

    base: ClassVar[type[Baseline]]
    around: ClassVar[tuple[type[Regulariser], ...]]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.regularisers  # noqa: B018  each checks its fields

    @property
    def plain(self) -> Baseline:
        """The baseline without regularisers, with the same settings."""
        plain = object.__new__(self.base)
        plain.__dict__.update(self.__dict__)
        return plain

    @property
    def regularisers(self) -> list[Regulariser]:
        """The regularisers with their settings."""
        return [
            cls(**{each.name: getattr(self, f"{cls.name}_{each.name}") for each in fields(cls)}) for cls in self.around
        ]

    def noise(self, space: Space) -> dict[str, Draw]:
        return reduce(lambda draws, each: draws | each.noise(space), self.regularisers, self.plain.noise(space))

    def sampling_noise(self, space: Space) -> dict[str, Draw]:
        return self.plain.sampling_noise(space)

    def phase(self, update: int) -> int:
        return sum(each.takes_part(update) << place for place, each in enumerate(self.regularisers))

    def in_phase(self, phase: int) -> Self:
        held = copy.copy(self)
        object.__setattr__(held, "current", phase)
        return held

    @property
    def taking_part(self) -> list[Regulariser]:
        """The regularisers of the phase that it is in; all of them in none."""
        phase = self.__dict__.get("current", -1)
        return [each for place, each in enumerate(self.regularisers) if phase >> place & 1]

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return self.discriminator_part(*self.extrapolated(G, D, b), b)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return self.generator_part(*self.extrapolated(G, D, b), b)

    def discriminator_part(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the discriminator's loss where the networks are."""
        loss: Loss = self.plain.discriminator_loss
        for each in self.taking_part:
            loss = partial(each.discriminator_loss, loss)
        return loss(G, D, b)

    def generator_part(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the generator's loss where the networks are."""
        loss: Loss = self.plain.generator_loss
        for each in self.taking_part:
            loss = partial(each.generator_loss, loss)
        return loss(G, D, b)

    @property
    def extrapolates(self) -> bool:
        """Whether losses are those after a step of both networks."""
        return any(each.extrapolates for each in self.around)

    def extrapolated(self, G: Net, D: Net, b: Batch) -> tuple[Net, Net]:
        """Return both networks after a step, where losses are those after it; its gradient is not looked through."""
        if not self.extrapolates:
            return G, D
        ahead_G = G.stepped(lambda G: self.generator_part(G, D, b)).weights
        ahead_D = D.stepped(lambda D: self.discriminator_part(G, D, b)).weights
        return G.moved(ahead_G), D.moved(self.plain.project(ahead_D))

    def optimizers(self, progress: float) -> tuple[Optimizer, Optimizer]:
        G, D = self.plain.optimizers(progress)
        often = [updates_in_a_step(self, UPDATED, name) for name in "GD"]
        for each in self.regularisers:
            G, D = (each.optimizer(base, updates) for base, updates in zip((G, D), often, strict=True))
        return G, D

    def updates(self, step: int) -> tuple[Update, ...]:
        return ("both",) if self.extrapolates else self.plain.updates(step)

    def unused_fields(self) -> dict[str, str]:
        at_once = dict.fromkeys(("d_steps", "order") if self.extrapolates else (), "both networks are updated at once")
        return super().unused_fields() | at_once

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        return self.plain.monitor(G, D, b)

    def initial_state(self, G: Net, D: Net) -> Tensors:
        start = self.plain.initial_state(G, D)
        return reduce(lambda state, each: state | each.initial_state(G, D), self.regularisers, start)

    def next_state(self, G: Net, D: Net, b: Batch) -> Tensors:
        plain = self.plain
        after = plain.next_state(G, D, b)
        for each in self.regularisers:
            after |= each.next_state(plain.discriminator_loss, G, D, b)
        return after

    def unsupported(self, space: Space, batch: int) -> str | None:
        plain = self.plain
        reasons = (each.unsupported(plain, space, batch) for each in self.regularisers)
        if reason := plain.unsupported(space, batch) or next(filter(None, reasons), None):
            return reason
        needs = {kind: each.name for each in self.regularisers for kind in each.reads}
        whole = next((each.name for each in self.regularisers if each.transforms), "")
        steering = next((each.name for each in self.regularisers if each.steers), "")
        return misfit(plain, space, whole, needs) or unsteered(plain, space, steering)


@cache
def regularised(base: Any, around: tuple[type[Regulariser], ...]) -> type[Baseline]:
    """Return the class of a baseline with these regularisers around its losses, the first innermost."""
    owners: list[Any] = [base, *around]
    named: list[tuple[str, Any, str]] = [(each.name, base, each.name) for each in fields(base)]
    named += [(f"{cls.name}_{each.name}", cls, each.name) for cls in around for each in fields(cls)]
    hints = {cls: get_type_hints(cls) for cls in owners}
    facts: dict[str, Any] = {
        "base": base,
        "around": around,
        "paper": "; ".join(dict.fromkeys(cls.paper for cls in owners)),
        "claim": " ".join(dict.fromkeys(cls.claim for cls in owners)),
        "version": base.version + sum(cls.version - 1 for cls in around),
        "__doc__": base.__doc__,
        "__module__": base.__module__,  # where its source is looked for
    }
    return make_dataclass(
        "+".join([base.__name__, *(cls.name for cls in around)]),
        [(name, hints[owner][each], default_of(owner, each)) for name, owner, each in named],
        bases=(Regularised, base),
        namespace=facts,
        frozen=True,
    )


def default_of(owner: Any, name: str) -> Any:
    """Return the default of a field, as a field of another class takes it."""
    known: Any = next(each for each in fields(owner) if each.name == name)
    return field(default=known.default, default_factory=known.default_factory)


def misfit(baseline: Baseline, space: Space, whole: str, needs: dict[str, str]) -> str | None:
    """Return what a baseline's losses do not ask of its discriminator, found out by computing them once, or None.

    Parameters
    ----------
    baseline, space
        Whose losses, on which data.
    whole
        Name of a regulariser that transforms what the discriminator as a whole is given; empty: none does.
    needs
        Names of regularisers that read the answer about "real" or "fake" examples, by that word.
    """
    if not whole and not needs:
        return None
    answers = probe(baseline, space)
    for kind in ("real", "fake") if whole else needs:
        name = needs.get(kind, whole)
        answer = getattr(answers, kind)
        if answer is None:
            return f"{name} needs a loss that asks the discriminator as a whole about {kind} examples"
        if kind in needs and answer.output.shape != answer.x.shape[:1]:
            return f"{name} needs a discriminator that answers with one number per example"
    return None


def unsteered(baseline: Baseline, space: Space, name: str) -> str | None:
    """Return what a generator's loss does not ask of the discriminator that the regulariser of that name needs."""
    if not name:
        return None
    answer = probe(baseline, space, "generator").fake
    if answer is None:
        return f"{name} needs a generator's loss that asks the discriminator as a whole about its samples"
    whole = answer.output.shape == answer.x.shape[:1]
    return None if whole else f"{name} needs a discriminator that answers with one number per example"


def probe(baseline: Baseline, space: Space, whose: str = "discriminator") -> Answers:
    """Return what a network's loss asks of freshly made networks, on a few examples of zeros."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        pair = baseline.networks(baseline.with_networks(space))
    G, D = (Net.of(net, first_step(net, rule)) for net, rule in zip(pair, baseline.optimizers(0.0), strict=True))
    kinds: list[Update] = list(baseline.updates(0))
    n = baseline.batch_size(kinds[0], PROBED)
    draws = {name: draw(n, torch.Generator().manual_seed(0)) for name, draw in baseline.noise(space).items()}
    held = {"x": torch.zeros(n, *space.shape), "y": torch.zeros(n, dtype=torch.long), "progress": torch.zeros(())}
    b = Batch(held | draws | baseline.initial_state(G, D))
    return Answers(getattr(baseline, f"{whose}_loss"), G, D, b)


def first_step(net: torch.nn.Module, rule: Optimizer) -> Step:
    """Return the first step of a network's optimiser."""
    rows = torch.zeros(1, sum(weight.numel() for weight in net.parameters()))
    numbers = {name: torch.tensor([value], dtype=torch.double) for name, value in rule.schedule().items()}
    return Descent(rule, {name: part[0] for name, part in rule.init(rows).items()}, numbers)


def check_order(names: Sequence[str]) -> None:
    """Raise BadInput where a regulariser is named twice."""
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"the regulariser {twice} is named twice")
