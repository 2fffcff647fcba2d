"""Steps per second for seeds in a group, beside the same seeds one after another: ``python -m benchmarks.steps``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch

from benchmarks.machine import describe
from ganbench import data, roster
from ganbench.errors import BadInput
from ganbench.suite import Suite, shipped
from ganbench.train import Plan, Trainer

GROUPS = (1, 3, 16)
ROUNDS, STEPS = 3, 20


def trainer(name: str, dataset: str, seeds: int) -> Trainer:
    """Return a game of ``seeds`` seeds that has been traced and warmed up."""
    source = data.load(dataset)
    game = Trainer(roster.configure(name, {}, source), source, range(seeds), Plan(100_000))
    game.advance(3)
    return game


def milliseconds(games: dict[int, Trainer]) -> dict[int, float]:
    """CPU milliseconds of one step of each game: the best of a few rounds, in turns, so that a noisy moment hits all."""
    best = dict.fromkeys(games, float("inf"))
    for _ in range(ROUNDS):
        for seeds, game in games.items():
            start = time.process_time()
            game.advance(game.done + STEPS)
            best[seeds] = min(best[seeds], (time.process_time() - start) / STEPS * 1e3)
    return best


def rows(suite: Suite) -> list[str]:
    """One line of Markdown per game of the suite that descends anything."""
    lines = []
    for dataset in suite.datasets:
        for name in suite.names():
            try:
                games = {seeds: trainer(name, dataset, seeds) for seeds in GROUPS}
            except BadInput:
                continue
            if not games[1].history and not any(games[1].turns.values()):
                continue  # a control
            spent = milliseconds(games)
            speed = [f"{1e3 / spent[seeds]:.0f}" for seeds in GROUPS]
            gain = [f"{seeds * spent[1] / spent[seeds]:.2f}" for seeds in GROUPS[1:]]
            lines.append(f"| {name} | {dataset} | {' | '.join([*speed, *gain])} |")
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    """Measure, print, and write the table beside this file."""
    torch.set_num_threads(1)
    suite = shipped(sys.argv[1] if len(sys.argv) > 1 else "quick")
    head = [
        "# Steps per second",
        "",
        "One step is every move of one game step for all seeds of the group. The last columns say how many times faster a group is",
        "than the same seeds one after another. CPU time, best of three rounds measured in turns.",
        "",
        describe(),
        "",
        "| baseline | data | "
        + " | ".join(f"{n} seed{'s' * (n > 1)}, steps/s" for n in GROUPS)
        + " | "
        + " | ".join(f"gain of {n}" for n in GROUPS[1:])
        + " |",
        "|---|---|" + "---:|" * (2 * len(GROUPS) - 1),
    ]
    (Path(__file__).parent / "steps.md").write_text("\n".join([*head, *rows(suite), ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
