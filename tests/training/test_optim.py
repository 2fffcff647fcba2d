"""Our optimisers take the steps of torch's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from ganbench.optim import SGD, Adam, Optimizer, RMSProp

PAIRS: dict[str, tuple[Optimizer, Callable[[list[torch.nn.Parameter]], torch.optim.Optimizer]]] = {
    "adam": (Adam(1e-2, (0.5, 0.99)), lambda p: torch.optim.Adam(p, 1e-2, (0.5, 0.99))),
    "adam without momentum": (Adam(1e-2, (0.0, 0.9)), lambda p: torch.optim.Adam(p, 1e-2, (0.0, 0.9))),
    "rmsprop": (RMSProp(1e-2), lambda p: torch.optim.RMSprop(p, 1e-2)),
    "sgd": (SGD(1e-2, 0.9), lambda p: torch.optim.SGD(p, 1e-2, momentum=0.9)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_each_row_takes_the_steps_of_torch(name: str) -> None:
    ours, theirs = PAIRS[name]
    stream = torch.Generator().manual_seed(0)
    start, grads = torch.randn(3, 5, generator=stream), torch.randn(20, 3, 5, generator=stream)
    parameter = torch.nn.Parameter(start.clone())
    twin = theirs([parameter])
    weights = optimized(ours, start, grads)
    for grad in grads:
        parameter.grad = grad.clone()
        twin.step()
    torch.testing.assert_close(weights, parameter.detach(), rtol=1e-6, atol=1e-7)


def optimized(optimizer: Optimizer, weights: torch.Tensor, grads: torch.Tensor) -> torch.Tensor:
    state = optimizer.init(weights)
    for count, grad in enumerate(grads, 1):
        numbers = optimizer.schedule(count).items()
        schedule = {name: torch.full((len(weights), 1), value, dtype=torch.double) for name, value in numbers}
        weights, state = optimizer.update(weights, grad, state, schedule)
    return weights


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.999), (0.0, 0.9), (0.9, 0.0)])
def test_after_thousands_of_steps_adam_is_torch_s_to_twelve_digits(betas: tuple[float, float]) -> None:
    """In float64, so that rounding does not hide a wrong correction of the bias or a misplaced epsilon."""
    stream = torch.Generator().manual_seed(1)
    start = torch.randn(2, 7, generator=stream, dtype=torch.double)
    grads = torch.randn(3000, 2, 7, generator=stream, dtype=torch.double) * 10.0 ** torch.arange(-10, 4, 2)
    grads[1500:] = 0  # where moments fade
    parameter = torch.nn.Parameter(start.clone())
    twin = torch.optim.Adam([parameter], 1e-2, betas)
    ours = optimized(Adam(1e-2, betas), start, grads)
    for grad in grads:
        parameter.grad = grad.clone()
        twin.step()
    torch.testing.assert_close(ours, parameter.detach(), rtol=1e-12, atol=1e-12)


def test_each_row_may_have_a_rate_of_its_own() -> None:
    weights, grad = torch.zeros(2, 3), torch.ones(2, 3)
    rates = torch.tensor([[0.1], [0.2]], dtype=torch.double)
    moved, _ = SGD().update(weights, grad, SGD().init(weights), {"lr": rates, "momentum": torch.zeros(2, 1).double()})
    torch.testing.assert_close(moved, torch.tensor([[-0.1] * 3, [-0.2] * 3]))


@pytest.mark.parametrize("optimizer", [Adam(), RMSProp(), SGD()])
def test_no_state_is_0_dimensional(optimizer: Optimizer) -> None:
    assert all(tensor.ndim == 2 for tensor in optimizer.init(torch.zeros(2, 3)).values())
