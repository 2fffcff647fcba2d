from __future__ import annotations

from math import log2

import numpy as np
import pytest

from ganbench.data.mixtures import ring
from ganbench.notes.ring_games import EVALUATIONS, METHODS, SIZES, SWEEP, swept
from ganbench.training import registry
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-ring_games")

# As the notes would have it: the slow discriminator's generator collapses, k and unrolling help, the loss tells
# nothing.


@pytest.mark.parametrize("name", METHODS)
def test_the_methods_differ_in_what_their_names_say(name: str) -> None:
    _, baseline, settings = METHODS[name]
    method = registry.configure(baseline, settings, ring())
    assert method.lr_pair[0] == 1e-3
    assert method.lr_pair[1] == (1e-3 if name == "even" else 1e-4)
    assert method.d_steps == SWEEP.get(name, 1)


def test_a_doubling_of_k_is_a_straight_line_s_slope_and_equal_gradients_are_read_off_the_course() -> None:
    courses = {name: np.linspace(0, log2(k) + 1, EVALUATIONS + 1)[1:, None] * np.ones(2) for name, k in SWEEP.items()}
    numbers = {f"modes_{name}": tuple(course[-1]) for name, course in courses.items()}
    numbers |= {f"gradients_{name}": (64.0 * (k + 1),) for name, k in SWEEP.items()}
    gains = swept(courses, numbers)
    assert gains["modes_for_each_doubling_of_k"] == pytest.approx((1, 1))
    # At k = 5 a third of the run has the cost of the whole at k = 1: evaluation 6 of 20, counted from 1.
    assert gains["modes_slow_at_equal_gradients"] == pytest.approx((1, 1))
    assert gains["modes_slow_5_at_equal_gradients"] == pytest.approx((6 / 20 * (log2(5) + 1),) * 2)


@pytest.mark.slow
def test_gradients_are_one_for_each_example_and_network() -> None:
    _, steps, batch = SIZES["fast"]
    for name, k in SWEEP.items():
        assert findings("ring_games").numbers[f"gradients_{name}"] == (steps * batch * (k + 1),)


@pytest.mark.slow
def test_scores_lie_in_their_bounds() -> None:
    results = findings("ring_games")
    for name in METHODS:
        assert len(set(results.numbers[f"quality_{name}"])) > 1  # seeds differ
        assert all(0 <= each <= 8 for each in results.numbers[f"modes_{name}"])
        assert all(0 <= each <= 1 for each in results.numbers[f"quality_{name}"])
        assert len(results.curves[f"modes, {name}"]) == EVALUATIONS
