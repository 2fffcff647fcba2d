"""Speed per seed of every way to execute a game, as multiples of an ordinary loop's: ``python -m benchmarks.ways``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from benchmarks.loops import LOOPS, Loop
from benchmarks.machine import describe
from ganbench import data, roster
from ganbench.game import Baseline
from ganbench.train import Plan, Trainer

BATCH = 64
GROUPS = (1, 5, 16)
WAYS = ("eager", "replay", "compiled")
ROUNDS, STEPS = 5, 10
INTRODUCTION = """# Ways to execute a game

Games on ring8 with the shared networks (two hidden layers of 128), batches of {batch}. The loop is ordinary PyTorch,
one seed; data, noise and the generator's average are part of every step. The other columns are speeds per seed as
multiples of the loop's, in a group of so many seeds. CPU time, best of {rounds} rounds of {steps} steps, in turns.

{machine}

| baseline | seeds | loop, ms/step | eager | replayed | compiled | compiled, ms/step and seed |
|---|---:|---:|---:|---:|---:|---:|
"""


def play(baseline: Baseline, seeds: int, way: str) -> Callable[[], None]:
    """Return one step of a group that is traced, compiled and warm."""
    game = Trainer(baseline, data.load("ring8"), range(seeds), Plan(100_000, BATCH, way=way))
    if game.remark:
        raise SystemExit(game.remark)
    game.advance(3)

    def step() -> None:
        game.advance(game.done + 1)

    return step


def milliseconds(games: dict[str, Callable[[], None]]) -> dict[str, float]:
    """CPU milliseconds of one step of each game: the best of some rounds, in turns, so that a noisy moment hits all."""
    best = dict.fromkeys(games, float("inf"))
    for _ in range(ROUNDS):
        for name, step in games.items():
            start = time.process_time()
            for _ in range(STEPS):
                step()
            best[name] = min(best[name], (time.process_time() - start) / STEPS * 1e3)
    return best


def rows(names: list[str]) -> Iterator[str]:
    """One line of Markdown for each baseline and size of group."""
    for name in names:
        baseline = roster.configure(name, {}, data.load("ring8"))
        loop, ordinary = Loop(baseline, BATCH), LOOPS[name]
        ordinary(loop)
        for seeds in GROUPS:
            games = {way: play(baseline, seeds, way) for way in WAYS}
            spent = milliseconds({"loop": lambda: ordinary(loop), **games})  # noqa: B023  called before the next round
            gains = " | ".join(f"{spent['loop'] * seeds / spent[way]:.2f}" for way in WAYS)
            yield f"| {name} | {seeds} | {spent['loop']:.2f} | {gains} | {spent['compiled'] / seeds:.2f} |\n"


def main() -> None:
    """Measure the baselines named on the command line, print as it goes, and write the table beside this file."""
    torch.set_num_threads(1)
    lines = [INTRODUCTION.format(batch=BATCH, rounds=ROUNDS, steps=STEPS, machine=describe())]
    for row in rows(sys.argv[1:] or list(LOOPS)):
        print(row, end="", flush=True)
        lines.append(row)
    (Path(__file__).parent / "ways.md").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
