"""What ``ganbench run`` does about a suite that is made of others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ganbench._util.files import write_atomically
from ganbench.cli.run import Request
from ganbench.cli.terminal import say, terminal
from ganbench.errors import BadInput
from ganbench.notes import reproduction
from ganbench.suites import find_suite
from ganbench.suites.suite import Bundle, Notes

LEDGER = "published.csv"


def run(request: Request, bundle: Bundle, run_one: Callable[[Request], int]) -> int:
    """Run the suites of a bundle one after the other by ``run_one``; return the worst exit code."""
    check_options(request, bundle)
    console, code = terminal(), 0
    say(console, f"{bundle.name}: {bundle.question}")
    for name in bundle.suites:
        own = replace(request, suite=name)
        code = max(code, run_one(replace(own, backend="") if isinstance(find_suite(name), Notes) else own))
    if bundle.ledger and not request.dry_run:
        path = request.out / LEDGER
        write_atomically(path, reproduction.table(request.out).encode())
        say(console, f"published numbers beside ours: {path}")
    return code


def check_options(request: Request, bundle: Bundle) -> None:
    """Raise BadInput for an option that would have to mean something for every suite of a bundle."""
    given = {
        "--baseline": request.baselines,
        "--add": request.added,
        "--set": request.changes,
        "--skip-broken": request.skip_broken,
        "--dataset": request.datasets,
        "--experiment": request.experiments,
        "--seeds": request.seeds,
        "--metrics": request.metrics,
        "--steps": request.steps is not None,
        "--budget": request.budget != "standard",
        "--device": request.device not in {"auto", "cpu"},
    }
    if without := [option for option, value in given.items() if value]:
        parts = ", ".join(bundle.suites)
        raise BadInput(f"{', '.join(without)} cannot change {bundle.name}: it runs {parts}; give it to one of these")
