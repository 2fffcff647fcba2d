"""Being told to end: SIGTERM, or SIGUSR1 as Slurm sends it ahead of the end of a job's time.

While a cell trains, the signal is remembered, and obeyed between two steps, after a checkpoint. Otherwise it ends the
process at once, as an interrupt.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer, current_thread, main_thread
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name))
GRACE = 20.0  # seconds that a step and a checkpoint may take; Slurm kills 30 s after SIGTERM


class State:
    """Whether this process trains, and whether it was told to end."""

    training = 0  # trainings under way; more than one only in tests
    asked = False
    timer: Timer | None = None
    leave: Callable[[], object]


def asked() -> bool:
    """Whether this process was told to end."""
    return State.asked


def leave_if_asked() -> None:
    """End what is being done if that was asked; in a worker the process, otherwise as an interrupt."""
    if State.asked:
        forget()
        State.leave()


def forget() -> None:
    """Be as before a signal came."""
    State.asked = False
    if State.timer:
        State.timer.cancel()


@contextmanager
def between_steps() -> Iterator[None]:
    """Within, a signal waits for the next call of ``leave_if_asked``."""
    State.training += 1
    try:
        yield
    finally:
        State.training -= 1
    leave_if_asked()  # told during the last step


def handle(number: int, frame: FrameType | None) -> None:
    """Remember that the end was asked for, or end."""
    if not State.training:
        State.leave()
    elif not State.asked:
        State.asked = True
        State.timer = Timer(GRACE, os.kill, (os.getpid(), signal.SIGKILL))  # a step that takes longer is lost
        State.timer.daemon = True
        State.timer.start()


def interrupt() -> None:
    """End as if interrupted from the keyboard: what is held is given back."""
    raise KeyboardInterrupt


State.leave = interrupt


def exit_at_once() -> None:
    """End a worker process, whose parent knows why."""
    os._exit(128 + signal.SIGTERM)


@contextmanager
def on_signals(interrupts: bool = False) -> Iterator[None]:
    """Within, SIGNALS end this process in order, with ``interrupts`` also those from the keyboard, or from Ray.

    Only the main thread can set that.
    """
    if current_thread() is not main_thread():
        yield
        return
    State.leave = interrupt
    numbers = (*SIGNALS, signal.SIGINT) if interrupts else SIGNALS
    usual = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
        forget()


def in_worker() -> None:
    """Let a worker process keep a checkpoint when its parent ends it."""
    State.leave = exit_at_once
    for number in SIGNALS:
        signal.signal(number, handle)
