"""After how many steps compiling is repaid, by variant: ``python -m benchmarks.break_even [NAME[@DATASET] ...]``.

Each variant is measured in a process of its own, first with an empty cache of compiled code, then with a full one.
Without a name all variants are measured on ring8, or digits where they need images, which takes an hour. For mnist the
variable GANBENCH_DATA names the folder of its files.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import describe, today
from ganbench import data
from ganbench.baseline import Control
from ganbench.training import registry
from ganbench.training.backends import cannot_compile
from ganbench.training.trainer import Plan, Trainer

BATCH, GROUPS, LEAST, LIMIT = 64, (1, 5), 0.5, 600
HEAD = """# When compiling is repaid

CPU seconds on one thread, the C++ compiler's included, from a new trainer to the end of its first step, traced and
compiled: the first time ("cold") and when the same networks were compiled before ("warm"), in groups of 1 and 5 seeds
with batches of {batch}. Loading the compiler, once for all cells of a run, is not counted. Then milliseconds of a step,
and the steps after which compiled training has used less than traced training. `auto`
(`ganbench/training/backends.py`) is a fixed rule that follows from this table. The machine had other work: read the
figures to a third.

{machine}

Measured {day}.

| variant | data | seeds | first step: traced, s | cold | warm | step: traced, ms | compiled | repaid: cold | warm |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|
"""


def spent() -> float:
    """CPU seconds of this process and of those that it ran."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def measure(name: str, dataset: str, seeds: int, backend: str) -> dict[str, float]:
    """Return the seconds to the end of the first step and the milliseconds of a later one."""
    torch.set_num_threads(1)
    source = data.load(dataset, Path(os.environ["GANBENCH_DATA"]) if dataset == "mnist" else None)
    baseline = registry.configure(name, {}, source)
    if backend == "compiled" and (complaint := cannot_compile("cpu")):  # loads the compiler
        raise SystemExit(complaint)
    start = spent()
    trainer = Trainer(baseline, source, range(seeds), Plan(100_000, BATCH, backend=backend))
    trainer.advance(1)
    first = spent() - start
    trainer.advance(3)
    best = float("inf")
    for _ in range(3):
        start, count = time.process_time(), 0
        while (took := time.process_time() - start) < LEAST:
            trainer.advance(trainer.done + 1)
            count += 1
        best = min(best, took / count)
    return {"first": first, "step": best * 1e3}


def measured(name: str, dataset: str, seeds: int, backend: str, cache: str) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.break_even", "--one", name, dataset, str(seeds), backend]
    environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": cache, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=True, env=environment, timeout=LIMIT
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def dataset_of(name: str) -> str:
    """Return the first data set that a variant supports."""
    for kind in ("ring8", "digits"):
        dataset = data.load(kind)
        if not registry.configure(name, {}, dataset).unsupported(dataset.space, BATCH):
            return kind
    raise SystemExit(f"{name} supports neither ring8 nor digits")


def row(name: str, dataset: str, seeds: int) -> str:
    """One line of Markdown."""
    with tempfile.TemporaryDirectory() as cache:
        each: dict[str, Any] = {
            case: measured(name, dataset, seeds, case if case == "traced" else "compiled", cache)
            for case in ("traced", "cold", "warm")
        }
    gain = (each["traced"]["step"] - min(each["cold"]["step"], each["warm"]["step"])) / 1e3
    repaid = [
        f"{max(0, round((each[case]['first'] - each['traced']['first']) / gain, -2)):.0f}" if gain > 0 else "never"
        for case in ("cold", "warm")
    ]
    first = [f"{each[case]['first']:.1f}" for case in ("traced", "cold", "warm")]
    steps = [f"{each['traced']['step']:.2f}", f"{min(each['cold']['step'], each['warm']['step']):.2f}"]
    return f"| {' | '.join([name, dataset, str(seeds), *first, *steps, *repaid])} |\n"


def main(arguments: list[str]) -> None:
    """Measure, print as it goes, and write the table beside this file; rows that were not asked for stay."""
    if arguments[:1] == ["--one"]:
        only, data, count, backend = arguments[1:]
        print(json.dumps(measure(only, data, int(count), backend)))
        return
    everyone = [name for name in registry.everyone() if not issubclass(registry.load(name), Control)]
    path = Path(__file__).with_suffix(".md")
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = {tuple(line.split(" | ")[:3]): line + "\n" for line in text.splitlines() if line.startswith("| ")}
    for argument in arguments or everyone:
        name, _, asked = argument.partition("@")
        dataset = asked or dataset_of(name)
        for group in GROUPS:
            try:
                line = row(name, dataset, group)
            except subprocess.TimeoutExpired:
                line = f"| {name} | {dataset} | {group} | more than {LIMIT} s to compile | | | | | | |\n"
            print(line, end="", flush=True)
            lines[f"| {name}", dataset, str(group)] = line
    order = [(f"| {name}", kind, str(n)) for name in everyone for kind in ("ring8", "digits", "mnist") for n in GROUPS]
    head = HEAD.format(batch=BATCH, machine=describe(), day=today())
    path.write_text(head + "".join(lines[key] for key in order if key in lines), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
