"""A PixelCNN's density: exact, testable against a known distribution, and drawn from pixel by pixel."""

from __future__ import annotations

from math import log

import pytest
import torch

from ganbench.notes.explicit_density import distribution, drawn, images
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-explicit_density")
NAME = "explicit_density"
CHAIN, TEST, SLOW = (
    "the chain rule as a density",
    "a test phase for generative models",
    "passes per image of PixelCNN",
)


def test_the_distribution_is_one_over_all_images() -> None:
    assert len({tuple(x.flatten().tolist()) for x in images()}) == 64
    assert float(distribution().sum()) == pytest.approx(1)
    assert float(distribution().max()) > 5 / 64  # far from uniform, or there would be nothing to learn


def test_the_data_follow_the_distribution() -> None:
    x, _ = drawn().train.examples({"index": torch.arange(20_000)})
    index = ((x.flatten(1) > 0) * 2 ** torch.arange(5, -1, -1)).sum(1)
    counts = torch.bincount(index, minlength=64)
    expected = 20_000 * distribution()
    chi_square = float(((counts - expected) ** 2 / expected).sum())
    assert chi_square < 63 + 5 * (2 * 63) ** 0.5  # mean and five standard deviations under the distribution


@pytest.mark.slow
def test_the_density_sums_to_one_and_approaches_the_distribution() -> None:
    results = findings(NAME)
    assert results.numbers["sum over all images"] == pytest.approx([1.0] * 3, abs=1e-5)
    assert results.numbers["cross entropy, before"] == pytest.approx([log(64)] * 3, abs=1e-6)
    excess = [value - results.mean("entropy of the distribution") for value in results.numbers["cross entropy"]]
    assert all(0 < each < 0.05 for each in excess)  # 63/40 000 of it is the sampling of the data
    assert results.high("bits per pixel, held out") < 3  # an even guess has log2(17) = 4.09
