"""What the generator hears while the critic is far ahead: log(1 - D), -log D, and what noise changes.

Note 1: minimising E log(1 - D(G(z))) and maximising E log D(G(z)) are "equivalent". Note 3: in practice G's step is
"changed a little". Note 4: "where two laws do not touch, the JS divergence is the same however far apart they are"; so
"one adds noise to both laws, so that they overlap". Design, learned: two parallel unit segments at distance 0.1 or 1, a
critic with two layers of 64 rectified units, Adam 1e-3, 2000 steps. Number: the mean length of the loss's slope at a
fake point, after 250 steps and at the end. Design, exact: points at 0 and 1, both blurred by N(0, s^2); the same
slopes at the best critic and the divergence, by quadrature.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import softplus

from ganbench.experiments._perceptrons import Layers, descend, outputs, parameters, start
from ganbench.experiments.base import Claim, Experiment, Findings, Form, Verdict, confirmed, wrong
from ganbench.report.style import ALARM, SAMPLE, TRUTH
from ganbench.streams import stream

GAPS = {"near": 0.1, "far": 1.0}
STEPS, LOOKS = 2000, (250, 500, 1000, 2000)
SIZES = {"fast": (3, 128), "full": (10, 512)}  # seeds, batch
SPREADS = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0)
WORKED = (0.693146, 0.675943, 0.571151, 0.336831, 0.111421, 0.030311)  # divergences of N(0, s^2) and N(1, s^2)


def measure(form: Form) -> Findings:
    """Train critics on segments that never touch, looking four times; then the exact case."""
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
        descend(optimizer, softplus(-real).mean(1) + softplus(fake).mean(1))
        if step in LOOKS:
            for name, values in look(layers, x, batch).items():
                for gap, part in zip(GAPS, values.split(seeds), strict=True):
                    numbers[f"{name}_{gap}_{step}"] = tuple(part.tolist())
    return Findings(numbers | ratios(numbers) | blurred(), {"spread": SPREADS})


def look(layers: Layers, x: Tensor, batch: int) -> dict[str, Tensor]:
    """Return the critics' accuracy and the mean length of both losses' slopes at the fake points, (rows,) each."""
    points = x.detach().requires_grad_()
    logits = outputs(layers, points, torch.relu)
    slopes = torch.autograd.grad(logits.sum(), points)[0].norm(dim=2)[:, batch:]
    fake = logits.detach()[:, batch:]
    right = (logits[:, :batch] > 0).float().mean(1) + (fake < 0).float().mean(1)
    return {
        "accuracy": right.detach() / 2,
        "saturating": (fake.sigmoid() * slopes).mean(1),
        "non_saturating": ((-fake).sigmoid() * slopes).mean(1),
    }


def ratios(numbers: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    """Return by which factor each slope changes from the first look to the last."""
    return {
        f"{kind}_{gap}_ratio": tuple(
            last / first
            for first, last in zip(
                numbers[f"{kind}_{gap}_{LOOKS[0]}"], numbers[f"{kind}_{gap}_{LOOKS[-1]}"], strict=True
            )
        )
        for kind in ("saturating", "non_saturating")
        for gap in GAPS
    }


def blurred() -> dict[str, tuple[float, ...]]:
    """Return the exact divergence and slopes of points at 0 and 1 blurred by N(0, s^2), for each s."""
    found: dict[str, tuple[float, ...]] = {}
    for spread in SPREADS:
        for name, each in zip(("divergence", "pull", "push"), exact(1.0, spread), strict=True):
            found[f"{name}_{spread:g}".replace(".", "_")] = (each,)
    return found


def exact(distance: float, spread: float) -> tuple[float, float, float]:
    """Return JSD of N(0, s^2) and N(d, s^2) and |d/dd| of E log(1 - D) and of -E log D at the best critic D.

    With t = log(p / q) at a fake point, slopes are s(t) d / s^2 and s(-t) d / s^2: together always d / s^2.
    """
    units = np.linspace(-12, 12, 40001)  # fake points, in spreads around theirs
    mass = np.exp(-(units**2) / 2) / sqrt(2 * np.pi) * (units[1] - units[0])
    logits = -distance / spread * (units + distance / spread / 2)
    # By symmetry both halves of the divergence are the same: E_q log(2 q / (p + q)).
    divergence = mass @ (log(2) - np.logaddexp(0, logits))
    belief = mass @ np.exp(-np.logaddexp(0, -logits))
    size = distance / spread**2
    return float(divergence), float(size * belief), float(size * (1 - belief))


def part_ways(found: Findings) -> Verdict:
    ahead = all(min(found.numbers[f"accuracy_{gap}_500"]) >= 0.999 for gap in GAPS)
    fades = all(max(found.numbers[f"saturating_{gap}_ratio"]) < 0.03 for gap in GAPS)
    return wrong(ahead and fades and all(min(found.numbers[f"non_saturating_{gap}_ratio"]) > 1.3 for gap in GAPS))


def repaired(found: Findings) -> Verdict:
    names = [f"{spread:g}".replace(".", "_") for spread in SPREADS]
    exact_values = all(
        abs(found.mean(f"divergence_{name}") - worked) < 1e-6 for name, worked in zip(names, WORKED, strict=True)
    )
    silent, heard = found.mean("pull_0_1"), found.mean("pull_0_3")
    return confirmed(exact_values and silent < 1e-3 and heard > 0.5)


def draw(found: Findings, figure: Figure) -> None:
    """The slopes as the critic learns, and the exact ones against the noise."""
    left, right = figure.subplots(1, 2)
    for kind, colour, label in (("saturating", SAMPLE, "log(1 - D)"), ("non_saturating", ALARM, "-log D")):
        for gap, dash in (("near", "-"), ("far", "--")):
            values = [found.mean(f"{kind}_{gap}_{look}") for look in LOOKS]
            left.loglog(
                LOOKS, values, dash, marker="o", markersize=3, color=colour, label=f"{label}, gap {GAPS[gap]:g}"
            )
    left.set(
        xlabel="critic's steps",
        ylabel="slope at a fake point",
        title="segments that never touch",
        xticks=LOOKS,
        xticklabels=LOOKS,
        ylim=(1e-7, 1e3),
    )
    left.minorticks_off()
    left.legend(loc="lower left", fontsize=7, ncols=2)
    names = [f"{spread:g}".replace(".", "_") for spread in SPREADS]
    for kind, colour, label in (("pull", SAMPLE, "slope of log(1 - D)"), ("push", ALARM, "slope of -log D")):
        right.loglog(SPREADS, [found.mean(f"{kind}_{name}") for name in names], color=colour, label=label)
    right.loglog(SPREADS, [found.mean(f"divergence_{name}") for name in names], "k-", label="JS divergence")
    right.axhline(log(2), color=TRUTH, label="log 2")
    right.set(xlabel="sd of the noise", title="two points at distance 1, blurred", ylim=(1e-3, 300))
    right.legend(fontsize=7)


CLAIMS = (
    Claim(
        name="two objectives of the generator",
        note="note 1, objectives; note 3, training",
        says="Maximising E log D(G(z)) is equivalent to minimising E log(1 - D(G(z))).",
        expected="as the critic gets perfect one slope fades with its loss (below 3 %), the other grows (above 130 %)",
        source="Goodfellow et al. 2014, section 3; Arjovsky and Bottou 2017, theorems 2.4 and 2.6",
        shown=(
            "saturating_near_ratio",
            "non_saturating_near_ratio",
            "saturating_far_ratio",
            "non_saturating_far_ratio",
        ),
        rule="for every seed at both distances: accuracy at least 0.999 after 500 steps; from step 250 to 2000 the "
        "slope of log(1 - D) changes by a factor below 0.03, that of -log D by one above 1.3",
        judge=part_ways,
        remark="The sign is the same, the size is not: D·∇ against (1 - D)·∇, where ∇ is the slope of the logit. When "
        "fakes are told at sight, the first is nothing and the second ever larger. The two are different baselines.",
        correct="slope of log(1 - D) is -D ∇a, slope of -log D is -(1 - D) ∇a, for the logit a: equal only at D = 1/2.",
    ),
    Claim(
        name="noise on disjoint points",
        note="note 4, advantages of WGAN",
        says="Without touching, laws have the same JS divergence at any distance; noise on both makes them overlap.",
        expected="JSD log 2 = 0.693147 without noise; with noise 0.3 it is 0.571151 and a slope of 0.79 is back",
        source="closed form by quadrature; Sonderby et al. 2017; Arjovsky and Bottou 2017",
        shown=("divergence_0_1", "pull_0_1", "divergence_0_3", "pull_0_3", "push_0_3"),
        rule="all six divergences equal the worked ones to 1e-6; the slope of E log(1 - D) is below 0.001 at noise 0.1 "
        "and above 0.5 at 0.3",
        judge=repaired,
        remark="Noise of a third of the distance turns a slope of 4e-5 into one of 0.8. The two slopes always add up "
        "to distance / noise², so with little noise -log D pushes very hard instead.",
    ),
)
EXPERIMENT = Experiment("early_gradients", "Early gradients", "game", CLAIMS, measure, draw)
