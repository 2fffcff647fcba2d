"""Training is what an ordinary PyTorch script does; here are such scripts, written without the trainer."""

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
from tests.training.textbook import Case, Script, compare, descend, double_precision, fake, real


def ns_gan(script: Script) -> None:
    G, D = script.G, script.D
    b = script.batch("discriminator")
    descend(script.opt_D, real(D(b["x"])) + fake(D(G(b["z"]).detach())))
    b = script.batch("generator")
    descend(script.opt_G, real(D(G(b["z"]))))


def gan_with_two_discriminator_steps(script: Script) -> None:
    G, D = script.G, script.D
    for _ in range(2):
        b = script.batch("discriminator")
        descend(script.opt_D, real(D(b["x"])) + fake(D(G(b["z"]).detach())))
    b = script.batch("generator")
    descend(script.opt_G, (1 - torch.sigmoid(D(G(b["z"])))).log().mean())


def wgan(script: Script) -> None:
    G, D = script.G, script.D
    for _ in range(5):
        b = script.batch("discriminator")
        descend(script.opt_D, D(G(b["z"]).detach()).mean() - D(b["x"]).mean())
        with torch.no_grad():
            for weight in D.parameters():
                weight.clamp_(-0.1, 0.1)
    b = script.batch("generator")
    descend(script.opt_G, -D(G(b["z"])).mean())


def wgan_gp(script: Script) -> None:
    G, D = script.G, script.D
    for _ in range(5):
        b = script.batch("discriminator")
        made = G(b["z"]).detach()
        between = (b["eps"] * b["x"] + (1 - b["eps"]) * made).requires_grad_()
        (grads,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
        penalty = (grads.norm(dim=1) - 1).square().mean()
        descend(script.opt_D, D(made).mean() - D(b["x"]).mean() + 10 * penalty)
    b = script.batch("generator")
    descend(script.opt_G, -D(G(b["z"])).mean())


def r1(script: Script) -> None:
    G, D = script.G, script.D
    b = script.batch("discriminator")
    x = b["x"].clone().requires_grad_()
    (grads,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    descend(script.opt_D, real(D(b["x"])) + fake(D(G(b["z"]).detach())) + 10 / 2 * (grads**2).sum(1).mean())
    b = script.batch("generator")
    descend(script.opt_G, real(D(G(b["z"]))))


def lsgan(script: Script) -> None:
    G, D = script.G, script.D
    b = script.batch("discriminator")
    descend(script.opt_D, 0.5 * ((D(b["x"]) - 1) ** 2).mean() + 0.5 * (D(G(b["z"]).detach()) ** 2).mean())
    b = script.batch("generator")
    descend(script.opt_G, 0.5 * ((D(G(b["z"])) - 1) ** 2).mean())


def f_gan_kl(script: Script) -> None:
    """KL: T(v) = v and f*(t) = exp(t - 1); both gradients are taken, then both networks step."""
    G, D = script.G, script.D
    b = script.batch("both")
    bound = D(b["x"]).mean() - torch.exp(D(G(b["z"])) - 1).mean()
    grads_G = torch.autograd.grad(bound, [*G.parameters()], retain_graph=True)
    grads_D = torch.autograd.grad(-bound, [*D.parameters()])
    for net, grads in ((G, grads_G), (D, grads_D)):
        for weight, grad in zip(net.parameters(), grads, strict=True):
            weight.grad = grad
    script.opt_G.step()
    script.opt_D.step()


def unrolled(script: Script) -> None:
    G, D = script.G, script.D
    b = script.batch("discriminator")
    descend(script.opt_D, real(D(b["x"])) + fake(D(G(b["z"]).detach())))
    b = script.batch("generator")
    made, foreseen = G(b["z"]), dict(D.named_parameters())
    moments = {name: script.opt_D.state[weight] for name, weight in foreseen.items()}
    means = {name: moment["exp_avg"].clone() for name, moment in moments.items()}
    squares = {name: moment["exp_avg_sq"].clone() for name, moment in moments.items()}
    made_steps = int(next(iter(moments.values()))["step"])

    def discriminator_loss() -> Tensor:
        return real(functional_call(D, foreseen, b["x"])) + fake(functional_call(D, foreseen, made))

    for step in range(made_steps + 1, made_steps + 4):
        grads = torch.autograd.grad(discriminator_loss(), [*foreseen.values()], create_graph=True)
        for name, grad in zip(foreseen, grads, strict=True):
            means[name] = 0.5 * means[name] + 0.5 * grad
            squares[name] = 0.999 * squares[name] + 0.001 * grad**2
            root = (squares[name] / (1 - 0.999**step)).sqrt() + 1e-8
            foreseen = foreseen | {name: foreseen[name] - 2e-3 * means[name] / (1 - 0.5**step) / root}
    descend(script.opt_G, -discriminator_loss())


CASES = {
    "ns_gan": Case(NonSaturatingGAN(lr=1e-3), ns_gan),
    "ns_gan with two rates": Case(NonSaturatingGAN(lr=(2e-3, 5e-4), ema=0.2), ns_gan),
    "gan, k = 2": Case(GAN(lr=1e-3, d_steps=2), gan_with_two_discriminator_steps),
    "wgan": Case(WGAN(lr=1e-3, clip=0.1), wgan, torch.optim.RMSprop),
    "wgan_gp": Case(WGANGP(lr=1e-3), wgan_gp),
    "r1": Case(R1(lr=1e-3), r1, torch.optim.RMSprop),
    "lsgan": Case(LSGAN(lr=1e-3), lsgan),
    "f_gan:kl": Case(FGAN(divergence="kl", lr=1e-3), f_gan_kl),
    "unrolled": Case(UnrolledGAN(unroll=3, lr=(1e-3, 2e-3)), unrolled),
}


LONG = {"ns_gan": 70, "wgan": 14, "wgan_gp": 14}  # steps that make 70 updates of a kind: more than two chunks of draws


@pytest.mark.parametrize("name", CASES)
def test_every_seed_of_a_group_equals_an_ordinary_script(name: str) -> None:
    with double_precision():
        compare(CASES[name], atol=1e-11, backend="eager")


@pytest.mark.parametrize("name", LONG)
def test_the_backend_loop_equals_an_ordinary_script_over_seventy_updates(name: str) -> None:
    with double_precision():
        compare(CASES[name], atol=1e-9, backend="loop", steps=LONG[name])


@pytest.mark.parametrize("name", ["ns_gan", "wgan_gp"])
def test_in_single_precision_only_rounding_sets_them_apart(name: str) -> None:
    compare(CASES[name], atol=2e-6, backend="traced")
