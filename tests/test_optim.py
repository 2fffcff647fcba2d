"""Our optimisers walk in torch's footsteps."""

from __future__ import annotations

import pytest
import torch

from ganbench.optim import SGD, Adam, Optimizer, RMSProp

PAIRS = {
    "adam": (Adam(1e-2, (0.5, 0.99)), lambda p: torch.optim.Adam(p, 1e-2, (0.5, 0.99))),
    "adam without momentum": (Adam(1e-2, (0.0, 0.9)), lambda p: torch.optim.Adam(p, 1e-2, (0.0, 0.9))),
    "rmsprop": (RMSProp(1e-2), lambda p: torch.optim.RMSprop(p, 1e-2)),
    "sgd": (SGD(1e-2, 0.9), lambda p: torch.optim.SGD(p, 1e-2, momentum=0.9)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_each_row_walks_like_torch(name: str) -> None:
    ours, theirs = PAIRS[name]
    stream = torch.Generator().manual_seed(0)
    start, slopes = torch.randn(3, 5, generator=stream), torch.randn(20, 3, 5, generator=stream)
    parameter = torch.nn.Parameter(start.clone())
    twin = theirs([parameter])
    weights = walk(ours, start, slopes)
    for slope in slopes:
        parameter.grad = slope.clone()
        twin.step()
    torch.testing.assert_close(weights, parameter.detach(), rtol=1e-6, atol=1e-7)


def walk(optimizer: Optimizer, weights: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    state = optimizer.start(weights)
    dials = {
        name: torch.full((len(weights), 1), value, dtype=torch.double) for name, value in optimizer.dials().items()
    }
    for slope in slopes:
        weights, state = optimizer.move(weights, slope, state, dials)
    return weights


def test_a_rate_per_row_moves_each_row_at_its_own_rate() -> None:
    weights, slope = torch.zeros(2, 3), torch.ones(2, 3)
    rates = torch.tensor([[0.1], [0.2]], dtype=torch.double)
    moved, _ = SGD().move(weights, slope, SGD().start(weights), {"lr": rates, "momentum": torch.zeros(2, 1).double()})
    torch.testing.assert_close(moved, torch.tensor([[-0.1] * 3, [-0.2] * 3]))


@pytest.mark.parametrize("optimizer", [Adam(), RMSProp(), SGD()])
def test_no_state_is_0_dimensional(optimizer: Optimizer) -> None:
    assert all(tensor.ndim == 2 for tensor in optimizer.start(torch.zeros(2, 3)).values())
