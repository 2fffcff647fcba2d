from __future__ import annotations

from math import log
from typing import Any

import pytest
import torch

from ganbench import data
from ganbench.dataset import Modes
from ganbench.notes.grid_packing import PAIRS, scored
from ganbench.notes.ledger import number
from tests.narrow import narrow
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-grid_packing")
NAME, PACKING, QUALITY = "grid_packing", "packing on a grid", "steps behind a share of quality"
FULL: dict[str, Any] = {
    "steps": 15_000,
    "modes, GAN": (20, 18, 15, 20, 22, 14),
    "modes, PacGAN2": (25, 25, 22, 24, 25, 23),
    "reverse KL, GAN": 0.82,
    "reverse KL, PacGAN2": 0.37,
}


def test_shares_are_in_per_cent_and_samples_without_quality_count_as_one_mode():
    modes = narrow(data.load("grid25").modes, Modes)
    assert scored("high_quality", modes.centres, modes) == 100
    nowhere = torch.full((50, 2), 1.0)
    assert scored("reverse_kl", nowhere, modes) == pytest.approx(log(25))
    assert scored("reverse_kl", modes.centres, modes) == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_the_pairs_are_those_of_the_published_row():
    assert [number(pair.published).value for pair in PAIRS] == [17.3, 23.8, 94.8, 91.3, 0.70, 0.13]
    assert all(pair.measured in findings(NAME).numbers for pair in PAIRS)


@pytest.mark.slow
def test_a_short_training_counts_as_many_modes_as_published_without_their_quality():
    results = findings(NAME)
    for method in ("GAN", "PacGAN2"):
        assert len(results.numbers[f"modes, {method}"]) == 6
        assert results.mean(f"modes, {method}") > 10  # a blob has 17.7
        assert results.mean(f"modes with a fifth, {method}") < results.mean(f"modes, {method}")
        assert results.high(f"quality %, {method}") < number(f"pacgan/grid25/{method.lower()}/high-quality").value
