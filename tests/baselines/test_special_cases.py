"""With its own contribution switched off, a variant is the game that it grew from, for both players."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ganbench.baselines.dragan import DRAGAN
from ganbench.baselines.gan import GAN
from ganbench.baselines.gan_mse import GANMSE
from ganbench.baselines.instance_noise import InstanceNoise
from ganbench.baselines.label_smoothing import LabelSmoothing
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.r1 import R1
from ganbench.baselines.r2 import R2
from ganbench.baselines.unrolled import UnrolledGAN
from ganbench.game import Baseline, Batch, Player
from tests.baselines.fixtures import NOISE, batch, curved, shift_gradient


def slopes(game: Baseline, G: Player, D: Player, b: Batch) -> list[float]:
    """Both losses, and the pull on the fakes."""
    fake = game.generator_loss(G, D, b)
    return [game.critic_loss(G, D, b).item(), fake.item(), *shift_gradient(fake, G)]


@pytest.mark.parametrize(
    ("game", "base"),
    [
        (UnrolledGAN(unroll=0, non_saturating=True), NonSaturatingGAN()),
        (UnrolledGAN(unroll=0), GAN()),
        (LabelSmoothing(target=1.0), NonSaturatingGAN()),
        (InstanceNoise(sd=0.0), NonSaturatingGAN()),
        (GANMSE(weight=0.0), NonSaturatingGAN()),
        (R1(gamma=0.0), NonSaturatingGAN()),
        (R2(gamma=0.0), NonSaturatingGAN()),
        (DRAGAN(penalty=1e-300), NonSaturatingGAN()),
    ],
    ids=lambda game: type(game).__name__,
)
def test_it_is_the_game_that_it_grew_from(game: Baseline, base: Baseline) -> None:
    G, D, b = curved()
    b = batch(x=b.x, z=b.z, eps=b.eps, n_real=NOISE, n_fake=-NOISE, delta=NOISE)
    ours, theirs = slopes(game, G, D, b), slopes(base, G, D, b)
    if isinstance(game, UnrolledGAN) and not game.non_saturating:  # it also maximises what it has no part in
        real = torch.nn.functional.softplus(-D(b.x)).mean().item()
        theirs[1] -= real
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_one_critic_step_before_the_generators_is_algorithm_1() -> None:
    assert GAN().moves(0) == ("critic", "generator")
    assert replace(GAN(), n_critic=3).moves(0) == ("critic", "critic", "critic", "generator")
    assert replace(GAN(), order="simultaneous").moves(0) == ("both",)
