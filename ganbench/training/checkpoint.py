"""An interrupted training on disk: everything that the rest of it depends on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch.utils._pytree import tree_flatten, tree_unflatten

from ganbench._util.files import write_atomically
from ganbench._util.machine import device_name
from ganbench.errors import Diverged
from ganbench.training.trainer import Trainer

SECONDS = 60.0  # between two checkpoints, at least: most trainings are over sooner and write none


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
        signature = self.signature(trainer)
        header = {"signature": signature, "training": json.dumps(training), "progress": json.dumps(progress)}
        write_atomically(self.path, save(tensors, header))
        self.written = monotonic()

    def restore(self, trainer: Trainer) -> dict[str, Any]:
        """Restore a new trainer and return the ``progress``; leave it at the start where there is no checkpoint."""
        leaves, structure = tree_flatten(trainer.state)
        try:
            with safe_open(self.path, "pt") as file:
                header = file.metadata() or {}
                tensors = [file.get_tensor(str(i)) for i in range(len(leaves))]
        except (OSError, SafetensorError):
            return {}
        if header.get("signature") != self.signature(trainer):
            return {}
        training = json.loads(header["training"])
        state = tree_unflatten(tensors, structure)
        trainer.restore({"state": state, "counts": training["counts"], "done": training["done"]})
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
