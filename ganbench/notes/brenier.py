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

from ganbench.notes._brenier import WORKED_COST, centres, four, off_modes, transported, worked
from ganbench.notes.base import Claim, Experiment, Findings, Form, Verdict, confirmed
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


def exact(findings: Findings) -> Verdict:
    """Masses within 10 %, no sample off the modes; the network leaves some there for every seed."""
    masses = max(findings.numbers["largest error of a cell's mass"]) < 0.1
    clean = max(findings.numbers["off the modes, map"]) == 0
    return confirmed(masses and clean and min(findings.numbers["off the modes, network"]) > 0.002)


def jumps_found(findings: Findings) -> Verdict:
    """99 % of jumps found, 1 % invented at most; mixtures across jumps off the modes, none of the others."""
    exact_rule = min(findings.numbers["jumps found"]) > 0.99 and max(findings.numbers["jumps invented"]) < 0.01
    across = min(findings.numbers["off the modes, mixed across jumps"]) > 0.99
    return confirmed(exact_rule and across and max(findings.numbers["off the modes, mixed elsewhere"]) < 0.001)


def redundant(findings: Findings) -> Verdict:
    """The three W2 within 1 % of one another, the worked cost within 1 %, and the gradient is the map to 1e-9."""
    own = findings.mean("W2 of the map")
    same = all(abs(findings.mean(f"W2 of the {other}") / own - 1) < 0.01 for other in ("dual", "assignment"))
    small = abs(findings.mean("worked W2 squared") / WORKED_COST - 1) < 0.01
    return confirmed(same and small and max(findings.numbers["gradient apart from the map"]) < 1e-9)


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


CLAIMS = (
    Claim(
        name="separate modes by the optimal map",
        note="note 2, X. Gu's theory (by its links)",
        says="Mode collapse has a theoretical explanation: the optimal map jumps, and networks are continuous.",
        expected="0 of the map's samples off the modes, cells of equal mass; some of the network's off them",
        source="Brenier's theorem; Gu et al., 2013; direction only for the network",
        shown=(
            "off the modes, map",
            "off the modes, network",
            "modes of the network",
            "largest error of a cell's mass",
        ),
        rule="masses within 10 %; none off the modes for the map, more than 0.2 % for each network",
        evaluate=exact,
        remark="A continuous image of a connected square is connected: a network that covers two modes has samples "
        "between them, or it drops one. The map has neither problem because its gradient may jump.",
    ),
    Claim(
        name="the singular set of the optimal map",
        note="note 2, X. Gu's theory (by its links)",
        says="The jumps of the optimal map can be located, and samples kept off them.",
        expected="the angle between facets finds all jumps; all mixtures across them are off the modes, no others",
        source="An et al., 2020 (AE-OT), its rule at 0.7 radians",
        shown=("jumps found", "jumps invented", "off the modes, mixed across jumps", "off the modes, mixed elsewhere"),
        rule="over 99 % found, under 1 % invented; over 99 % of mixtures across off the modes, under 0.1 % of others",
        evaluate=jumps_found,
        remark="Mixing neighbours gives new samples within a mode. Across the singular set it gives what belongs to "
        "no mode: mode mixture on purpose.",
    ),
    Claim(
        name="the generator in the discriminator's potential",
        note='note 2, "a fictitious adversary" (by its links)',
        says="The adversary is fictitious: under quadratic cost the generator follows from the discriminator's "
        "potential.",
        expected="one W2 for map, dual and exact assignment; worked example W2^2 = 0.0153333",
        source="Brenier's theorem; Kantorovich duality",
        shown=("W2 of the map", "W2 of the dual", "W2 of the assignment", "worked W2 squared"),
        rule="within 1 % of one another, the worked cost within 1 %; gradient of u equal to the map to 1e-9",
        evaluate=redundant,
        remark="Only the dual was solved, and its gradient is a generator. This holds for quadratic cost in a space "
        "where the dual can be solved; WGAN's own cost is |x - y|, whose potential does not determine a map.",
    ),
)

EXPERIMENT = Experiment(
    name="brenier",
    title="The gradient of a convex function",
    chapter="transport",
    claims=CLAIMS,
    measure=measure,
    draw=draw,
)
