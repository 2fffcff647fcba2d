"""What suites will cost, before they run: ``python -m benchmarks.hours search standard --data data``.

Of every row a few steps are made and one set of samples is scored, on one thread; the rest is multiplication. Starting
(networks, tracing or compiling, the reference) is counted once a group. A search counts its first rung whole and of the
later ones as many trials as go on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import torch

from benchmarks.machine import today
from ganbench.baseline import Baseline
from ganbench.data import load
from ganbench.runs.grid import grid
from ganbench.runs.summary import endings, samples, scores
from ganbench.scoring.reference import DatasetScorer
from ganbench.suites import find_suite
from ganbench.suites.suite import Cell, Suite
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer

STEPS = 8  # that are timed, after as many that are not


@dataclass(frozen=True)
class Cost:
    """Processor seconds of one row of cells: to start, per step of a seed, and to score one set of one seed."""

    start: float
    step: float
    score: float


def cost_of(cell: Cell, folder: Path | None) -> Cost:
    """Measure a row by its first cell."""
    began = process_time()
    data = load(cell.dataset, folder, download=False)
    baseline: Baseline = registry.configure(cell.baseline, cell.settings, data)
    plan = Plan(cell.steps, cell.batch, backend=cell.backend)
    trainer = Trainer(baseline, data, (cell.seed,), plan)
    steps = min(STEPS, cell.steps)
    trainer.advance(steps)
    started = process_time()
    trainer.advance(2 * steps)
    trained = process_time()
    scorer = DatasetScorer(data, cell.metrics, cell.samples)
    (ending,) = endings(trainer)
    drawn = samples(trainer, cell.samples)
    ready = process_time()
    if drawn:
        scores(scorer, {"average": drawn[cell.seed]}, baseline.conditional, ending)
    scored = process_time()
    step = (trained - started) / max(1, trainer.done - steps) if trainer.done > steps else 0.0
    return Cost(started - began, step, scored - ready)


def hours(suite: Suite, folder: Path | None) -> list[tuple[str, str, int, float, float]]:
    """Return baseline, data set, trials, training hours and scoring hours of every row of a suite."""
    rows: dict[tuple[str, str], list[Cell]] = {}
    for cell in grid(suite, folder, download=False):
        rows.setdefault((cell.baseline, cell.dataset), []).append(cell)
    result = []
    for (baseline, dataset), cells in rows.items():
        first = cells[0]
        cost = cost_of(first, folder)
        seeds = len(suite.seeds_on(dataset))
        trials = len(cells) // seeds
        before = [trials, *(min(rung.keep, trials) for rung in suite.rungs)]
        rungs = list(zip(before, (rung.steps for rung in suite.rungs), strict=False)) or [(trials, 1.0)]
        training = sum(n * (cost.start + seeds * share * first.steps * cost.step) for n, share in rungs)
        sets = first.sets * first.references * len(first.weights)
        scoring = sum(n * seeds * sets * cost.score for n, _ in rungs)
        result.append((registry.title(baseline), dataset, trials, training / 3600, scoring / 3600))
        sys.stderr.write(f"{baseline} on {dataset}: {cost}\n")
    return result


def page(tables: dict[str, list[tuple[str, str, int, float, float]]]) -> str:
    """Return the hours as Markdown."""
    lines = ["# Hours of one core that suites take", "", f"Measured {today()} by `python -m benchmarks.hours`.", ""]
    for name, rows in tables.items():
        lines += [f"## {name}", "", "| data set | rows | training | scoring | dearest |", "|---|---:|---:|---:|---|"]
        groups = {dataset: [row for row in rows if row[1] == dataset] for dataset in dict.fromkeys(r[1] for r in rows)}
        for dataset, own in (groups | {"all": rows}).items():
            dearest = sorted(own, key=lambda row: -row[3] - row[4])[:5]
            told = ", ".join(f"{row[0]} {row[3] + row[4]:.2f}" for row in dearest)
            training, scoring = sum(row[3] for row in own), sum(row[4] for row in own)
            lines.append(f"| {dataset} | {len(own)} | {training:.2f} | {scoring:.2f} | {told} |")
        lines.append("")
    return "\n".join(lines)


def main(given: Sequence[str] | None = None) -> int:
    """Measure suites and print the page."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("suites", nargs="+", help="names of suites, or TOML files")
    parser.add_argument("--data", type=Path, help="folder of data sets that come as files")
    parser.add_argument("--dataset", action="append", default=[], help="only these")
    options = parser.parse_args(given)
    torch.set_num_threads(1)
    tables = {}
    for name in options.suites:
        suite = find_suite(name)
        if not isinstance(suite, Suite):
            parser.error(f"{name}: expected a suite of cells, not of experiments")
        tables[name] = hours(replace(suite, datasets=tuple(options.dataset) or suite.datasets), options.data)
    sys.stdout.write(page(tables))
    return 0


if __name__ == "__main__":
    sys.exit(main())
