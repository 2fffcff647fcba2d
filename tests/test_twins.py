"""The vectorised trainer is an ordinary PyTorch loop, repeated; here are such loops for games of two plain nets."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from ganbench.baselines.f_gan import FGAN
from ganbench.baselines.gan import GAN
from ganbench.baselines.lsgan import LSGAN
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.r1 import R1
from ganbench.baselines.unrolled import UnrolledGAN
from ganbench.baselines.wgan import WGAN
from ganbench.baselines.wgan_gp import WGANGP
from tests.twins import Case, Twin, compare, double_precision, fake, real, step


def ns_gan(twin: Twin) -> None:
    G, D = twin.G, twin.D
    b = twin.hand("critic")
    step(twin.opt_D, real(D(b["x"])) + fake(D(G(b["z"]).detach())))
    b = twin.hand("generator")
    step(twin.opt_G, real(D(G(b["z"]))))


def gan_with_two_critic_steps(twin: Twin) -> None:
    G, D = twin.G, twin.D
    for _ in range(2):
        b = twin.hand("critic")
        step(twin.opt_D, real(D(b["x"])) + fake(D(G(b["z"]).detach())))
    b = twin.hand("generator")
    step(twin.opt_G, (1 - torch.sigmoid(D(G(b["z"])))).log().mean())


def wgan(twin: Twin) -> None:
    G, D = twin.G, twin.D
    for _ in range(5):
        b = twin.hand("critic")
        step(twin.opt_D, D(G(b["z"]).detach()).mean() - D(b["x"]).mean())
        with torch.no_grad():
            for weight in D.parameters():
                weight.clamp_(-0.1, 0.1)
    b = twin.hand("generator")
    step(twin.opt_G, -D(G(b["z"])).mean())


def wgan_gp(twin: Twin) -> None:
    G, D = twin.G, twin.D
    for _ in range(5):
        b = twin.hand("critic")
        made = G(b["z"]).detach()
        between = (b["eps"] * b["x"] + (1 - b["eps"]) * made).requires_grad_()
        (slopes,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
        penalty = (slopes.norm(dim=1) - 1).square().mean()
        step(twin.opt_D, D(made).mean() - D(b["x"]).mean() + 10 * penalty)
    b = twin.hand("generator")
    step(twin.opt_G, -D(G(b["z"])).mean())


def r1(twin: Twin) -> None:
    G, D = twin.G, twin.D
    b = twin.hand("critic")
    x = b["x"].clone().requires_grad_()
    (slopes,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    step(twin.opt_D, real(D(b["x"])) + fake(D(G(b["z"]).detach())) + 10 / 2 * (slopes**2).sum(1).mean())
    b = twin.hand("generator")
    step(twin.opt_G, real(D(G(b["z"]))))


def lsgan(twin: Twin) -> None:
    G, D = twin.G, twin.D
    b = twin.hand("critic")
    step(twin.opt_D, 0.5 * ((D(b["x"]) - 1) ** 2).mean() + 0.5 * (D(G(b["z"]).detach()) ** 2).mean())
    b = twin.hand("generator")
    step(twin.opt_G, 0.5 * ((D(G(b["z"])) - 1) ** 2).mean())


def f_gan_kl(twin: Twin) -> None:
    """KL: T(v) = v and f*(t) = exp(t - 1); both players look, then both move."""
    G, D = twin.G, twin.D
    b = twin.hand("both")
    bound = D(b["x"]).mean() - torch.exp(D(G(b["z"])) - 1).mean()
    slopes_G = torch.autograd.grad(bound, [*G.parameters()], retain_graph=True)
    slopes_D = torch.autograd.grad(-bound, [*D.parameters()])
    for net, slopes in ((G, slopes_G), (D, slopes_D)):
        for weight, slope in zip(net.parameters(), slopes, strict=True):
            weight.grad = slope
    twin.opt_G.step()
    twin.opt_D.step()


def unrolled(twin: Twin) -> None:
    G, D = twin.G, twin.D
    b = twin.hand("critic")
    step(twin.opt_D, real(D(b["x"])) + fake(D(G(b["z"]).detach())))
    b = twin.hand("generator")
    made, foreseen = G(b["z"]), dict(D.named_parameters())

    def critic_loss() -> Tensor:
        return real(functional_call(D, foreseen, b["x"])) + fake(functional_call(D, foreseen, made))

    for _ in range(3):
        slopes = torch.autograd.grad(critic_loss(), [*foreseen.values()], create_graph=True)
        foreseen = {name: old - 0.1 * slope for (name, old), slope in zip(foreseen.items(), slopes, strict=True)}
    step(twin.opt_G, -critic_loss())


CASES = {
    "ns_gan": Case(NonSaturatingGAN(lr=1e-3), ns_gan),
    "ns_gan with two rates": Case(NonSaturatingGAN(lr=(2e-3, 5e-4), ema=0.2), ns_gan),
    "gan, k = 2": Case(GAN(lr=1e-3, n_critic=2), gan_with_two_critic_steps),
    "wgan": Case(WGAN(lr=1e-3, clip=0.1), wgan, torch.optim.RMSprop),
    "wgan_gp": Case(WGANGP(lr=1e-3), wgan_gp),
    "r1": Case(R1(lr=1e-3), r1, torch.optim.RMSprop),
    "lsgan": Case(LSGAN(lr=1e-3), lsgan),
    "f_gan:kl": Case(FGAN(divergence="kl", lr=1e-3), f_gan_kl),
    "unrolled": Case(UnrolledGAN(unroll=3, lr=1e-3), unrolled),
}


@pytest.mark.parametrize("name", CASES)
def test_every_seed_of_a_group_equals_an_ordinary_loop(name: str) -> None:
    with double_precision():
        compare(CASES[name], atol=1e-11, way="eager")


@pytest.mark.parametrize("name", ["ns_gan", "wgan_gp"])
def test_in_single_precision_only_rounding_sets_them_apart(name: str) -> None:
    compare(CASES[name], atol=2e-6, way="replay")
