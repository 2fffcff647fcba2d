"""Mode collapse on a ring of eight Gaussians: the discriminator's rate and steps, unrolling, the loss as a monitor.

Note 0: "mode collapse: the generator can get stuck producing one of a few types of samples"; "no robust stopping
criterion". Note 1: "k says how often the discriminator is updated before the generator is". Note 3: "D and G need good
synchrony, such as k updates of D for one of G". Design: ring8 (radius 2, sd 0.2), the non-saturating GAN, two layers of
128 units, Adam (0.5, 0.999), generator's rate 1e-3; the discriminator's is the same (even) or a tenth (slow), as in the
unrolled paper's demonstration; of the slow one k is 1, 2, 5 or 10, or the generator looks 5 steps ahead. All methods
make as many generator steps; as more discriminator steps cost more, the modes are read once more where each method has
cost as many gradients (one for each example and network, steps looked ahead not counted) as k = 1 in all. Last weights,
no averaging. Number: modes with at least a fifth of their fair share among 1000 samples, what they gain with each
doubling of k, and over the run at even rates the rank correlation of the generator's loss with FID.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from ganbench._util.streams import stream
from ganbench.data.mixtures import ring
from ganbench.dataset import Dataset
from ganbench.metrics.frechet import fid
from ganbench.metrics.modes import high_quality, modes_covered
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.report.style import COLOURS, QUIET
from ganbench.runs.summary import cost
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

EVEN, SLOW = [1e-3, 1e-3], [1e-3, 1e-4]
METHODS: dict[str, tuple[str, str, dict[str, object]]] = {
    "even": ("equal rates", "ns_gan", {"lr": EVEN}),
    "slow": ("slow discriminator, k = 1", "ns_gan", {"lr": SLOW}),
    "slow_2": ("slow discriminator, k = 2", "ns_gan", {"lr": SLOW, "d_steps": 2}),
    "slow_5": ("slow discriminator, k = 5", "ns_gan", {"lr": SLOW, "d_steps": 5}),
    "slow_10": ("slow discriminator, k = 10", "ns_gan", {"lr": SLOW, "d_steps": 10}),
    "unrolled": ("slow discriminator, 5 steps ahead", "unrolled", {"lr": SLOW, "non_saturating": True}),
}
SIZES = {"fast": (4, 400, 64), "full": (10, 10_000, 128)}  # seeds, steps, batch
EVALUATIONS, SAMPLES, LAST = 20, 1000, 5  # evaluations during the training; modes are averaged over the last ones


def measure(form: Form) -> Findings:
    """Train all methods, evaluating their samples during training."""
    numbers: dict[str, tuple[float, ...]] = {}
    curves: dict[str, tuple[float, ...]] = {}
    data = ring(radius=2.0, sd=0.2)
    sweep: dict[str, np.ndarray] = {}
    for name in METHODS:
        history = trained(name, data, form)
        sweep |= {name: history["modes"]} if name in SWEEP else {}
        numbers[f"gradients_{name}"] = (float(history["gradients"]),)
        for what in ("modes", "quality"):
            numbers[f"{what}_{name}"] = tuple(history[what][-LAST:].mean(axis=0).tolist())
        curves[f"modes, {name}"] = tuple(history["modes"].mean(axis=1).tolist())
        if name == "even":
            pairs = zip(history["loss"].T, history["fid"].T, strict=True)
            numbers["correlation"] = tuple(float(spearmanr(loss, gap).statistic) for loss, gap in pairs)
            curves |= {what: tuple(history[what][:, 0].tolist()) for what in ("loss", "fid")}
    numbers |= swept(sweep, numbers)
    rows = tuple(title for title, _, _ in METHODS.values())
    whats = ("modes", "quality", "gradients")
    cells = tuple(tuple(float(np.mean(numbers[f"{what}_{name}"])) for what in whats) for name in METHODS)
    columns = ("modes covered", "high quality", "gradients")
    return Findings(numbers, curves, {"ring of eight": Matrix(rows, columns, cells)})


def swept(modes: dict[str, np.ndarray], numbers: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    """Return what modes gain with each doubling of k, by seed, and the modes at as many gradients as k = 1 costs."""
    gains: dict[str, tuple[float, ...]] = {}
    for name, seen in modes.items():
        share = numbers["gradients_slow"][0] / numbers[f"gradients_{name}"][0]
        gains[f"modes_{name}_at_equal_gradients"] = tuple(seen[int(EVALUATIONS * share) - 1].tolist())
    doublings = np.log2(list(SWEEP.values()))
    ends = np.array([numbers[f"modes_{name}"] for name in SWEEP])
    return gains | {"modes_for_each_doubling_of_k": tuple(np.polyfit(doublings, ends, 1)[0].tolist())}


def trained(name: str, data: Dataset, form: Form) -> dict[str, np.ndarray]:
    """Train one method for all seeds; return scores, (evaluations, seeds) each, and a seed's number of gradients."""
    seeds, steps, batch = SIZES[form.name]
    _, baseline, settings = METHODS[name]
    method = registry.configure(baseline, {"betas": [0.5, 0.999], "ema": 0.0} | settings, data)
    trainer = Trainer(method, data, range(seeds), Plan(steps, batch))
    real = data.held_out.examples(data.held_out.indices(SAMPLES, stream(0, "ring_games", "real")))[0]
    modes: Any = data.modes  # which a ring always has
    scores: dict[str, list[list[float]]] = {"modes": [], "quality": [], "fid": []}

    def evaluate(trainer: Trainer) -> None:
        points = Sampler(trainer).draw(SAMPLES)[0]
        scores["modes"].append([modes_covered(each, modes, share=0.2) for each in points])
        scores["quality"].append([high_quality(each, modes) for each in points])
        scores["fid"].append([fid(real, each) for each in points])

    trainer.run(EVALUATIONS, evaluate)
    losses = [note["generator"] for note in trainer.history]
    history = {what: np.array(values) for what, values in (scores | {"loss": losses}).items()}
    return history | {"gradients": np.array(cost(trainer)["gradients"])}


def draw(findings: Findings, figure: Figure) -> None:
    """Modes over three trainings and by k, and the loss at equal rates beside FID."""
    left, middle, right = figure.subplots(1, 3)
    share = np.arange(1, EVALUATIONS + 1) / EVALUATIONS
    for colour, name in zip(COLOURS, ("even", "slow", "unrolled"), strict=False):
        left.plot(share, findings.curves[f"modes, {name}"], color=colour, label=METHODS[name][0])
    left.set(xlabel="share of the run", ylabel="modes covered, mean of seeds")
    for colour, ending, label in (
        (COLOURS[1], "", "generator's steps"),
        (COLOURS[3], "_at_equal_gradients", "gradients"),
    ):
        names = [f"modes_{name}{ending}" for name in SWEEP]
        places = np.arange(len(names)) + (0.1 if ending else 0)
        bars = [findings.half_width(name) for name in names]
        middle.errorbar(
            places, [*map(findings.mean, names)], bars, fmt="o-", ms=3, color=colour, label=f"equal {label}"
        )
    middle.set(xlabel="k of the slow discriminator", xticks=range(len(SWEEP)), xticklabels=[*SWEEP.values()])
    for axes in (left, middle):
        axes.axhline(8, color=QUIET, linewidth=0.7)
        axes.set(ylim=(0, 11), yticks=range(0, 9, 2))
        axes.legend(fontsize=6.5, loc="upper left")
    right.plot(share, findings.curves["loss"], color=COLOURS[0])
    right.set(xlabel="share of the run", ylabel="generator's loss", title="equal rates, one seed")
    other = right.twinx()
    other.semilogy(share, findings.curves["fid"], color=COLOURS[1])
    other.set_ylabel("FID", color=COLOURS[1])


SWEEP = {"slow": 1, "slow_2": 2, "slow_5": 5, "slow_10": 10}  # the slow discriminator's k, by method


EXPERIMENT = Experiment("ring_games", "Mode collapse on a ring", "training", measure, draw, size=(8.6, 2.7))
