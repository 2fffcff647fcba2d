"""Plant bugs and see whether claims or tests convict them: ``python -m tests.mutants``."""

# ruff: noqa: T201 - a report is its purpose

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import importlib.util
import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from multiprocessing.connection import wait
from pathlib import Path
from types import ModuleType

import pytest
import torch

import ganbench.check.judge  # noqa: F401 - what it needs is loaded once, before the processes part
from tests.planted import PLANTED
from tests.planted_code import PLANTED_CODE

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ganbench"
SECONDS = 60  # of processor time, which a busy machine does not stretch: a mutant that runs longer is convicted
ASLEEP = 1200.0  # seconds after which one that waits for something is convicted too
UNNEEDED = ("cacheprovider", "xdist", "benchmark", "hypothesispytest")  # plugins that a verdict does not need
KILLED, SURVIVED, NOT_PLANTED, HUNG = 10, 11, 12, 13  # not 0 or 1, which a process that breaks may leave with
TOLD = {SURVIVED: "survived", NOT_PLANTED: "not planted", HUNG: "hung, and counts as killed"}
Mutant = tuple[str, str, str, str]  # file, right, wrong; and the metrics whose claims, or the tests that, must convict
MUTANTS: tuple[Mutant, ...] = (*((f"metrics/{file}", *rest) for file, *rest in PLANTED), *PLANTED_CODE)  # type: ignore[misc]


class Planter(MetaPathFinder, Loader):
    """Imports one module from changed source; ``file`` is relative to the package, ``baselines`` stand beside it."""

    def __init__(self, file: str, source: str) -> None:
        self.name, self.path = f"ganbench.{file.removesuffix('.py').replace('/', '.')}", place(file)
        self.source = source

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.path)
        exec(compile(self.source, self.path, "exec"), vars(module))  # noqa: S102


def place(file: str) -> Path:
    """Return where a file lies."""
    return (ROOT if file.startswith("baselines/") else PACKAGE) / file


def forget() -> None:
    """Let the package be imported again, and tests, which may have been collected with the package as it is."""
    for name in [name for name in sys.modules if name.startswith(("ganbench", "tests."))]:
        del sys.modules[name]


def prepare(mutants: Sequence[Mutant]) -> None:
    """Load once, before the processes part, what the mutants' tests need, and spare their collectors of garbage it."""
    files = {by.split("::")[0] for *_, by in mutants if by.startswith("tests/")}
    for file in sorted(files):
        importlib.import_module(file.removesuffix(".py").replace("/", "."))
    if files:
        importlib.import_module("torch._dynamo")  # else the first game of each process loads it
    gc.collect()
    gc.freeze()


def trial(mutant: Mutant) -> None:
    """Plant a bug in this process and put claims or tests to it; the exit code is the verdict."""
    import resource  # not on every system, nor is fork

    file, right, wrong, by = mutant
    source = place(file).read_text(encoding="utf-8")
    if right not in source:
        sys.exit(NOT_PLANTED)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    forget()
    sys.meta_path.insert(0, Planter(file, source.replace(right, wrong)))
    sys.exit(KILLED if (fails(by) if by.startswith("tests/") else refuted(by)) else SURVIVED)


def refuted(metrics: str) -> bool:
    """Whether a claim about one of the metrics does not hold."""
    from ganbench.check.claims import chosen
    from ganbench.check.implementation import ours
    from ganbench.check.judge import judge

    claims = sorted(chosen(metrics.split()), key=lambda claim: (claim.cost, claim.kind == "law"))
    return any(judge(claim, ours(claim.metric)).verdict != "held" for claim in claims)


def fails(tests: str) -> bool:
    """Whether a test of a file fails; that there is none, or that it cannot be collected, is no conviction."""
    with contextlib.redirect_stdout(Path(os.devnull).open("w", encoding="utf-8")):
        plugins = [f"-pno:{name}" for name in UNNEEDED]
        plain = ["-q", "-x", "--assert=plain", *plugins, "-o", "addopts=", "-m", "not slow"]
        return pytest.main([*plain, str(ROOT / tests)]) == pytest.ExitCode.TESTS_FAILED


def verdict_on(mutant: Mutant) -> int:
    """Try a mutant in a process of its own."""
    return next(verdicts_on([mutant], 1))[1]


def verdicts_on(mutants: Sequence[Mutant], jobs: int) -> Iterator[tuple[Mutant, int]]:
    """Try mutants, ``jobs`` at once, each in a process of its own; one that hangs is ended, and told apart."""
    waiting, running = list(reversed(mutants)), {}
    while waiting or running:
        while waiting and len(running) < jobs:
            process = multiprocessing.get_context("fork").Process(target=trial, args=(waiting[-1],))
            process.start()
            running[process.sentinel] = process, waiting.pop(), time.monotonic() + ASLEEP
        wait(list(running), timeout=1.0)
        for sentinel, (process, mutant, end) in list(running.items()):
            late = process.is_alive() and time.monotonic() > end
            if late:
                process.kill()
            elif process.is_alive():
                continue
            process.join()
            del running[sentinel]
            yield mutant, HUNG if late or process.exitcode == -signal.SIGXCPU else process.exitcode or 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Try all mutants, or those whose file or text holds a word; print survivors and the count."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("word", nargs="?", default="", help="only mutants whose file or text holds it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at once")
    chosen = parser.parse_args(arguments)
    tried = [mutant for mutant in MUTANTS if any(chosen.word in part for part in mutant)]
    torch.set_num_threads(1)
    prepare(tried)
    began = time.perf_counter()
    codes = []
    for (file, right, wrong, _), code in verdicts_on(tried, chosen.jobs):
        codes.append(KILLED if code == HUNG else code)
        if code != KILLED:
            print(f"{TOLD.get(code, 'does not run')}: {file}: {right!r} -> {wrong!r}", flush=True)
    gc.unfreeze()
    seconds, busy = time.perf_counter() - began, sum(os.times()[:4])
    print(
        f"{codes.count(KILLED)} of {len(tried)} planted bugs killed in {seconds:.0f} s, {chosen.jobs} at once; "
        f"{busy:.0f} s of processors' time"
    )
    return 0 if tried and all(code == KILLED for code in codes) else 1


if __name__ == "__main__":
    sys.exit(main())
