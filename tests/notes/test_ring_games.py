from __future__ import annotations

from dataclasses import replace
from math import log2

import numpy as np
import pytest

from ganbench.data.mixtures import ring
from ganbench.notes.base import Findings
from ganbench.notes.ring_games import EVALUATIONS, METHODS, SIZES, SWEEP, swept
from ganbench.training import registry
from tests.notes.measured import claim, findings

pytestmark = pytest.mark.xdist_group("experiment-ring_games")

# As the notes would have it: the slow discriminator's generator collapses, k and unrolling help, the loss tells
# nothing.
AS_NOTED = Findings(
    {
        "modes_slow": (3.0, 4.0, 3.5),
        "modes_for_each_doubling_of_k": (1.2, 1.4, 1.1),
        "modes_even": (7.5, 8.0, 8.0),
        "modes_unrolled": (6.0, 7.0, 6.2),
        "correlation": (0.1, -0.3, 0.2),
    }
)


@pytest.mark.parametrize("name", METHODS)
def test_the_methods_differ_in_what_their_names_say(name: str) -> None:
    _, baseline, settings = METHODS[name]
    method = registry.configure(baseline, settings, ring())
    assert method.lr_pair[0] == 1e-3
    assert method.lr_pair[1] == (1e-3 if name == "even" else 1e-4)
    assert method.d_steps == SWEEP.get(name, 1)


@pytest.mark.parametrize(
    ("name", "counter"),
    [
        ("mode collapse on a ring", {"modes_slow": (7.0, 8.0, 8.0)}),
        ("k discriminator steps on a ring", {"modes_for_each_doubling_of_k": (-0.2, 0.5, 0.3)}),
        ("k discriminator steps on a ring", {"modes_even": (3.0, 3.5, 3.4)}),
        ("unrolling on a ring", {"modes_unrolled": (1.0, 6.0, 3.0)}),
        ("the loss as a monitor", {"correlation": (0.9, 0.95, 0.92)}),
    ],
)
def test_the_rules_can_say_yes_and_no(name: str, counter: dict[str, tuple[float, ...]]) -> None:
    evaluate = claim("ring_games", name).evaluate
    assert evaluate(AS_NOTED) == "confirmed"
    assert evaluate(replace(AS_NOTED, numbers=AS_NOTED.numbers | counter)) == "not confirmed"


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
