"""One update of the discriminator, the generator or both: for all seeds at once, the state overwritten in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import grad_and_value, vmap

from ganbench.baseline import Baseline, Batch, Net, Update
from ganbench.dataset import Tensors
from ganbench.errors import BadInput
from ganbench.optim import Descent
from ganbench.training.functional import StackedNet

Tree = dict[str, Any]
Loss = Callable[[Net, Net, Batch], Tensor]

# whose losses an update returns, in order
LOSSES: dict[Update, tuple[str, ...]] = {
    "discriminator": ("discriminator",),
    "generator": ("generator",),
    "both": ("discriminator", "generator"),
}
UPDATED: dict[Update, str] = {"discriminator": "D", "generator": "G", "both": "GD"}  # which networks it steps


@dataclass(frozen=True)
class Updates:
    """The updates of one baseline's two networks, G and D.

    The state holds, for either network, ``weights`` (seeds, parameters), ``optimizer`` state and ``buffers``; besides,
    the ``average`` of the generator's weights and the tensors ``carried`` from step to step.

    Parameters
    ----------
    baseline
        Whose losses, optimisers and constraints are used.
    stacked
        The two networks under "G" and "D", without their weights.
    """

    baseline: Baseline
    stacked: dict[str, StackedNet]

    def start(self, pairs: Sequence[tuple[nn.Module, nn.Module]], device: torch.device) -> Tree:
        """Return the state before the first step, from one pair of networks per seed."""
        state: Tree = {}
        for i, (name, optimizer) in enumerate(zip("GD", self.baseline.optimizers(0.0), strict=True)):
            rows, buffers = self.stacked[name].stack([pair[i] for pair in pairs], device)
            state[name] = {"weights": rows, "optimizer": optimizer.init(rows), "buffers": buffers}
        carried = vmap(lambda rows, buffers: self.baseline.initial_state(*self.nets(rows, buffers)))(
            *weights_and_buffers(state)
        )
        state["average"] = state["G"]["weights"].clone()
        state["carried"] = {name: tensor.clone() for name, tensor in carried.items()}
        return state

    def __call__(self, kind: Update, state: Tree, batch: Tensors, schedule: Tensors) -> list[Tensor]:
        """Make one update; return the losses that LOSSES names, (seeds,) each."""
        steps = {
            "discriminator": self.discriminator_step,
            "generator": self.generator_step,
            "both": self.simultaneous_step,
        }
        self.refresh_buffers(state)
        return steps[kind](state, batch, schedule)

    def discriminator_step(self, state: Tree, batch: Tensors, schedule: Tensors) -> list[Tensor]:
        """Step every discriminator against the gradient of its loss, then back onto its constraint."""
        grad, loss = self.gradient("D", state, batch, schedule)
        self.step_discriminator(state, grad, schedule)
        return [loss]

    def generator_step(self, state: Tree, batch: Tensors, schedule: Tensors) -> list[Tensor]:
        """Step every generator against the gradient of its loss; the average and the carried tensors follow."""
        grad, loss = self.gradient("G", state, batch, schedule)
        carried = self.next_state(state, batch)
        self.step_generator(state, grad, schedule)
        overwrite(state["carried"], carried)
        return [loss]

    def simultaneous_step(self, state: Tree, batch: Tensors, schedule: Tensors) -> list[Tensor]:
        """Take both gradients before any weight changes, then step both networks."""
        grad_D, loss_D = self.gradient("D", state, batch, schedule)
        grad_G, loss_G = self.gradient("G", state, batch, schedule)
        carried = self.next_state(state, batch)
        self.step_discriminator(state, grad_D, schedule)
        self.step_generator(state, grad_G, schedule)
        overwrite(state["carried"], carried)
        return [loss_D, loss_G]

    def gradient(self, name: str, state: Tree, batch: Tensors, schedule: Tensors) -> tuple[Tensor, Tensor]:
        """Gradient of a network's loss with respect to its own weights, and the loss, for every seed."""
        loss = self.baseline.discriminator_loss if name == "D" else self.baseline.generator_loss

        def objective(
            row: Tensor, rows: Tensors, buffers: Tree, moments: Tree, numbers: Tree, batch: Tensors
        ) -> Tensor:
            optimizers = zip("GD", self.baseline.optimizers(0.0), strict=True)
            descents = {net: Descent(optimizer, moments[net], numbers[net]) for net, optimizer in optimizers}
            return scalar(loss, *self.nets(rows | {name: row}, buffers, descents), Batch(batch))

        rows, buffers = weights_and_buffers(state)
        moments = {net: state[net]["optimizer"] for net in "GD"}
        numbers = {net: scheduled(net, schedule) for net in "GD"}
        all_of_it = rows, buffers, moments, numbers, batch | state["carried"]
        grads, losses = vmap(grad_and_value(objective))(rows[name], *all_of_it)
        return cast("Tensor", grads), cast("Tensor", losses)

    def step_discriminator(self, state: Tree, grad: Tensor, schedule: Tensors) -> None:
        """Step against the gradient and project the new weights onto the baseline's constraint."""
        weights, moments = self.optimized("D", state, grad, schedule)
        overwrite(state["D"], {"weights": vmap(self.projected)(weights), "optimizer": moments})

    def step_generator(self, state: Tree, grad: Tensor, schedule: Tensors) -> None:
        """Step against the gradient and let the averaged weights follow."""
        weights, moments = self.optimized("G", state, grad, schedule)
        overwrite(state, {"average": weights.lerp(state["average"], schedule["decay"].to(weights.dtype))})
        overwrite(state["G"], {"weights": weights, "optimizer": moments})

    def optimized(self, name: str, state: Tree, grad: Tensor, schedule: Tensors) -> tuple[Tensor, Tensors]:
        """Return a network's weights and the state of its optimiser after one step."""
        optimizer = self.baseline.optimizers(0.0)["GD".index(name)]
        return optimizer.update(state[name]["weights"], grad, state[name]["optimizer"], scheduled(name, schedule))

    def refresh_buffers(self, state: Tree) -> None:
        """Renew the buffers that follow weights, such as the singular vectors of a spectral norm."""
        for name, net in self.stacked.items():
            overwrite(state[name]["buffers"], net.refresh(state[name]["weights"], state[name]["buffers"]))

    def next_state(self, state: Tree, batch: Tensors) -> Tensors:
        """Return the carried tensors of the next step, from the networks before this one."""
        carried: Tensors = self.each(self.baseline.next_state, state, batch) if state["carried"] else {}
        return carried

    def projected(self, row: Tensor) -> Tensor:
        """Return one discriminator's weights after the baseline's projection; untouched where it has none."""
        layout = self.stacked["D"].layout
        tensors = layout.tensors(row)
        projected = self.baseline.project(tensors)
        return row if projected is tensors else layout.row(projected)

    def each(self, function: Callable[[Net, Net, Batch], Any], state: Tree, batch: Tensors) -> Any:
        """Call ``function(G, D, batch)`` for every seed at once."""

        def one(rows: Tensors, buffers: Tree, batch: Tensors) -> Any:
            return function(*self.nets(rows, buffers), Batch(batch))

        return vmap(one)(*weights_and_buffers(state), batch | state["carried"])

    def nets(self, rows: Tensors, buffers: Tree, descents: Mapping[str, Descent] | None = None) -> tuple[Net, Net]:
        """Bind one seed's weights and buffers, and the next steps of its optimisers."""
        G, D = (self.stacked[name].net(rows[name], buffers[name], (descents or {}).get(name)) for name in "GD")
        return G, D


def scheduled(name: str, schedule: Tensors) -> Tensors:
    """Return the scheduled numbers of one network's optimiser."""
    return {key.removeprefix(f"{name}."): value for key, value in schedule.items() if key.startswith(f"{name}.")}


def weights_and_buffers(state: Tree) -> tuple[Tensors, Tree]:
    """Return weights and buffers of both networks."""
    return {name: state[name]["weights"] for name in "GD"}, {name: state[name]["buffers"] for name in "GD"}


def scalar(loss: Loss, G: Net, D: Net, b: Batch) -> Tensor:
    """Return the loss, which must be one number."""
    value = loss(G, D, b)
    if not isinstance(value, Tensor) or value.ndim:
        given = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise BadInput(f"{loss.__qualname__} must return a scalar tensor, got {given}")
    return value


def overwrite(old: Tree, new: Tree) -> None:
    """Copy new tensors into old ones, in place, so that a traced update finds them where it left them."""
    for name, value in new.items():
        if isinstance(value, dict):
            overwrite(old[name], value)
        elif value is not old[name]:
            old[name].copy_(value)
