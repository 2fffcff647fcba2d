"""Ordinary PyTorch scripts with labels, codes, carried state, several generators, or a generator alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.functional import cross_entropy

from ganbench.baselines.began import BEGAN
from ganbench.baselines.bigan import BiGAN
from ganbench.baselines.cgan import CGAN
from ganbench.baselines.mad_gan import MADGAN
from ganbench.baselines.sngan import SNGAN
from ganbench.baselines.vae import VAE
from tests.training.textbook import BATCH, STEPS, Case, Script, compare, descend, double_precision, fake, real


def sngan(script: Script) -> None:
    """Hinge; each dense layer divided by u' W v after one power iteration per update, also the generator's."""
    for optimizer in (script.opt_G, script.opt_D):
        optimizer.param_groups[0]["lr"] = 1e-3 * (1 - script.done / STEPS)
    for _ in range(5):
        iterate_powers(script.D)
        b = script.batch("discriminator")
        made = script.G(b["z"]).detach()
        hinge = F.relu(1 - normalised(script.D, b["x"])).mean() + F.relu(1 + normalised(script.D, made)).mean()
        descend(script.opt_D, hinge)
    iterate_powers(script.D)
    b = script.batch("generator", 2 * BATCH)
    descend(script.opt_G, -normalised(script.D, script.G(b["z"])).mean())


def dense_layers(D: nn.Module) -> list[Any]:
    return [layer for layer in D.children() if hasattr(layer, "u")]


@torch.no_grad()
def iterate_powers(D: nn.Module) -> None:
    for each in dense_layers(D):
        each.v = each.layer.weight.T @ each.u / (each.layer.weight.T @ each.u).norm()
        each.u = each.layer.weight @ each.v / (each.layer.weight @ each.v).norm()


def normalised(D: nn.Module, x: Tensor) -> Tensor:
    first, second, last = dense_layers(D)
    for each in (first, second, last):
        weight = each.layer.weight
        x = F.linear(x, weight / torch.dot(each.u, torch.mv(weight, each.v)), each.layer.bias)
        x = x if each is last else F.leaky_relu(x, 0.1)
    return x.squeeze(1)


def began(script: Script) -> None:
    G, D = script.G, script.D
    for optimizer in (script.opt_G, script.opt_D):
        optimizer.param_groups[0]["lr"] = 1e-3 * 0.1 ** (script.done / STEPS)

    def error(v: Tensor) -> Tensor:
        return (D.decode(D.encode(v)) - v).abs().mean()

    b = script.batch("discriminator")
    descend(script.opt_D, error(b["x"]) - script.k * error(G(b["z"]).detach()))
    b = script.batch("generator")
    loss = error(G(b["z"]))
    script.k = (script.k + 0.1 * (0.5 * error(b["x"]) - loss).detach()).clamp(0, 1)
    descend(script.opt_G, loss)


def cgan(script: Script) -> None:
    """Both multilayer perceptrons see the label as eight more inputs."""
    G, D = script.G.net.net, script.D.net.net

    def beside(v: Tensor, y: Tensor) -> Tensor:
        return torch.cat([v, F.one_hot(y, 8).float()], 1)

    b = script.batch("discriminator")
    made = G(beside(b["z"], b["y"])).detach()
    descend(script.opt_D, real(D(beside(b["x"], b["y"]))) + fake(D(beside(made, b["y"]))))
    b = script.batch("generator")
    descend(script.opt_G, real(D(beside(G(beside(b["z"], b["y"])), b["y"]))))


def bigan(script: Script) -> None:
    """The discriminator sees (x, E(x)) and (G(z), z); generator and encoder are trained on the swapped labels."""
    G, E, D = script.G.decode, script.G.encode, script.D.net
    b = script.batch("discriminator")
    ours, theirs = torch.cat([b["x"], E(b["x"]).detach()], 1), torch.cat([G(b["z"]).detach(), b["z"]], 1)
    descend(script.opt_D, real(D(ours)) + fake(D(theirs)))
    b = script.batch("generator")
    ours, theirs = torch.cat([b["x"], E(b["x"])], 1), torch.cat([G(b["z"]), b["z"]], 1)
    descend(script.opt_G, fake(D(ours)) + real(D(theirs)))


def mad_gan(script: Script) -> None:
    """Three generators with their first layers in common, and a classifier of four: which made it, or nobody."""
    first, D = script.G.shared, script.D
    generators = [lambda z, last=last: last(first(z)) for last in script.G.nets]
    nobody = torch.full((BATCH,), 3)
    b = script.batch("discriminator")
    loss = cross_entropy(D(b["x"]), nobody)
    for i, G in enumerate(generators):
        loss = loss + cross_entropy(D(G(b["z"]).detach()), torch.full((BATCH,), i))
    descend(script.opt_D, loss)
    b = script.batch("generator")
    descend(script.opt_G, torch.stack([cross_entropy(D(G(b["z"])), nobody) for G in generators]).sum())


def vae(script: Script) -> None:
    """Minus the bound: a Gaussian of standard deviation 1/2 around what is decoded, and the divergence of the code."""
    b = script.batch("generator")
    mean, log_variance = script.G.encode(b["x"]).split(2, dim=1)
    code = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    decoded = torch.distributions.Normal(script.G.decode(mean + code.stddev * b["eps"]), 0.5)
    prior = torch.distributions.Normal(0.0, 1.0)
    bound = decoded.log_prob(b["x"]).sum(1) - torch.distributions.kl_divergence(code, prior).sum(1)
    descend(script.opt_G, -bound.mean())


CASES = {
    "sngan": Case(SNGAN(lr=1e-3), sngan),
    "began": Case(BEGAN(latent=1, lr=1e-3, gain=0.1), began),
    "cgan": Case(CGAN(lr=1e-3), cgan),
    "bigan": Case(BiGAN(lr=1e-3), bigan),
    "mad_gan": Case(MADGAN(generators=3, lr=1e-3), mad_gan),
    "vae": Case(VAE(sd=0.5, lr=1e-3), vae),
}


@pytest.mark.parametrize("name", CASES)
def test_every_seed_of_a_group_equals_an_ordinary_script(name: str) -> None:
    with double_precision():
        compare(CASES[name], atol=1e-11, backend="eager")
