"""An interrupted training on disk: everything that the rest of it depends on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from torch.utils._pytree import tree_flatten, tree_unflatten

from ganbench._util.files import write_atomically
from ganbench._util.machine import device_name
from ganbench._util.signed import packed, unpacked
from ganbench.errors import Diverged
from ganbench.training.trainer import Trainer

SECONDS = 60.0  # between two checkpoints, at least: most trainings are over sooner and write none
LOSS = "loss "  # before the names of the last losses, which stand in the history if the next updates have none


@dataclass
class Checkpoint:
    """The file of one training; ``key`` names the training, so that no other is ever continued from it."""

    path: Path
    key: str
    written: float = field(default_factory=monotonic)

    def due(self) -> bool:
        """Whether enough time has passed since the last one."""
        return monotonic() - self.written >= SECONDS

    def write(self, trainer: Trainer, progress: dict[str, Any]) -> None:
        """Write the trainer's state, and ``progress``: what else must be known to go on, which JSON can say."""
        training = {
            "counts": trainer.counts,
            "done": trainer.done,
            "history": trainer.history,
            "failures": [vars(failure) for failure in trainer.failures.values()],
        }
        leaves, _ = tree_flatten(trainer.state)
        tensors = {str(i): leaf.detach().cpu().clone().contiguous() for i, leaf in enumerate(leaves)}
        tensors |= {f"{LOSS}{name}": loss.detach().cpu().clone() for name, loss in trainer.losses.items()}
        facts = {"training": json.dumps(training), "progress": json.dumps(progress), "key": self.signature(trainer)}
        write_atomically(self.path, packed(tensors, facts))
        self.written = monotonic()

    def restore(self, trainer: Trainer) -> dict[str, Any]:
        """Restore a new trainer and return the ``progress``; leave it at the start where there is no checkpoint."""
        leaves, structure = tree_flatten(trainer.state)
        file = unpacked(self.path, self.signature(trainer))
        if file is None:
            return {}
        tensors, header = file
        training = json.loads(header["training"])
        kept = [tensors.get(str(i), torch.empty(0)) for i in range(len(leaves))]
        fits = all(a.shape == b.shape and a.dtype == b.dtype for a, b in zip(kept, leaves, strict=True))
        if not fits or not 0 <= training["done"] <= trainer.plan.steps:
            return {}
        state = tree_unflatten(kept, structure)
        trainer.restore({"state": state, "counts": training["counts"], "done": training["done"]})
        losses = {name.removeprefix(LOSS): loss for name, loss in tensors.items() if name.startswith(LOSS)}
        trainer.losses = {name: loss.to(trainer.device) for name, loss in losses.items()}
        trainer.history = training["history"]
        trainer.failures = {failure["seed"]: Diverged(**failure) for failure in training["failures"]}
        progress: dict[str, Any] = json.loads(header["progress"])
        return progress

    def signature(self, trainer: Trainer) -> str:
        """Name the training and what computes it: another device or torch would not go on with the same bits."""
        return f"{self.key} {device_name(str(trainer.device))} torch {version('torch')}"

    def remove(self) -> None:
        """Delete the checkpoint once its record is written."""
        self.path.unlink(missing_ok=True)
