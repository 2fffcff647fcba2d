"""A Ray cluster that tasks are sent to: one that is there, or a Ray of this machine that is started and ended here.

Cells of a run and shards of an extraction go through it. A task whose worker or node dies is started again elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from math import ceil
from pathlib import Path
from socket import create_connection
from time import monotonic
from typing import Any

from ganbench.errors import BadInput, GanbenchError, Missing, PlaceError

ATTEMPTS = 8  # of a task whose worker or node died, beside the first
STORE = 80 * 2**20  # bytes in memory for what tasks pass on; more goes to the disk
HERE = "--ray-address"


def library() -> Any:
    """Return Ray; raises Missing where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers about every cluster
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        return import_module("ray")
    except ImportError as error:
        raise Missing('--executor ray needs Ray: pip install "ganbench[ray]"') from error


class Cluster:
    """A cluster at an address, or this machine, and what each task gets of it.

    Parameters
    ----------
    address : str
        ``auto`` or ``HOST:PORT``; empty for a Ray of this machine.
    cpus, gpus : float
        Of each task.
    jobs : int, optional
        Tasks at a time, at most.
    failure : type of GanbenchError
        What is raised where a task cannot be computed.
    """

    def __init__(
        self, address: str, cpus: float, gpus: float, failure: type[GanbenchError], jobs: int | None = None
    ) -> None:
        self.address, self.cpus, self.gpus, self.jobs, self.failure = address, cpus, gpus, jobs, failure
        self.ray = library()
        self.is_ours = False

    def connect(self) -> None:
        """Start Ray on this machine, or join the cluster that was named; once."""
        ray, address = self.ray, self.address
        if ray.is_initialized():
            return
        check_address(address)
        quiet = {"log_to_driver": False, "logging_level": "ERROR"}
        try:
            if address:
                ray.init(address=address, **quiet)
            else:
                cpus = self.jobs and ceil(self.jobs * self.cpus)
                ray.init("local", num_cpus=cpus, object_store_memory=STORE, include_dashboard=False, **quiet)
        except Exception as error:  # a Ray that does not start in time raises nothing more special
            reason = " ".join(str(error).split())[:200]
            raise BadInput(f"{HERE} {address or '(none)'}: no Ray cluster can be used there: {reason}") from error
        self.is_ours = True

    def slots(self) -> int:
        """Return how many tasks the cluster has room for, at least one: nodes may yet come."""
        self.connect()
        total = self.ray.cluster_resources()
        needs = {"CPU": self.cpus, "GPU": self.gpus}
        if not self.address and (lacking := [name for name, need in needs.items() if need > total.get(name, 0)]):
            has = ", ".join(f"{total.get(name, 0):g} {name}s" for name in lacking)
            raise BadInput(f"this machine has {has}; expected {HERE} of a cluster with more, or smaller shares")
        room = min((int(total.get(name, 0) / need + 1e-9) for name, need in needs.items() if need), default=1)
        return max(1, min(room, self.jobs or room))

    def task(self, function: Callable[..., Any]) -> Any:
        """Return a function, with what it needs, as Ray's."""
        return self.ray.remote(num_cpus=self.cpus, num_gpus=self.gpus, max_retries=ATTEMPTS, retry_exceptions=False)(
            function
        )

    def result(self, reference: Any, remedy: str) -> Any:
        """Return what a task that has ended returned; raises what it raised.

        The remedy is for one whose workers died again and again.
        """
        errors = self.ray.exceptions
        try:
            return self.ray.get(reference)
        except errors.RayTaskError as error:
            if isinstance(error.cause, GanbenchError):
                raise error.cause from None
            last = str(error).strip().splitlines()[-1]
            raise self.failure(f"a task of Ray raised: {last}") from error
        except errors.RayError as error:
            raise self.failure(
                f"the workers of a task died {ATTEMPTS + 1} times, perhaps for lack of memory "
                f"({type(error).__name__}); run again with {remedy}"
            ) from error

    def cancel(self, running: Sequence[Any], grace: float) -> None:
        """Interrupt tasks, and wait some seconds for their ends."""
        for each in running:
            with suppress(self.ray.exceptions.RayError):
                self.ray.cancel(each)
        until = monotonic() + grace
        with suppress(self.ray.exceptions.RayError):
            self.ray.wait(running, num_returns=max(1, len(running)), timeout=max(0.0, until - monotonic()))

    def close(self) -> None:
        """Leave the cluster; end the one that was started here."""
        if self.is_ours:
            self.ray.shutdown()
            self.is_ours = False


def check_address(address: str) -> None:
    """Raise BadInput for an address where nobody listens, on which Ray would wait for minutes."""
    host, colon, port = address.rpartition(":")
    if not address or address == "auto":
        return
    if not colon or "/" in host or not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise BadInput(f"{HERE}: expected auto or HOST:PORT, got {address!r}")
    try:
        create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except OSError as error:
        raise BadInput(f"{HERE} {address}: no Ray cluster answers there: {error.strerror or error}") from error


def enter(folder: str, *others: Path) -> None:
    """Go, in a worker, to the folder in which the command was started; raises PlaceError where one is not there."""
    for each in (Path(folder), *others):
        if not each.is_dir():
            raise PlaceError(f"{each}: not there on a node of the Ray cluster; expected a folder that all nodes see")
    os.chdir(folder)
