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
from ganbench.notes.base import Claim, Experiment, Findings, Form, Verdict, confirmed, wrong
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


def part_ways(findings: Findings) -> Verdict:
    ahead = all(min(findings.numbers[f"accuracy_{gap}_500"]) >= 0.999 for gap in GAPS)
    fades = all(max(findings.numbers[f"saturating_{gap}_ratio"]) < 0.03 for gap in GAPS)
    return wrong(ahead and fades and all(min(findings.numbers[f"non_saturating_{gap}_ratio"]) > 1.3 for gap in GAPS))


def repaired(findings: Findings) -> Verdict:
    names = [f"{spread:g}".replace(".", "_") for spread in SPREADS]
    exact_values = all(
        abs(findings.mean(f"divergence_{name}") - worked) < 1e-6 for name, worked in zip(names, WORKED, strict=True)
    )
    vanishing, restored = findings.mean("pull_0_1"), findings.mean("pull_0_3")
    return confirmed(exact_values and vanishing < 1e-3 and restored > 0.5)


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


CLAIMS = (
    Claim(
        name="two objectives of the generator",
        note="note 1, objectives; note 3, training",
        says="Maximising E log D(G(z)) is equivalent to minimising E log(1 - D(G(z))).",
        expected="as the discriminator gets perfect one gradient vanishes with its loss (below 3 %), the other grows "
        "(above 130 %)",
        source="Goodfellow et al. 2014, section 3; Arjovsky and Bottou 2017, theorems 2.4 and 2.6",
        shown=(
            "saturating_near_ratio",
            "non_saturating_near_ratio",
            "saturating_far_ratio",
            "non_saturating_far_ratio",
        ),
        rule="for every seed at both distances: accuracy at least 0.999 after 500 steps; from step 250 to 2000 the "
        "gradient of log(1 - D) changes by a factor below 0.03, that of -log D by one above 1.3",
        evaluate=part_ways,
        remark="The sign is the same, the size is not: D·∇ against (1 - D)·∇, where ∇ is the gradient of the logit. "
        "Where every fake is recognised, the first vanishes and the second keeps growing. The two are different "
        "baselines.",
        correct="gradient of log(1 - D) is -D ∇a, that of -log D is -(1 - D) ∇a, for the logit a: equal only at D = "
        "1/2.",
    ),
    Claim(
        name="noise on disjoint points",
        note="note 4, advantages of WGAN",
        says="Without touching, distributions have the same JS divergence at any distance; noise on both makes them "
        "overlap.",
        expected="JSD log 2 = 0.693147 without noise; with noise 0.3 it is 0.571151 and the gradient is 0.79 again",
        source="closed form by quadrature; Sonderby et al. 2017; Arjovsky and Bottou 2017",
        shown=("divergence_0_1", "pull_0_1", "divergence_0_3", "pull_0_3", "push_0_3"),
        rule="all six divergences equal the worked ones to 1e-6; the gradient of E log(1 - D) is below 0.001 at noise "
        "0.1 and above 0.5 at 0.3",
        evaluate=repaired,
        remark="Noise of a third of the distance turns a gradient of 4e-5 into one of 0.8. The two always add up "
        "to distance / noise², so with little noise that of -log D is very large.",
    ),
)
EXPERIMENT = Experiment("early_gradients", "Early gradients", "training", CLAIMS, measure, draw)
