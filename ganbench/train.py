"""Train one baseline for many seeds at once: the seed is a leading axis of every tensor."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_unflatten

from ganbench.dataset import Dataset, Tensors
from ganbench.deal import Dealer, examples
from ganbench.errors import BadInput, Diverged
from ganbench.game import Baseline, Move
from ganbench.moves import LOSSES, Moves, Tree, overwrite
from ganbench.replay import Step, chosen, possible
from ganbench.sides import Side, seeded


@dataclass(frozen=True)
class Plan:
    """How long and where a game is played; ``way`` is how its moves are executed: replay, compiled, eager or auto."""

    steps: int
    batch: int = 128
    device: str = "cpu"
    way: str = "replay"

    def __post_init__(self) -> None:
        for name in ("steps", "batch"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} must be at least 1, got {getattr(self, name)}")


class Trainer:
    """Plays ``baseline`` on ``data`` for all ``seeds`` in lockstep, each the same as it would alone."""

    def __init__(self, baseline: Baseline, data: Dataset, seeds: Sequence[int], plan: Plan) -> None:
        if reason := baseline.refuses(data.space, plan.batch):
            raise BadInput(f"{type(baseline).__name__} cannot play on {data.name}: {reason}")
        self.baseline, self.data, self.seeds, self.device = baseline, data, tuple(seeds), torch.device(plan.device)
        self.plan = replace(plan, way=chosen(plan.way, plan.steps, data.space))
        self.way, self.remark = possible(self.plan.way, self.device)
        self.source = data.train.to(self.device)
        pairs = [seeded(seed, lambda: baseline.networks(data.space)) for seed in seeds]
        self.moves = Moves(baseline, {name: Side.of(pairs[0][i]) for i, name in enumerate("GD")})
        self.state = self.moves.start(pairs, self.device)
        self.leaves, self.shape = tree_flatten(self.state)
        self.graphs: dict[Move, Step] = {}
        self.dealers: dict[Move, Dealer] = {}
        self.columns: dict[str, tuple[float, Tensor]] = {}
        self.turns: dict[Move, int] = dict.fromkeys(LOSSES, 0)
        self.done = 0
        self.history: list[dict[str, Any]] = []
        self.failures: dict[int, Diverged] = {}

    def run(self, points: int = 20, watch: Callable[[Trainer], None] | None = None) -> None:
        """Play to the end of the plan; take notes, and call ``watch``, at ``points`` even places on the way."""
        for goal in sorted({max(1, round(self.plan.steps * (i + 1) / points)) for i in range(points)}):
            if self.done < goal and len(self.failures) < len(self.seeds):
                self.note(self.advance(goal))
                if watch:
                    watch(self)

    def advance(self, goal: int) -> Tensors:
        """Play game steps until ``goal`` of them are done; return each player's last loss, (seeds,)."""
        losses: Tensors = {}
        while self.done < goal:
            moves = self.baseline.moves(self.done)
            for move in moves:
                losses |= self.play(move)
            self.done = self.done + 1 if moves else goal
        return losses

    def play(self, move: Move) -> Tensors:
        """Make one move for all seeds."""
        dealt, dials = self.dealer(move).deal(self.turns[move]), self.dials()
        tensors = [*self.leaves, *dealt.values(), *dials.values()]
        if move not in self.graphs:
            self.graphs[move] = self.way(self.flat(move, list(dealt), list(dials)), tensors)
        self.turns[move] += 1
        return dict(zip(LOSSES[move], self.graphs[move](tensors), strict=True))

    def flat(self, move: Move, dealt: Sequence[str], dials: Sequence[str]) -> Step:
        """One kind of move as a function of a flat list of tensors: the state's, the dealt ones, the dials."""

        def step(tensors: Sequence[Tensor]) -> Sequence[Tensor]:
            state = tree_unflatten(list(tensors[: len(self.leaves)]), self.shape)
            named = dict(zip([*dealt, *dials], tensors[len(self.leaves) :], strict=True))
            batch = examples(self.source, {name: named[name] for name in [*dealt, "progress"]})
            return self.moves(move, state, batch, named)

        return step

    def dealer(self, move: Move) -> Dealer:
        """Return the dealer of one kind of move, made when it is first asked for."""
        if move not in self.dealers:
            n, noise = self.baseline.batch_size(move, self.plan.batch), self.baseline.noise(self.data.space)
            self.dealers[move] = Dealer(move, self.seeds, n, self.source, noise, self.device)
        return self.dealers[move]

    def dials(self) -> Tensors:
        """All that a schedule turns, as (seeds, 1) columns under names such as ``G.lr``, and the progress (seeds,)."""
        progress = self.done / self.plan.steps
        values = {
            f"{name}.{dial}": value
            for name, optimizer in zip("GD", self.baseline.optimizers(progress), strict=True)
            for dial, value in optimizer.dials().items()
        }
        for name, value in (values | {"decay": self.baseline.decay(self.done), "progress": progress}).items():
            if name not in self.columns or self.columns[name][0] != value:
                shape = (len(self.seeds),) if name == "progress" else (len(self.seeds), 1)
                dtype = torch.float if name == "progress" else torch.double
                self.columns[name] = (value, torch.full(shape, value, dtype=dtype, device=self.device))
        return {name: column for name, (_, column) in self.columns.items()}

    def note(self, losses: Tensors) -> None:
        """Write losses and monitor into the history; strike out seeds whose numbers are no longer finite."""
        if not losses:
            return
        moved = max(self.turns, key=lambda move: (self.turns[move] > 0, move != "critic"))
        batch = examples(self.source, self.dealer(moved).deal(self.turns[moved] - 1) | self.dials())
        with torch.no_grad():
            noted = losses | {"monitor": self.moves.each(self.baseline.monitor, self.state, batch)}
        noted |= {f"weights of {name}": self.state[name]["weights"].abs().sum(1) for name in "GD"}
        numbers = {name: tensor.double().tolist() for name, tensor in noted.items()}
        for what, values in numbers.items():
            for seed, value in zip(self.seeds, values, strict=True):
                if not abs(value) < float("inf") and what != "monitor":
                    self.failures.setdefault(seed, Diverged(seed, self.done, what))
        self.history.append({"step": self.done} | {k: v for k, v in numbers.items() if not k.startswith("weights")})

    def checkpoint(self) -> Tree:
        """Everything that the rest of the game depends on; streams are named by position, so the turns say it all."""
        return {"state": copy.deepcopy(self.state), "turns": dict(self.turns), "done": self.done}

    def restore(self, checkpoint: Tree) -> None:
        """Continue from a checkpoint of the same game as if nothing had happened."""
        overwrite(self.state, checkpoint["state"])
        self.turns, self.done = dict(checkpoint["turns"]), checkpoint["done"]
