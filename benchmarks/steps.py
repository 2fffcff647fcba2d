"""Steps per second for seeds in a group, beside the same seeds one after another: ``python -m benchmarks.steps``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmarks.machine import describe, today
from ganbench import data
from ganbench.baseline import Control
from ganbench.suites import shipped
from ganbench.suites.suite import Suite
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer

GROUPS = (1, 3, 16)
ROUNDS, STEPS = 3, 20
INTRODUCTION = """# Steps per second

One step is all updates of one training step (all of the discriminator's included) for all seeds of a group. A gain is
how many times faster the group is than the same seeds one after another. CPU time, best of {rounds} rounds in turns.

{machine}

Measured {day}.

| baseline | data | 1 seed, steps/s | 3 seeds, steps/s | 16 seeds, steps/s | gain of 3 | gain of 16 |
|---|---|---:|---:|---:|---:|---:|
"""


def trainer(name: str, dataset: str, seeds: int) -> Trainer:
    """Return a group of ``seeds`` seeds whose updates have been traced and warmed up."""
    source = data.load(dataset)
    group = Trainer(registry.configure(name, {}, source), source, range(seeds), Plan(100_000))
    group.advance(3)
    return group


def milliseconds(groups: dict[int, Trainer]) -> dict[int, float]:
    """CPU milliseconds of a step of each group: the best of some rounds in turns, so that a noisy moment hits all."""
    best = dict.fromkeys(groups, float("inf"))
    for _ in range(ROUNDS):
        for seeds, group in groups.items():
            start = time.process_time()
            group.advance(group.done + STEPS)
            best[seeds] = min(best[seeds], (time.process_time() - start) / STEPS * 1e3)
    return best


def rows(suite: Suite) -> Iterator[str]:
    """One line of Markdown for each baseline and data set of the suite that is trained."""
    names = registry.everyone() if suite.baselines == "all" else suite.baselines
    for dataset in suite.datasets:
        space = data.load(dataset).space
        for name in names:
            if issubclass(registry.load(name), Control):
                continue
            if registry.configure(name, {}, data.load(dataset)).unsupported(space, Plan(1).batch):
                continue
            spent = milliseconds({seeds: trainer(name, dataset, seeds) for seeds in GROUPS})
            speeds = [f"{1e3 / spent[seeds]:.0f}" for seeds in GROUPS]
            gains = [f"{seeds * spent[1] / spent[seeds]:.2f}" for seeds in GROUPS[1:]]
            yield f"| {' | '.join([name, dataset, *speeds, *gains])} |\n"


def main() -> None:
    """Measure the suite named on the command line, print as it goes, and write the table beside this file."""
    torch.set_num_threads(1)
    suite = shipped(sys.argv[1] if len(sys.argv) > 1 else "quick")
    if not isinstance(suite, Suite):
        raise SystemExit(f"{suite.name}: expected a suite that trains baselines")
    lines = [INTRODUCTION.format(rounds=ROUNDS, machine=describe(), day=today())]
    for row in rows(suite):
        print(row, end="", flush=True)
        lines.append(row)
    (Path(__file__).parent / "steps.md").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
