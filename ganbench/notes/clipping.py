"""What clipping does to a discriminator's weights, and what its c does to gradients and to depth.

Note 2, WGAN-GP: "In some cases weight clipping makes the weights gather at the two ends, so that the whole network
degenerates into a two-valued one. To improve on this, WGAN-GP proposed the gradient penalty in place of clipping."
Note 4, weight clipping: "The idea is to limit the parameters' gradients to a certain range, which through the
derivative limits how fast D(x) grows. The drawback is that the value of c is hard to set."

Design: figure 1b of the WGAN-GP paper. Fakes are real points of the ring plus standard normal noise. Ends:
discriminator 2-128-128-128-1, batches of 128; the share of weights within 1 % of the ends, which are +-c, or for the
penalty each layer's own largest weight; an even spread has 1 % there. Depth: 12 hidden layers of 64, 200 steps; the
norm of the loss's gradient at a layer's outputs over that at the next layer's, median over layers: 1 where depth costs
nothing. Numbers: share 0.87 at c = 0.01; ratios 0.005, 0.05, 1.4 for c = 0.001, 0.01, 0.1, against 0.97 for the
penalty.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import linear, relu

from ganbench._util.streams import stream
from ganbench.baseline import Net, gradient
from ganbench.notes._discriminators import DiscriminatorAlone, around, tower, toy_ring, train
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS, QUIET
from ganbench.training import registry

WIDE, DEEP = [2, 128, 128, 128], [2, *[64] * 12]
CLIPS = {0.01: 5e-5, 0.1: 5e-4}  # and RMSProp's rate: the weights must have time to cross the box
DEPTH_CLIPS = (0.001, 0.01, 0.1)
PENALTY = 10.0


def discriminators(
    seeds: Sequence[int], steps: int, widths: list[int], clip: float = 0.0, lr: float = 1e-4
) -> list[Net]:
    """Train discriminators on the ring against blurred fakes: clipped to ``clip``, or under the gradient penalty."""
    data = toy_ring()
    if clip:
        method = registry.configure("wgan", {"clip": clip, "lr": lr}, data)
    else:
        method = registry.configure("wgan_gp", {"penalty": PENALTY, "lr": lr}, data)
    he = not clip and widths is DEEP  # without it the deep penalised discriminator starts with a vanishing gradient
    net = partial(tower, widths, he=he)
    return train(DiscriminatorAlone(method=method, net=net, fakes=around(data)), data, seeds, steps)


def matrices(D: Net) -> list[Tensor]:
    """Return the weight matrices, input first."""
    return [weight for weight in D.weights.values() if weight.ndim == 2]


def share_at_ends(D: Net, clip: float) -> float:
    """Share of the weights, biases apart, within 1 % of their ends: +-clip, or a layer's largest one where it is 0."""
    near = [weight.abs() > 0.99 * (clip or float(weight.abs().max())) for weight in matrices(D)]
    return float(torch.cat([each.flatten() for each in near]).double().mean())


def pair(seed: int, n: int) -> tuple[Tensor, Tensor]:
    """Fresh real and fake points, (n, 2) each."""
    data, draws = toy_ring(), stream(seed, "clipping", "points")
    x, _ = data.train.examples(data.train.indices(n, draws))
    return x.double(), around(data)(n, draws).double()


def mean_gradient_norm(D: Net, seed: int) -> float:
    """Mean norm of the discriminator's gradient half way between real and fake points."""
    x, fake = pair(seed, 2000)
    return float(gradient(D, (x + fake) / 2).norm(dim=1).mean())


def gradient_norms(D: Net, seed: int) -> list[float]:
    """Norm of the discriminator loss's gradient at the output of each dense layer, input first, in float64."""
    x, fake = pair(seed, 512)
    layers = list(zip(*[iter(D.weights.values())] * 2, strict=True))
    h, outputs = torch.cat([fake, x]), []
    for i, (weight, bias) in enumerate(layers):
        h = linear(relu(h) if i else h, weight, bias)
        outputs.append(h.requires_grad_() if not i else h)
    loss = outputs[-1][: len(x)].mean() - outputs[-1][len(x) :].mean()
    return [float(gradient.norm()) for gradient in torch.autograd.grad(loss, outputs)]


def ratio(norms: Sequence[float]) -> float:
    """Median over hidden layers of a gradient's norm over that of the next layer; 0 where all has vanished."""
    return float(np.median([a / b if b > 0 else 0.0 for a, b in pairwise(norms[1:-1])]))


def largest_gradient(D: Net, seed: int) -> float:
    """Return the largest gradient of the discriminator's loss in any weight, of 512 fresh real and fake points."""
    x, fake = pair(seed, 512)
    grads = D.grad(lambda free: free(fake).mean() - free(x).mean())
    return max(float(each.abs().max()) for each in grads.values())


def measure(form: Form) -> Findings:
    """Weights and gradients of wide discriminators, gradients through deep ones."""
    seeds, steps = (range(3), 1500) if form.name == "fast" else (range(10), 3000)
    numbers: dict[str, tuple[float, ...]] = {}
    curves: dict[str, tuple[float, ...]] = {}
    for clip, lr in CLIPS.items():
        wide = discriminators(seeds, steps, WIDE, clip, lr)
        numbers[f"share at the ends, c = {clip}"] = tuple(share_at_ends(D, clip) for D in wide)
        numbers[f"slope, c = {clip}"] = tuple(mean_gradient_norm(D, i) for i, D in zip(seeds, wide, strict=True))
        numbers[f"largest weight, c = {clip}"] = tuple(max(float(w.abs().max()) for w in matrices(D)) for D in wide)
        numbers[f"largest gradient of a weight, c = {clip}"] = tuple(
            largest_gradient(D, i) for i, D in zip(seeds, wide, strict=True)
        )
        curves[f"weights, c = {clip}"] = tuple((torch.cat([w.flatten() for w in matrices(wide[0])]) / clip).tolist())
    wide = discriminators(seeds, steps if form.name == "full" else 150, WIDE)
    numbers["share at the ends, penalty"] = tuple(share_at_ends(D, 0.0) for D in wide)
    curves["weights, penalty"] = tuple(torch.cat([(w / w.abs().max()).flatten() for w in matrices(wide[0])]).tolist())
    for name, clip in [("penalty", 0.0), *((f"c = {clip}", clip) for clip in DEPTH_CLIPS)]:
        deep = discriminators(seeds, 200, DEEP, clip)
        norms = [gradient_norms(D, i) for i, D in zip(seeds, deep, strict=True)]
        numbers[f"per layer, {name}"] = tuple(ratio(each) for each in norms)
        curves[f"norms, {name}"] = tuple(norms[0])
    return Findings(numbers, curves)


def draw(findings: Findings, figure: Figure) -> None:
    """Left: where the weights lie between their ends. Right: gradient norms through the layers."""
    left, right = figure.subplots(1, 2)
    for name, colour in (("c = 0.01", COLOURS[1]), ("c = 0.1", COLOURS[5]), ("penalty", COLOURS[0])):
        weights = findings.curves[f"weights, {name}"]
        shares = np.histogram(weights, 41, (-1.0125, 1.0125))[0] / len(weights)
        left.step(np.linspace(-1, 1, 41), shares, where="mid", color=colour, label=name)
    left.set(xlabel="weight / its end", ylabel="share of weights", title="Clipping pushes weights to the ends")
    left.legend(loc="upper center")
    shown = (("c = 0.001", COLOURS[3]), ("c = 0.01", COLOURS[1]), ("c = 0.1", COLOURS[5]), ("penalty", COLOURS[0]))
    for name, colour in shown:
        norms = np.array(findings.curves[f"norms, {name}"])
        right.semilogy(np.arange(1, len(norms) + 1), np.where(norms > 0, norms, np.nan), color=colour, label=name)
    right.axhline(1.0, color=QUIET, linewidth=0.8)
    right.set(xlabel="layer, input first", ylabel="gradient's norm", title="... and gradients vanish or explode")
    right.legend(loc="lower right")


EXPERIMENT = Experiment(
    name="clipping",
    title="What clipping does to a discriminator",
    chapter="wasserstein",
    version=2,
    measure=measure,
    draw=draw,
)
