"""What tells families of games apart, whatever their exact losses: directions, shifts, companions, mirrors."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor, nn

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
from ganbench.game import Baseline, Batch, Player
from tests.baselines.critics import Move, linear
from tests.baselines.fixtures import EPS, FAKE, NOISE, REAL, Curved, batch, player

F_GANS = [FGAN(divergence=name) for name in FGAN.members[1]]
SHIFTLESS = [WGAN(), WGANGP(), WGANLP(), RSGAN(), R3GAN()]
AVERAGES = [RelativisticAverageGAN(), RelativisticAverageHingeGAN(), RelativisticAverageLSGAN()]
LOGISTIC = [GAN(), NonSaturatingGAN(), DCGAN(), LabelSmoothing(), InstanceNoise(), R1(), R2(), DRAGAN(), UnrolledGAN()]
EVERY: list[Baseline] = [*LOGISTIC, LSGAN(), SNGAN(), *SHIFTLESS, *AVERAGES, *F_GANS]


def name(game: Baseline) -> str:
    return type(game).__name__ + (f" {game.divergence}" if isinstance(game, FGAN) else "")


every = pytest.mark.parametrize("game", EVERY, ids=name)


def table(x: Tensor = REAL, z: Tensor = FAKE, rows: slice | list[int] = slice(None)) -> Batch:
    noise = {"eps": EPS, "delta": NOISE, "n_real": NOISE, "n_fake": NOISE.flip(1)}
    return batch(**{key: value[rows] for key, value in ({"x": x, "z": z} | noise).items()})


class Raised(Curved):
    """The curved critic, and a constant."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.tensor(by, dtype=torch.double))

    def forward(self, v: Tensor) -> Tensor:
        return super().forward(v) + self.by


def losses(game: Baseline, D: Player, b: Batch) -> list[float]:
    G = player(Move(0.0))
    return [game.critic_loss(G, D, b).item(), game.generator_loss(G, D, b).item()]


def bare(game: Baseline) -> Baseline:
    """Return the game without its penalties."""
    fields = {field.name for field in dataclasses.fields(game)}
    return dataclasses.replace(game, **dict.fromkeys(fields & {"penalty", "gamma", "last_gamma"}, 1e-300))  # type: ignore[arg-type]


@every
def test_a_critic_that_descends_puts_real_above_fake(game: Baseline) -> None:
    G, D, b = player(Move(0.0)), linear(0.0, 0.0), table()
    moved = D.descend(lambda D: bare(game).critic_loss(G, D, b), 1e-3)
    assert (moved(REAL).mean() - moved(FAKE).mean()).item() > 1e-4


@every
def test_a_generator_that_descends_raises_its_fakes(game: Baseline) -> None:
    G, D, b = player(Move(0.0)), linear(0.3, 0.1), table()
    moved = G.descend(lambda G: game.generator_loss(G, D, b), 1e-3)
    assert moved.weights["theta"].item() > 0


@every
def test_a_constant_critic_pulls_no_fake(game: Baseline) -> None:
    if isinstance(game, UnrolledGAN):
        return  # foresees a critic that is constant no longer
    G, D = player(Move(0.0)), linear(0.0, 0.0)
    slope = G.slope(lambda G: game.generator_loss(G, D, table()))
    assert slope["theta"].item() == 0


@every
def test_only_differences_of_some_critics_count(game: Baseline) -> None:
    low, high = (losses(game, player(Raised(by)), table()) for by in (0.0, 0.7))
    assert (low[0] == pytest.approx(high[0], abs=1e-12)) == (game in [*SHIFTLESS, *AVERAGES])
    relative = game in [RSGAN(), R3GAN(), *AVERAGES]
    assert (low[1] == pytest.approx(high[1], abs=1e-12)) == relative


@every
def test_the_order_of_a_batch_matters_to_none(game: Baseline) -> None:
    """Pairs move together here; those that compare pairs are told apart elsewhere."""
    D = player(Raised(0.0))
    assert losses(game, D, table(rows=[1, 0])) == pytest.approx(losses(game, D, table()), abs=1e-12)


@every
def test_a_batch_shown_twice_is_the_same_batch(game: Baseline) -> None:
    D = player(Raised(0.0))
    assert losses(game, D, table(rows=[0, 1, 0, 1])) == pytest.approx(losses(game, D, table()), abs=1e-12)


MIRRORED = {"GAN", "NonSaturatingGAN", "DCGAN", "WGAN", "SNGAN", "RSGAN", "UnrolledGAN", "R3GAN"} | {
    "RelativisticAverageGAN",
    "RelativisticAverageHingeGAN",
    "RelativisticAverageLSGAN",
    *(f"FGAN {each}" for each in ("total_variation", "hellinger", "jensen_shannon", "gan")),
}


class Negative(nn.Module):
    def forward(self, v: Tensor) -> Tensor:
        return -Curved()(v)


@pytest.mark.parametrize(
    "game", [game for game in EVERY if not isinstance(game, (WGANGP, WGANLP, InstanceNoise))], ids=name
)
def test_some_critics_lose_as_much_when_everything_is_mirrored(game: Baseline) -> None:
    G = player(Move(0.0))
    there = game.critic_loss(G, player(Curved()), table()).item()
    back = game.critic_loss(G, player(Negative()), table(x=FAKE, z=REAL)).item()
    assert (there == pytest.approx(back, abs=1e-12)) == (name(game) in MIRRORED)


def test_a_game_for_one_pulls_fakes_towards_the_data() -> None:
    G = player(Move(3.0))
    slope = G.slope(lambda G: GMMN().generator_loss(G, linear(0.0), batch(x=REAL, z=REAL)))
    assert slope["theta"].item() > 0
