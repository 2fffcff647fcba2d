"""DCGAN's changes undone one by one.

Note 2, DCGAN: "The improvements of DCGAN are mainly: 1. strided convolutions instead of upsampling layers (...), and
convolutions instead of dense layers. 2. No pooling layers. 3. (...) the structures of D and G are basically
symmetrical. 4. LeakyReLU in the discriminator instead of ReLU, against sparse gradients; ReLU in the generator still,
but tanh at its end." The paper's list has BatchNorm in both networks besides.

Design: the 8 by 8 digits, DCGAN with 16 channels, uniform noise of 100 numbers, Adam 1e-3 (0.5, 0.999); weights start
as torch's layers do, for the paper's normal start belongs to BatchNorm. One change at a time: nearest pixels and a
convolution for the transposed one, convolution and largest of four for the strided one, perceptrons for both, ReLU, no
tanh, no BatchNorm. Number: Frechet distance to held-out digits in the shipped classifier's features, beside that of the
untrained network; the share of the discriminator's units that pass no gradient on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from ganbench import data
from ganbench.baselines.dcgan import DCGAN
from ganbench.dataset import Space
from ganbench.nets import dcgan, mlp
from ganbench.notes._digits import SAMPLES, distances, trained
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS, QUIET
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Trainer

USUAL = "as DCGAN"
CHANGES = (USUAL, "upsampled", "pooled", "dense", "ReLU", "no tanh", "no BatchNorm")
WATCHED = (USUAL, "ReLU")  # whose units without a gradient are counted
SIZES = {"fast": (4, 600), "full": (10, 15_000)}  # seeds, steps
Swap = Callable[[nn.Module], nn.Module]


@dataclass(frozen=True)
class Changed(DCGAN):  # type: ignore[misc] # mypy cannot follow the name of the baselines
    """DCGAN with one of its changes undone."""

    change: str = USUAL

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        if self.change == "dense":
            return mlp.generator(self.latent, space), mlp.discriminator(space)
        norm = self.change != "no BatchNorm"
        G = dcgan.generator(self.latent, space, self.width, norm=norm)
        D = dcgan.discriminator(space, self.width, norm=norm)
        return swapped(G, SWAPS.get(self.change, same)), swapped(D, SWAPS.get(self.change, same))


def same(layer: nn.Module) -> nn.Module:
    return layer


def upsampled(layer: nn.Module) -> nn.Module:
    """Return nearest pixels and a convolution in place of a transposed convolution."""
    if not isinstance(layer, nn.ConvTranspose2d):
        return layer
    bias = layer.bias is not None
    convolution = nn.Conv2d(layer.in_channels, layer.out_channels, 3, padding=1, bias=bias)
    return nn.Sequential(nn.Upsample(scale_factor=2), convolution)


def pooled(layer: nn.Module) -> nn.Module:
    """Return a convolution and the largest of four in place of a strided convolution."""
    if not isinstance(layer, nn.Conv2d):
        return layer
    bias = layer.bias is not None
    return nn.Sequential(nn.Conv2d(layer.in_channels, layer.out_channels, 3, padding=1, bias=bias), nn.MaxPool2d(2))


def rectified(layer: nn.Module) -> nn.Module:
    return nn.ReLU() if isinstance(layer, nn.LeakyReLU) else layer


def unbounded(layer: nn.Module) -> nn.Module:
    return nn.Identity() if isinstance(layer, nn.Tanh) else layer


SWAPS: dict[str, Swap] = {"upsampled": upsampled, "pooled": pooled, "ReLU": rectified, "no tanh": unbounded}


def swapped(net: nn.Module, swap: Swap) -> nn.Module:
    """Return a sequence of layers with some of them exchanged."""
    return nn.Sequential(*(swap(layer) for layer in net.children()))


def without_gradient(trainer: Trainer, x: Tensor) -> tuple[float, ...]:
    """Return by seed the share of the discriminator's hidden units, over images, that are 0 and pass no gradient on."""
    stacked, seen = trainer.updates.stacked["D"], list[Tensor]()

    def keep(_layer: nn.Module, _given: tuple[Tensor, ...], out: Tensor) -> None:
        seen.append(out.flatten())

    def share(weights: Tensor) -> float:
        seen.clear()
        with torch.no_grad():
            stacked.net(weights, {})(x)
        return float((torch.cat(seen) == 0).double().mean())

    hidden = [each for each in stacked.skeleton.modules() if isinstance(each, nn.ReLU | nn.LeakyReLU)]
    hooks = [each.register_forward_hook(keep) for each in hidden]
    shares = tuple(share(weights) for weights in trainer.state["D"]["weights"])
    for hook in hooks:
        hook.remove()
    return shares


def maps(net: nn.Module, x: Tensor) -> list[tuple[int, ...]]:
    """Return the sizes of the images and feature maps that go through a network, in order, each once."""
    sizes = [tuple(x.shape[1:])] if x.ndim == 4 else []
    for layer in net.children():
        x = layer(x)
        if x.ndim == 4 and tuple(x.shape[1:]) not in sizes:
            sizes.append(tuple(x.shape[1:]))
    return sizes


def mirrored(space: Space) -> float:
    """Return how many feature maps of the generator, backwards, have another size than the discriminator's."""
    of_G = maps(dcgan.generator(100, space, 16), torch.zeros(2, 100))[::-1]
    of_D = maps(dcgan.discriminator(space, 16), torch.zeros(2, *space.shape))
    return float(abs(len(of_G) - len(of_D)) + sum(a != b for a, b in zip(of_G, of_D, strict=False)))


def measure(form: Form) -> Findings:
    """Train every change and compare distances."""
    seeds, steps = SIZES[form.name]
    digits = data.load("digits")
    x, _ = digits.held_out.examples({"index": torch.arange(200)})
    numbers: dict[str, tuple[float, ...]] = {}
    for change in CHANGES:
        baseline = Changed(latent=100, width=16, lr=1e-3, ema=0.99, change=change)
        trainer, before = trained(baseline, range(seeds), steps)
        numbers[f"distance, {change}"] = distances(Sampler(trainer).draw(SAMPLES)[0])
        if change == USUAL:
            numbers["distance, untrained"] = tuple([before] * seeds)
        if change in WATCHED:
            numbers[f"units without a gradient, {change}"] = without_gradient(trainer, x)
    numbers["feature maps of other size"] = (mirrored(digits.space),)
    numbers["numbers in an image"] = (float(digits.space.shape[1] ** 2),)
    return Findings(numbers)


def draw(findings: Findings, figure: Figure) -> None:
    """Draw the distance under every change, seed by seed."""
    axes = figure.subplots()
    for place, change in enumerate(CHANGES):
        values = findings.numbers[f"distance, {change}"]
        axes.plot(values, [place] * len(values), "o", ms=4, color=COLOURS[min(place, 1)], alpha=0.7)
    axes.axvline(findings.mean(f"distance, {USUAL}"), color=QUIET, linestyle=":")
    axes.set_yticks(range(len(CHANGES)), CHANGES)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="Frechet distance to held-out digits, one point a seed")


EXPERIMENT = Experiment("dcgan_changes", "DCGAN's changes, one by one", "training", measure, draw, size=(5.6, 2.6))
