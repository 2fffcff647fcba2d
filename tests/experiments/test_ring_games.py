from __future__ import annotations

from dataclasses import replace

import pytest

from ganbench import roster
from ganbench.data.mixtures import ring
from ganbench.experiments.base import Findings
from ganbench.experiments.ring_games import LOOKS, PLAYERS
from tests.experiments.measured import claim, findings

pytestmark = pytest.mark.xdist_group("experiment-ring_games")

# As the notes would have it: the slow critic's generator collapses, k and unrolling help, the loss tells nothing.
AS_NOTED = Findings(
    {
        "modes_slow": (3.0, 4.0, 3.5),
        "modes_slow_5": (7.0, 8.0, 7.5),
        "modes_even": (7.5, 8.0, 8.0),
        "modes_unrolled": (6.0, 7.0, 6.2),
        "correlation": (0.1, -0.3, 0.2),
    }
)


@pytest.mark.parametrize("name", PLAYERS)
def test_the_games_differ_in_what_their_names_say(name: str) -> None:
    _, baseline, settings = PLAYERS[name]
    player = roster.configure(baseline, settings, ring())
    assert player.lr_pair[0] == 1e-3
    assert player.lr_pair[1] == (1e-3 if name == "even" else 1e-4)
    assert player.n_critic == {"slow_5": 5}.get(name, 1)


@pytest.mark.parametrize(
    ("name", "counter"),
    [
        ("mode-collapse", {"modes_slow": (7.0, 8.0, 8.0)}),
        ("critic-steps", {"modes_slow_5": (3.1, 3.9, 3.6)}),
        ("critic-steps", {"modes_even": (3.0, 3.5, 3.4)}),
        ("unrolling", {"modes_unrolled": (1.0, 6.0, 3.0)}),
        ("loss-as-monitor", {"correlation": (0.9, 0.95, 0.92)}),
    ],
)
def test_the_rules_can_say_yes_and_no(name: str, counter: dict[str, tuple[float, ...]]) -> None:
    judge = claim("ring_games", name).judge
    assert judge(AS_NOTED) == "confirmed"
    assert judge(replace(AS_NOTED, numbers=AS_NOTED.numbers | counter)) == "not confirmed"


@pytest.mark.slow
def test_what_is_seen_lies_in_its_bounds() -> None:
    found = findings("ring_games")
    for name in PLAYERS:
        assert len(set(found.numbers[f"quality_{name}"])) > 1  # seeds differ
        assert all(0 <= each <= 8 for each in found.numbers[f"modes_{name}"])
        assert all(0 <= each <= 1 for each in found.numbers[f"quality_{name}"])
        assert len(found.curves[f"modes, {name}"]) == LOOKS
