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
from ganbench.notes.base import Claim, Experiment, Findings, Form, Verdict, confirmed, wrong
from ganbench.report.style import ALARM, COLOURS, QUIET

CASES = ("apart", "equal", "log D alone")  # the last: p and q apart, but with log D instead of log(1 - D)
SHIFT = {"apart": 1.0, "equal": 0.0, "log D alone": 1.0}
RATE = 2e-3
SIZES = {"fast": (3, 1000, 512), "full": (10, 3000, 2048)}  # seeds, steps, batch
WINDOW = torch.linspace(-1.5, 2.5, 81)
WIDE = torch.linspace(-9, 10, 4001, dtype=torch.float64)
BEST = 2 * 0.1114215 - log(4)  # JSD(N(0, 1), N(1, 1)) by quadrature
FIXED_POINT = -log(4)


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


def fits(findings: Findings) -> Verdict:
    near = max(findings.numbers["error_apart"]) < 0.015
    return confirmed(near and all(0 <= BEST - value < 0.006 for value in findings.numbers["value_apart"]))


def fixed(findings: Findings) -> Verdict:
    near = max(findings.numbers["error_equal"]) < 0.015
    return confirmed(near and all(0 <= FIXED_POINT - value < 0.004 for value in findings.numbers["value_equal"]))


def unbounded(findings: Findings) -> Verdict:
    beyond = findings.low("value_alone") > 2 * findings.mean("value_alone_at_best")
    return wrong(beyond and findings.low("error_alone") > 0.25)


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


CLAIMS = (
    Claim(
        name="the best discriminator of a fixed generator",
        note="note 0, how GANs work; note 1, D(x)",
        says="For a fixed generator the derivative gives the best discriminator, the probability that x is data.",
        expected="D*(x) = p / (p + q) = 1 / (1 + exp(x - 1/2)) and V(D*) = 2 JSD - log 4 = -1.16345",
        source="closed form; Goodfellow et al. 2014, proposition 1",
        shown=("error_apart", "value_apart"),
        rule="for every seed max |D - D*| < 0.015 and V* - V in [0, 0.006), V by quadrature",
        evaluate=fits,
        remark="A small network finds the closed form from samples alone. Its value stays below the exact one, which "
        "is a maximum over all functions: a discriminator's loss is a lower bound of the divergence.",
    ),
    Claim(
        name="equal distributions as the fixed point",
        note="note 0, how GANs work",
        says="Where the generator's distribution is the data's, the game has reached its end.",
        expected="D = 1/2 everywhere and V = -log 4 = -1.38629",
        source="closed form; Goodfellow et al. 2014, theorem 1",
        shown=("error_equal", "value_equal"),
        rule="for every seed max |D - 1/2| < 0.015 and -log 4 - V in [0, 0.004), V by quadrature",
        evaluate=fixed,
        remark="At the fixed point the discriminator can only guess. A loss of log 4 proves nothing by itself, though: "
        "an untrained discriminator shows it as well.",
    ),
    Claim(
        name="two objectives of the discriminator",
        note="note 1, objectives",
        says="For the discriminator, min E log D(G(z)) is equivalent to max E log(1 - D(G(z))).",
        expected="max E_p log D - E_q log D has no solution: D runs to 0 and 1, and the value grows without bound",
        source="closed form: (p - q) log D grows without bound as D goes to 0 where p < q",
        shown=("value_alone", "value_alone_at_best", "error_alone"),
        rule="both intervals' low ends: a value more than twice that of p / (p + q), and max |D - p / (p + q)| > 0.25",
        evaluate=unbounded,
        remark="log D and log(1 - D) order single points alike but are not the same objective. With log D for both, "
        "the discriminator has no optimum and turns into a step, which says nothing about p / (p + q).",
        correct="max_D E_p log D(x) + E_q log(1 - D(x)), whose optimum is p / (p + q).",
    ),
)
EXPERIMENT = Experiment("optimal_discriminator", "The optimal discriminator", "training", CLAIMS, measure, draw)
