"""Forty bugs, planted in behaviour instead of in text, and the claims or tests that must catch each of them.

A bug replaces a function by a wrong one: a wrong divisor, arguments swapped, an option ignored. Functions are found by
their name anywhere below a package, so that moving them changes nothing here. ``python -m tests.planted_bugs`` plants
one after the other, each in a process of its own, and lists those that nothing catches.
"""

# ruff: noqa: T201 - a report is its purpose

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import multiprocessing
import os
import pkgutil
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pytest
import torch

from ganbench.conformance.claims import selected
from ganbench.conformance.evaluate import evaluate
from ganbench.conformance.implementation import ours

ROOT = Path(__file__).parents[1]
SECONDS = 60  # of processor time, which a busy machine does not stretch: a bug that makes its test hang is caught
ASLEEP = 600.0  # seconds after which a process that waits for something is ended too
CAUGHT, MISSED, HUNG = 10, 11, 12  # not 0 or 1, which a process that breaks may leave with
Function = Callable[..., Any]


@dataclass(frozen=True)
class Bug:
    """A function, ``package:name`` or ``package:Class.name``, its wrong replacement, and what must catch it.

    ``caught_by`` names metrics, whose claims must fail, or a test (``tests/...``), which must.
    """

    says: str
    where: str
    wrong: Callable[[Function], Function]
    caught_by: str

    @property
    def by_tests(self) -> bool:
        return self.caught_by.startswith("tests/")


def result(change: Callable[..., Any]) -> Callable[[Function], Function]:
    """Change what the right function returns: ``change(value, *arguments)``."""
    return lambda right: lambda *a, **k: change(right(*a, **k), *a, **k)


def arguments(change: Callable[..., tuple[Any, ...]]) -> Callable[[Function], Function]:
    """Change what the right function is given: ``change(*arguments)`` returns the new arguments."""
    return lambda right: lambda *a, **k: right(*change(*a), **k)


def instead(wrong: Function) -> Callable[[Function], Function]:
    """Forget the right function."""
    return lambda _right: wrong


def swapped(first: Any, second: Any, *rest: Any) -> tuple[Any, ...]:
    return second, first, *rest


def last_weights(right: Function) -> Function:
    """Let a sampler forget the average."""

    def start(self: Any, trainer: Any) -> None:
        state, average = trainer.state["G"]["weights"], trainer.state["average"]
        trainer.state["average"] = state
        right(self, trainer)
        trainer.state["average"] = average

    return start


def frozen_progress(right: Function) -> Function:
    """Let a trainer read its schedules as if training had not begun."""

    def schedule(self: Any) -> Any:
        done, self.done = self.done, 0
        values = right(self)
        self.done = done
        return values

    return schedule


def first_read(right: Function) -> Function:
    """Let a log keep the first of several records with one key."""

    def read(self: Any) -> Any:
        lines = self.lines

        def backwards() -> Any:
            numbered, tail = lines()
            return numbered[::-1], tail

        self.lines = backwards
        try:
            return right(self)
        finally:
            del self.lines

    return read


STATISTICS = "tests/tables/test_statistics.py"
TRAINER = "tests/training/test_trainer.py::test_"
SAMPLER = "tests/training/test_sampler.py::test_"

BUGS: tuple[Bug, ...] = (
    # metrics, caught by claims
    Bug(
        "FID divides covariances by n",
        "ganbench.metrics:root",
        result(lambda factor, x: factor * (1 - 1 / len(x)) ** 0.5),
        "fid",
    ),
    Bug(
        "FID lacks the factor 2 of the cross term", "ganbench.metrics:nuclear_norm", result(lambda x, *_: x / 2), "fid"
    ),
    Bug(
        "a mean over one row too many",
        "ganbench.metrics:Features.mean",
        result(lambda m, x: m * len(x) / (len(x) + 1)),
        "fid",
    ),
    Bug(
        "MMD is the root of the estimate",
        "ganbench.metrics:unbiased",
        result(lambda value, *_: abs(value) ** 0.5),
        "energy_distance mmd",
    ),
    Bug(
        "MMD divides by n squared where rows are not paired with themselves",
        "ganbench.metrics:unbiased",
        result(lambda value, pair, _: value * (1 - 1 / len(pair.real))),
        "energy_distance mmd",
    ),
    Bug("a bandwidth of half the median", "ganbench.metrics:median_distance", result(lambda x, _: x / 2), "mmd"),
    Bug("k is one too large", "ganbench.metrics:Features.radii", arguments(lambda self, k: (self, k + 1)), "precision"),
    Bug(
        "radii lack their square",
        "ganbench.metrics:Features.radii",
        result(lambda squares, *_: squares.sqrt()),
        "precision recall",
    ),
    Bug(
        "precision and recall are exchanged", "ganbench.metrics:balls", result(lambda both, *_: both[::-1]), "precision"
    ),
    Bug("W2 with the cost of W1", "ganbench.metrics:exact_cost", arguments(lambda a, b, _p: (a, b, 1.0)), "w2"),
    Bug(
        "transport summed over rows, not averaged",
        "ganbench.metrics:sorted_cost",
        result(lambda cost, a, *_: cost * len(a)),
        "w1 sliced_wasserstein",
    ),
    Bug(
        "directions of slices longer than one",
        "ganbench.metrics:directions",
        result(lambda x, *_: 2 * x),
        "sliced_wasserstein",
    ),
    Bug("entropy in bits", "ganbench.metrics:entropy", result(lambda x, _: x / 0.6931471805599453), "inception_score"),
    Bug(
        "the Inception Score of the first block alone",
        "ganbench.metrics:inception_scores_by_split",
        result(lambda scores, *_: scores[:1]),
        "inception_score_splits",
    ),
    Bug(
        "a divergence in the wrong direction",
        "ganbench.metrics:divergence",
        arguments(swapped),
        "class_distribution_kl mode_score_b",
    ),
    Bug(
        "distances to modes are squared",
        "ganbench.metrics:nearest_mode",
        result(lambda pair, *_: (pair[0], pair[1] ** 2)),
        "high_quality modes_captured",
    ),
    Bug(
        "nearest neighbours of the other set",
        "ganbench.metrics:one_nn_parts",
        result(lambda x, *_: x[::-1]),
        "one_nn_real",
    ),
    Bug(
        "variances of t tests with ddof 0",
        "ganbench.metrics:moments",
        result(lambda m, x: (m[0], m[1] * (1 - 1 / len(x)))),
        "t_statistic welch_statistic",
    ),
    # losses, caught by their worked values
    Bug(
        "a discriminator that learns to call real examples fake",
        "ganbench.losses:logistic",
        arguments(swapped),
        "tests/baselines/test_logistic.py::test_losses_on_logits",
    ),
    Bug(
        "the non-saturating loss is the saturating one",
        "ganbench.losses:non_saturating",
        instead(lambda fake: -torch.nn.functional.softplus(fake).mean()),
        "tests/baselines/test_logistic.py::test_losses_on_logits",
    ),
    Bug(
        "the hinge without its margin",
        "ganbench.losses:hinge",
        instead(lambda real, fake: (torch.relu(-real) + torch.relu(fake)).mean()),
        "tests/baselines/test_wasserstein.py::test_losses_on_logits",
    ),
    Bug(
        "the penalty pulls the gradient's norm to 0",
        "ganbench.losses:gradient_penalty",
        arguments(lambda f, x, target=1.0: (f, x, 0.0)),
        "tests/baselines/test_wasserstein.py::test_losses_on_a_curved_discriminator",
    ),
    Bug(
        "least squares with 0 as the generator's goal",
        "ganbench.losses:least_squares_generator",
        arguments(lambda fake, c=1.0: (fake, 0.0)),
        "tests/baselines/test_least_squares.py::test_losses_on_logits",
    ),
    Bug(
        "relativistic losses without their mean",
        "ganbench.losses:relativistic_average",
        instead(lambda above, below: torch.nn.functional.softplus(below - above).mean()),
        "tests/baselines/test_relativistic.py::test_losses_on_logits",
    ),
    # training
    Bug(
        "the same 32 batches for ever",
        "ganbench.training:BatchSampler.draw",
        arguments(lambda self, count: (self, count % 32)),
        f"{TRAINER}every_update_of_seventy_trains_on_a_batch_of_its_own",
    ),
    Bug(
        "samples from the last weights instead of the averaged ones",
        "ganbench.training:Sampler.__init__",
        last_weights,
        f"{SAMPLER}samples_come_from_the_averaged_weights_and_not_from_the_last",
    ),
    Bug(
        "no average of weights",
        "ganbench.baseline:Baseline.decay",
        instead(lambda self, step: 0.0),
        f"{TRAINER}the_average_follows_with_a_warmed_up_decay",
    ),
    Bug(
        "one discriminator step for each of the generator's",
        "ganbench.training:Trainer.advance",
        lambda right: (
            lambda self, goal: (
                setattr(self.baseline, "updates", lambda step: ("discriminator", "generator")),  # type: ignore[func-returns-value]
                right(self, goal),
            )[1]
        ),
        f"{TRAINER}each_of_k_discriminator_steps_is_made_and_counted",
    ),
    Bug(
        "weights are never clipped",
        "ganbench.training:Updates.projected",
        instead(lambda self, row: row),
        f"{TRAINER}the_discriminator_is_projected_after_each_of_its_steps",
    ),
    Bug(
        "every seed starts from the same weights",
        "ganbench.training:seeded",
        arguments(lambda seed, build: (0, build)),
        f"{TRAINER}seeds_differ_in_their_first_weights_in_their_data_and_in_their_noise",
    ),
    Bug(
        "schedules stand still",
        "ganbench.training:Trainer.schedule",
        frozen_progress,
        f"{TRAINER}schedules_reach_the_optimiser",
    ),
    Bug(
        "Adam without the correction of its first steps",
        "ganbench.optim:Adam.schedule",
        arguments(lambda self, count=1: (self, count + 1000)),
        "tests/training/test_optim.py",
    ),
    Bug(
        "a restored training repeats its first batches",
        "ganbench.training:Trainer.restore",
        arguments(lambda self, saved: (self, saved | {"counts": dict.fromkeys(saved["counts"], 0)})),
        f"{TRAINER}a_restored_trainer_goes_on_as_if_nothing_had_happened",
    ),
    # tables
    Bug(
        "standard deviations with ddof 0",
        "ganbench.tables:summary",
        result(lambda s, values: (s[0], s[1] * (1 - 1 / len(values)) ** 0.5, s[2])),
        STATISTICS,
    ),
    Bug(
        "a one-sided quantile for a two-sided interval",
        "ganbench.tables:student",
        arguments(lambda freedom, confidence=0.95: (freedom, 2 * confidence - 1)),
        STATISTICS,
    ),
    Bug(
        "the tier is computed from the first three seeds",
        "ganbench.tables.best:tier",
        arguments(lambda rows, *rest: ({name: values[:3] for name, values in rows.items()}, *rest)),
        "tests/tables/test_best.py::test_every_seed_counts",
    ),
    Bug(
        "the smallest is the best of every score",
        "ganbench.tables:Scale.losses",
        instead(lambda self, values, *_rest, **_named: self.of(values)),
        "tests/tables/test_tables.py::test_the_best_is_the_highest_where_higher_is_better",
    ),
    Bug(
        "seeds of different settings are pooled into one row",
        "ganbench.tables:conditions",
        instead(lambda record: record.baseline),
        "tests/tables/test_tables.py::test_seeds_of_different_conditions_are_never_pooled_into_one_row",
    ),
    # records
    Bug(
        "settings are no part of a cell's key",
        "ganbench.records:key_of",
        arguments(lambda parts: ({name: value for name, value in parts.items() if name != "settings"},)),
        "tests/runs/test_search.py::test_every_combination_of_what_is_searched_over_is_a_cell_of_its_own",
    ),
    Bug(
        "of several records with one key the first counts",
        "ganbench.records:Log.read",
        first_read,
        "tests/records/test_store.py::test_of_several_lines_with_one_key_the_last_counts",
    ),
)
QUICK = ("entropy in bits", "W2 with the cost of W1", "variances of t tests with ddof 0")  # caught by claims at once


def modules(package: str) -> list[Any]:
    """Import a package and everything below it."""
    top = importlib.import_module(package)
    below = pkgutil.walk_packages(getattr(top, "__path__", ()), f"{package}.")
    return [top, *(importlib.import_module(each.name) for each in below if not each.name.endswith("__main__"))]


def home(bug: Bug) -> tuple[Any, str, Any]:
    """Return the class or module that holds a bug's function, its name there, and what stands there.

    Raises LookupError where no function of that name is defined below the package, or more than one.
    """
    package, _, name = bug.where.partition(":")
    outer, _, inner = name.rpartition(".")
    first = outer or inner
    owners = {
        id(value): (module, value)
        for module in modules(package)
        if (value := vars(module).get(first)) is not None and getattr(value, "__module__", "") == module.__name__
    }
    if len(owners) != 1:
        raise LookupError(f"{bug.where}: expected one definition, there are {len(owners)} ({bug.says})")
    ((module, value),) = owners.values()
    owner = value if outer else module
    if inner not in vars(owner):
        raise LookupError(f"{bug.where}: {first} has no {inner} of its own ({bug.says})")
    return owner, inner, vars(owner)[inner]


@contextlib.contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Replace the function wherever the package has imported it, and put it back."""
    owner, name, right = home(bug)
    wrong = replacement(bug, name, right)
    places = [(owner, name)]
    if not isinstance(owner, type):
        loaded = [module for key, module in sys.modules.items() if key.startswith(("ganbench", "tests."))]
        places += [(module, key) for module in loaded for key, value in list(vars(module).items()) if value is right]
    for place, key in places:
        setattr(place, key, wrong)
    try:
        yield
    finally:
        for place, key in places:
            setattr(place, key, right)


def replacement(bug: Bug, name: str, right: Any) -> Any:
    """Return the wrong function, as the property that the right one is where it is one."""
    if not isinstance(right, cached_property):
        return wraps(right)(bug.wrong(right))
    wrong: cached_property[Any] = cached_property(bug.wrong(right.func))
    wrong.__set_name__(object, name)
    return wrong


def control(bugs: Sequence[Bug]) -> bool:
    """Whether something fails although no bug is planted."""
    tests = dict.fromkeys(bug.caught_by for bug in bugs if bug.by_tests)
    metrics = dict.fromkeys(name for bug in bugs if not bug.by_tests for name in bug.caught_by.split())
    return bool(tests and fails(*tests)) or bool(metrics and refuted(list(metrics)))


def caught(bug: Bug) -> bool:
    """Plant a bug in this process; return whether what must catch it does."""
    with planted(bug):
        return fails(bug.caught_by) if bug.by_tests else refuted(bug.caught_by.split())


def refuted(metrics: Sequence[str]) -> bool:
    """Whether a claim about one of the metrics does not pass."""
    claims = sorted(selected(metrics, skip=["slow"]), key=lambda claim: claim.kind == "invariance")
    return any(evaluate(claim, ours(claim.metric)).verdict != "passed" for claim in claims)


def fails(*tests: str) -> bool:
    """Whether a test fails; that there is none, or that it cannot be collected, does not count."""
    plain = ["-q", "-x", "--assert=plain", "-pno:cacheprovider", "-o", "addopts=", "-m", "not slow"]
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        return pytest.main([*plain, *(str(ROOT / test) for test in tests)]) == pytest.ExitCode.TESTS_FAILED


def trial(function: Callable[[Any], bool], argument: Any) -> None:
    """Be a process of its own, and leave with the outcome."""
    import resource  # not on every system, nor is fork

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    sys.exit(CAUGHT if function(argument) else MISSED)


def outcomes(function: Callable[[Any], bool], trials: Sequence[Any], jobs: int = 1) -> Iterator[tuple[Any, int]]:
    """Try arguments, ``jobs`` at once, each in a process of its own; one that hangs is ended."""
    waiting, running = list(reversed(trials)), dict[int, tuple[Any, Any, float]]()
    while waiting or running:
        while waiting and len(running) < jobs:
            process = multiprocessing.get_context("fork").Process(target=trial, args=(function, waiting[-1]))
            process.start()
            running[process.sentinel] = process, waiting.pop(), time.monotonic() + ASLEEP
        wait(list(running), timeout=1.0)
        for sentinel, (process, argument, end) in list(running.items()):
            late = process.is_alive() and time.monotonic() > end
            if late:
                process.kill()
            elif process.is_alive():
                continue
            process.join()
            del running[sentinel]
            yield argument, HUNG if late or process.exitcode == -signal.SIGXCPU else process.exitcode or 0


def main(given: Sequence[str] | None = None) -> int:
    """Try all bugs, or those that hold a word; print those that nothing catches, and the count."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("word", nargs="?", default="", help="only bugs whose text holds it")
    parser.add_argument("--jobs", type=int, default=1, help="how many at once")
    parser.add_argument("--verbose", action="store_true", help="print every bug, with its seconds")
    options = parser.parse_args(given)
    bugs = [bug for bug in BUGS if any(options.word in text for text in (bug.says, bug.where, bug.caught_by))]
    torch.set_num_threads(1)
    for bug in bugs:
        home(bug)  # imports all that they need before the processes part
    importlib.import_module("torch._dynamo")  # or the first training of each process loads it
    gc.collect()
    gc.freeze()
    missed, began, before = 0, time.perf_counter(), sum(os.times()[:4])
    ((_, code),) = outcomes(control, [bugs])
    if code != MISSED:
        print("a claim or a test fails although no bug is planted")
        return 1
    for bug, code in outcomes(caught, bugs, options.jobs):
        missed += code not in {CAUGHT, HUNG}
        text = {CAUGHT: "caught", HUNG: "caught, for it hangs", MISSED: "NOT CAUGHT"}.get(
            code, f"BROKE with exit code {code}"
        )
        if options.verbose or code != CAUGHT:
            print(
                f"{text}: {bug.says} ({bug.where}, by {bug.caught_by}); {time.perf_counter() - began:.0f} s", flush=True
            )
    spent = time.perf_counter() - began, sum(os.times()[:4]) - before
    print(
        f"{len(bugs) - missed} of {len(bugs)} planted bugs caught; {spent[0]:.0f} s, {spent[1]:.0f} s of processor time"
    )
    return 0 if bugs and not missed else 1


if __name__ == "__main__":
    sys.exit(main())
