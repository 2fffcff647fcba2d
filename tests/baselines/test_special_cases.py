"""With its own contribution switched off, a variant is the GAN that it extends, in both losses."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ganbench.baseline import Baseline, Batch, Net
from ganbench.baselines.dragan import DRAGAN
from ganbench.baselines.gan import GAN
from ganbench.baselines.gan_mse import GANMSE
from ganbench.baselines.instance_noise import InstanceNoise
from ganbench.baselines.label_smoothing import LabelSmoothing
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.r1 import R1
from ganbench.baselines.r2 import R2
from ganbench.baselines.unrolled import UnrolledGAN
from tests.baselines.fixtures import NOISE, batch, curved, shift_gradient


def gradients(baseline: Baseline, G: Net, D: Net, b: Batch) -> list[float]:
    """Both losses, and the pull on the fakes."""
    fake = baseline.generator_loss(G, D, b)
    return [baseline.discriminator_loss(G, D, b).item(), fake.item(), *shift_gradient(fake, G)]


@pytest.mark.parametrize(
    ("baseline", "base"),
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
    ids=lambda baseline: type(baseline).__name__,
)
def test_it_is_the_gan_that_it_extends(baseline: Baseline, base: Baseline) -> None:
    G, D, b = curved()
    b = batch(x=b.x, z=b.z, eps=b.eps, n_real=NOISE, n_fake=-NOISE, delta=NOISE)
    ours, theirs = gradients(baseline, G, D, b), gradients(base, G, D, b)
    if isinstance(baseline, UnrolledGAN) and not baseline.non_saturating:  # it also maximises what it has no part in
        real = torch.nn.functional.softplus(-D(b.x)).mean().item()
        theirs[1] -= real
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_one_discriminator_step_before_the_generators_is_algorithm_1() -> None:
    assert GAN().updates(0) == ("discriminator", "generator")
    assert replace(GAN(), d_steps=3).updates(0) == ("discriminator", "discriminator", "discriminator", "generator")
    assert replace(GAN(), order="simultaneous").updates(0) == ("both",)
