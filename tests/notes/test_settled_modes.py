from __future__ import annotations

import pytest

from ganbench.notes import settled_modes
from ganbench.notes.base import Form
from ganbench.notes.claims import about
from ganbench.notes.rules import LEVEL, parse, share_interval, state
from ganbench.notes.settled_modes import EVALUATIONS, RATES, SIZES

pytestmark = pytest.mark.xdist_group("experiment-settled_modes")
(CLAIM,) = about("settled_modes")


def test_modes_and_quality_are_read_late_and_by_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled_modes, "SIZES", {"fast": dict.fromkeys(RATES, (2, 24))})
    results = settled_modes.measure(Form("fast"))
    for name in RATES:
        assert len(results.numbers[f"modes, {name}"]) == 2
        assert all(0 <= count <= 8 for count in results.numbers[f"modes, {name}"])
        assert len(results.curves[f"modes, {name}"]) == EVALUATIONS
    last = results.curves["quality, even rates"][-EVALUATIONS // 4 :]
    assert results.mean("quality, last quarter") == pytest.approx(sum(last) / len(last))


@pytest.mark.parametrize("form", SIZES)
def test_so_many_runs_can_deny_and_confirm_a_collapse(form: str) -> None:
    seeds, _ = SIZES[form]["even rates"]  # type: ignore[index]
    for collapsed, said in ((0, "fails"), (seeds // 2, "holds"), (seeds // 4, "open")):
        numbers = {"modes, even rates": [7.0] * collapsed + [8.0] * (seeds - collapsed)}
        (condition,) = parse(CLAIM.holds[0], numbers)
        assert state(condition, numbers, exact=False, trials=len(CLAIM.sound) + len(CLAIM.holds)) == said
    assert share_interval(0, 8, LEVEL / 3)[1] > 0.25  # which eight runs could not
