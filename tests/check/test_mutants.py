"""The planted bugs are really planted, and the trial tells a bug from a change that changes nothing."""

from __future__ import annotations

import sys

import pytest

from tests.mutants import KILLED, METRICS, NOT_PLANTED, SURVIVED, verdict_on
from tests.planted import PLANTED

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="trials part from this process by fork")


def test_every_planted_text_is_there_and_different():
    for file, right, wrong, metrics in PLANTED:
        assert right in (METRICS / file).read_text(encoding="utf-8"), f"{file} has no {right!r}"
        assert wrong != right
        assert metrics
    assert len({mutant[:3] for mutant in PLANTED}) == len(PLANTED) >= 100


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("wrong", "verdict"), [("whole - nuclear_norm", KILLED), ("whole - 2.0 * nuclear_norm", SURVIVED)]
)
def test_a_bug_is_killed_and_a_change_of_nothing_survives(wrong, verdict):
    assert verdict_on(("frechet.py", "whole - 2 * nuclear_norm", wrong, "fid")) == verdict


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_mutant_that_cannot_be_planted_or_run_is_not_killed():
    assert verdict_on(("frechet.py", "no such text", "x", "fid")) == NOT_PLANTED
    assert verdict_on(("frechet.py", "whole - 2 * nuclear_norm", "whole - (", "fid")) not in {KILLED, SURVIVED}
