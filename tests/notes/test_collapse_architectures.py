from __future__ import annotations

import pytest

from ganbench.notes import collapse_architectures
from ganbench.notes.base import Form
from ganbench.notes.collapse_architectures import EVALUATIONS, METHODS, PLAIN


@pytest.mark.slow
def test_modes_are_read_late_and_the_architectures_are_averaged_seed_by_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collapse_architectures, "SIZES", {"fast": (2, 12, 16)})
    results = collapse_architectures.measure(Form("fast"))
    changed = [name for name in METHODS if name != PLAIN]
    for name in METHODS:
        assert all(0 <= count <= 8 for count in results.numbers[f"modes, {name}"])
        assert len(results.curves[f"modes, {name}"]) == EVALUATIONS
    for seed in range(2):
        mean = sum(results.numbers[f"modes, {name}"][seed] for name in changed) / len(changed)
        assert results.numbers["modes, mean of the architectures"][seed] == pytest.approx(mean)
