"""Mutation scores per package, by a general tool: ``python -m benchmarks.mutation --jobs 2`` (extra ``mutation``).

cosmic-ray finds every place that its operators can change. Of each package a random sample of places is drawn, at each
place one of the changes that are possible there; changes of annotations and docstrings alone do not count. A mutant
takes the place of its module in a process of its own, which runs the package's quick tests until one fails. Tests that
start Python again see the right module: there a mutant may survive.

First all tests run once on the right code, and the lines that each executes are noted. A mutant meets only the tests
that execute its line (of a line that an import executes: any line of its file), the fastest first, for at most
``--patience`` seconds of tests: what is left alive then has survived, so that scores are bounds from below.

Verdicts are kept in a log, so that a run that was stopped goes on; they hold for the code and the tests of that day.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import json
import multiprocessing
import os
import platform
import random
import re
import resource
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import blake2b
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.metadata import version
from importlib.util import spec_from_file_location
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import coverage
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from benchmarks.machine import today

ROOT = Path(__file__).parents[1]
PACKAGES = {  # the code of each, and the tests that may kill its mutants
    "training": (("ganbench/training",), ("tests/training", "tests/golden")),
    "scoring": (("ganbench/scoring",), ("tests/scoring", "tests/cli/test_score_command.py")),
    "tables": (("ganbench/tables",), ("tests/tables",)),
    "runs": (("ganbench/runs", "ganbench/records"), ("tests/runs", "tests/records")),
    "metrics": (
        ("ganbench/metrics",),
        (
            "tests/metrics",
            "tests/conformance/test_claims.py",
            "tests/cli/test_metrics_page.py",
            "tests/cli/test_catalogue.py",
        ),
    ),
}
LOADED = (
    "torch._dynamo",
    "scipy.stats",
    "scipy.optimize",
    "pandas",
    "numba",
    "sklearn.neighbors",
    "hypothesis",
    "rich",
)
PASSED, FAILED = 10, 11  # not 0 or 1, which a process that breaks may leave with
LEAST, LONGEST = (
    60.0,
    5.0,
)  # a mutant may take that many seconds, or times those of its tests: one that goes on is killed
ASLEEP = 12.0  # times its processor time in seconds of a clock, for one that waits for something


@dataclass(frozen=True)
class Mutant:
    """One change of one module: where, what stood there, what stands there now, and the whole new source."""

    file: str
    line: int
    before: str
    after: str
    source: str

    @property
    def key(self) -> str:
        return digest(self.file, self.source)


class Planter(MetaPathFinder):
    """Imports one module from changed source."""

    def __init__(self, mutant: Mutant) -> None:
        self.path = ROOT / mutant.file
        parts = Path(mutant.file).with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self.source = mutant.source.encode()

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        folder = [str(self.path.parent)] if self.path.name == "__init__.py" else None
        loader = Changed(self.name, str(self.path), self.source)
        return spec_from_file_location(fullname, self.path, loader=loader, submodule_search_locations=folder)


class Changed(SourceFileLoader):
    """Reads the changed source; no compiled form is read or left behind."""

    def __init__(self, name: str, path: str, source: bytes) -> None:
        super().__init__(name, path)
        self.source = source

    def get_data(self, path: str) -> bytes:
        return self.source

    def path_stats(self, path: str) -> Mapping[str, float]:
        raise OSError("a time stamp would allow the compiled form of the right source")


def digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def state(package: str) -> str:
    """Return a digest of a package's code and tests: verdicts of another state are none."""
    paths = [ROOT / name for group in PACKAGES[package] for name in group]
    files = [file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    return digest(*(text for file in files for text in (str(file.relative_to(ROOT)), file.read_text(encoding="utf-8"))))


def meaning(source: str) -> str:
    """Return a module's tree without annotations, docstrings and how arguments may be named: no test shows them."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns, given = None, node.args
            given.args = [*given.posonlyargs, *given.args, *given.kwonlyargs]
            given.posonlyargs, given.kwonlyargs = [], []
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = ast.Constant(None)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.dump(tree)


def places(file: Path) -> dict[tuple[int, int], list[tuple[str, int]]]:
    """Return, for every place of a file that can be changed, the operators there with their running numbers."""
    nodes = list(ast_nodes(get_ast(file.read_text(encoding="utf-8"))))
    changes: dict[tuple[int, int], list[tuple[str, int]]] = defaultdict(list)
    for name in operator_names():
        operator = get_operator(name)
        if not operator.arguments():
            positions = [start for node in nodes for start, _ in operator().mutation_positions(node)]
            for number, start in enumerate(positions):
                changes[start].append((name, number))
    return changes


def mutant_at(file: Path, changes: Sequence[tuple[str, int]], draw: random.Random) -> Mutant | None:
    """Return one of the changes of a place, None where all mean the same or are no Python."""
    source = file.read_text(encoding="utf-8")
    for name, number in draw.sample(changes, len(changes)):
        changed = mutate_code(source, get_operator(name)(), number)
        with contextlib.suppress(SyntaxError):
            if changed and meaning(changed) != meaning(source):
                return described(file, source, changed)
    return None


def described(file: Path, source: str, changed: str) -> Mutant:
    """Return a mutant with the first line that differs, and the changed part of it."""
    lines = list(zip(source.splitlines(), changed.splitlines(), strict=False))
    number = next((i for i, (old, new) in enumerate(lines) if old != new), len(lines) - 1)
    before, after = (line.strip() for line in lines[number])
    return Mutant(str(file.relative_to(ROOT)), number + 1, before, after, changed)


@cache
def sample(package: str, size: int, seed: int) -> tuple[tuple[Mutant, ...], int]:
    """Return ``size`` mutants of a package, the same for the same code and seed, and the number of places in it."""
    files = [file for folder in PACKAGES[package][0] for file in sorted((ROOT / folder).rglob("*.py"))]
    everywhere = [(file, changes) for file in files for _, changes in sorted(places(file).items())]
    draw = random.Random(f"{package} {seed}")  # noqa: S311 - a sample, not a secret
    mutants: list[Mutant] = []
    for file, changes in draw.sample(everywhere, len(everywhere)):
        if len(mutants) == size:
            break
        if mutant := mutant_at(file, changes, draw):
            mutants.append(mutant)
    return tuple(mutants), len(everywhere)


@dataclass(frozen=True)
class Tests:
    """A package's quick tests: which execute a line of a file, and the processor seconds of each."""

    lines: Mapping[str, Mapping[int, Sequence[str]]]  # by file, relative to the project
    seconds: Mapping[str, float]

    def of(self, mutant: Mutant, patience: float) -> list[str]:
        """Return the tests that may kill a mutant, the fastest first, as many as ``patience`` allows."""
        lines = self.lines.get(mutant.file, {})
        nearest = max((line for line in lines if line <= mutant.line), default=0)
        names = {name for line in {mutant.line, nearest} & lines.keys() for name in lines[line]}
        if not names or "" in names:  # executed by an import, before any test
            names |= {name for each in lines.values() for name in each}
        chosen: list[str] = []
        total = 0.0
        for name in sorted(names - {""}, key=lambda name: (self.seconds[name], name)):
            total += self.seconds[name]
            if total > patience and chosen:
                break
            chosen.append(name)
        return chosen


class Noting:
    """A pytest plugin that notes which lines every test executes, and for how long."""

    def __init__(self) -> None:
        self.coverage = coverage.Coverage(data_file=None, source=[str(ROOT / "ganbench")], config_file=False)
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.coverage.switch_context(item.nodeid)
        start = time.process_time()
        yield
        self.seconds[item.nodeid] = time.process_time() - start
        self.coverage.switch_context("")

    def tests(self) -> dict[str, object]:
        """Return what was noted, fit for JSON."""
        data, lines = self.coverage.get_data(), {}
        for file in data.measured_files():
            lines[str(Path(file).relative_to(ROOT))] = data.contexts_by_lineno(file)
        return {"lines": lines, "seconds": self.seconds}


class Choosing:
    """A pytest plugin that keeps some tests, in their order."""

    def __init__(self, names: Sequence[str]) -> None:
        self.place = {name: number for number, name in enumerate(names)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((item for item in items if item.nodeid in self.place), key=lambda i: self.place[i.nodeid])


def ran(arguments: Sequence[str], plugin: object) -> bool:
    """Run tests quietly in this process; say whether all passed."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as scratch, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        options = ["-q", "-x", "--assert=plain", "-pno:cacheprovider", "-o", "addopts=", "-m", "not slow"]
        options += [f"--basetemp={scratch}/tests", f"--rootdir={ROOT}"]
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            return pytest.main([*options, *arguments], plugins=[plugin]) == pytest.ExitCode.OK


def note(package: str, path: Path) -> None:
    """Be a process of its own: run a package's tests on the right code and write down what they execute."""
    os.chdir(ROOT)
    noting = Noting()
    noting.coverage.start()
    passed = ran(PACKAGES[package][1], noting)
    noting.coverage.stop()
    if passed:
        path.write_text(json.dumps(noting.tests()), encoding="utf-8")
    os._exit(PASSED if passed else FAILED)


def tests_of(package: str, folder: Path) -> Tests:
    """Return a package's tests, noted now or before. Exits where they fail."""
    path = folder / f"mutation-{package}-{state(package)}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        process = multiprocessing.get_context("spawn").Process(target=note, args=(package, path))
        process.start()
        process.join()
        if process.exitcode != PASSED:
            sys.exit(f"{package}: its tests fail without a mutant, so that nothing can be learnt from them")
    noted = json.loads(path.read_text(encoding="utf-8"))
    lines = {file: {int(line): names for line, names in own.items()} for file, own in noted["lines"].items()}
    return Tests(lines, noted["seconds"])


def trial(mutant: Mutant, names: Sequence[str], seconds: int) -> None:
    """Be a process of its own: plant the mutant, run tests until one fails, and leave with the outcome."""
    os.setsid()  # so that whatever the tests start can be ended with it
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    os.chdir(ROOT)
    sys.meta_path.insert(0, Planter(mutant))
    with tempfile.TemporaryDirectory() as scratch:
        importlib.import_module("numba").config.CACHE_DIR = scratch  # machine code is kept by the file's time stamp
        passed = not names or ran(sorted({name.partition("::")[0] for name in names}), Choosing(names))
    os._exit(PASSED if passed else FAILED)


def verdicts(mutants: Sequence[Mutant], tests: Tests, patience: float, jobs: int) -> Iterator[tuple[Mutant, str]]:
    """Try mutants, ``jobs`` at once; one that hangs is ended, and killed by that."""
    waiting, running = list(reversed(mutants)), dict[int, tuple[BaseProcess, Mutant, float]]()
    while waiting or running:
        while waiting and len(running) < jobs:
            names = tests.of(waiting[-1], patience)
            seconds = int(LEAST + LONGEST * sum(tests.seconds[name] for name in names))
            worker = multiprocessing.get_context("fork").Process(target=trial, args=(waiting[-1], names, seconds))
            worker.start()
            running[worker.sentinel] = worker, waiting.pop(), time.monotonic() + ASLEEP * seconds
        wait(list(running), timeout=1.0)
        for sentinel, (process, mutant, end) in list(running.items()):
            late = process.is_alive() and time.monotonic() > end
            if process.is_alive() and not late:
                continue
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid or 0, signal.SIGKILL)
            process.join()
            del running[sentinel]
            yield mutant, "survived" if process.exitcode == PASSED and not late else "killed"


def known(log: Path) -> dict[tuple[str, ...], str]:
    """Return the verdicts of earlier runs."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    return {(row["package"], row["state"], row["mutant"]): row["verdict"] for row in rows}


def measure(package: str, size: int, seed: int, jobs: int, log: Path, patience: float) -> dict[Mutant, str]:
    """Return the verdict on every mutant of a sample, and write new ones into the log."""
    mutants, _ = sample(package, size, seed)
    now, before = state(package), known(log)
    result = {m: before[package, now, m.key] for m in mutants if (package, now, m.key) in before}
    missing = [mutant for mutant in mutants if mutant not in result]
    if missing:
        tests = tests_of(package, log.parent)
        seconds = sum(tests.seconds.values())
        print(f"{package}: {len(missing)} mutants to try; the tests take {seconds:.0f} s of processor time", flush=True)
        for number, (mutant, verdict) in enumerate(verdicts(missing, tests, patience, jobs), 1):
            result[mutant] = verdict
            shown = {name: value for name, value in asdict(mutant).items() if name != "source"}
            row = {"package": package, "state": now, "mutant": mutant.key, "verdict": verdict, **shown}
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(
                f"{package} {number}/{len(missing)}: {verdict}: {mutant.file}:{mutant.line}: {mutant.after}", flush=True
            )
    return {mutant: result[mutant] for mutant in mutants}


def changed_part(mutant: Mutant) -> str:
    """Return what the mutant changes, as Markdown."""
    return f"`{mutant.before}` becomes `{mutant.after}`".replace("|", "\\|")


def explanations(page: Path) -> dict[str, str]:
    """Return what people wrote into the last column of an earlier page, by the change that it is about."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    rows = re.findall(r"^\| ganbench/\S+ \| (.*?) \| (.*?) ?\|$", text, flags=re.MULTILINE)
    return {change: explanation for change, explanation in rows if explanation.strip()}


def page(results: Mapping[str, Mapping[Mutant, str]], size: int, seed: int, old: Mapping[str, str]) -> str:
    """Return the scores and the survivors as Markdown."""
    lines = [
        "# Mutation scores",
        "",
        "Made by `python -m benchmarks.mutation` (extra `mutation`); the head of that file says what is drawn and what",
        f"kills a mutant. Sample: {size} places of each package, seed {seed}. Measured {today()}.",
        "",
        f"Python {platform.python_version()}, cosmic-ray {version('cosmic-ray')}, {platform.system()} on "
        f"{platform.machine()} with {os.cpu_count()} processors",
        "",
        "| package | places | mutants | killed | survived | score |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for package, verdict in results.items():
        killed = sum(value == "killed" for value in verdict.values())
        score = f"{100 * killed / len(verdict):.0f} %" if verdict else ""
        total = sample(package, size, seed)[1]
        lines.append(f"| {package} | {total} | {len(verdict)} | {killed} | {len(verdict) - killed} | {score} |")
    lines += ["", "## Survivors", "", "| place | change | what it means |", "|---|---|---|"]
    for verdict in results.values():
        survivors = sorted((m for m, value in verdict.items() if value == "survived"), key=lambda m: (m.file, m.line))
        for mutant in survivors:
            change = changed_part(mutant)
            lines.append(f"| {mutant.file}:{mutant.line} | {change} | {old.get(change, '')} |")
    return "\n".join(lines) + "\n"


def main(given: Sequence[str] | None = None) -> int:
    """Draw a sample of mutants per package, run the package's tests on each, and write the scores."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--packages", default=",".join(PACKAGES), help="which, with commas between")
    parser.add_argument("--sample", type=int, default=60, help="mutants of each package")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--jobs", type=int, default=1, help="how many at once")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds of tests that a mutant meets at most")
    parser.add_argument("--log", type=Path, default=ROOT / "runs" / "mutation.jsonl", help="verdicts so far")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "mutation.md", help="the page to write")
    options = parser.parse_args(given)
    packages = options.packages.split(",")
    if unknown := [name for name in packages if name not in PACKAGES]:
        parser.error(f"unknown package {unknown[0]!r}; expected some of {', '.join(PACKAGES)}")
    samples = {name: sample(name, options.sample, options.seed) for name in packages}
    print(", ".join(f"{name}: {total} places" for name, (_, total) in samples.items()), flush=True)
    for name in LOADED:  # once, before the processes part; ganbench itself is imported in each
        importlib.import_module(name)
    results = {
        name: measure(name, options.sample, options.seed, options.jobs, options.log, options.patience)
        for name in packages
    }
    options.out.write_text(page(results, options.sample, options.seed, explanations(options.out)), encoding="utf-8")
    print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
