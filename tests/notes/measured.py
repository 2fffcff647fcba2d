"""What the tests of experiments share: each experiment is measured once in a process."""

from __future__ import annotations

from functools import cache

from ganbench.notes import load
from ganbench.notes.base import Findings, Form


@cache
def findings(name: str) -> Findings:
    """The experiment's fast form."""
    return load(name).measure(Form("fast"))
