"""What decoders make of codes that nobody encoded."""

from __future__ import annotations

import pytest
import torch

from ganbench import data
from ganbench.notes.random_codes import CODES, ROWS, SAMPLES, pictures, train
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-random_codes")
NAME = "random_codes"
JUNK, VAE = "random codes of an autoencoder", "random codes of a VAE"


def test_given_images_depend_on_what_is_given_and_random_ones_do_not() -> None:
    trainer = train("ae", data.load("digits"), range(2), 1)
    black, white = (pictures(trainer, torch.full((3, 1, 8, 8), value)) for value in (-1.0, 1.0))
    assert black[ROWS[0]].shape == (2, 3, 1, 8, 8)
    assert black[ROWS[3]].shape == (2, SAMPLES, 1, 8, 8)
    assert not torch.equal(black[ROWS[0]], white[ROWS[0]])
    assert torch.equal(black[ROWS[3]], white[ROWS[3]])
    assert trainer.baseline.latent == CODES


@pytest.mark.slow
def test_the_order_of_distances() -> None:
    results = findings(NAME)
    # each gap is several times the seeds' spread, which the rules check with its interval
    means = [results.mean(name) for name in ("real images", "autoencoder, fitted Gaussian", "autoencoder, N(0, 1)")]
    assert means == sorted(means)
    assert results.mean("real images") < results.mean("VAE, N(0, 1)") < results.mean("autoencoder, N(0, 1)")
