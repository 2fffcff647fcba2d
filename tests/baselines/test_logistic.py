"""Games of the logistic family against values worked out by hand."""

from __future__ import annotations

from math import log

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from ganbench.baselines import consensus
from ganbench.baselines.consensus import Consensus
from ganbench.baselines.dcgan import DCGAN
from ganbench.baselines.gan import GAN
from ganbench.baselines.instance_noise import InstanceNoise
from ganbench.baselines.label_smoothing import LabelSmoothing
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.r1 import R1
from ganbench.baselines.r2 import R2
from ganbench.baselines.unrolled import UnrolledGAN
from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.game import Baseline, Batch, Player
from ganbench.nets.layers import BatchNorm
from ganbench.optim import RMSProp
from tests.baselines.critics import Linear, Move, P, Q, linear, steepness, three_points
from tests.baselines.fixtures import NOISE, REAL, batch, curved, logits, player, shift_gradient


def close(value: Tensor, expected: float) -> None:
    assert value.item() == pytest.approx(expected, abs=1e-9)


def noisy() -> tuple[Player, Player, Batch]:
    """Fixture C, with the same noise for real and fake."""
    G, D, b = curved()
    return G, D, batch(x=b.x, z=b.z, n_real=NOISE, n_fake=NOISE)


@pytest.mark.parametrize(
    ("baseline", "critic", "generator"),
    [
        (GAN(), 2.1434454095, -1.2497760737),
        (NonSaturatingGAN(), 2.1434454095, 0.3997760737),
        (DCGAN(), 2.1434454095, 0.3997760737),
        (LabelSmoothing(), 2.1184454095, 0.3997760737),
        (LabelSmoothing(target=1.0), 2.1434454095, 0.3997760737),
        (UnrolledGAN(unroll=0), 2.1434454095, -2.1434454095),
        (UnrolledGAN(unroll=0, non_saturating=True), 2.1434454095, 0.3997760737),
    ],
)
def test_losses_on_logits(baseline: Baseline, critic: float, generator: float) -> None:
    close(baseline.critic_loss(*logits()), critic)
    close(baseline.generator_loss(*logits()), generator)


@pytest.mark.parametrize(
    ("baseline", "critic", "generator"),
    [
        (GAN(), 2.6675783759, -1.5055392376),
        (NonSaturatingGAN(), 2.6675783759, 0.3180392376),
        (R1(), 12.4175783759, 0.3180392376),
        (R2(), 19.5425783759, 0.3180392376),
        (R1(gamma=0.0), 2.6675783759, 0.3180392376),
        (R2(gamma=0.0), 2.6675783759, 0.3180392376),
        (InstanceNoise(), 2.5232375652, 0.4106930318),
        (InstanceNoise(sd=0.0), 2.6675783759, 0.3180392376),
    ],
)
def test_losses_on_a_curved_critic(baseline: Baseline, critic: float, generator: float) -> None:
    close(baseline.critic_loss(*noisy()), critic)
    close(baseline.generator_loss(*noisy()), generator)


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [(GAN(), [-1.2486352720, 0.3637170346]), (NonSaturatingGAN(), [-0.3013647280, 0.0362829654])],
)
def test_the_pull_on_the_fakes(baseline: Baseline, expected: list[float]) -> None:
    G, D, b = curved()
    assert shift_gradient(baseline.generator_loss(G, D, b), G) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("baseline", "pull"), [(GAN(), 0.0), (NonSaturatingGAN(), -0.5)])
def test_a_sure_critic_silences_only_the_saturating_generator(baseline: Baseline, pull: float) -> None:
    """Half of the slope per fake logit: the batch has two."""
    z = torch.full((2, 1), -40.0, dtype=torch.double, requires_grad=True)
    G, D, b = logits()
    (slope,) = torch.autograd.grad(baseline.generator_loss(G, D, batch(x=b.x, z=z)), z)
    assert slope.flatten().tolist() == pytest.approx([pull, pull], abs=1e-12)


def test_the_best_critic_knows_the_odds_and_the_divergence() -> None:
    G, D, b = three_points((P / Q).log())
    loss = GAN().critic_loss(G, D, b)
    close(loss, 1.2051626612)
    close(GAN().monitor(G, D, b), 0.0905658499)
    assert steepness(loss, D) < 1e-12


def test_smoothing_scales_the_best_critic_s_answer_by_the_target() -> None:
    answer = 0.9 * P / (P + Q)
    assert answer.tolist() == pytest.approx([0.642857, 0.54, 0.225], abs=1e-6)
    G, D, b = three_points(answer.logit())
    assert steepness(LabelSmoothing().critic_loss(G, D, b), D) < 1e-12


def test_at_equilibrium_everybody_is_at_a_loss() -> None:
    G, _, b = logits()
    D = linear(0.0)
    close(GAN().critic_loss(G, D, b), log(4))
    close(GAN().generator_loss(G, D, b), -log(2))
    close(GAN().monitor(G, D, b), 0.0)
    close(NonSaturatingGAN().generator_loss(G, D, b), log(2))


@pytest.mark.parametrize("target", [0.0, 1.1])
def test_a_label_is_a_probability(target: float) -> None:
    with pytest.raises(BadInput, match="target must be in"):
        LabelSmoothing(target=target)


# Instance noise.


def test_the_fog_lifts_on_a_line_and_samples_are_clean() -> None:
    G, D, b = noisy()
    later = Batch({"x": b.x, "z": b.z, "n_real": b.n_real, "n_fake": b.n_fake, "progress": torch.tensor(0.75)})
    thinner = InstanceNoise(sd=0.125)
    close(InstanceNoise().critic_loss(G, D, later), thinner.critic_loss(G, D, b).item())
    close(InstanceNoise().generator_loss(G, D, later), thinner.generator_loss(G, D, b).item())
    assert torch.equal(InstanceNoise().generate(G, batch(z=b.z)), b.z)


def test_real_and_fake_have_noise_of_their_own() -> None:
    G, D, b = noisy()
    split = batch(x=b.x, z=b.z, n_real=NOISE, n_fake=0 * NOISE)
    close(InstanceNoise().generator_loss(G, D, split), 0.3180392376)
    expected = softplus(-D(REAL + 0.5 * NOISE)).mean() + softplus(D(b.z)).mean()
    close(InstanceNoise().critic_loss(G, D, split), expected.item())
    draws = InstanceNoise().noise(Space((1, 8, 8), 10, -1, 1))
    assert draws["n_real"](4, torch.Generator()).shape == draws["n_fake"](4, torch.Generator()).shape == (4, 1, 8, 8)


# R1 and R2.


@pytest.mark.parametrize("baseline", [R1(), R2()])
def test_a_linear_critic_pays_half_gamma_times_its_squared_slope(baseline: Baseline) -> None:
    G, _, b = curved()
    for w in ((3.0, 4.0), (0.0, 0.0)):
        D = linear(*w)
        fine = baseline.critic_loss(G, D, b) - NonSaturatingGAN().critic_loss(G, D, b)
        close(fine, 5 * (w[0] ** 2 + w[1] ** 2))
        close(baseline.monitor(G, D, b), w[0] ** 2 + w[1] ** 2)


@pytest.mark.parametrize("baseline", [R1(), R2()])
def test_slopes_are_counted_over_all_pixels_and_whatever_the_batch(baseline: Baseline) -> None:
    x = torch.randn(6, 2, 3, 1, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    D = linear(1.0, -2.0, 0.5, 1.0, 0.0, 1.0)
    close(baseline.monitor(player(nn.Identity()), D, batch(x=x, z=x + 1)), 7.25)


@pytest.mark.parametrize(("gamma", "root"), [(0.0, 0.5j), (0.5, -0.25 + 0.433013j), (2.0, -1 + 0.866025)])
def test_r1_damps_the_dirac_game(gamma: float, root: complex) -> None:
    """Data at 0, one fake at theta, D(v) = psi v: the eigenvalues of the game's field at rest."""

    def velocity(point: Tensor) -> Tensor:
        zero = torch.zeros(1, 1, dtype=torch.double)
        G, D = player(Move(0.0)), player(Linear(torch.zeros(1)))
        G.weights, D.weights = {"theta": point[0]}, {"w": point[1:]}
        b, game = batch(x=zero, z=zero), R1(gamma=gamma)
        down = G.slope(lambda G: game.generator_loss(G, D, b))["theta"][None]
        return -torch.cat([down, D.slope(lambda D: game.critic_loss(G, D, b))["w"]])

    field = torch.func.jacrev(velocity)(torch.zeros(2, dtype=torch.double))
    first = max(torch.linalg.eigvals(field).tolist(), key=lambda value: (value.imag, value.real))
    assert first == pytest.approx(root, abs=1e-6)


@pytest.mark.parametrize("baseline", [R1(lr=(1e-3, 1e-2)), R2(lr=(1e-3, 1e-2)), Consensus(lr=(1e-3, 1e-2))])
def test_they_are_optimised_by_rmsprop(baseline: Baseline) -> None:
    assert baseline.optimizers(0.5) == (RMSProp(1e-3), RMSProp(1e-2))
    assert type(baseline)().optimizers(0.0) == (RMSProp(1e-4), RMSProp(1e-4))


# Consensus.


def dirac(theta: float, psi: float) -> tuple[Player, Player, Batch]:
    zero = torch.zeros(1, 1, dtype=torch.double)
    return player(Move(theta)), player(Linear(torch.tensor([psi], dtype=torch.double))), batch(x=zero, z=zero)


@pytest.mark.parametrize(("theta", "psi"), [(0.7, -1.2), (1.5, 0.4)])
def test_consensus_adds_the_field_and_its_slopes(theta: float, psi: float) -> None:
    """On the Dirac game |v|^2 = theta^2 s(a)^2 + psi^2 s(-a)^2 with a = psi theta."""
    game, (G, D, b) = Consensus(gamma=3.0), dirac(theta, psi)
    t, w = (torch.tensor(value, dtype=torch.double, requires_grad=True) for value in (theta, psi))
    field = (t * (w * t).sigmoid()).square() + (w * (-w * t).sigmoid()).square()
    critic, generator = log(2) + softplus(w * t) + 1.5 * field, softplus(-w * t) + 1.5 * field
    close(game.monitor(G, D, b), field.sqrt().item())
    for mine, loss, weight, slope in (
        (game.critic_loss(G, D, b), critic, D.weights["w"], w),
        (game.generator_loss(G, D, b), generator, G.weights["theta"], t),
    ):
        close(mine, loss.item())
        close(torch.autograd.grad(mine, weight)[0], torch.autograd.grad(loss, slope, retain_graph=True)[0].item())


@pytest.mark.parametrize(("gamma", "expected"), [(1.0, (0.95, 0.35)), (0.0, (1.05, 0.4))])
def test_consensus_turns_a_bilinear_game_inwards(
    monkeypatch: pytest.MonkeyPatch, gamma: float, expected: tuple[float, float]
) -> None:
    """One step of 0.1 from (1, 0.5), where the critic loses psi theta and the generator the opposite."""
    monkeypatch.setattr(consensus, "critic_part", lambda G, D, b: (D.weights["w"] * G.weights["theta"]).sum())
    monkeypatch.setattr(consensus, "generator_part", lambda G, D, b: -(D.weights["w"] * G.weights["theta"]).sum())
    game, (G, D, b) = Consensus(gamma=gamma), dirac(1.0, 0.5)
    moved_G = G.descend(lambda G: game.generator_loss(G, D, b), 0.1)
    moved_D = D.descend(lambda D: game.critic_loss(G, D, b), 0.1)
    assert (moved_G.weights["theta"].item(), moved_D.weights["w"].item()) == pytest.approx(expected, abs=1e-12)


def test_consensus_is_reached_by_moving_together() -> None:
    assert Consensus().moves(0) == ("both",)


# Unrolled.

UNROLLED = [  # steps, saddle value and slope, non-saturating value and slope
    (0, -1.2272814182, -0.2806148328, 0.5836120824, -0.2193851672),
    (1, -1.2252028961, -0.2982339347, 0.5808595261, -0.2133312836),
    (2, -1.2233755458, -0.3138170394, 0.5783018565, -0.2077426707),
    (5, -1.2190983552, -0.3507764616, 0.5716410037, -0.1932833098),
]


def one_weight() -> tuple[Player, Player, Batch]:
    """D(v) = 0.5 v, x = 1, 2, z = 0, 1, G(z) = z + theta at 0."""
    x, z = (torch.tensor(values, dtype=torch.double)[:, None] for values in ([1.0, 2.0], [0.0, 1.0]))
    return player(Move(0.0)), player(Linear(torch.tensor([0.5]))), batch(x=x, z=z)


@pytest.mark.parametrize(("unroll", "saddle", "saddle_slope", "heuristic", "heuristic_slope"), UNROLLED)
def test_the_generator_foresees_the_critic_s_steps(
    unroll: int, saddle: float, saddle_slope: float, heuristic: float, heuristic_slope: float
) -> None:
    for non_saturating, value, slope in ((False, saddle, saddle_slope), (True, heuristic, heuristic_slope)):
        G, D, b = one_weight()
        game = UnrolledGAN(unroll=unroll, inner_lr=0.1, non_saturating=non_saturating)
        loss = game.generator_loss(G, D, b)
        close(loss, value)
        close(torch.autograd.grad(loss, G.weights["theta"])[0], slope)
        assert D.weights["w"].item() == 0.5  # what was foreseen has not happened


def test_without_a_rate_there_is_nothing_to_foresee() -> None:
    close(UnrolledGAN(inner_lr=0.0).generator_loss(*one_weight()), -1.2272814182)


# DCGAN.

IMAGES = Space((3, 32, 32), 10, -1, 1)


def test_dcgan_starts_and_dreams_as_the_paper_says() -> None:
    torch.manual_seed(0)
    G, D = DCGAN().networks(IMAGES)
    for net in (G, D):
        gains = torch.cat([layer.weight for layer in net.modules() if isinstance(layer, BatchNorm)]).detach()
        assert abs(gains.mean() - 1) < 0.01
        assert 0.015 < gains.std() < 0.025
        kernels = [layer.weight for layer in net.modules() if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d))]
        assert all(0.018 < kernel.std() < 0.022 for kernel in kernels)
    z = DCGAN().noise(IMAGES)["z"](500, torch.Generator().manual_seed(0))
    assert z.shape == (500, 100)
    assert -1 <= z.min() < -0.99
    assert 0.99 < z.max() < 1


def test_dcgan_pools_nothing_and_normalises_neither_end() -> None:
    G, D = DCGAN().networks(IMAGES)
    kinds = [type(layer).__name__ for layer in (*G.modules(), *D.modules())]
    assert not [kind for kind in kinds if "Pool" in kind or "Upsample" in kind]
    assert isinstance(list(G.modules())[-1], nn.Tanh)
    first = [layer for layer in D.modules() if not isinstance(layer, nn.Sequential)]
    assert [type(layer) for layer in first[:3]] == [nn.Conv2d, nn.LeakyReLU, nn.Conv2d]
    assert len([kind for kind in kinds if kind == "BatchNorm"]) == 5


@pytest.mark.parametrize("shape", [(2,), (1, 20, 20), (1, 28, 32)])
def test_dcgan_refuses_what_it_cannot_fold(shape: tuple[int, ...]) -> None:
    assert "square images of side 8, 16, 28, 32, 64" in str(DCGAN().refuses(Space(shape, 0, -1, 1), 64))
    assert DCGAN().refuses(IMAGES, 64) is None
