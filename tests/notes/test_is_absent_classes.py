import pytest
import torch

from ganbench._util.streams import stream
from ganbench.metrics import METRICS
from ganbench.metrics.inception_score import entropy
from ganbench.notes.is_absent_classes import MODES, RADIUS, RING, SD, bayes, histogram, weighted_score
from tests.notes import measured

pytestmark = pytest.mark.xdist_group("experiment-is_absent_classes")
NAME = "is_absent_classes"


def test_symmetry_gives_the_exact_scores_of_points() -> None:
    results = measured.findings(NAME)
    exact = {"points at the centre": 1.0, "far, between two modes": MODES / 2, "far, beyond the modes": MODES}
    for name, value in exact.items():
        assert results.mean(f"ring: {name}") == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("name", ["the truth", "uniform noise"])
def test_the_library_s_score_of_draws_agrees_with_the_quadrature(name: str) -> None:
    random, n = stream(0, "test", name), 40_000
    angle = 2 * torch.pi * torch.arange(MODES, dtype=torch.float64) / MODES
    centres = RADIUS * torch.stack([angle.cos(), angle.sin()], 1)
    noise = torch.randn(n, 2, generator=random, dtype=torch.float64)
    x = {
        "the truth": centres[torch.arange(n) % MODES] + SD * noise,
        "uniform noise": 40 * torch.rand(n, 2, generator=random, dtype=torch.float64) - 20,
    }[name]
    p = bayes(x, centres)
    score = METRICS["inception_score"](p)
    error = score * float(entropy(p).std()) / n**0.5  # of log IS, by the spread of H(y|x); H(y) is flat at its top
    assert measured.findings(NAME).mean(f"ring: {name}") == pytest.approx(score, abs=4 * error)
    assert set(RING) > {name}


def test_weights_count_as_copies() -> None:
    p = torch.tensor([[0.9, 0.1], [0.3, 0.7], [0.5, 0.5]], dtype=torch.float64)
    copies = p[[0, 1, 1, 1, 2]]
    assert weighted_score(p, torch.tensor([1.0, 3.0, 1.0], dtype=torch.float64)) == pytest.approx(
        METRICS["inception_score"](copies), rel=1e-12
    )


def test_shares_of_the_histogram_sum_to_one() -> None:
    assert histogram(torch.tensor([0.1, 0.5, 1.0, 1.0]))[-1] == 0.5
    for shares in measured.findings(NAME).curves.values():
        assert sum(shares) == pytest.approx(1, abs=1e-5)
