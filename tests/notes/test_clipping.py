"""What clipping does to a discriminator: where weights end up, and what is left of a gradient after twelve layers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganbench.nets.net import Net
from ganbench.notes._discriminators import tower
from ganbench.notes.clipping import DEEP, gradient_norms, ratio, share_at_ends
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-clipping")
NAME = "clipping"
ENDS, HARD, NOT = (
    "clipped weights at the two ends",
    "the choice of c",
    "limits on weights, not on gradients",
)


def net_of(net: nn.Module) -> Net:
    return Net(net, {name: weight.detach().double() for name, weight in net.named_parameters()}, {})


def test_the_share_at_the_ends_counts_weights_and_no_biases() -> None:
    net = tower([2, 2])
    for weight in net.parameters():
        nn.init.constant_(weight, 0.5)
    with torch.no_grad():
        next(net.parameters()).copy_(torch.tensor([[0.5, -0.5], [0.4, 0.1]]))
    assert share_at_ends(net_of(net), 0.5) == pytest.approx(4 / 6)
    assert share_at_ends(net_of(net), 0.0) == pytest.approx(4 / 6)
    assert share_at_ends(net_of(net), 1.0) == 0


def test_gradient_norms_of_a_net_without_kinks_are_matrix_products() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        net = tower([2, 8, 8])
    for i, bias in enumerate(weight for weight in net.parameters() if weight.ndim == 1):
        bias.data += 100.0 ** (i + 1)  # each layer's outweighs what the one before sends: all units stay on
    _, second, last = (w.detach().double() for w in net.parameters() if w.ndim == 2)
    each = (2 / 512) ** 0.5  # 512 fakes with gradient 1/512 and as many real points with -1/512
    expected = [each * float((last @ second).norm()), each * float(last.norm()), each]
    assert gradient_norms(net_of(net), 0) == pytest.approx(expected, rel=1e-12)


def test_the_ratio_of_a_geometric_series_is_its_factor() -> None:
    assert ratio([7.0, *(0.5**k for k in range(11, -1, -1)), 100.0]) == pytest.approx(0.5)
    assert ratio([0.0] * len(DEEP)) == 0


@pytest.mark.slow
def test_most_clipped_weights_are_at_the_ends() -> None:
    results = findings(NAME)
    # an independent run had 0.869, 0.881 at c = 0.01 and 0.666, 0.671 at 0.1; the seeds' own sd is 0.01 to 0.03
    assert results.mean("share at the ends, c = 0.01") == pytest.approx(0.875, abs=0.05)
    assert results.mean("share at the ends, c = 0.1") == pytest.approx(0.667, abs=0.07)
    assert results.mean("share at the ends, penalty") < 0.01  # an even spread has 0.01


@pytest.mark.slow
def test_gradients_vanish_or_explode_with_depth_by_c() -> None:
    results = findings(NAME)
    assert results.mean("per layer, c = 0.001") == pytest.approx(0.0051, rel=0.2)
    assert results.mean("per layer, c = 0.01") == pytest.approx(0.053, rel=0.1)
    assert 1.1 < results.mean("per layer, c = 0.1") < 1.8
    assert results.mean("per layer, penalty") == pytest.approx(0.97, abs=0.1)
