"""Where ``score`` and ``features`` take features: in their own process, or as tasks of a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ganbench.features.extraction import Elsewhere

EXECUTORS = ("process", "ray")
Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS = (
    click.option(
        "--executor",
        default="process",
        show_default=True,
        help="Where features are taken: process (this one) or ray (shards as tasks).",
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
    if executor == "process":
        given = {"ray-address": ray_address, "cpus-per-task": cpus_per_task, "gpus-per-task": gpus_per_task}
        if unknown := [f"--{name}" for name, value in given.items() if value is not None]:
            raise BadInput(f"{', '.join(unknown)}: no option of --executor process; it is one of --executor ray")
        yield None
        return
    from ganbench.scoring.ray_shards import RayShards  # noqa: PLC0415

    shards = RayShards(ray_address or "", 1.0 if cpus_per_task is None else cpus_per_task, gpus_per_task or 0.0)
    try:
        yield shards
    finally:
        shards.close()
