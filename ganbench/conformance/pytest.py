"""A test function for other people's suites: ``test_fid = conformance("fid", my_fid)``."""

from __future__ import annotations

import queue
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ganbench._util.names import check_names
from ganbench.conformance.claims import FAIL_ON, LEVELS, Claim, selected
from ganbench.conformance.evaluate import Finding, evaluate, global_states, restore, time_limit
from ganbench.conformance.implementation import Implementation
from ganbench.errors import BadInput


def conformance(
    metric: str,
    function: Callable[..., Any],
    *,
    order: Sequence[str] = (),
    returns: str = "",
    select: Sequence[str] = (),
    skip: Sequence[str] = (),
    timeout: float = 60.0,
    fail_on: Sequence[str] = FAIL_ON,
) -> Callable[[Claim], None]:
    """Return a test with one case per claim about a metric; a failed claim fails with its line and likely cause.

    What is wrong at a level that ``fail_on`` does not name is a warning.

    The callable runs in a thread of the test's own process; where it hangs, the thread is left behind.

    Parameters
    ----------
    metric : str
        The metric that the callable should be, such as ``"fid"``.
    function : callable
        Of arrays, ``(real, fake)`` in the metric's own order unless ``order`` says otherwise, and of its options.
    order : sequence of str
        Names of the callable's arguments: inputs of the metric, and options.
    returns : str
        Which part of its answer counts: a key, an attribute or an index; empty for all of it.
    select, skip : sequence of str
        Shell patterns on the claims' ids, ``"fast"`` or ``"slow"``: only those that match, without those that match.
    timeout : float
        Seconds after which a claim without an answer fails, ten times as many for a slow claim.
    fail_on : sequence of str
        Levels that fail a case: of ``"value"``, ``"invariance"``, ``"numerics"``, ``"input"``, ``"convention"``.

    Returns
    -------
    callable
        A test function, to be bound to a name that starts with ``test_``.

    Raises
    ------
    UnknownName
        For an unknown metric or level, or a pattern that matches nothing.
    BadInput
        Where ``function`` is not callable.

    Examples
    --------
    >>> from ganbench.metrics import METRICS
    >>> test_fid = conformance("fid", METRICS["fid"], select=["mean-only"])
    """
    if not callable(function):
        raise BadInput(f"conformance: expected a callable, got {type(function).__name__}")
    check_names("level", fail_on, LEVELS)
    implementation = Implementation(function, tuple(order), returns)
    claims = selected([metric], select, skip)

    @pytest.mark.parametrize("claim", claims, ids=[claim.id for claim in claims])
    def test(claim: Claim) -> None:
        finding = in_time(claim, implementation, timeout)
        if finding.verdict == "skipped":
            pytest.skip(finding.line)
        if finding.verdict != "passed" and finding.level in fail_on:
            pytest.fail(finding.line, pytrace=False)
        if finding.verdict != "passed":
            warnings.warn(f"{finding.level}: {finding.line}", stacklevel=2)

    return test


def in_time(claim: Claim, implementation: Implementation, seconds: float) -> Finding:
    """Evaluate a claim in a thread, and give up on it when its time is over."""
    answers: queue.Queue[Finding] = queue.Queue()
    before, limit = global_states(), time_limit(claim, seconds)
    threading.Thread(target=lambda: answers.put(evaluate(claim, implementation)), daemon=True).start()
    try:
        return answers.get(timeout=limit)
    except queue.Empty:
        restore(before)
        return Finding(
            claim.id, claim.metric, claim.says, "failed", claim.level, message=f"hangs: no answer within {limit:g} s"
        )
