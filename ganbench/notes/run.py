"""From the names of experiments to their observations: what is known is not measured again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool

from ganbench._util.names import check_names
from ganbench.errors import CellError
from ganbench.notes import EXPERIMENTS
from ganbench.notes.base import Form
from ganbench.notes.record import Observation, key_for, observe
from ganbench.runs.executors.process import pool


def selected(names: Sequence[str]) -> list[str]:
    """Return experiments in the order of the table of contents, all for none; raises UnknownName."""
    check_names("experiment", names, EXPERIMENTS)
    return [name for name in EXPERIMENTS if not names or name in names]


def missing(names: Sequence[str], form: Form, known: dict[str, Observation], retry_failed: bool) -> list[str]:
    """Return the experiments that have no observation of this form by the present code, or a failed one to retry."""
    latest = {name: known.get(key_for(name, form)) for name in names}
    return [name for name, each in latest.items() if each is None or (each.status == "error" and retry_failed)]


def observations(names: Sequence[str], form: Form, jobs: int) -> Iterator[Observation]:
    """Carry out experiments and yield each as it ends; the findings are the same under any ``jobs``.

    Raises CellError when a process dies; what was finished is kept by the caller.
    """
    if jobs == 1 or len(names) == 1:
        yield from (observe(name, form) for name in names)
        return
    with pool(min(jobs, len(names))) as workers:
        try:
            for future in as_completed([workers.submit(observe, name, form) for name in names]):
                yield future.result()
        except BrokenProcessPool as error:
            raise CellError("a worker process died, perhaps for lack of memory; run again with fewer --jobs") from error
