"""Parzen windows: what they should say of known distributions, and what they say of cluster centres."""

from __future__ import annotations

from math import log, pi

import pytest
import torch

from ganbench.notes.parzen_windows import DIM, WIDTH, WIDTHS, centres, score
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-parzen_windows")
NAME, CLAIM = "parzen_windows", "Parzen windows for an implicit density"


def test_one_window_is_a_gaussian() -> None:
    assert findings(NAME).mean("one sample at the point itself") == pytest.approx(
        -DIM / 2 * log(2 * pi * WIDTH**2), abs=1e-9
    )


def test_the_score_takes_the_bandwidth_that_suits_the_chosen_half() -> None:
    samples = torch.zeros(1, 2, dtype=torch.float64)
    chosen = torch.tensor([[0.6, 0.0], [0.0, 0.6]], dtype=torch.float64)
    scored = torch.tensor([[0.1, 0.1]], dtype=torch.float64)
    # the likeliest isotropic sd of `chosen` around 0 is sqrt(0.36 / 2) = 0.424; the nearest of the ten is 0.464
    width = min(WIDTHS, key=lambda w: 0.36 / (2 * w * w) + 2 * log(w))
    assert width == pytest.approx(10 ** (-1 / 3))
    assert score(samples, chosen, scored) == pytest.approx(-log(2 * pi * width**2) - 0.02 / (2 * width**2))


def test_centres_of_separate_clusters_are_their_means() -> None:
    x = torch.tensor([[0.0], [0.2], [5.0], [5.4]], dtype=torch.float64)
    assert sorted(centres(x, 2, 0).flatten().tolist()) == pytest.approx([0.1, 5.2])


def test_centres_score_above_true_examples() -> None:
    results = findings(NAME)
    gaps = [
        a - b for a, b in zip(results.numbers["k-means centres"], results.numbers["as many true examples"], strict=True)
    ]
    assert min(gaps) > 0  # in each of five redraws, paired on the same test data
    assert results.low("all true examples") > results.mean("as many true examples")
