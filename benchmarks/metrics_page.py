"""The page of the metrics' benchmark, made from what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

INTRODUCTION = """# Metrics beside their peers

CPU seconds on one thread, features in memory, d = 2048 unless a title says otherwise; the best of up to three rounds in
turns (what takes longer than eight seconds is measured once). The machine had other work, so read ratios within one
table, and those to a tenth. A ratio is our time over theirs; the goal is the largest ratio aimed at.
The difference is the largest relative one of the values. Made by `python -m benchmarks.metrics`, one table at a time:
some tables are older than the last changes that made our side faster.
"""
HEAD = "| n | library | CPU s | ratio | goal | met | difference |\n|---:|---|---:|---:|---:|---|---:|\n"
SHARED = "ours_shared"  # ours with more metrics, not a peer
CAUSES = """
## Why values differ (piq's read in its source, the others the likely cause)

- Frechet, fewer rows than dimensions: peers take the root of a singular product of covariances, whose zero eigenvalues
  come out as rounding, and the root of rounding is large. Ours never forms it (nuclear norm of the product of factors).
- Frechet, many rows: clean-fid and torch-fidelity take the mean in float32, hence 2e-8; pytorch-fid and torchmetrics
  agree to 1e-12.
- KID: each library draws its own subsets, and the spread between draws is what is seen.
- Recall of piq: it accepts a fake's ball where the distance is close to a *real* radius (`isclose` with the wrong
  radii), so it counts too many.
- Density of prdc: float32 distances put a few pairs on the wrong side of a border; ours settles such pairs in float64.
- Precision and recall of torch-fidelity: equal, but returned in float32.
- MMD of scikit-learn: kernels in float32, whose sums cancel.

## Goals that are not met, and the likely reasons

- Frechet against torchmetrics and torch-fidelity: both take `eigvals` of the product, which this processor does in
  about two and a half seconds. Ours at n = 10 000 is bound by two symmetric float64 products and two factors.
- Frechet against a cached reference: the reference's factor is d wide, and its product with the samples is the time.
- KID, n = 2000 and 5000: the product of all pairs is a third to a half of our time; the rest are the subsets' sums, in
  float64 so that neither a large mean nor a small scale costs digits (peers lose all of them there).
- Precision, recall, density, coverage: two thirds of our time is the float32 product, at the speed that the processor
  has for it. It does two thirds of torch-fidelity's products, so a ratio of one half needs everything else for nothing.
  Below 10 000 rows, checking, centring and neighbours' candidates, which grow more slowly, weigh more.
- Neighbours in the plane: the tree is SciPy's; the rest checks the input and measures exactly what it finds.
"""


def page(known: dict[str, Any]) -> str:
    """Return the page in Markdown: a table for each work, the causes, and the peaks of memory."""
    parts = [INTRODUCTION]
    machines = dict.fromkeys(each["machine"] for name, each in known.items() if name != "memory")
    parts += [f"\n{machine}\n" for machine in machines]
    for name, each in known.items():
        if name != "memory":
            parts.append(f"\n## {name}\n\n{HEAD}{''.join(rows(each['lines']))}")
    return "".join([*parts, CAUSES, memory(known["memory"]) if "memory" in known else ""])


def rows(lines: list[dict[str, Any]]) -> Iterator[str]:
    """One line of the table for each contestant; the first at each size is ours."""
    for n in dict.fromkeys(line["n"] for line in lines):
        ours, *others = [line for line in lines if line["n"] == n]
        yield f"| {n} | **{shown(ours['name'])}** | {ours['seconds']:.3g} | | | | |\n"
        for line in others:
            name, seconds = shown(line["name"]), f"{line['seconds']:.3g}"
            if line["name"] == SHARED:
                ratio = line["seconds"] / ours["seconds"]
                yield f"| | {name} | {seconds} | {ratio:.2f} of ours above | 1.5 | {met(ratio, 1.5)} | |\n"
            else:
                ratio, goal = ours["seconds"] / line["seconds"], line["goal"]
                cells = [f"{ratio:.3f}", f"{goal:.3f}" if goal else "", met(ratio, goal), difference(ours, line)]
                yield f"| | {name} | {seconds} | {' | '.join(cells)} |\n"


def shown(name: str) -> str:
    """A contestant's name in words."""
    if name == SHARED:
        return "ours, with MMD, energy, 1-NN, realism and rarity"
    return "ours" if name.startswith("ours") else name.replace("_", " ")


def met(ratio: float, goal: float | None) -> str:
    """Whether a goal is met, nothing where there is none."""
    return "" if goal is None else "yes" if ratio <= goal else "no"


def difference(ours: dict[str, Any], other: dict[str, Any]) -> str:
    """The largest relative difference of the values that both have."""
    theirs = np.array(other["values"])
    mine = np.array(ours["values"])[: len(theirs)]
    return f"{np.max(np.abs(theirs - mine) / np.abs(mine)):.1g}"


def memory(found: dict[str, Any]) -> str:
    """The peaks of memory beside the inputs."""
    rows = "".join(f"| {name} | {peak:.0f} |\n" for name, peak in found["peaks"].items())
    return (
        f"\n## Peak memory\n\nMost that a metric takes beside its inputs, two float32 clouds of {found['n']} rows by "
        f"{found['width']} ({found['inputs']:.0f} MiB together); the goal is 2048 MiB.\n\n"
        f"| metric | MiB |\n|---|---:|\n{rows}"
    )
