"""Planted bugs are found where they are planted, and claims and tests catch them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ganbench.metrics import METRICS
from tests.planted_bugs import BUGS, QUICK, ROOT, Bug, caught, home, planted, refuted, result


@pytest.mark.parametrize("bug", [bug for bug in BUGS if bug.says in QUICK], ids=lambda bug: bug.says)
def test_a_planted_bug_is_caught_and_leaves_nothing_behind(bug: Bug) -> None:
    right = home(bug)
    assert caught(bug)
    assert home(bug) == right
    assert not refuted(bug.caught_by.split()[:1])


def test_a_change_that_changes_nothing_is_not_caught() -> None:
    bug = next(bug for bug in BUGS if bug.says == QUICK[0])
    assert not caught(Bug("nothing", bug.where, result(lambda value, *_: value), bug.caught_by))


def test_every_bug_has_a_function_to_replace_and_something_that_must_catch_it() -> None:
    assert len({bug.says for bug in BUGS}) == len(BUGS) <= 40
    assert len(QUICK) == 3
    for bug in BUGS:
        home(bug)
        if bug.by_tests:
            file, _, test = bug.caught_by.partition("::")
            assert f"def {test}" in (ROOT / file).read_text(encoding="utf-8")
        else:
            assert set(bug.caught_by.split()) <= set(METRICS)


def test_a_function_that_is_not_there_is_named() -> None:
    with pytest.raises(LookupError, match="absent: expected one definition, there are 0"):
        home(Bug("nothing", "ganbench.metrics:absent", result(lambda value: value), "fid"))


def test_a_bug_is_planted_wherever_the_function_was_imported() -> None:
    from ganbench import losses
    from ganbench.baselines import gan

    right = losses.logistic
    with planted(Bug("nothing", "ganbench.losses:logistic", result(lambda value, *_: value), "fid")):
        assert gan.logistic is losses.logistic is not right
    assert gan.logistic is losses.logistic is right


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="every bug has a process of its own, by fork")
def test_every_planted_bug_is_caught() -> None:
    command = [sys.executable, "-m", "tests.planted_bugs"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
