"""A game that was interrupted, on disk: all that the rest of it depends on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch.utils._pytree import tree_unflatten

from ganbench.errors import Diverged
from ganbench.files import write_atomically
from ganbench.machine import device_name
from ganbench.train import Trainer

SECONDS = 60.0  # between two checkpoints, at least: most games are over sooner and write none


@dataclass
class Checkpoint:
    """The file of one game; ``key`` names the game, so that no other is ever continued from it."""

    path: Path
    key: str
    written: float = field(default_factory=monotonic)

    def due(self) -> bool:
        """Whether enough time has passed since the last one."""
        return monotonic() - self.written >= SECONDS

    def write(self, trainer: Trainer, course: dict[str, Any]) -> None:
        """Write where the game stands, and what else must be known to go on, which JSON can say."""
        game = {
            "turns": trainer.turns,
            "done": trainer.done,
            "history": trainer.history,
            "failures": [vars(failure) for failure in trainer.failures.values()],
        }
        leaves = {str(i): leaf.detach().cpu().clone().contiguous() for i, leaf in enumerate(trainer.leaves)}
        signed = {"signature": self.signature(trainer), "game": json.dumps(game), "course": json.dumps(course)}
        write_atomically(self.path, save(leaves, signed))
        self.written = monotonic()

    def restore(self, trainer: Trainer) -> dict[str, Any]:
        """Put a new trainer where the game stood and return the course; leave it at the start where none is kept."""
        try:
            with safe_open(self.path, "pt") as file:
                said = file.metadata() or {}
                state = [file.get_tensor(str(i)) for i in range(len(trainer.leaves))]
        except (OSError, SafetensorError):
            return {}
        if said.get("signature") != self.signature(trainer):
            return {}
        game = json.loads(said["game"])
        trainer.restore({"state": tree_unflatten(state, trainer.shape), "turns": game["turns"], "done": game["done"]})
        trainer.history = game["history"]
        trainer.failures = {failure["seed"]: Diverged(**failure) for failure in game["failures"]}
        course: dict[str, Any] = json.loads(said["course"])
        return course

    def signature(self, trainer: Trainer) -> str:
        """Name the game, and what computes it: on another device or torch it would not be the same to the last bit."""
        return f"{self.key} {device_name(str(trainer.device))} torch {version('torch')}"

    def remove(self) -> None:
        """Forget the game once its record is kept."""
        self.path.unlink(missing_ok=True)
