"""A general mutation tool over the metrics, judged by the fast claims: ``python -m benchmarks.mutation 600``."""

from __future__ import annotations

import argparse
import ast
import json
import multiprocessing
import random
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

import ganbench.check.judge  # noqa: F401 - what it needs is loaded once, before the processes part
from ganbench.metrics import METRICS
from tests.mutants import KILLED, PACKAGE, SURVIVED, Planter, forget

FOLDER = PACKAGE / "metrics"
SECONDS = 60.0
Mutant = tuple[str, str, int]  # file, operator, which of its places


def meaning(source: str) -> str:
    """Return a module's tree without annotations, docstrings and how arguments may be named: no number shows them."""
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


def mutants() -> Iterator[Mutant]:
    """Yield every place of every operator in the metrics."""
    for path in sorted(FOLDER.glob("*.py")):
        nodes = list(ast_nodes(get_ast(path.read_text(encoding="utf-8"))))
        for name in operator_names():
            operator = get_operator(name)
            if not operator.arguments():
                places = sum(len(list(operator().mutation_positions(node))) for node in nodes)
                yield from ((path.name, name, place) for place in range(places))


def changed(mutant: Mutant) -> str | None:
    """Return the mutant's source, None where it means the same or is no Python."""
    file, name, place = mutant
    source = (FOLDER / file).read_text(encoding="utf-8")
    found = mutate_code(source, get_operator(name)(), place)
    try:
        return found if found and meaning(found) != meaning(source) else None
    except SyntaxError:
        return None


def concerned(file: str) -> list[str]:
    """Return the metrics whose modules import a file, directly or not; those that it defines come first."""
    imports = {
        path.stem: set(re.findall(r"from ganbench\.metrics\.(\w+) import", path.read_text(encoding="utf-8")))
        for path in FOLDER.glob("*.py")
    }
    above, size = {Path(file).stem}, 0
    while size != len(above):
        size = len(above)
        above |= {name for name, below in imports.items() if below & above}
    home = {name: metric.function.__module__.rsplit(".", 1)[1] for name, metric in METRICS.items()}
    found = [name for name in METRICS if home[name] in above]
    return sorted(found, key=lambda name: home[name] != Path(file).stem)


def trial(file: str, source: str) -> None:
    """Plant a mutant in this process and put the fast claims to it; the exit code is the verdict."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    metrics = concerned(file)
    forget()
    sys.meta_path.insert(0, Planter(f"metrics/{file}", source))
    from ganbench.check.claims import chosen  # noqa: PLC0415 - only now, from the changed source
    from ganbench.check.implementation import ours  # noqa: PLC0415
    from ganbench.check.judge import judge  # noqa: PLC0415

    order = {name: i for i, name in enumerate(metrics)}
    claims = sorted(chosen(metrics, ["fast"]), key=lambda claim: (order.get(claim.metric, 0), claim.kind == "law"))
    sys.exit(KILLED if any(judge(claim, ours(claim.metric)).verdict != "held" for claim in claims) else SURVIVED)


def killed(file: str, source: str) -> bool:
    """Try a mutant in a process of its own; whatever breaks or hangs is seen."""
    process = multiprocessing.get_context("fork").Process(target=trial, args=(file, source))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode != SURVIVED


def difference(file: str, source: str) -> str:
    """Return the changed line, before and after."""
    before, after = (FOLDER / file).read_text(encoding="utf-8").splitlines(), source.splitlines()
    for number, (old, new) in enumerate(zip(before, after, strict=False), 1):
        if old != new:
            return f"{file}:{number}: {old.strip()} -> {new.strip()}"
    return f"{file}: end"


def main(arguments: Sequence[str] | None = None) -> int:
    """Try a sample of the mutants; print survivors and figures as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--file", default="", help="only this file of the metrics")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)
    everything = [mutant for mutant in mutants() if chosen.file in mutant[0]]
    random.Random(0).shuffle(everything)  # noqa: S311 - a sample, not a secret
    counts: dict[str, Counter[str]] = {}
    for mutant in everything:
        if sum(map(Counter.total, counts.values())) >= chosen.count:
            break
        if (source := changed(mutant)) is None:
            continue
        verdict = "killed" if killed(mutant[0], source) else "survived"
        counts.setdefault(mutant[0], Counter())[verdict] += 1
        if verdict == "survived":
            print(f"survived: {difference(mutant[0], source)}", flush=True)
    total = sum(counts.values(), Counter())
    print(json.dumps({"places": len(everything), **total, "files": {k: dict(v) for k, v in sorted(counts.items())}}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
