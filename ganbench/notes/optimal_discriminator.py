"""The optimal discriminator for a fixed generator, learned and compared with the exact one.

Note 0: "take the derivative of the integral for a fixed generator, set it to 0, and the optimal D follows" (the note
stops there). Note 1: D(x) is the probability that x is data; and "min E log D(G(z)) is equivalent to
max E log(1 - D(G(z)))". Design: p = N(0, 1), q = N(1, 1) or q = p; a perceptron with two layers of 32 units, Adam 2e-3
cooled to 0, fresh batches. Number: max |D - p / (p + q)| on [-1.5, 2.5], and V(D) by quadrature, beside
V(D*) = 2 JSD - log 4 = -1.16345 and -1.38629.
"""

from __future__ import annotations

from math import log

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import softplus

from ganbench._util.streams import stream
from ganbench.notes._perceptrons import Layers, cool, gradient_step, outputs, parameters, start
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import ALARM, COLOURS, QUIET

CASES = ("apart", "equal", "log D alone")  # the last: p and q apart, but with log D instead of log(1 - D)
SHIFT = {"apart": 1.0, "equal": 0.0, "log D alone": 1.0}
RATE = 2e-3
SIZES = {"fast": (3, 1000, 512), "full": (10, 3000, 2048)}  # seeds, steps, batch
WINDOW = torch.linspace(-1.5, 2.5, 81)
WIDE = torch.linspace(-9, 10, 4001, dtype=torch.float64)
BEST = 2 * 0.1114215 - log(4)  # JSD(N(0, 1), N(1, 1)) by quadrature


def measure(form: Form) -> Findings:
    """Fit one discriminator for each seed and case, all at once."""
    seeds, steps, batch = SIZES[form.name]
    # The streams keep the label that the experiment was first measured with: another one would draw other samples.
    keys = [(seed, f"optimal_critic/{case}") for case in CASES for seed in range(seeds)]
    layers = start(keys, (1, 32, 32, 1))
    streams = [stream(seed, name, "data") for seed, name in keys]
    shifts = torch.tensor([SHIFT[case] for case in CASES for _ in range(seeds)])[:, None, None]
    optimizer = torch.optim.Adam(parameters(layers), RATE)
    for step in range(steps):
        draws = torch.stack([torch.randn(2 * batch, 1, generator=each) for each in streams])
        real, fake = outputs(layers, torch.cat([draws[:, :batch], draws[:, batch:] + shifts], 1)).split(batch, 1)
        cool(optimizer, RATE, step / steps)
        gradient_step(optimizer, losses(real, fake, seeds))
    return findings(layers, seeds)


def losses(real: Tensor, fake: Tensor, seeds: int) -> Tensor:
    """Return each row's loss: -V, and for the last case E_q log D - E_p log D."""
    last = 2 * seeds
    minimax = softplus(-real).mean(1) + softplus(fake).mean(1)
    alone = softplus(-real).mean(1) - softplus(-fake).mean(1)
    return torch.cat([minimax[:last], alone[last:]])


@torch.no_grad()
def findings(layers: Layers, seeds: int) -> Findings:
    """Compare the fitted discriminators with the exact ones."""
    rows = 3 * seeds
    near = outputs(layers, WINDOW[None, :, None].expand(rows, -1, -1)).sigmoid()
    far = outputs(layers, WIDE.float()[None, :, None].expand(rows, -1, -1)).double()
    numbers: dict[str, tuple[float, ...]] = {}
    for i, name in zip(range(3), ("apart", "equal", "alone"), strict=True):
        own, shift = slice(i * seeds, (i + 1) * seeds), SHIFT[CASES[i]]
        exact = (shift * (shift / 2 - WINDOW)).sigmoid()
        numbers[f"error_{name}"] = tuple((near[own] - exact).abs().amax(1).tolist())
        numbers[f"value_{name}"] = tuple(value(far[own], shift, alone=i == 2).tolist())
    exact = 0.5 - WIDE  # the logit of p / (p + q)
    numbers["value_alone_at_best"] = tuple(value(exact[None], 1.0, alone=True).tolist())
    curves = {"x": tuple(WINDOW.tolist())} | {
        f"{case}, seed {seed}": tuple(near[i * seeds + seed].tolist())
        for i, case in enumerate(CASES)
        for seed in range(min(seeds, 3))
    }
    return Findings(numbers, curves)


def value(logits: Tensor, shift: float, alone: bool) -> Tensor:
    """Return what the discriminators maximise, by quadrature over WIDE: (rows,)."""
    p, q = (torch.exp(-((WIDE - mean) ** 2) / 2) / np.sqrt(2 * np.pi) for mean in (0.0, shift))
    second = softplus(-logits) if alone else -softplus(logits)
    return torch.trapezoid(p * -softplus(-logits) + q * second, WIDE)


def draw(findings: Findings, figure: Figure) -> None:
    """The fitted discriminators on the exact one."""
    x = np.array(findings.curves["x"])
    for ax, case in zip(figure.subplots(1, 3, sharey=True), CASES, strict=True):
        for name, curve in findings.curves.items():
            if name.startswith(f"{case}, "):
                ax.plot(x, curve, color=COLOURS[0], linewidth=1.6, alpha=0.7, label="learned, by seed")
        exact = 1 / (1 + np.exp(-SHIFT[case] * (SHIFT[case] / 2 - x)))
        ax.plot(x, exact, "--", color=ALARM, label="p / (p + q)")
        ax.axhline(0.5, color=QUIET, linewidth=0.6)
        titles = {"apart": "N(0, 1) and N(1, 1)", "equal": "p = q", "log D alone": "log D in place of log(1 - D)"}
        ax.set(title=titles[case], xlabel="x", ylim=(-0.02, 1.02))
        if case == "apart":
            ax.set_ylabel("D(x)")
            handles, labels = ax.get_legend_handles_labels()
            ax.legend(handles[-2:], labels[-2:])


EXPERIMENT = Experiment("optimal_discriminator", "The optimal discriminator", "training", measure, draw)
