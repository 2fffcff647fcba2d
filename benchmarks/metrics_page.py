"""The page of the metrics' benchmark, made from what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks import devices

INTRODUCTION = """# Metrics beside their peers

CPU seconds on one thread, features in memory, d = 2048 unless a title says otherwise; the best of up to three rounds in
turns (what takes longer than eight seconds is measured once). The machine had other work, so read ratios within one
table, and those to a tenth. A ratio is our time over theirs; the goal is the largest ratio aimed at.
The difference is the largest relative one of the values. The floor is what the matrix products of ours alone need, at
the speed of a product of two matrices of 2048 by 2048 in the same run and type (float64 for Frechet, else float32);
checking, sorting, factors and eigenvalues come on top. It is empty where it was not measured or there are none.
Made by `python -m benchmarks.metrics`.
"""
HEAD = "| n | library | CPU s | floor | ratio | goal | met | difference |\n|---:|---|---:|---:|---:|---:|---|---:|\n"
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
  about two and a half seconds. Ours at n = 10 000 is bound by two symmetric float64 products (0.9 s each), a factor, a
  congruence and the eigenvalues of one symmetric matrix; at n = 1000 and 2000 by one product and those eigenvalues.
- KID: all pairs once, with half of the products within a set; at n = 5000 that product alone takes nearly all of the
  time that the goal allows, and at n = 10 000 more than all, for peers take 100 subsets and never all pairs.
- Precision, recall, density, coverage: at n = 10 000 nine tenths of our time is the float32 product, at the speed that
  the processor has for it. It does two thirds of torch-fidelity's products, so a ratio of one half needs everything
  else for nothing. Below 10 000 rows, checking and centring, which grow more slowly, weigh more.
"""

MEMORY = """
## Peak memory

Most that a metric takes beside its inputs, two float32 arrays of n rows by {width}; the goal is 2048 MiB for
n = 50 000. What needs pairs computes them block by block: beside the centred float32 copies of both arrays (800 MiB at
n = 50 000) it holds only a few numbers for each row.

"""
MEMORY_HEAD = "| metric | n | inputs, MiB | peak, MiB |\n|---|---:|---:|---:|\n"


def page(known: dict[str, Any]) -> str:
    """Return the page in Markdown: a table for each work, the causes, and the peaks of memory."""
    tables = {name: each for name, each in known.items() if name not in {"memory", devices.SECTION}}
    parts = [INTRODUCTION]
    parts += [f"\n{machine}\n" for machine in dict.fromkeys(each["machine"] for each in tables.values())]
    parts += [f"\n## {name}\n\n{day(each)}{HEAD}{''.join(rows(each['lines']))}" for name, each in tables.items()]
    parts += [devices.page(known[devices.SECTION])] if devices.SECTION in known else []
    return "".join([*parts, CAUSES, memory(known["memory"]) if "memory" in known else ""])


def day(work: dict[str, Any]) -> str:
    """When a work was measured, and at which commit."""
    return f"Measured {work['measured']}.\n\n"


def rows(lines: list[dict[str, Any]]) -> Iterator[str]:
    """One line of the table for each implementation; the first at each size is ours."""
    for n in dict.fromkeys(line["n"] for line in lines):
        ours, *others = [line for line in lines if line["n"] == n]
        floor = f"{ours['floor']:.3g}" if ours.get("floor") else ""
        yield f"| {n} | **{shown(ours['name'])}** | {ours['seconds']:.3g} | {floor} | | | | |\n"
        for line in others:
            name, seconds = shown(line["name"]), f"{line['seconds']:.3g}"
            if line["name"] == SHARED:
                ratio = line["seconds"] / ours["seconds"]
                yield f"| | {name} | {seconds} | | {ratio:.2f} of ours above | 1.5 | {met(ratio, 1.5)} | |\n"
            else:
                ratio, goal = ours["seconds"] / line["seconds"], line["goal"]
                cells = [f"{ratio:.3f}", f"{goal:.3f}" if goal else "", met(ratio, goal), difference(ours, line)]
                yield f"| | {name} | {seconds} | | {' | '.join(cells)} |\n"


def shown(name: str) -> str:
    """A implementation's name in words."""
    if name == SHARED:
        return "ours, with MMD, KID, energy, 1-NN, realism, rarity and authenticity"
    return "ours" if name.startswith("ours") else name.replace("_", " ")


def met(ratio: float, goal: float | None) -> str:
    """Whether a goal is met, nothing where there is none."""
    return "" if goal is None else "yes" if ratio <= goal else "no"


def difference(ours: dict[str, Any], other: dict[str, Any]) -> str:
    """The largest relative difference of the values that both have."""
    theirs = np.array(other["values"])
    mine = np.array(ours["values"])[: len(theirs)]
    return f"{np.max(np.abs(theirs - mine) / np.abs(mine)):.1g}"


def memory(known: dict[str, Any]) -> str:
    """The peaks of memory beside the inputs."""
    rows = "".join(
        f"| {line['name']} | {line['n']} | {line['inputs']:.0f} | {line['peak']:.0f} |\n" for line in known["lines"]
    )
    return f"{MEMORY.format(width=known['width'])}{day(known)}{MEMORY_HEAD}{rows}"
