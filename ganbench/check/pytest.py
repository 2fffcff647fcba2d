"""A test function for other people's suites: ``test_fid = conformance("fid", my_fid)``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ganbench.check.claims import Claim, chosen
from ganbench.check.implementation import Implementation
from ganbench.check.judge import judge
from ganbench.errors import BadInput


def conformance(
    metric: str,
    function: Callable[..., Any],
    *,
    order: Sequence[str] = (),
    returns: str = "",
    select: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> Callable[[Claim], None]:
    """Return a test with one case per claim about ``metric``; a failed claim fails with its line and likely cause.

    ``order`` names the callable's arguments, ``returns`` the part of its answer; ``select`` and ``skip`` hold shell
    patterns on the claims' ids. The callable runs in the test's own process, without a time limit. Raises UnknownName
    for an unknown metric or a pattern that matches nothing, BadInput where ``function`` is not callable.
    """
    if not callable(function):
        raise BadInput(f"conformance: expected a callable, got {type(function).__name__}")
    implementation = Implementation(function, tuple(order), returns)
    claims = chosen([metric], select, skip)

    @pytest.mark.parametrize("claim", claims, ids=[claim.id for claim in claims])
    def test(claim: Claim) -> None:
        finding = judge(claim, implementation)
        if finding.verdict == "unasked":
            pytest.skip(finding.line)
        if finding.verdict != "held":
            pytest.fail(finding.line, pytrace=False)

    return test
