"""Which process on which machine: who holds a lease or a lock, whether it lives, and children that die with it."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import blake2b
from multiprocessing import parent_process
from pathlib import Path
from threading import Thread
from typing import Any

PROC = Path("/proc")


@dataclass(frozen=True)
class Owner:
    """A process, so that others on this and other machines can tell whether it lives."""

    host: str  # the machine's name, to be shown
    machine: str  # digest of the machine, its boot and its namespace of process numbers
    pid: int
    began: str  # when the process began, in the clock of its kernel; empty where that cannot be told
    since: str  # when it took what it holds

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)

    @property
    def is_gone(self) -> bool:
        """Whether the process is known to have ended; False for one of another machine, of which nothing is known."""
        return self.machine == machine() and not is_alive(self.pid, self.began)

    @property
    def is_this(self) -> bool:
        """Whether this very process is meant."""
        return (self.machine, self.pid, self.began) == (machine(), os.getpid(), began(os.getpid()))


def this() -> Owner:
    """Return this process."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Owner(platform.node() or "unknown", machine(), os.getpid(), began(os.getpid()), now)


def owner_of(table: Any) -> Owner | None:
    """Return the process that plain data describe, or None for anything else."""
    names = Owner.__dataclass_fields__
    if not isinstance(table, dict) or not names.keys() <= table.keys():
        return None
    values = {name: table[name] for name in names}
    fits = all(isinstance(value, int if name == "pid" else str) for name, value in values.items())
    return Owner(**values) if fits and 0 < values["pid"] < 1 << 31 else None


@cache
def machine() -> str:
    """Return a digest of this machine: its name, its boot, and the namespace of its process numbers."""
    boot = namespace = ""
    with suppress(OSError):
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    with suppress(OSError):
        namespace = str((PROC / "self/ns/pid").readlink())
    return blake2b(f"{platform.node()} {boot} {namespace}".encode(), digest_size=4).hexdigest()


def began(pid: int) -> str:
    """Return when a process began, which tells a number that was given again from the first; empty where unknown."""
    fields = stat(pid)
    return fields[19] if len(fields) > 19 else ""


def stat(pid: int) -> list[str]:
    """Return what the kernel says of a process from its state on; nothing where there is no such thing."""
    with suppress(OSError):
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return []


def is_alive(pid: int, start: str = "") -> bool:
    """Whether a process of this machine lives: it is there, is no zombie, and began when it should have."""
    if os.name == "nt":  # a signal would end it there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    fields = stat(pid)
    if not fields:
        return not (PROC / "self").exists()  # it ended just now, unless there is no /proc
    return fields[0] not in "ZX" and (not start or fields[19:20] == [start])


def die_with_parent() -> None:
    """Let this worker process be killed when its parent has died, however that died.

    Linux does it by itself. Everywhere a thread waits for the end of the pipe that the parent holds open.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if parent := parent_process():
        if not parent.is_alive():
            end()
        Thread(target=after, args=(parent.join, end), daemon=True).start()


def after(wait: Callable[[], object], then: Callable[[], object]) -> None:
    """Wait, then do something."""
    wait()
    then()


def end() -> None:
    """End this process at once."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
