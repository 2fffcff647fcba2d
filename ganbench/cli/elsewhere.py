"""Where ``score`` and ``features`` take features: in their own process, by torchrun's, or as tasks of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ganbench.features.extraction import Elsewhere
    from ganbench.features.store import Cache
    from ganbench.scoring.ray_shards import RayShards
    from ganbench.scoring.torchrun import TorchrunShards

EXECUTORS = ("process", "ray", "torchrun")
Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS = (
    click.option(
        "--executor",
        default="process",
        show_default=True,
        help="Where features are taken: process (this one), ray (shards as tasks) or torchrun (its processes).",
    ),
    click.option("--ray-address", help="Of a Ray cluster: auto, or HOST:PORT.  [default: a Ray of this command]"),
    click.option("--cpus-per-task", type=click.FloatRange(0, 1024, min_open=True), help="Of Ray.  [default: 1]"),
    click.option(
        "--gpus-per-task",
        type=click.FloatRange(0, 64),
        help="Of Ray, for an extractor of your own that computes on one; also a part: 0.25.",
    ),
)


def executor_options(command: Command) -> Command:
    """Add the options that `elsewhere` takes to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@contextmanager
def elsewhere(
    executor: str, ray_address: str | None, cpus_per_task: float | None, gpus_per_task: float | None
) -> Iterator[Elsewhere | None]:
    """Give what takes features in other processes, or None for this one; leave the cluster at the end."""
    from ganbench._util.names import check_names  # noqa: PLC0415
    from ganbench.errors import BadInput  # noqa: PLC0415

    check_names("executor", [executor], EXECUTORS)
    if executor != "ray":
        given = {"ray-address": ray_address, "cpus-per-task": cpus_per_task, "gpus-per-task": gpus_per_task}
        if unknown := [f"--{name}" for name, value in given.items() if value is not None]:
            raise BadInput(f"{', '.join(unknown)}: no option of --executor {executor}; it is one of --executor ray")
        if executor == "process":
            yield None
            return
    shards = made(executor, ray_address, cpus_per_task, gpus_per_task)
    try:
        yield shards
    finally:
        shards.close()


def made(
    executor: str, ray_address: str | None, cpus_per_task: float | None, gpus_per_task: float | None
) -> RayShards | TorchrunShards:
    """Return what takes features in other processes."""
    if executor == "torchrun":
        from ganbench.scoring.torchrun import TorchrunShards  # noqa: PLC0415

        return TorchrunShards()
    from ganbench.scoring.ray_shards import RayShards  # noqa: PLC0415

    return RayShards(ray_address or "", 1.0 if cpus_per_task is None else cpus_per_task, gpus_per_task or 0.0)


def is_first(away: Elsewhere | None) -> bool:
    """Whether this process prints and writes: the first of torchrun's, or the only one."""
    return getattr(away, "rank", 0) == 0


def shared(cache: Cache | None, away: Elsewhere | None) -> Cache | None:
    """Return a cache whose answers are the same in all of torchrun's processes."""
    from ganbench.scoring.torchrun import SharedCache, TorchrunShards  # noqa: PLC0415

    return SharedCache(cache.folder, cache.bound, away) if cache and isinstance(away, TorchrunShards) else cache
