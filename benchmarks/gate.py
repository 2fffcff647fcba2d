"""Which shift of results the gate catches: ``python -m benchmarks.gate`` writes ``docs/results-gate.md``.

A cell is a normal sample of seeds; on another machine its seeds are drawn afresh. A common shift moves every cell the
same way, by a part of the half width of the interval that its seeds have on average. Caught: a mean outside of its old
interval in some cell, or ``ganbench.conformance.against.drift`` over all cells.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.stats import t as student

from ganbench.conformance.against import CELLS, DRIFT, drift

PAGE = Path(__file__).parents[1] / "docs" / "results-gate.md"
SHIFTS = (0.0, 0.1, 0.2, 1 / 3, 0.5, 1.0)
TRIALS = 1000


def caught(cells: int, seeds: int, shift: float, trials: int = TRIALS, seed: int = 0) -> float:
    """Return how often the test over cells calls a drift."""
    rng = np.random.default_rng(seed)
    factor = student.ppf(0.975, seeds - 1) / seeds**0.5
    calls = 0
    for _ in range(trials):
        old, new = rng.normal(size=(2, cells, seeds))
        half = factor * old.std(1, ddof=1)
        moved = (new.mean(1) - old.mean(1) + shift * factor) / half
        calls += drift("fid", moved.tolist()) is not None
    return calls / trials


def page() -> str:
    lines = [
        "# What the results gate catches",
        "",
        "Made by `python -m benchmarks.gate`. `ganbench check --results NEW --against OLD` and `check --reproduce`",
        "hold results against earlier ones. On one machine the same cell has the same bits, seed by seed: any",
        "difference is a move. (The kernel's build is not part of the machine; the C library, the processor and the",
        "packages' versions are.) On another machine each mean must lie in its old interval, and the cells together",
        "must not move the same way: Wilcoxon's signed ranks of the cells' shifts, for at least",
        f"{CELLS} cells, called at {DRIFT:g} over all metrics.",
        "",
        f"How often the test over cells catches a common shift, in half widths of the interval; {TRIALS} simulated",
        "comparisons each. Shift 0 is the rate of false alarms.",
        "",
        "| cells | seeds | " + " | ".join(f"{shift:.2f}" for shift in SHIFTS) + " |",
        "|---|---|" + "---|" * len(SHIFTS),
    ]
    for cells in (10, 20, 40, 80):
        for seeds in (3, 5, 10):
            shares = (f"{caught(cells, seeds, shift):.3f}" for shift in SHIFTS)
            lines.append(f"| {cells} | {seeds} | " + " | ".join(shares) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
