"""Training beside JAX, in turns on one core: ``python -m benchmarks.race [NAME@SEEDS ...] [--jax PYTHON]``.

It needs JAX, here (``pip install ganbench[race]``) or in the environment of another Python that ``--jax`` names.
``--rounds`` and ``--seconds`` say how often and how long each side runs at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.machine import describe, today
from ganbench import data
from ganbench._util.machine import fixed_arithmetic
from ganbench._util.streams import stream
from ganbench.data.sources import Finite
from ganbench.dataset import Dataset
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer

CASES = ("ns_gan@1", "ns_gan@5", "ns_gan@16", "wgan_gp@1", "wgan_gp@5", "wgan_gp@16", "dcgan@1", "dcgan@5")
BATCH, ROUNDS, SECONDS = 64, 9, 1.0
HERE = Path(__file__).parent
HEAD = """# Beside JAX

CPU milliseconds of a step for each seed, traced and compiled, and of the same method in JAX: `benchmarks/jax_twins.py`,
with vmap over seeds, scan over steps, one jitted call. Batches of {batch}; ns_gan and wgan_gp on ring8 with two hidden
layers of 128, dcgan on images of 28 by 28 pixels. The three take turns on one core, {rounds} rounds of {seconds} s;
a time is the median of the rounds, a ratio the median of the rounds' ratios. Goals: ns_gan 1.0, wgan_gp 1.1, dcgan 0.6.
Load of the machine (1 minute): {load}.

{machine}, jax {jax}

Measured {day}.

| method | seeds | traced, ms | compiled, ms | JAX, ms | compiled / JAX |
|---|---:|---:|---:|---:|---:|
"""


def images() -> Dataset:
    """Images of 28 by 28 pixels of noise, which cost what MNIST costs."""
    draws = stream(0, "race", "images")
    x = 2 * torch.rand(1000, 1, 28, 28, generator=draws) - 1
    digits = data.load("digits")
    space = replace(digits.space, shape=(1, 28, 28))
    return replace(digits, name="noise28", space=space, train=Finite(x, torch.zeros(1000, dtype=torch.int64)))


def ours(name: str, seeds: int, backend: str) -> None:
    """Answer each line of the input, a number of steps, with the CPU milliseconds of one."""
    dataset = images() if name == "dcgan" else data.load("ring8")
    plan = Plan(10_000_000, BATCH, backend=backend)
    with fixed_arithmetic():
        trainer = Trainer(registry.configure(name, {}, dataset), dataset, range(seeds), plan)
        if trainer.remark:
            raise SystemExit(trainer.remark)
        began = time.perf_counter()
        trainer.advance(2)
        print(json.dumps({"first": time.perf_counter() - began}), flush=True)
        for line in sys.stdin:
            began = time.process_time()
            trainer.advance(trainer.done + int(line))
            print(json.dumps((time.process_time() - began) / int(line) * 1e3), flush=True)


class Side:
    """A process that makes steps when it is told to."""

    def __init__(self, *command: str) -> None:
        pin = ["taskset", "-c", "1"] if Path("/usr/bin/taskset").exists() and (os.cpu_count() or 1) > 1 else []
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*pin, *command], stdin=pipe, stdout=pipe, text=True)  # noqa: S603
        self.first = self.answer()

    def answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(map(str, self.process.args))} ended")  # type: ignore[arg-type]
        return json.loads(line)

    def milliseconds(self, steps: int) -> float:
        assert self.process.stdin
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        return float(self.answer())

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def raced(name: str, seeds: int, python: str, rounds: int, seconds: float) -> tuple[str, str]:
    """Return one line of Markdown and JAX's version."""
    mine = [sys.executable, "-m", "benchmarks.race", "--side", name, str(seeds)]
    sides = {
        "traced": Side(*mine, "traced"),
        "compiled": Side(*mine, "compiled"),
        "jax": Side(python, str(HERE / "jax_twins.py"), name, str(seeds)),
    }
    steps = {label: max(1, round(seconds * 1e3 / side.milliseconds(4))) for label, side in sides.items()}
    times: dict[str, list[float]] = {label: [] for label in sides}
    for _ in range(rounds):
        for label, side in sides.items():
            times[label].append(side.milliseconds(steps[label]) / seeds)
    for side in sides.values():
        side.end()
    ratio = median(a / b for a, b in zip(times["compiled"], times["jax"], strict=True))
    shown = [f"{median(times[label]):.3f}" for label in ("traced", "compiled", "jax")]
    return f"| {name} | {seeds} | {' | '.join(shown)} | {ratio:.2f} |\n", sides["jax"].first["version"]


def has_jax(python: str) -> bool:
    """Whether a Python can import what the twins need."""
    tried = subprocess.run([python, "-c", "import jax, optax"], capture_output=True, check=False)  # noqa: S603
    return tried.returncode == 0


def main(arguments: Sequence[str]) -> None:
    """Race the cases, print as it goes, and write the page beside this file; lines that were not asked for stay."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="NAME@SEEDS")
    parser.add_argument("--jax", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--side", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.side:
        name, seeds, backend = given.side
        ours(name, int(seeds), backend)
        return
    if wrong := [case for case in given.cases if case.partition("@")[0] not in {"ns_gan", "wgan_gp", "dcgan"}]:
        parser.error(f"expected ns_gan@SEEDS, wgan_gp@SEEDS or dcgan@SEEDS, got {wrong[0]}")
    if not has_jax(given.jax):
        parser.error(f"{given.jax} has no jax and optax: pip install 'ganbench[race]', or --jax PYTHON of one that has")
    page, begun = HERE / "race.md", os.getloadavg()[0]
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    lines = {"@".join(line.split(" | ")[:2])[2:]: line + "\n" for line in text.splitlines() if line.count(" | ") > 4}
    version = ""
    for case in given.cases or CASES:
        name, _, seeds = case.partition("@")
        line, version = raced(name, int(seeds), given.jax, given.rounds, given.seconds)
        print(line, end="", flush=True)
        lines[case] = line
    load = f"{begun:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end"
    facts = {"batch": BATCH, "rounds": given.rounds, "seconds": given.seconds, "load": load, "jax": version}
    head = HEAD.format(machine=describe(), day=today(), **facts)
    page.write_text(head + "".join(lines[case] for case in CASES if case in lines), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
