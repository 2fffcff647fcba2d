"""The generator's gradients while the discriminator is far ahead: log(1 - D), -log D, and what noise changes.

Note 1: minimising E log(1 - D(G(z))) and maximising E log D(G(z)) are "equivalent". Note 3: in practice G's step is
"changed a little". Note 4: "where two distributions do not touch, the JS divergence is the same however far apart they
are"; so "one adds noise to both distributions, so that they overlap". Design, learned: two parallel unit segments at
distance 0.1 or 1, a discriminator with two layers of 64 rectified units, Adam 1e-3, 2000 steps. Number: the mean norm
of the loss's gradient at a fake point, after 250 steps and at the end. Design, exact: points at 0 and 1, both blurred
by N(0, s^2); the same gradients at the best discriminator and the divergence, by quadrature.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import softplus

from ganbench._util.streams import stream
from ganbench.notes._perceptrons import Layers, gradient_step, outputs, parameters, start
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import ALARM, SAMPLE, TRUTH

GAPS = {"near": 0.1, "far": 1.0}
STEPS, CHECKPOINTS = 2000, (250, 500, 1000, 2000)
SIZES = {"fast": (3, 128), "full": (10, 512)}  # seeds, batch
SPREADS = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
WORKED = (0.693146, 0.675943, 0.571151, 0.336831, 0.111421, 0.030311)  # divergences of N(0, s^2) and N(1, s^2)


def measure(form: Form) -> Findings:
    """Train discriminators on segments that never touch, measuring four times; then the exact case."""
    seeds, batch = SIZES[form.name]
    keys = [(seed, f"early_gradients/{gap}") for gap in GAPS for seed in range(seeds)]
    layers, streams = start(keys, (2, 64, 64, 1)), [stream(seed, name, "data") for seed, name in keys]
    gaps = torch.tensor([gap for gap in GAPS.values() for _ in range(seeds)])[:, None]
    optimizer = torch.optim.Adam(parameters(layers), 1e-3)
    numbers: dict[str, tuple[float, ...]] = {}
    for step in range(1, STEPS + 1):
        heights = torch.stack([torch.rand(2 * batch, generator=each) for each in streams])
        x = torch.stack([torch.cat([0 * heights[:, :batch], gaps.expand(-1, batch)], 1), heights], 2)
        real, fake = outputs(layers, x, torch.relu).split(batch, 1)
        gradient_step(optimizer, softplus(-real).mean(1) + softplus(fake).mean(1))
        if step in CHECKPOINTS:
            for name, values in gradient_sizes(layers, x, batch).items():
                for gap, part in zip(GAPS, values.split(seeds), strict=True):
                    numbers[f"{name}_{gap}_{step}"] = tuple(part.tolist())
    return Findings(numbers | ratios(numbers) | blurred(), {"spread": SPREADS})


def gradient_sizes(layers: Layers, x: Tensor, batch: int) -> dict[str, Tensor]:
    """Return the discriminators' accuracy and the mean norm of both losses' gradients at fake points, (rows,) each."""
    points = x.detach().requires_grad_()
    logits = outputs(layers, points, torch.relu)
    norms = torch.autograd.grad(logits.sum(), points)[0].norm(dim=2)[:, batch:]
    fake = logits.detach()[:, batch:]
    right = (logits[:, :batch] > 0).float().mean(1) + (fake < 0).float().mean(1)
    return {
        "accuracy": right.detach() / 2,
        "saturating": (fake.sigmoid() * norms).mean(1),
        "non_saturating": ((-fake).sigmoid() * norms).mean(1),
    }


def ratios(numbers: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    """Return by which factor each gradient changes from the first checkpoint to the last."""
    return {
        f"{kind}_{gap}_ratio": tuple(
            last / first
            for first, last in zip(
                numbers[f"{kind}_{gap}_{CHECKPOINTS[0]}"], numbers[f"{kind}_{gap}_{CHECKPOINTS[-1]}"], strict=True
            )
        )
        for kind in ("saturating", "non_saturating")
        for gap in GAPS
    }


def blurred() -> dict[str, tuple[float, ...]]:
    """Return the exact divergence and gradients for points at 0 and 1 blurred by N(0, s^2), for each s."""
    numbers: dict[str, tuple[float, ...]] = {}
    for spread in SPREADS:
        for name, each in zip(("divergence", "pull", "push"), exact(1.0, spread), strict=True):
            numbers[f"{name}_{spread:g}".replace(".", "_")] = (each,)
    return numbers


def exact(distance: float, spread: float) -> tuple[float, float, float]:
    """Return JSD of N(0, s^2) and N(d, s^2) and |d/dd| of E log(1 - D) and of -E log D at the best discriminator D.

    With t = log(p / q) at a fake point, gradients are s(t) d / s^2 and s(-t) d / s^2: together always d / s^2.
    """
    units = np.linspace(-12, 12, 40001)  # fake points, in spreads around theirs
    mass = np.exp(-(units**2) / 2) / sqrt(2 * np.pi) * (units[1] - units[0])
    logits = -distance / spread * (units + distance / spread / 2)
    # By symmetry both halves of the divergence are the same: E_q log(2 q / (p + q)).
    divergence = mass @ (log(2) - np.logaddexp(0, logits))
    belief = mass @ np.exp(-np.logaddexp(0, -logits))
    size = distance / spread**2
    return float(divergence), float(size * belief), float(size * (1 - belief))


def draw(findings: Findings, figure: Figure) -> None:
    """The gradients as the discriminator learns, and the exact ones against the noise."""
    left, right = figure.subplots(1, 2)
    for kind, colour, label in (("saturating", SAMPLE, "log(1 - D)"), ("non_saturating", ALARM, "-log D")):
        for gap, dash in (("near", "-"), ("far", "--")):
            values = [findings.mean(f"{kind}_{gap}_{gradient_sizes}") for gradient_sizes in CHECKPOINTS]
            left.loglog(
                CHECKPOINTS, values, dash, marker="o", markersize=3, color=colour, label=f"{label}, gap {GAPS[gap]:g}"
            )
    left.set(
        xlabel="discriminator's steps",
        ylabel="gradient at a fake point",
        title="segments that never touch",
        xticks=CHECKPOINTS,
        xticklabels=CHECKPOINTS,
        ylim=(1e-7, 1e3),
    )
    left.minorticks_off()
    left.legend(loc="lower left", fontsize=7, ncols=2)
    names = [f"{spread:g}".replace(".", "_") for spread in SPREADS]
    for kind, colour, label in (("pull", SAMPLE, "gradient of log(1 - D)"), ("push", ALARM, "gradient of -log D")):
        right.loglog(SPREADS, [findings.mean(f"{kind}_{name}") for name in names], color=colour, label=label)
    right.loglog(SPREADS, [findings.mean(f"divergence_{name}") for name in names], "k-", label="JS divergence")
    right.axhline(log(2), color=TRUTH, label="log 2")
    right.set(xlabel="sd of the noise", title="two points at distance 1, blurred", ylim=(1e-3, 300))
    right.legend(fontsize=7)


EXPERIMENT = Experiment("early_gradients", "Early gradients", "training", measure, draw)
