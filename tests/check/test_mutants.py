"""The planted bugs are really planted, and the trial tells a bug from a change that changes nothing."""

from __future__ import annotations

import sys

import pytest

from tests.mutants import KILLED, MUTANTS, NOT_PLANTED, ROOT, SURVIVED, place, verdict_on
from tests.planted import PLANTED
from tests.planted_code import PLANTED_CODE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="trials part from this process by fork")


def test_every_planted_text_is_there_and_different():
    for file, right, wrong, by in MUTANTS:
        assert right in place(file).read_text(encoding="utf-8"), f"{file} has no {right!r}"
        assert wrong != right
        assert by
        test, _, named = by.partition("::")
        assert not by.startswith("tests/") or f"def {named}" in (ROOT / test).read_text(encoding="utf-8")
    assert len({mutant[:3] for mutant in MUTANTS}) == len(MUTANTS)
    assert len(PLANTED) >= 100
    assert len(PLANTED_CODE) >= 40


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("wrong", "verdict"), [("whole - nuclear_norm", KILLED), ("whole - 2.0 * nuclear_norm", SURVIVED)]
)
def test_a_bug_is_killed_and_a_change_of_nothing_survives(wrong, verdict):
    assert verdict_on(("metrics/frechet.py", "whole - 2 * nuclear_norm", wrong, "fid")) == verdict


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_mutant_that_cannot_be_planted_or_run_is_not_killed():
    assert verdict_on(("metrics/frechet.py", "no such text", "x", "fid")) == NOT_PLANTED
    assert verdict_on(("metrics/frechet.py", "whole - 2 * nuclear_norm", "whole - (", "fid")) not in {KILLED, SURVIVED}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(("wrong", "verdict"), [("equal_var=True", KILLED), ("equal_var=bool(0)", SURVIVED)])
def test_tests_kill_a_bug_and_let_a_change_of_nothing_live(wrong, verdict):
    assert verdict_on(("stats.py", "equal_var=False", wrong, "tests/test_stats.py")) == verdict
