"""Flow matching and DDPM: worked losses, and sampling whose outcome is known where the network is."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import pytest
import torch
from torch import Tensor, nn

from ganbench.baselines.ddpm import DDPM
from ganbench.baselines.flow_matching import FlowMatching
from ganbench.data import load
from ganbench.dataset import Architecture, Space
from ganbench.errors import BadInput
from ganbench.nets import timed
from ganbench.training.sampler import Sampler
from tests.baselines.fixtures import DIGITS, FAKE, MNIST, REAL, RING, as_net, batch, exactly, identity
from tests.training.short_runs import trained

TIMES = torch.tensor([0.25, 0.5], dtype=torch.double)


class Seen(nn.Module):
    """Keep what a network is asked, and return a factor times the example plus a factor times the time."""

    def __init__(self, example: float, time: float) -> None:
        super().__init__()
        self.example, self.time = example, time
        self.asked: list[tuple[Tensor, Tensor]] = []

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        self.asked.append((x, t))
        return self.example * x + self.time * t[:, None]


class Known(nn.Module):
    """The noise in what the forward process makes of normal data: E[z | x], for points about ``mean`` of one ``sd``."""

    def __init__(self, mean: float, sd: float) -> None:
        super().__init__()
        self.mean, self.sd = mean, sd

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        kept = 1 - noise[:, None] ** 2
        return noise[:, None] * (x - kept.sqrt() * self.mean) / (kept * self.sd**2 + 1 - kept)


def test_flow_matching_has_its_worked_value() -> None:
    """At times .25 and .5, sigma .2: reached (1 - .8 t) z + t x; the velocity that is wanted is x - .8 z."""
    G = Seen(1.0, 0.0)
    b = batch(x=REAL, z=FAKE, t=TIMES)
    loss = FlowMatching(sigma=0.2).generator_loss(as_net(G), identity(), b)
    reached = torch.tensor([[0.8 * 0.5 + 0.25, -0.8], [0.6 * 2, 0.6 + 1]], dtype=torch.double)
    torch.testing.assert_close(G.asked[0], (reached, TIMES))
    # residuals: (.65 - .6, -.8 - .8) and (1.2 + 1.6, 1.6 - 1.2)
    exactly(loss, (0.05**2 + 1.6**2 + 2.8**2 + 0.4**2) / 4)


def test_at_time_one_a_path_is_sigma_away_from_its_example_and_at_zero_it_is_noise() -> None:
    for t, wanted in ((0.0, FAKE), (1.0, REAL + 0.1 * FAKE)):
        G = Seen(1.0, 0.0)
        ends = torch.full((2,), t, dtype=torch.double)
        FlowMatching(sigma=0.1).generator_loss(as_net(G), identity(), batch(x=REAL, z=FAKE, t=ends))
        torch.testing.assert_close(G.asked[0][0], wanted)


@pytest.mark.parametrize(("solver", "reached"), [("euler", 0.4), ("midpoint", 0.5)])
def test_a_velocity_that_is_the_time_leads_half_a_unit_on(solver: str, reached: float) -> None:
    """The integral of t is .5; five left rectangles have .4, and the midpoint rule is exact for it."""
    baseline = FlowMatching(sampling_steps=5, solver=solver)
    made = baseline.generate(as_net(Seen(0.0, 1.0)), batch(z=FAKE))
    torch.testing.assert_close(made, FAKE + reached)


def test_the_order_of_each_solver_is_its_own() -> None:
    """x' = x leads from z to e z: halving the step halves Euler's error and quarters the midpoint rule's."""

    def error(solver: str, steps: int) -> float:
        baseline = FlowMatching(sampling_steps=steps, solver=solver)
        made = baseline.generate(as_net(Seen(1.0, 0.0)), batch(z=torch.ones(1, 1, dtype=torch.double)))
        return abs(float(made) - torch.e)

    assert error("euler", 64) / error("euler", 128) == pytest.approx(2, rel=0.02)
    assert error("midpoint", 64) / error("midpoint", 128) == pytest.approx(4, rel=0.02)


def test_ddpm_has_its_worked_value() -> None:
    """Two timesteps that add variances .5 and .75: .5 and then .125 of the data's are left."""
    baseline, G = DDPM(timesteps=2, beta=(0.5, 0.75), sampling_steps=1), Seen(1.0, 0.0)
    loss = baseline.generator_loss(as_net(G), identity(), batch(x=REAL, z=FAKE, step=torch.tensor([0, 1])))
    first = [sqrt(0.5) * 1.5, -sqrt(0.5)]
    second = [sqrt(0.875) * 2, sqrt(0.125) * 2 + sqrt(0.875)]
    torch.testing.assert_close(G.asked[0][0], torch.tensor([first, second], dtype=torch.double))
    torch.testing.assert_close(G.asked[0][1], torch.tensor([0.5, 0.875], dtype=torch.double).sqrt())
    wanted = [first[0] - 0.5, first[1] + 1, second[0] - 2, second[1] - 1]
    exactly(loss, sum(each**2 for each in wanted) / 4)


def test_the_paper_s_schedule_leaves_almost_nothing_of_the_data() -> None:
    kept = DDPM().kept(torch.zeros(1, dtype=torch.double))
    assert len(kept) == 1000
    assert float(kept[0]) == pytest.approx(1 - 1e-4)
    assert float(kept[-1]) == pytest.approx(4.04e-5, rel=0.01)  # Ho et al., section 4: about 1e-5 bits of KL


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_the_best_noise_of_a_single_point_leads_to_that_point(eta: float) -> None:
    baseline, z = DDPM(eta=eta), torch.randn(50, 2, dtype=torch.double)
    fresh = torch.randn(50, baseline.sampling_steps, 2, dtype=torch.double)
    made = baseline.generate(as_net(Known(0.7, 0.0)), batch(z=z, fresh=fresh))
    torch.testing.assert_close(made, torch.full_like(made, 0.7), atol=1e-9, rtol=0)


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_the_best_noise_of_normal_data_leads_to_normal_data(eta: float) -> None:
    baseline, z = DDPM(eta=eta, sampling_steps=500), torch.randn(4000, 1, dtype=torch.double)
    fresh = torch.randn(4000, baseline.sampling_steps, 1, dtype=torch.double)
    made = baseline.generate(as_net(Known(0.5, 0.3)), batch(z=z, fresh=fresh))
    assert float(made.mean()) == pytest.approx(0.5, abs=0.02)  # four standard errors
    assert float(made.std()) == pytest.approx(0.3, rel=0.05)


def test_fresh_noise_is_drawn_for_samples_only_and_only_where_it_is_used() -> None:
    assert set(DDPM().sampling_noise(RING)) == set(DDPM().noise(RING)) == {"z", "step"}
    assert set(DDPM(eta=1).noise(RING)) == {"z", "step"}
    assert DDPM(eta=1).sampling_noise(RING)["fresh"](3, torch.Generator()).shape == (3, 50, 2)
    calm, fresh = (Sampler(trained(DDPM(eta=eta, sampling_steps=5), [0], 2)).draw(4)[0] for eta in (0.0, 1.0))
    assert not torch.equal(calm, fresh)


@pytest.mark.parametrize("space", [RING, DIGITS, MNIST, Space((3, 32, 32), 0, -1, 1), Space((1, 30, 30), 0, -1, 1)])
def test_a_timed_network_returns_what_has_the_examples_shape_and_uses_the_time(space: Space) -> None:
    net = timed.network(space)
    for weight in net.parameters():
        nn.init.normal_(weight, 0.0, 0.1)
    x = torch.randn(2, *space.shape)
    early, late = net(x, torch.zeros(2)), net(x, torch.ones(2))
    assert early.shape == x.shape
    assert not torch.allclose(early, late)
    torch.testing.assert_close(net(x[:1], torch.zeros(1)), early[:1])


def test_width_and_depth_are_those_of_the_timed_network() -> None:
    def sizes(space: Space, networks: Architecture) -> int:
        net = timed.network(replace(space, networks=networks))
        return sum(weight.numel() for weight in net.parameters())

    # 2 -> 10 and 32 -> 10, one more hidden layer, 10 -> 2
    assert sizes(RING, Architecture(width=10, depth=2)) == 30 + 330 + 110 + 22
    usual = sizes(MNIST, Architecture())
    assert sizes(MNIST, Architecture(width=8)) < usual / 10
    assert sizes(MNIST, Architecture(depth=3)) > usual
    assert sizes(DIGITS, Architecture("dcgan")) != sizes(DIGITS, Architecture())


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: FlowMatching(sigma=1.0), "sigma must be in [0, 1), got 1.0"),
        (lambda: FlowMatching(solver="heun"), "solver must be one of euler, midpoint, got 'heun'"),
        (lambda: FlowMatching(sampling_steps=0), "sampling_steps must be at least 1, got 0"),
        (lambda: DDPM(sampling_steps=2000), "sampling_steps must be from 1 to timesteps, got 2000"),
        (lambda: DDPM(beta=(0.1, 0.01)), "beta must be growing, in (0, 1), got (0.1, 0.01)"),
        (lambda: DDPM(eta=2.0), "eta must be in [0, 1], got 2.0"),
        (lambda: DDPM(timesteps=0), "timesteps must be at least 1, got 0"),
    ],
)
def test_values_out_of_range_are_refused(make: object, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        make()  # type: ignore[operator]
    assert said in str(refused.value)


def test_they_refuse_what_their_networks_do_not_fit() -> None:
    for baseline in (FlowMatching(), DDPM()):
        assert (
            baseline.unsupported(Space((1, 24, 28), 0, -1, 1), 8) == "it needs square images of 8 to 128 pixels a side"
        )
        assert baseline.unsupported(Space((1, 8, 8), 0, 0.0, 1.0), 8) == "it needs images in [-1, 1]"
        assert baseline.unsupported(RING, 8) is None


@pytest.mark.slow  # a minute
@pytest.mark.parametrize("baseline", [FlowMatching(), DDPM()], ids=lambda b: type(b).__name__)
def test_after_5000_steps_every_mode_of_the_ring_is_found(baseline: FlowMatching | DDPM) -> None:
    ring = load("ring8")
    assert ring.modes is not None
    x = Sampler(trained(baseline, [0], 5000)).draw(2500)[0][0].double()
    distance, nearest = torch.cdist(x, ring.modes.centres.double()).min(1)
    close = torch.bincount(nearest[distance < 10 * ring.modes.sd], minlength=8)
    assert (close > 2500 / 8 / 10).all(), close  # a tenth of a fair share


def test_samples_are_the_same_whatever_the_batch_they_are_drawn_with() -> None:
    trainer = trained(FlowMatching(), [0, 1], 3)
    assert torch.equal(Sampler(trainer).draw(3)[0], Sampler(trainer).draw(7)[0][:, :3])
