from __future__ import annotations

import pytest

from ganbench.notes import settled_modes
from ganbench.notes.base import Form
from ganbench.notes.settled_modes import EVALUATIONS, RATES

pytestmark = pytest.mark.xdist_group("experiment-settled_modes")


def test_modes_and_quality_are_read_late_and_by_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled_modes, "SIZES", {"fast": (2, 24, 16)})
    results = settled_modes.measure(Form("fast"))
    for name in RATES:
        assert len(results.numbers[f"modes, {name}"]) == 2
        assert all(0 <= count <= 8 for count in results.numbers[f"modes, {name}"])
        assert len(results.curves[f"modes, {name}"]) == EVALUATIONS
    last = results.curves["quality, even rates"][-EVALUATIONS // 4 :]
    assert results.mean("quality, last quarter") == pytest.approx(sum(last) / len(last))
