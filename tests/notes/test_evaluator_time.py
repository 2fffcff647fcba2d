from __future__ import annotations

from functools import partial

import pytest

from ganbench.notes.evaluator_time import afresh, scored, shortest
from tests.narrow import narrow
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-evaluator_time")
NAME, CLAIM = "evaluator_time", "the time that metrics take"


def test_every_call_works_anew():
    samples = narrow(scored(60)["W1"], partial).args[1]
    assert afresh("w1", samples) == afresh("w1", samples) > 0
    calls = []

    def call():
        calls.append(1)
        return 0.0

    assert shortest(call) > 0
    assert len(calls) == 3


def test_a_busy_loop_takes_its_time():
    def count(n):
        return lambda: float(sum(range(n)))

    assert shortest(count(400_000)) > 3 * shortest(count(10_000))


def test_all_metrics_were_timed_at_all_sizes():
    (matrix,) = findings(NAME).matrices.values()
    assert {"W1", "MMD", "FID", "1-NN", "IS", "Mode Score"} <= set(matrix.rows)
    assert all(isinstance(second, int | float) and second > 0 for line in matrix.cells for second in line[:-1])
