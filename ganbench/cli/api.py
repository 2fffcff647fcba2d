"""``run`` from Python: what the command does, with the results in return."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganbench._util.seeds import seeds_of
from ganbench._util.sizes import bytes_of
from ganbench.cli import suite_run
from ganbench.cli.run import Request
from ganbench.errors import BadInput
from ganbench.runs.results import Results
from ganbench.suites import find_suite
from ganbench.suites.suite import Bundle, Suite, with_budget


def run(
    suite: str | Path = "quick",
    *,
    baselines: Sequence[str] | str = (),
    datasets: Sequence[str] | str = (),
    add: Sequence[str] | str = (),
    settings: Mapping[str, Any] | None = None,
    seeds: Sequence[int] | str = (),
    metrics: Sequence[str] | str = (),
    steps: int | None = None,
    budget: str = "standard",
    backend: str = "",
    device: str = "auto",
    jobs: int | None = None,
    group: int | None = None,
    out: str | Path = "runs",
    data: str | Path | None = None,
    fresh: bool = False,
    retry_failed: bool = False,
    memory: str | None = None,
    skip_broken: bool = False,
    log: Sequence[str] | str = (),
) -> Results:
    """Train, score and compare what a suite asks for; what is done already is not done again.

    Parameters
    ----------
    suite : str or Path
        A suite's name, or a TOML file.
    baselines, datasets, metrics : str or sequence of str
        Instead of the suite's: names, in a list or with commas between.
    add : str or sequence of str
        Baselines beside the suite's, on every data set that they support.
    settings : dict, optional
        New values, on all data sets: of a field of a baseline (``{"wgan_gp.penalty": 1}``), of every baseline
        (``{"lr": 1e-3}``) or of the plan (``{"batch": 128}``).
    seeds : sequence of int, or text such as "0-4"
        Instead of the suite's.
    steps : int, optional
        Instead of the suite's, on all data sets.
    budget : str
        ``"tiny"`` for a first look, ``"standard"``, or ``"full"``; another scale has results of its own.
    backend : str
        How updates are executed; as the suite says by default.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.
    jobs : int, optional
        Cells at a time: one per core by default, one on a GPU. More than one needs ``if __name__ == "__main__":`` in a
        script, as all processes that Python starts do.
    group : int, optional
        Seeds of a row that are trained together, at most: all by default. A seed is the same in any group.
    out : str or Path
        Results go to ``out/<suite>``, those of another budget to ``out/<suite>-<budget>``.
    data : str or Path, optional
        Folder of data sets that come as files.
    fresh : bool
        Whether to set earlier results aside and do everything again.
    retry_failed : bool
        Whether to do cells again that ended in an error.

    memory : str, optional
        Training images that take more, such as ``"4GB"``, are streamed, to the same bits.
    skip_broken : bool
        Whether to leave out pictures of one's own that cannot be read.
    log : str or sequence of str
        Trackers that are told how training goes: ``"tensorboard"``, ``"wandb"``, ``"mlflow"``, ``"trackio"``.

    Returns
    -------
    Results
        All that this suite has computed. A seed that diverged or failed has its status in its record.

    Raises
    ------
    RequestError
        In one line, for whatever cannot be done as asked.
    """
    question = find_suite(str(suite))
    if not isinstance(question, Suite):
        kind = "suites" if isinstance(question, Bundle) else "experiments"
        raise BadInput(f"{question.name} is a suite of {kind}; ganbench run --suite {suite} runs it")
    request = Request(
        suite=str(suite),
        baselines=names(baselines),
        datasets=names(datasets),
        experiments=(),
        seeds=seeds_of(seeds) if isinstance(seeds, str) else tuple(seeds),
        metrics=names(metrics),
        steps=steps,
        budget=budget,
        backend=backend,
        device=device,
        jobs=jobs,
        group=group,
        out=Path(out),
        data=None if data is None else Path(data),
        fresh=fresh,
        retry_failed=retry_failed,
        dry_run=False,
        changes=tuple(f"{name}={json.dumps(value)}" for name, value in (settings or {}).items()),
        added=names(add),
        memory=None if memory is None else bytes_of(memory),
        skip_broken=skip_broken,
        log=names(log),
    )
    suite_run.run(request)
    return Results(request.out / with_budget(question, budget).name)


def names(given: Sequence[str] | str) -> tuple[str, ...]:
    """Return names that were given in a list, or as text with commas between."""
    listed = given.split(",") if isinstance(given, str) else given
    return tuple(name.strip() for name in listed if name.strip())
