"""What distinguishes families of losses: directions, shifts, the rest of the batch, exchange of real and fake."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from ganbench.baseline import Baseline, Batch, Net
from ganbench.baselines.dcgan import DCGAN
from ganbench.baselines.dragan import DRAGAN
from ganbench.baselines.f_gan import FGAN
from ganbench.baselines.gan import GAN
from ganbench.baselines.gmmn import GMMN
from ganbench.baselines.instance_noise import InstanceNoise
from ganbench.baselines.label_smoothing import LabelSmoothing
from ganbench.baselines.lsgan import LSGAN
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.r1 import R1
from ganbench.baselines.r2 import R2
from ganbench.baselines.r3gan import R3GAN
from ganbench.baselines.ra_hinge import RelativisticAverageHingeGAN
from ganbench.baselines.ra_lsgan import RelativisticAverageLSGAN
from ganbench.baselines.ragan import RelativisticAverageGAN
from ganbench.baselines.rsgan import RSGAN
from ganbench.baselines.sngan import SNGAN
from ganbench.baselines.unrolled import UnrolledGAN
from ganbench.baselines.wgan import WGAN
from ganbench.baselines.wgan_gp import WGANGP
from ganbench.baselines.wgan_lp import WGANLP
from tests.baselines.fixtures import EPS, FAKE, NOISE, REAL, Curved, Offset, as_net, batch, linear

F_GANS = [FGAN(divergence=name) for name in FGAN.members[1]]
SHIFTLESS = [WGAN(), WGANGP(), WGANLP(), RSGAN(), R3GAN()]
AVERAGES = [RelativisticAverageGAN(), RelativisticAverageHingeGAN(), RelativisticAverageLSGAN()]
LOGISTIC = [
    GAN(),
    NonSaturatingGAN(),
    DCGAN(),
    LabelSmoothing(),
    InstanceNoise(),
    R1(),
    R2(),
    DRAGAN(),
    UnrolledGAN(lr=1.0, inner_lr=0.1),
]
UNROLLED = UnrolledGAN(lr=1.0, inner_lr=0.1)  # of plain gradient descent at the rate 1
EVERY: list[Baseline] = [*LOGISTIC, UNROLLED, LSGAN(), SNGAN(), *SHIFTLESS, *AVERAGES, *F_GANS]


def name(baseline: Baseline) -> str:
    return type(baseline).__name__ + (f" {baseline.divergence}" if isinstance(baseline, FGAN) else "")


every = pytest.mark.parametrize("baseline", EVERY, ids=name)


def table(x: Tensor = REAL, z: Tensor = FAKE, rows: slice | list[int] = slice(None)) -> Batch:
    noise = {"eps": EPS, "delta": NOISE, "n_real": NOISE, "n_fake": NOISE.flip(1)}
    return batch(**{key: value[rows] for key, value in ({"x": x, "z": z} | noise).items()})


class Raised(Curved):
    """The curved discriminator, and a constant."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.tensor(by, dtype=torch.double))

    def forward(self, v: Tensor) -> Tensor:
        return super().forward(v) + self.by


def losses(baseline: Baseline, D: Net, b: Batch) -> list[float]:
    G = as_net(Offset(0.0))
    return [baseline.discriminator_loss(G, D, b).item(), baseline.generator_loss(G, D, b).item()]


def bare(baseline: Baseline) -> Baseline:
    """Return the baseline without its penalties."""
    fields = {field.name for field in dataclasses.fields(baseline)}
    return dataclasses.replace(baseline, **dict.fromkeys(fields & {"penalty", "gamma", "last_gamma"}, 1e-300))  # type: ignore[arg-type]


@every
def test_a_step_of_the_discriminator_puts_real_above_fake(baseline: Baseline) -> None:
    G, D, b = as_net(Offset(0.0)), linear(0.0, 0.0), table()
    stepped = D.stepped(lambda D: bare(baseline).discriminator_loss(G, D, b), 1e-3)
    assert (stepped(REAL).mean() - stepped(FAKE).mean()).item() > 1e-4


@every
def test_a_step_of_the_generator_raises_the_output_on_its_fakes(baseline: Baseline) -> None:
    G, D, b = as_net(Offset(0.0)), linear(0.3, 0.1), table()
    stepped = G.stepped(lambda G: baseline.generator_loss(G, D, b), 1e-3)
    assert stepped.weights["theta"].item() > 0


@every
def test_a_constant_discriminator_gives_the_generator_no_gradient(baseline: Baseline) -> None:
    if isinstance(baseline, UnrolledGAN):
        return  # its unrolled discriminator is constant no longer
    G, D = as_net(Offset(0.0)), linear(0.0, 0.0)
    gradient = G.grad(lambda G: baseline.generator_loss(G, D, table()))
    assert gradient["theta"].item() == 0


@every
def test_only_differences_of_outputs_count_for_some_losses(baseline: Baseline) -> None:
    low, high = (losses(baseline, as_net(Raised(by)), table()) for by in (0.0, 0.7))
    assert (low[0] == pytest.approx(high[0], abs=1e-12)) == (baseline in [*SHIFTLESS, *AVERAGES])
    relative = baseline in [RSGAN(), R3GAN(), *AVERAGES]
    assert (low[1] == pytest.approx(high[1], abs=1e-12)) == relative


@every
def test_the_order_of_a_batch_does_not_matter(baseline: Baseline) -> None:
    """Pairs stay together here; elsewhere it is tested which baselines compare pairs."""
    D = as_net(Raised(0.0))
    assert losses(baseline, D, table(rows=[1, 0])) == pytest.approx(losses(baseline, D, table()), abs=1e-12)


@every
def test_a_batch_shown_twice_is_the_same_batch(baseline: Baseline) -> None:
    D = as_net(Raised(0.0))
    assert losses(baseline, D, table(rows=[0, 1, 0, 1])) == pytest.approx(losses(baseline, D, table()), abs=1e-12)


SYMMETRIC = {"GAN", "NonSaturatingGAN", "DCGAN", "WGAN", "SNGAN", "RSGAN", "UnrolledGAN", "R3GAN"} | {
    "RelativisticAverageGAN",
    "RelativisticAverageHingeGAN",
    "RelativisticAverageLSGAN",
    *(f"FGAN {each}" for each in ("total_variation", "hellinger", "jensen_shannon", "gan")),
}


class Negative(nn.Module):
    def forward(self, v: Tensor) -> Tensor:
        return -Curved()(v)


@pytest.mark.parametrize(
    "baseline", [baseline for baseline in EVERY if not isinstance(baseline, (WGANGP, WGANLP, InstanceNoise))], ids=name
)
def test_some_losses_are_the_same_with_real_and_fake_exchanged_and_outputs_negated(baseline: Baseline) -> None:
    G = as_net(Offset(0.0))
    there = baseline.discriminator_loss(G, as_net(Curved()), table()).item()
    back = baseline.discriminator_loss(G, as_net(Negative()), table(x=FAKE, z=REAL)).item()
    assert (there == pytest.approx(back, abs=1e-12)) == (name(baseline) in SYMMETRIC)


def test_gmmn_pulls_fakes_towards_the_data() -> None:
    G = as_net(Offset(3.0))
    gradient = G.grad(lambda G: GMMN().generator_loss(G, linear(0.0), batch(x=REAL, z=REAL)))
    assert gradient["theta"].item() > 0
