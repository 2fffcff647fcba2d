"""How much memory a group of seeds needs, found out without any: an update is made of tensors that have only shapes."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ganbench.baseline import Baseline
from ganbench.data.sources import Pixels
from ganbench.dataset import Dataset
from ganbench.errors import BadInput
from ganbench.training.functional import seeded
from ganbench.training.trainer import Plan, Trainer

GIB = 2**30
MOST = 10_000  # bytes that a seed takes for each of its weights, at most: pixelcnn on 28 by 28 pixels takes 8000


def check_fits(name: str, baseline: Baseline, data: Dataset, batch: int, seeds: int, device: str, jobs: int) -> None:
    """Raise BadInput where a group of seeds needs more memory than is free, with the size of a group that fits.

    Parameters
    ----------
    name
        Of the baseline, for the message.
    baseline, data, batch
        What is trained.
    seeds
        How many are trained together.
    device
        Where.
    jobs
        How many groups are trained at a time.
    """
    free = available(device) // jobs
    if seeds == 1 or not free or not baseline.updates(0) or MOST * weights(baseline, data) * seeds < free:
        return  # at a glance, so that no time is lost
    each = needed(baseline, data, batch)
    if each * seeds <= free:
        return
    fits = max(1, free // each)
    at_a_time = f" ({jobs} groups at a time)" if jobs > 1 else ""
    raise BadInput(
        f"{seeds} seeds of {name} on {data.name} together need about {each * seeds / GIB:.1f} GiB, and "
        f"{free / GIB:.1f} GiB are free{at_a_time}: --group {fits} fits"
    )


def weights(baseline: Baseline, data: Dataset) -> int:
    """Return the number of weights of one seed's networks."""
    space = baseline.with_networks(data.space)
    nets = seeded(0, lambda: baseline.networks(space))
    return sum(weight.numel() for net in nets for weight in net.parameters())


def needed(baseline: Baseline, data: Dataset, batch: int) -> int:
    """Return about how many bytes one seed takes: its state, its draws, and the most that an update holds at once."""
    trainer = Trainer(baseline, data, [0], Plan(1, batch, device="meta", backend="eager"))
    most = 0
    for kind in dict.fromkeys(baseline.updates(0)):
        with Peak() as peak:
            trainer.update(kind)
        most = max(most, peak.most)
    return most + sum(leaf.nbytes for leaf in trainer.leaves)


def available(device: str) -> int:
    """Return how many bytes are free on a device; 0 where nobody says."""
    if torch.device(device).type == "cuda":
        free, _ = torch.cuda.mem_get_info(torch.device(device))
        return free
    info = Path("/proc/meminfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    kilobytes: Sequence[str] = next((line.split() for line in lines if line.startswith("MemAvailable:")), ())
    return int(kilobytes[1]) * 1024 if kilobytes else 0


def streamed(data: Dataset, limit: int | None, device: str) -> Dataset:
    """Return a data set whose training images stay on the host if they take more than ``limit`` bytes.

    Without a limit that is half of what is free on a GPU; on a CPU what lies in files is mapped, not read, in any case.
    """
    train = data.train
    if not isinstance(train, Pixels) or (limit is None and torch.device(device).type != "cuda"):
        return data
    most = available(device) // 2 if limit is None else limit
    return replace(data, train=train.streamed()) if train.levels.nbytes > most else data


class Peak(TorchDispatchMode):
    """Adds up the bytes of all tensors that are alive; ``most`` is the most that there were at once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.most = 0
        self.known: weakref.WeakSet[Any] = weakref.WeakSet()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self.see(tensor.untyped_storage())
        return result

    def see(self, storage: Any) -> None:
        """Count a storage that is new, until nothing refers to it."""
        if storage in self.known:
            return
        size = storage.nbytes()
        self.known.add(storage)
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self.forget, size)

    def forget(self, size: int) -> None:
        self.now -= size
