from __future__ import annotations

import pytest

from ganbench.experiments.evaluator_time import afresh, scored, shortest
from tests.experiments.measured import findings, verdict

pytestmark = pytest.mark.xdist_group("experiment-evaluator_time")
NAME, CLAIM = "evaluator_time", "the time that metrics take"


def test_every_call_works_anew():
    clouds = scored(60)["W1"].args[1]
    assert afresh("w1", clouds) == afresh("w1", clouds) > 0
    seen = []
    assert shortest(lambda: seen.append(1) or 0.0) > 0
    assert len(seen) == 3


def test_a_busy_loop_takes_its_time():
    def count(n):
        return lambda: float(sum(range(n)))

    assert shortest(count(400_000)) > 3 * shortest(count(10_000))


def test_all_metrics_were_timed_at_all_sizes():
    (matrix,) = findings(NAME).matrices.values()
    assert {"W1", "MMD", "FID", "1-NN", "IS", "Mode Score"} <= set(matrix.rows)
    assert all(second > 0 for line in matrix.cells for second in line[:-1])


def test_the_verdict_follows_the_seconds():
    slow = {f"seconds of {name}": 0.1 for name in ("MMD", "FID", "1-NN", "IS", "Mode Score")}
    assert verdict(NAME, CLAIM, **slow, **{"seconds of W1": 1.0}) == "confirmed"
    assert verdict(NAME, CLAIM, **slow, **{"seconds of W1": 0.05}) == "not confirmed"
