"""What the tests of experiments share: each experiment is measured once in a process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from ganbench.notes import load
from ganbench.notes.base import Claim, Findings, Form, Verdict


@cache
def findings(name: str) -> Findings:
    """The experiment's fast form."""
    return load(name).measure(Form("fast"))


def claim(name: str, which: str) -> Claim:
    return next(claim for claim in load(name).claims if claim.name == which)


def verdict(name: str, which: str, **other: float | Sequence[float]) -> Verdict:
    """The verdict on a claim, with some of the measured numbers replaced by ``other`` ones."""
    given = {key: tuple(x) if isinstance(x, Sequence) else (float(x),) for key, x in other.items()}
    results = findings(name)
    unknown = set(given) - set(results.numbers)
    assert not unknown, f"{name} measures no {unknown}"
    return claim(name, which).evaluate(replace(results, numbers=results.numbers | given))
