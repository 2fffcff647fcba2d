"""Speed per seed of every backend, as multiples of an ordinary loop's: ``python -m benchmarks.backends``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from benchmarks.loops import LOOPS, Loop
from benchmarks.machine import describe, today
from ganbench import data
from ganbench.baseline import Baseline
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer

BATCH = 64
GROUPS = (1, 5, 16)
BACKENDS = ("eager", "traced", "compiled")
ROUNDS, STEPS = 5, 10
INTRODUCTION = """# Backends

Training on ring8 with the shared networks (two hidden layers of 128), batches of {batch}. The loop is ordinary PyTorch,
one seed; data, noise and the generator's average are part of every step. The other columns are speeds per seed as
multiples of the loop's, in a group of so many seeds. CPU time, best of {rounds} rounds of {steps} steps, in turns.

{machine}

Measured {day}.

| baseline | seeds | loop, ms/step | eager | traced | compiled | compiled, ms/step and seed |
|---|---:|---:|---:|---:|---:|---:|
"""


def step_of_group(baseline: Baseline, seeds: int, backend: str) -> Callable[[], None]:
    """Return one step of a group that is traced, compiled and warm."""
    trainer = Trainer(baseline, data.load("ring8"), range(seeds), Plan(100_000, BATCH, backend=backend))
    if trainer.remark:
        raise SystemExit(trainer.remark)
    trainer.advance(3)

    def step() -> None:
        trainer.advance(trainer.done + 1)

    return step


def milliseconds(steps: dict[str, Callable[[], None]]) -> dict[str, float]:
    """CPU milliseconds of each step: the best of some rounds, in turns, so that a noisy moment hits all."""
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(ROUNDS):
        for name, step in steps.items():
            start = time.process_time()
            for _ in range(STEPS):
                step()
            best[name] = min(best[name], (time.process_time() - start) / STEPS * 1e3)
    return best


def rows(names: list[str]) -> Iterator[str]:
    """One line of Markdown for each baseline and size of group."""
    for name in names:
        baseline = registry.configure(name, {}, data.load("ring8"))
        loop, ordinary = Loop(baseline, BATCH), LOOPS[name]
        ordinary(loop)
        for seeds in GROUPS:
            steps = {backend: step_of_group(baseline, seeds, backend) for backend in BACKENDS}
            spent = milliseconds({"loop": lambda: ordinary(loop), **steps})  # noqa: B023  called before the next round
            gains = " | ".join(f"{spent['loop'] * seeds / spent[backend]:.2f}" for backend in BACKENDS)
            yield f"| {name} | {seeds} | {spent['loop']:.2f} | {gains} | {spent['compiled'] / seeds:.2f} |\n"


def main() -> None:
    """Measure the baselines named on the command line, print as it goes, and write the table beside this file."""
    torch.set_num_threads(1)
    lines = [INTRODUCTION.format(batch=BATCH, rounds=ROUNDS, steps=STEPS, machine=describe(), day=today())]
    for row in rows(sys.argv[1:] or list(LOOPS)):
        print(row, end="", flush=True)
        lines.append(row)
    (Path(__file__).parent / "backends.md").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
