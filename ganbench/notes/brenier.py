"""Gu's view of GANs: the optimal map is the gradient of a convex function, and it jumps where networks cannot.

Note 2: "Professor Xianfeng Gu has proposed his own theoretical explanation of GANs", by links: "A fictitious adversary:
GAN with the wind", "Seeing through the black box of machine learning (W-GAN model)", "A theoretical explanation of GAN
mode collapse". In short: under quadratic cost the best generator is the gradient of Brenier's potential u, which the
discriminator already holds (u = |w|^2 / 2 - phi), so the adversary is redundant; between separate modes the map jumps,
a network is continuous, and so it mixes modes or drops them.

Design: mu uniform on the unit square, targets of equal mass from four Gaussians on a circle (sd 0.05). AE-OT's heights
h make u(w) = max_i (w . y_i + h_i). Compared: masses of its cells on a fine grid, the cost of its map, the dual value
E|w|^2 + mean |y|^2 - 2 E(h), and the exact assignment. Jumps: where the two best cells belong to different modes,
against AE-OT's rule (facets at more than 0.7 radians). NS-GAN's generator, with 2 codes, is trained on the same four
Gaussians. Off the modes: farther than 5 sd from every centre. Worked: U[0, 1] to masses 0.2, 0.5, 0.3 at 0.1, 0.5, 0.9:
W2^2 = 0.0153333.
"""

from __future__ import annotations

import torch
from matplotlib.figure import Figure

from ganbench.notes._brenier import centres, four, off_modes, transported, worked
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS, QUIET, SAMPLE
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer


def measure(form: Form) -> Findings:
    """The potential's map for several draws of targets; a generator's share off the modes for as many seeds."""
    seeds, n, rounds, steps = (range(3), 64, 1000, 2500) if form.name == "fast" else (range(10), 256, 5000, 20_000)
    runs = [transported(n, seed, rounds) for seed in seeds]
    numbers = {name: tuple(run[0][name] for run in runs) for name in runs[0][0]}
    settings = {"lr": 1e-3, "betas": [0.5, 0.9]}
    trainer = Trainer(registry.configure("ns_gan", settings, four()), four(), seeds, Plan(steps))
    trainer.run(points=1)
    samples, _ = Sampler(trainer).draw(4000)
    numbers["off the modes, network"] = tuple(off_modes(x) for x in samples)
    nearest = [torch.cdist(x.double(), centres()).argmin(1).unique() for x in samples]
    numbers["modes of the network"] = tuple(float(len(each)) for each in nearest)
    numbers["worked W2 squared"] = (worked(rounds),)
    jumps = runs[0][1]["jump"]
    curves = {"jump x": tuple(jumps[:, 0].tolist()), "jump y": tuple(jumps[:, 1].tolist())}
    for name, points in (("map", runs[0][1]["map"][::37]), ("network", samples[0, :2000])):
        curves |= {f"{name} x": tuple(points[:, 0].tolist()), f"{name} y": tuple(points[:, 1].tolist())}
    return Findings(numbers, curves)


def draw(findings: Findings, figure: Figure) -> None:
    """The singular set in the square, the map's samples, the network's."""
    axes = figure.subplots(1, 3)
    titles = {"jump": "where the map jumps", "map": "gradient of the potential", "network": "generator of NS-GAN"}
    for axis, (name, title) in zip(axes, titles.items(), strict=True):
        colour = COLOURS[1] if name == "jump" else SAMPLE
        axis.plot(findings.curves[f"{name} x"], findings.curves[f"{name} y"], ".", color=colour, markersize=2)
        axis.set(title=title, aspect="equal")
    for axis in axes[1:]:
        axis.plot(*centres().T, "+", color=QUIET, markersize=8)


EXPERIMENT = Experiment(
    name="brenier",
    title="The gradient of a convex function",
    chapter="transport",
    measure=measure,
    draw=draw,
)
