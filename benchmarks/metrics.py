"""CPU time, values and peak memory of the metrics beside their peers: ``python -m benchmarks.metrics [WORK ...]``.

Writes ``metrics.json`` (what was measured) and ``metrics.md`` (the page made from it) beside this file.
Named works are measured again, with all their peers in one run, and the others keep their figures.
The floor is what the matrix products of ours need at least, at a speed measured in the same run.
With ``--device cuda``, ours are timed on the GPU and their values compared with those in float64.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import devices, memory, peers
from benchmarks import implementations as impl
from benchmarks.floor import Products, floor, frechet, frechet_cached, pairs
from benchmarks.machine import describe, today
from benchmarks.metrics_page import page

HERE = Path(__file__).parent
PEERS = ("scipy", "scikit-learn", "pytorch-fid", "clean-fid", "torchmetrics", "torch-fidelity", "prdc", "piq", "POT")
ROUNDS, ENOUGH = 3, 8.0  # rounds in turns; what has taken that many seconds is not measured again
WIDTH = 2048


def wide(n: int) -> tuple[Any, Any]:
    """Return two sets of features as wide as those of an image network."""
    return impl.image_features(n, WIDTH)


@dataclass(frozen=True)
class Work:
    """What is measured: sizes, implementations with ours first, and the most that ours may take of a peer's time."""

    sizes: tuple[int, ...]
    implementations: tuple[impl.Implementation, ...]
    goals: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # one for each size
    data: Callable[[int], tuple[Any, Any]] = wide
    products: Products | None = None  # of ours


FREE = (1.0,)
WORKS: dict[str, Work] = {
    "Frechet distance": Work(
        (500, 1000, 2000, 10_000),
        (impl.ours_fid, peers.pytorch_fid, peers.clean_fid, peers.torchmetrics_fid, peers.torch_fidelity_fid),
        {
            **dict.fromkeys(("pytorch_fid", "clean_fid", "torchmetrics_fid"), (1 / 40, 1 / 40, 1 / 10, 1 / 5)),
            "torch_fidelity_fid": (1 / 12, 1 / 12, 1 / 2, 1 / 3),
        },
        products=frechet,
    ),
    "Frechet distance, reference cached": Work(
        (1000,), (), {"torch_fidelity_cached": (1 / 12,)}, products=frechet_cached
    ),
    "KID, 100 subsets of 1000 and the full estimate": Work(
        (2000, 5000, 10_000),
        (impl.ours_kid, peers.torch_fidelity_kid, peers.clean_fid_kid, peers.torchmetrics_kid, peers.piq_kid),
        dict.fromkeys(("torch_fidelity_kid", "clean_fid_kid", "torchmetrics_kid", "piq_kid"), (1 / 20, 1 / 4, 0.9)),
        products=pairs,
    ),
    "Precision, recall, density, coverage": Work(
        (2000, 5000, 10_000),
        (impl.ours_prdc, peers.prdc, peers.torch_fidelity_pr, peers.piq_pr, impl.ours_shared),
        {"prdc": (1 / 4,) * 3, "torch_fidelity_pr": (1 / 2,) * 3, "ours_shared": (1 / 1.5,) * 3},
        products=pairs,
    ),
    "Precision, recall, density, coverage, n 20k": Work(  # minutes, and 5 GiB for prdc
        (20_000,),
        (impl.ours_prdc, peers.prdc, peers.torch_fidelity_pr),
        {"prdc": (1 / 4,), "torch_fidelity_pr": (1 / 2,)},
        products=pairs,
    ),
    "MMD": Work((2000, 5000), (impl.ours_mmd, peers.scikit_learn_mmd), products=pairs),
    "1-NN": Work((2000, 5000), (impl.ours_one_nn, peers.scikit_learn_one_nn), products=pairs),
    "Exact W1": Work((2000,), (impl.ours_w1, peers.scipy_w1, peers.pot_w1), {"scipy_w1": FREE, "pot_w1": FREE}),
    "5 nearest neighbours in the plane": Work(
        (100_000,),
        (impl.ours_k_nn, peers.scikit_learn_k_nn, peers.scipy_k_nn),
        {"scikit_learn_k_nn": FREE, "scipy_k_nn": FREE},
        impl.points,
    ),
    "Modes in the plane": Work(
        (100_000,),
        (impl.ours_modes, peers.scikit_learn_modes, peers.scipy_modes),
        {"scikit_learn_modes": FREE, "scipy_modes": FREE},
        impl.points,
    ),
}


def warm(implementations: Iterable[impl.Implementation], data: tuple[Any, Any]) -> list[impl.Implementation]:
    """Import and compile; ours where it has enough to do to use float32. Return those whose library is installed."""
    installed = []
    for implementation in implementations:
        rows, width = (1100, 1024) if implementation.__name__.startswith("ours") else (64, 16)
        try:
            implementation(*(features[:rows, :width] for features in data))
        except ModuleNotFoundError as error:
            print(f"left out: {implementation.__name__}: {error}", file=sys.stderr)
        else:
            installed.append(implementation)
    return installed


def measured(implementations: Sequence[impl.Implementation], data: tuple[Any, Any]) -> list[dict[str, Any]]:
    """CPU seconds, the best of some rounds in turns so that a noisy moment hits all, and the values."""
    spent, values = dict.fromkeys(implementations, 0.0), {}
    best = dict.fromkeys(implementations, float("inf"))
    for _ in range(ROUNDS):
        for implementation in implementations:
            if spent[implementation] < ENOUGH:
                start = time.process_time()
                values[implementation] = implementation(*data)
                seconds = time.process_time() - start
                best[implementation], spent[implementation] = (
                    min(best[implementation], seconds),
                    spent[implementation] + seconds,
                )
    return [
        {"name": each.__name__, "seconds": best[each], "values": np.atleast_1d(values[each]).tolist()}
        for each in implementations
    ]


def results(name: str) -> list[dict[str, Any]]:
    """One line for each implementation at each size, with its goal."""
    work, all_lines = WORKS[name], []
    for place, n in enumerate(work.sizes):
        data = work.data(n)
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the peers, which have no bearing on speed
            cached = () if work.implementations else peers.cached(impl.image_features(10_000, WIDTH)[0])
            lines = measured(warm(work.implementations, data) or cached, data)
        lines[0]["floor"] = floor(work.products, n, WIDTH)
        for line in lines:
            goals = work.goals.get(line["name"])
            all_lines.append({"n": n, **line, "goal": goals[place] if goals else None})
            print(name, n, line["name"], f"{line['seconds']:.3f}", line["values"], flush=True)
    return all_lines


def main() -> None:
    """Measure the works named on the command line, or all, and write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"one of: {', '.join([*WORKS, 'memory'])}")
    parser.add_argument("--device", default="cpu", help="cpu, or where torch has one: cuda")
    arguments = parser.parse_args()
    if unknown := set(arguments.works) - {*WORKS, "memory"}:
        parser.error(f"unknown work: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    chosen = arguments.works or [*WORKS, "memory"]
    kept = HERE / "metrics.json"
    known: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    for name in chosen:
        if arguments.device != "cpu":
            if name in WORKS and WORKS[name].implementations and WORKS[name].data is wide:
                lines = devices.lines(WORKS[name].implementations, WORKS[name].sizes, wide, arguments.device)
                known.setdefault(devices.SECTION, {})[name] = {
                    "machine": describe(*PEERS),
                    "measured": today(),
                    "lines": lines,
                }
        elif name == "memory":
            known[name] = memory.peaks(WIDTH) | {"measured": today()}
        else:
            known[name] = {"machine": describe(*PEERS), "measured": today(), "lines": results(name)}
        kept.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
        (HERE / "metrics.md").write_text(page(known), encoding="utf-8")


if __name__ == "__main__":
    main()
