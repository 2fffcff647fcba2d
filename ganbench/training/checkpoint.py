"""An interrupted training on disk: everything that the rest of it depends on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, TypedDict

import msgspec
import torch
from torch.utils._pytree import tree_flatten, tree_unflatten

from ganbench._util.files import write_atomically
from ganbench._util.machine import device_name
from ganbench._util.tensor_files import packed, unpacked
from ganbench.errors import Diverged
from ganbench.training.trainer import Trainer

SECONDS = 45.0  # between two checkpoints: most trainings are over sooner, and of others a minute is lost at most
LOSS = "loss "  # before the names of the last losses, which stand in the history if the next updates have none


class Failure(TypedDict):
    """A seed whose numbers stopped being finite."""

    seed: int
    step: int
    what: str


class Training(TypedDict):
    """Where a training is, beside its tensors."""

    counts: dict[str, Annotated[int, msgspec.Meta(ge=0)]]
    done: Annotated[int, msgspec.Meta(ge=0)]
    history: list[dict[str, Any]]
    failures: list[Failure]


def json_of(text: str, kind: Any) -> Any:
    """Return what JSON holds as that type; raises ValueError where it does not fit."""
    return msgspec.json.decode(text, type=kind)


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

    def restore(self, trainer: Trainer, progress: Any = dict) -> dict[str, Any]:
        """Restore a new trainer and return what ``write`` was told beside it, of the type ``progress``.

        The trainer is left at the start, and nothing returned, where there is no checkpoint of this training.
        """
        leaves, structure = tree_flatten(trainer.state)
        file = unpacked(self.path, self.signature(trainer))
        if file is None:
            return {}
        tensors, header = file
        try:
            training = json_of(header["training"], Training)
            known: dict[str, Any] = json_of(header["progress"], progress)
        except (KeyError, ValueError):
            return {}
        kept = [tensors.get(str(i), torch.empty(0)) for i in range(len(leaves))]
        fits = all(a.shape == b.shape and a.dtype == b.dtype for a, b in zip(kept, leaves, strict=True))
        if not fits or training["done"] > trainer.plan.steps or set(training["counts"]) != set(trainer.counts):
            return {}
        state = tree_unflatten(kept, structure)
        trainer.restore({"state": state, "counts": training["counts"], "done": training["done"]})
        losses = {name.removeprefix(LOSS): loss for name, loss in tensors.items() if name.startswith(LOSS)}
        trainer.losses = {name: loss.to(trainer.device) for name, loss in losses.items()}
        trainer.history = training["history"]
        trainer.failures = {failure["seed"]: Diverged(**failure) for failure in training["failures"]}
        return known

    def signature(self, trainer: Trainer) -> str:
        """Name the training and what computes it: another device or torch would not go on with the same bits."""
        return f"{self.key} {device_name(str(trainer.device))} torch {version('torch')}"

    def remove(self) -> None:
        """Delete the checkpoint once its record is written."""
        self.path.unlink(missing_ok=True)
