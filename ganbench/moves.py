"""What a move does to the state of the game: tensors in, state updated in place, for all seeds at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import grad_and_value, vmap

from ganbench.dataset import Tensors
from ganbench.errors import BadInput
from ganbench.game import Baseline, Batch, Move, Player
from ganbench.sides import Side

Tree = dict[str, Any]
Loss = Callable[[Player, Player, Batch], Tensor]

# whose losses a move returns, in order
LOSSES: dict[Move, tuple[str, ...]] = {
    "critic": ("critic",),
    "generator": ("generator",),
    "both": ("critic", "generator"),
}


@dataclass(frozen=True)
class Moves:
    """The moves of one baseline between two sides, G and D.

    The state holds, for either side, ``weights`` (seeds, parameters), ``optimizer`` state and ``buffers``; besides, the
    ``average`` of the generator's weights and the tensors ``carried`` from step to step.
    """

    baseline: Baseline
    sides: dict[str, Side]

    def start(self, pairs: Sequence[tuple[nn.Module, nn.Module]], device: torch.device) -> Tree:
        """Return the state before the first step, from one pair of networks per seed."""
        state: Tree = {}
        for i, (name, optimizer) in enumerate(zip("GD", self.baseline.optimizers(0.0), strict=True)):
            rows, buffers = self.sides[name].stack([pair[i] for pair in pairs], device)
            state[name] = {"weights": rows, "optimizer": optimizer.start(rows), "buffers": buffers}
        carried = vmap(lambda rows, buffers: self.baseline.initial_state(*self.players(rows, buffers)))(*cards(state))
        state["average"] = state["G"]["weights"].clone()
        state["carried"] = {name: tensor.clone() for name, tensor in carried.items()}
        return state

    def __call__(self, move: Move, state: Tree, batch: Tensors, dials: Tensors) -> list[Tensor]:
        """Make one move; return the losses that LOSSES names, (seeds,) each.

        All slopes are taken before anybody moves, and only with respect to the mover's own weights.
        """
        movers = {"critic": "D", "generator": "G", "both": "DG"}[move]
        for name, side in self.sides.items():
            overwrite(state[name]["buffers"], side.refresh(state[name]["weights"], state[name]["buffers"]))
        slopes = {name: self.slope(name, state, batch) for name in movers}
        carried = self.each(self.baseline.next_state, state, batch) if "G" in movers and state["carried"] else {}
        for name, (slope, _) in slopes.items():
            self.descend(name, state, slope, dials)
        overwrite(state["carried"], carried)
        return [loss for _, loss in slopes.values()]

    def slope(self, mover: str, state: Tree, batch: Tensors) -> tuple[Tensor, Tensor]:
        """Gradient of the mover's loss with respect to its own weights, and the loss, for every seed."""
        loss = self.baseline.critic_loss if mover == "D" else self.baseline.generator_loss

        def objective(row: Tensor, rows: Tensors, buffers: Tree, batch: Tensors) -> Tensor:
            return scalar(loss, *self.players(rows | {mover: row}, buffers), Batch(batch))

        rows, buffers = cards(state)
        slopes, losses = vmap(grad_and_value(objective))(rows[mover], rows, buffers, batch | state["carried"])
        return cast("Tensor", slopes), cast("Tensor", losses)

    def descend(self, name: str, state: Tree, slope: Tensor, dials: Tensors) -> None:
        """Move one side down its slope and back onto its constraint; let the average follow."""
        mine, optimizer = state[name], self.baseline.optimizers(0.0)["GD".index(name)]
        own = {dial.removeprefix(f"{name}."): value for dial, value in dials.items() if dial.startswith(f"{name}.")}
        weights, moments = optimizer.move(mine["weights"], slope, mine["optimizer"], own)
        if name == "D":
            weights = vmap(self.projected)(weights)
        else:
            overwrite(state, {"average": weights.lerp(state["average"], dials["decay"].to(weights.dtype))})
        overwrite(mine, {"weights": weights, "optimizer": moments})

    def projected(self, row: Tensor) -> Tensor:
        """Return one critic's weights after the baseline's projection; untouched where it has none."""
        layout = self.sides["D"].layout
        tensors = layout.tensors(row)
        projected = self.baseline.project(tensors)
        return row if projected is tensors else layout.row(projected)

    def each(self, function: Callable[[Player, Player, Batch], Any], state: Tree, batch: Tensors) -> Any:
        """Call ``function(G, D, batch)`` for every seed at once."""

        def one(rows: Tensors, buffers: Tree, batch: Tensors) -> Any:
            return function(*self.players(rows, buffers), Batch(batch))

        return vmap(one)(*cards(state), batch | state["carried"])

    def players(self, rows: Tensors, buffers: Tree) -> tuple[Player, Player]:
        """Bind one seed's weights and buffers."""
        G, D = (self.sides[name].player(rows[name], buffers[name]) for name in "GD")
        return G, D


def cards(state: Tree) -> tuple[Tensors, Tree]:
    """Weights and buffers of both sides."""
    return {name: state[name]["weights"] for name in "GD"}, {name: state[name]["buffers"] for name in "GD"}


def scalar(loss: Loss, G: Player, D: Player, b: Batch) -> Tensor:
    """Return the loss, which must be one number."""
    value = loss(G, D, b)
    if not isinstance(value, Tensor) or value.ndim:
        given = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise BadInput(f"{loss.__qualname__} must return a scalar tensor, got {given}")
    return value


def overwrite(old: Tree, new: Tree) -> None:
    """Copy new tensors into old ones, in place, so that a replayed move finds them where it left them."""
    for name, value in new.items():
        if isinstance(value, dict):
            overwrite(old[name], value)
        elif value is not old[name]:
            old[name].copy_(value)
