"""A test function for other people's suites: ``test_fid = conformance("fid", my_fid)``."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ganbench.check.claims import Claim, chosen
from ganbench.check.implementation import Implementation
from ganbench.check.judge import Finding, judge, put_back, states, time_for
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
) -> Callable[[Claim], None]:
    """Return a test with one case per claim about ``metric``; a failed claim fails with its line and likely cause.

    ``order`` names the callable's arguments, ``returns`` the part of its answer; ``select`` and ``skip`` hold shell
    patterns on the claims' ids. The callable runs in a thread of the test's own process; a claim without an answer
    after ``timeout`` seconds (ten times as many if it is a slow one) fails, and its thread is left behind. Raises
    UnknownName for an unknown metric or a pattern that matches nothing, BadInput where ``function`` is not callable.
    """
    if not callable(function):
        raise BadInput(f"conformance: expected a callable, got {type(function).__name__}")
    implementation = Implementation(function, tuple(order), returns)
    claims = chosen([metric], select, skip)

    @pytest.mark.parametrize("claim", claims, ids=[claim.id for claim in claims])
    def test(claim: Claim) -> None:
        finding = in_time(claim, implementation, timeout)
        if finding.verdict == "unasked":
            pytest.skip(finding.line)
        if finding.verdict != "held":
            pytest.fail(finding.line, pytrace=False)

    return test


def in_time(claim: Claim, implementation: Implementation, seconds: float) -> Finding:
    """Judge a claim in a thread, and give up on it when its time is over."""
    answers: queue.Queue[Finding] = queue.Queue()
    before, limit = states(), time_for(claim, seconds)
    threading.Thread(target=lambda: answers.put(judge(claim, implementation)), daemon=True).start()
    try:
        return answers.get(timeout=limit)
    except queue.Empty:
        put_back(before)
        return Finding(claim.id, claim.metric, claim.says, "failed", message=f"hangs: no answer within {limit:g} s")
