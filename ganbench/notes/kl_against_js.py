"""Does KL keep more modes than JS in training, with a generator that is too small, and with an ample one?

Note 4: "compared with the JS divergence, KL fits several modes better". Design: eight Gaussians on a circle (radius 2,
sd 0.1), f-GAN's own objective without the trick, both networks updated at once, for KL(P||Q), JS and KL(Q||P); five
seeds, which share start, noise and data across divergences. One generator is a single Gaussian (an affine map of z),
which cannot be the ring: there the exact optimum under KL lies over the whole ring and under JS on one mode (JSD 0.497,
in the middle 0.578). The other is a perceptron of 2 x 128 units, as is the discriminator of both. Adam (0.5, 0.999);
the perceptron's rates are those that the suite `search` found best for each divergence, the single Gaussian's 1e-2
against 1e-3, for it has far to go by few weights. Number: the share of real points near samples (recall), the modes
with a fifth of their fair share, and what KL gains over JS, by pairs of one seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor, nn

from ganbench._util.streams import stream
from ganbench.baseline import Baseline, Batch, Net, Update
from ganbench.data.mixtures import ring
from ganbench.dataset import Dataset, Space
from ganbench.metrics.modes import high_quality, modes_covered
from ganbench.metrics.precision_recall import recall
from ganbench.nets import discriminator
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.report.style import COLOURS, QUIET
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

DIVERGENCES = {"kl": "KL", "jensen_shannon": "JS", "reverse_kl": "reverse KL"}
GENERATORS = {"Gaussian": "one Gaussian", "perceptron": "a perceptron"}
RATES = {"kl": [3e-4, 1.2e-3], "jensen_shannon": [1e-3, 1e-3], "reverse_kl": [1e-3, 1e-3]}  # of the perceptron
SIZES = {"fast": (5, 500, 64), "full": (10, 5000, 128)}  # seeds, steps, batch
EVALUATIONS, SAMPLES, LAST = 10, 500, 3  # evaluations during the training; scores are means of the last ones
WHATS = ("recall", "modes", "quality")


@dataclass(frozen=True, kw_only=True)
class OneGaussian(Baseline):
    """A method whose generator is an affine map of its noise; nothing else is changed."""

    method: Baseline

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return nn.Linear(self.latent, space.shape[0]), discriminator(space)

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return self.method.discriminator_loss(G, D, b)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return self.method.generator_loss(G, D, b)

    def updates(self, step: int) -> tuple[Update, ...]:
        return self.method.updates(step)


def method(generator: str, divergence: str, data: Dataset) -> Baseline:
    """Return f-GAN with that divergence and that generator."""
    baseline = registry.configure("f_gan", {"divergence": divergence, "lr": RATES[divergence], "ema": 0.0}, data)
    if generator == "perceptron":
        return baseline
    return OneGaussian(method=baseline, latent=baseline.latent, lr=(1e-2, 1e-3), betas=baseline.betas, ema=0.0)


def measure(form: Form) -> Findings:
    """Train the six combinations, evaluating their samples during training."""
    numbers: dict[str, tuple[float, ...]] = {}
    curves: dict[str, tuple[float, ...]] = {}
    data = ring(radius=2.0, sd=0.1)
    for generator in GENERATORS:
        for divergence, short in DIVERGENCES.items():
            seen = trained(method(generator, divergence, data), data, form)
            for what in WHATS:
                numbers[f"{what}, {generator}, {short}"] = tuple(seen[what][-LAST:].mean(axis=0).tolist())
                curves[f"{what}, {generator}, {short}"] = tuple(seen[what].mean(axis=1).tolist())
        for what in ("recall", "modes"):
            mine, theirs = (np.array(numbers[f"{what}, {generator}, {short}"]) for short in ("KL", "JS"))
            numbers[f"{what} gained by KL over JS, {generator}"] = tuple((mine - theirs).tolist())
    rows = [(generator, short) for generator in GENERATORS for short in DIVERGENCES.values()]
    cells = tuple(tuple(float(np.mean(numbers[f"{what}, {g}, {d}"])) for what in WHATS) for g, d in rows)
    names = tuple(f"{GENERATORS[g]}, {d}" for g, d in rows)
    table = Matrix(names, ("recall", "modes with a fifth", "high quality"), cells)
    return Findings(numbers, curves, {"ring of eight, by divergence and generator": table})


def trained(baseline: Baseline, data: Dataset, form: Form) -> dict[str, np.ndarray]:
    """Train one method for all seeds; return its scores, (evaluations, seeds) each."""
    seeds, steps, batch = SIZES[form.name]
    trainer = Trainer(baseline, data, range(seeds), Plan(steps, batch))
    real = data.held_out.examples(data.held_out.indices(SAMPLES, stream(0, "kl_against_js", "real")))[0]
    modes: Any = data.modes  # which a ring always has
    scores = {
        "recall": partial(recall, real),
        "modes": partial(modes_covered, modes=modes, share=0.2),
        "quality": partial(high_quality, modes=modes),
    }
    seen: dict[str, list[list[float]]] = {what: [] for what in scores}

    def evaluate(trainer: Trainer) -> None:
        points = Sampler(trainer).draw(SAMPLES)[0]
        for what, score in scores.items():
            seen[what].append([score(each) for each in points])

    trainer.run(EVALUATIONS, evaluate)
    return {what: np.array(values) for what, values in seen.items()}


def draw(findings: Findings, figure: Figure) -> None:
    """What tells the divergences apart, over the run: recall for the one generator, modes for the other."""
    share = np.arange(1, EVALUATIONS + 1) / EVALUATIONS
    panels = (("Gaussian", "recall", 1, "recall of one mode"), ("perceptron", "modes", 8, "all modes"))
    for axes, (generator, what, top, label) in zip(figure.subplots(1, 2), panels, strict=True):
        for colour, short in zip(COLOURS, DIVERGENCES.values(), strict=False):
            axes.plot(share, findings.curves[f"{what}, {generator}, {short}"], color=colour, label=short)
        axes.axhline(1 / 8 if what == "recall" else top, color=QUIET, linestyle=":", label=label)
        axes.set(xlabel="share of the run", ylabel=f"{what}, mean of seeds", ylim=(0, 1.05 * top))
        axes.set_title(f"the generator is {GENERATORS[generator]}")
        axes.legend(loc="center left", fontsize=7)


EXPERIMENT = Experiment("kl_against_js", "KL against JS, trained", "divergences", measure, draw, size=(7.0, 2.6))
