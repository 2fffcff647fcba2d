"""The unrolled GAN: further updates of the discriminator, and the gradient that runs through them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganbench import data
from ganbench.baseline import Batch, Net
from ganbench.baselines.unrolled import UnrolledGAN
from ganbench.errors import BadInput
from ganbench.optim import Adam
from ganbench.training.trainer import Plan, Trainer
from tests.baselines.fixtures import Linear, Offset, as_net, batch, descent, exactly

FOLDER = Path(__file__).parents[3] / "shared" / "data"
needs_files = pytest.mark.skipif(
    not (FOLDER / "MNIST" / "raw").is_dir(), reason="MNIST's files are not beside the project"
)

UNROLLED = [  # steps, saddle value and gradient, non-saturating value and gradient
    (0, -1.2272814182, -0.2806148328, 0.5836120824, -0.2193851672),
    (1, -1.2252028961, -0.2982339347, 0.5808595261, -0.2133312836),
    (2, -1.2233755458, -0.3138170394, 0.5783018565, -0.2077426707),
    (5, -1.2190983552, -0.3507764616, 0.5716410037, -0.1932833098),
]


def one_weight() -> tuple[Net, Net, Batch]:
    """D(v) = 0.5 v, x = 1, 2, z = 0, 1, G(z) = z + theta at 0."""
    x, z = (torch.tensor(values, dtype=torch.double)[:, None] for values in ([1.0, 2.0], [0.0, 1.0]))
    return as_net(Offset(0.0)), as_net(Linear(torch.tensor([0.5]))), batch(x=x, z=z)


@pytest.mark.parametrize(("unroll", "saddle", "saddle_gradient", "heuristic", "heuristic_gradient"), UNROLLED)
def test_the_generator_s_gradient_runs_through_the_unrolled_steps(
    unroll: int, saddle: float, saddle_gradient: float, heuristic: float, heuristic_gradient: float
) -> None:
    for non_saturating, value, gradient in ((False, saddle, saddle_gradient), (True, heuristic, heuristic_gradient)):
        G, D, b = one_weight()
        baseline = UnrolledGAN(unroll=unroll, lr=1.0, inner_lr=0.1, non_saturating=non_saturating)
        loss = baseline.generator_loss(G, D, b)
        exactly(loss, value)
        exactly(torch.autograd.grad(loss, G.weights["theta"])[0], gradient)
        assert D.weights["w"].item() == 0.5  # the unrolled steps were not taken


def test_without_a_rate_unrolling_changes_nothing() -> None:
    exactly(UnrolledGAN(inner_lr=0.0).generator_loss(*one_weight()), -1.2272814182)


@dataclass(frozen=True)
class Watched(UnrolledGAN):
    """Keeps the discriminator's loss before each step that it looks ahead, and after the last."""

    seen: list[list[float]] = field(default_factory=list)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        losses = [self.discriminator_loss(G, D, b)]
        for _ in range(self.unroll):
            D = self.further(G, D, b)
            losses.append(self.discriminator_loss(G, D, b))
        self.seen.append([loss.item() for loss in losses])
        return -losses[-1]


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("ring8", 40),
        ("grid25", 40),
        ("digits", 40),
        ("stacked_digits", 20),
        pytest.param("mnist", 10, marks=needs_files),
    ],
)
def test_the_discriminators_loss_falls_along_the_steps_that_are_looked_ahead(name: str, steps: int) -> None:
    """Plain gradient descent at 0.1 climbs on digits: 1.06, 0.97, 0.90, 0.98, 1.69, 2.84 after 40 steps."""
    dataset = data.load(name, FOLDER, download=False)
    baseline = Watched(latent=dataset.latent)
    Trainer(baseline, dataset, [0], Plan(steps, batch=64, backend="loop")).advance(steps)
    assert len(baseline.seen) == steps
    for losses in baseline.seen:
        assert all(later < earlier for earlier, later in pairwise(losses))


def test_a_step_ahead_is_the_one_that_adam_makes_next_from_where_it_is() -> None:
    """The first of the generator's steps ahead, on the discriminator's next batch, is the discriminator's next step."""
    seen: dict[str, Tensor] = {}

    @dataclass(frozen=True)
    class Twice(UnrolledGAN):
        def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
            further = self.further(G, D, FIXED)
            seen["ahead"] = torch.cat([weight.detach().flatten() for weight in further.weights.values()])
            return super().generator_loss(G, D, b)

        def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
            return super().discriminator_loss(G.detached(), D, FIXED)

    FIXED = batch(x=torch.ones(3, 2), z=torch.tensor([[0.0, 1.0], [2.0, 0.5], [-1.0, 0.0]]))
    trainer = Trainer(Twice(lr=(1e-9, 2e-3), unroll=1), data.load("ring8"), [0], Plan(9, batch=4, backend="loop"))
    trainer.advance(8)
    trainer.update("discriminator")  # its own step, from where it was when the generator looked ahead
    torch.testing.assert_close(trainer.state["D"]["weights"][0], seen["ahead"], rtol=0.0, atol=1e-6)


def test_an_own_rate_scales_the_steps_ahead() -> None:
    G, D, b = one_weight()
    slow, fast = (UnrolledGAN(lr=1.0, inner_lr=rate).further(G, D, b).weights["w"] - 0.5 for rate in (0.1, 0.3))
    torch.testing.assert_close(fast, 3 * slow)


def test_a_weight_without_any_gradient_so_far_has_a_finite_one_ahead() -> None:
    """Adam divides by the root of the second moment, whose derivative at zero is infinite."""
    G, _, b = one_weight()
    dead = Linear(torch.tensor([0.0]))
    zeros = batch(x=torch.zeros_like(b.x), z=torch.zeros_like(b.z))
    loss = UnrolledGAN().generator_loss(G, Net.of(dead, descent(dead, Adam())), zeros)
    assert torch.autograd.grad(loss, G.weights["theta"])[0].isfinite().all()


def test_a_network_outside_of_a_loss_has_no_optimiser_to_look_ahead_with() -> None:
    with pytest.raises(BadInput, match="no optimiser here"):
        Net.of(Linear(torch.ones(2))).stepped(lambda D: D(torch.ones(1, 2).double()).sum())
