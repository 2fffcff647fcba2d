"""Wrong implementations that people could ship are convicted, and for the right reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.mutants import MUTANTS, family, tried

PAGE = Path(__file__).parents[2] / "docs" / "check-power.md"
EVERY = 7  # mutants, of which one is tried here; `python -m benchmarks.mutants` tries all


def test_there_are_mutants_of_every_large_family():
    counts = Counter(family(mutant.metric) for mutant in MUTANTS)
    assert len(MUTANTS) >= 150
    assert min(counts[name] for name in ("frechet", "kid", "kernels", "precision recall", "transport")) >= 20


def missed() -> set[str]:
    """Return the beginnings of the page's rows about mutants that are not convicted for the right reason."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line.startswith("| ") and not line.endswith("% |")}


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS[::EVERY], ids=[f"{m.metric}: {m.what}" for m in MUTANTS[::EVERY]])
def test_a_mutant_is_convicted_for_the_right_reason_unless_the_page_says_otherwise(mutant):
    _, right, _ = tried(mutant)
    assert right or any(line.startswith(f"| {mutant.metric} | {mutant.what} |") for line in missed())


def test_the_page_counts_the_mutants_and_misses_at_most_three_in_a_hundred():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    (total,) = [line.split(" | ") for line in lines if line.startswith("| all | ")]
    assert int(total[1]) == len(MUTANTS)
    assert int(total[3]) >= 0.97 * len(MUTANTS)
