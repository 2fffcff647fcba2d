"""Plant bugs in the metrics and see whether the claims convict them: ``python -m tests.mutants``."""

# ruff: noqa: T201 - a report is its purpose

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import torch

import ganbench.check.judge  # noqa: F401 - what it needs is loaded once, before the processes part
from tests.planted import PLANTED

METRICS = Path(__file__).parents[1] / "ganbench" / "metrics"
SECONDS = 60.0  # a mutant that hangs longer is convicted
KILLED, SURVIVED, NOT_PLANTED = 10, 11, 12  # not 0 or 1, which a process that breaks may leave with
TOLD = {SURVIVED: "survived", NOT_PLANTED: "not planted"}
Mutant = tuple[str, str, str, str]


class Planter(MetaPathFinder, Loader):
    """Imports one module of the metrics from changed source."""

    def __init__(self, file: str, source: str) -> None:
        self.name, self.path, self.source = f"ganbench.metrics.{Path(file).stem}", METRICS / file, source

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.path)
        exec(compile(self.source, self.path, "exec"), vars(module))  # noqa: S102


def trial(mutant: Mutant) -> None:
    """Plant a bug in this process and put the claims to it; the exit code is the verdict."""
    file, right, wrong, metrics = mutant
    source = (METRICS / file).read_text(encoding="utf-8")
    if right not in source:
        sys.exit(NOT_PLANTED)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for name in [name for name in sys.modules if name.startswith("ganbench")]:
        del sys.modules[name]
    sys.meta_path.insert(0, Planter(file, source.replace(right, wrong)))
    from ganbench.check.claims import chosen
    from ganbench.check.implementation import ours
    from ganbench.check.judge import judge

    claims = sorted(chosen(metrics.split()), key=lambda claim: (claim.cost, claim.kind == "law"))
    sys.exit(KILLED if any(judge(claim, ours(claim.metric)).verdict != "held" for claim in claims) else SURVIVED)


def verdict_on(mutant: Mutant) -> int:
    """Try a mutant in a process of its own."""
    process = multiprocessing.get_context("fork").Process(target=trial, args=(mutant,))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return KILLED
    return process.exitcode or 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Try all mutants, or those whose file or text holds a word; print survivors and the count."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("word", nargs="?", default="", help="only mutants whose file or text holds it")
    word = parser.parse_args(arguments).word
    tried = [mutant for mutant in PLANTED if any(word in part for part in mutant)]
    torch.set_num_threads(1)
    codes = []
    for file, right, wrong, metrics in tried:
        codes.append(verdict_on((file, right, wrong, metrics)))
        if codes[-1] != KILLED:
            print(f"{TOLD.get(codes[-1], 'does not run')}: {file}: {right!r} -> {wrong!r}", flush=True)
    print(f"{codes.count(KILLED)} of {len(tried)} planted bugs killed")
    return 0 if tried and all(code == KILLED for code in codes) else 1


if __name__ == "__main__":
    sys.exit(main())
