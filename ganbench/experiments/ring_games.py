"""Mode collapse on a ring of eight Gaussians: the critic's pace, k critic steps, unrolling; and what the loss tells.

Note 0: "mode collapse: the generator can get stuck producing one of a few types of samples"; "no robust stopping
criterion". Note 1: "k says how often the critic is updated before the generator is". Note 3: "D and G need good
synchrony, such as k updates of D for one of G". Design: ring8 (radius 2, sd 0.2), the non-saturating game, two layers
of 128 units, Adam (0.5, 0.999), generator's rate 1e-3; the critic's is the same (even) or a tenth (slow), as in the
unrolled paper's demonstration; k is 1 or 5, or the generator looks 5 steps ahead. Last weights, no averaging.
Number: modes with at least a fifth of their fair share among 1000 samples, and over the run of the even game the rank
correlation of the generator's loss with FID.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from ganbench import roster
from ganbench.data.mixtures import ring
from ganbench.dataset import Dataset
from ganbench.experiments.base import Claim, Experiment, Findings, Form, Matrix, Verdict, confirmed, difference
from ganbench.metrics.frechet import fid
from ganbench.metrics.modes import high_quality, modes_covered
from ganbench.report.style import COLOURS, QUIET
from ganbench.sample import Sampler
from ganbench.streams import stream
from ganbench.train import Plan, Trainer

EVEN, SLOW = [1e-3, 1e-3], [1e-3, 1e-4]
PLAYERS: dict[str, tuple[str, str, dict[str, object]]] = {
    "even": ("even pace", "ns_gan", {"lr": EVEN}),
    "slow": ("slow critic, k = 1", "ns_gan", {"lr": SLOW}),
    "slow_5": ("slow critic, k = 5", "ns_gan", {"lr": SLOW, "n_critic": 5}),
    "unrolled": ("slow critic, 5 steps ahead", "unrolled", {"lr": SLOW, "non_saturating": True}),
}
SIZES = {"fast": (4, 400, 64), "full": (10, 10_000, 128)}  # seeds, steps, batch
LOOKS, SAMPLES, LAST = 20, 1000, 5  # looks at the game on the way; of the last ones the modes are averaged


def measure(form: Form) -> Findings:
    """Play the four games, looking at their samples on the way."""
    numbers: dict[str, tuple[float, ...]] = {}
    curves: dict[str, tuple[float, ...]] = {}
    data = ring(radius=2.0, sd=0.2)
    for name in PLAYERS:
        history = played(name, data, form)
        for what in ("modes", "quality"):
            numbers[f"{what}_{name}"] = tuple(history[what][-LAST:].mean(axis=0).tolist())
        curves[f"modes, {name}"] = tuple(history["modes"].mean(axis=1).tolist())
        if name == "even":
            pairs = zip(history["loss"].T, history["fid"].T, strict=True)
            numbers["correlation"] = tuple(float(spearmanr(loss, gap).statistic) for loss, gap in pairs)
            curves |= {what: tuple(history[what][:, 0].tolist()) for what in ("loss", "fid")}
    rows = tuple(title for title, _, _ in PLAYERS.values())
    cells = tuple(tuple(float(np.mean(numbers[f"{what}_{name}"])) for what in ("modes", "quality")) for name in PLAYERS)
    return Findings(numbers, curves, {"ring of eight": Matrix(rows, ("modes covered", "high quality"), cells)})


def played(name: str, data: Dataset, form: Form) -> dict[str, np.ndarray]:
    """Play one game for all seeds; return what was seen at each look, (looks, seeds) each."""
    seeds, steps, batch = SIZES[form]
    _, baseline, settings = PLAYERS[name]
    players = roster.configure(baseline, {"betas": [0.5, 0.999], "ema": 0.0} | settings, data)
    trainer = Trainer(players, data, range(seeds), Plan(steps, batch))
    real = data.held_out.examples(data.held_out.tickets(SAMPLES, stream(0, "ring_games", "real")))[0]
    modes: Any = data.modes  # which a ring always has
    seen: dict[str, list[list[float]]] = {"modes": [], "quality": [], "fid": []}

    def look(trainer: Trainer) -> None:
        points = Sampler(trainer).draw(SAMPLES)[0]
        seen["modes"].append([modes_covered(each, modes) for each in points])
        seen["quality"].append([high_quality(each, modes) for each in points])
        seen["fid"].append([fid(real, each) for each in points])

    trainer.run(LOOKS, look)
    losses = [note["generator"] for note in trainer.history]
    return {what: np.array(values) for what, values in (seen | {"loss": losses}).items()}


def collapses(found: Findings) -> Verdict:
    return confirmed(found.high("modes_slow") < 7)


def synchrony(found: Findings) -> Verdict:
    gain, width = difference(found.numbers["modes_slow_5"], found.numbers["modes_slow"], paired=True)
    return confirmed(gain - width > 0 and found.low("modes_even") > found.mean("modes_slow"))


def unrolling(found: Findings) -> Verdict:
    gain, width = difference(found.numbers["modes_unrolled"], found.numbers["modes_slow"], paired=True)
    return confirmed(gain - width > 0)


def no_stopping(found: Findings) -> Verdict:
    # A usable criterion falls with the distance: a correlation that is clearly above one half.
    return confirmed(found.low("correlation") < 0.5)


def draw(found: Findings, figure: Figure) -> None:
    """Modes over each game, and the even game's loss beside its FID."""
    left, right = figure.subplots(1, 2)
    share = np.arange(1, LOOKS + 1) / LOOKS
    for colour, (name, (title, _, _)) in zip(COLOURS, PLAYERS.items(), strict=False):
        left.plot(share, found.curves[f"modes, {name}"], color=colour, label=title)
    left.axhline(8, color=QUIET, linewidth=0.7)
    left.set(xlabel="share of the run", ylabel="modes covered, mean of seeds", ylim=(0, 8.4))
    left.legend(fontsize=6.5)
    right.plot(share, found.curves["loss"], color=COLOURS[0])
    right.set(xlabel="share of the run", ylabel="generator's loss", title="even pace, one seed")
    other = right.twinx()
    other.semilogy(share, found.curves["fid"], color=COLOURS[1])
    other.set_ylabel("FID", color=COLOURS[1])


CLAIMS = (
    Claim(
        name="mode-collapse",
        note="note 0, optimisation challenges; note 2",
        says="The generator often gets stuck producing a few types of samples.",
        expected="with a critic that learns at a tenth of the generator's rate, fewer than 7 of 8 modes",
        source="direction only; the setting is that of Metz et al. 2016",
        shown=("modes_slow", "modes_even", "quality_slow", "quality_even"),
        rule="the interval of the modes covered, a mean over the last quarter of the run, ends below 7",
        judge=collapses,
        remark="Which of the modes are covered depends on the pace of the critic more than on the loss, "
        "which is the same in all four games. A number for collapse means nothing without the rates.",
    ),
    Claim(
        name="critic-steps",
        note="note 1, k; note 3, disadvantages of GANs",
        says="D and G need good synchrony, such as k updates of D for one of G.",
        expected="a slow critic that makes 5 steps covers more modes than one that makes 1; so does an equal rate",
        source="direction only",
        shown=("modes_slow_5", "modes_slow", "modes_even"),
        rule="the paired interval of the gain by k = 5 over k = 1 is above 0, and the even game's interval is above "
        "the slow game's mean",
        judge=synchrony,
        remark="More critic steps and a higher rate both help a critic that has fallen behind. That k brings no orbit "
        "to rest is shown by the Dirac-GAN.",
    ),
    Claim(
        name="unrolling",
        note="note 2, mode collapse",
        says="One line against mode collapse improves the optimisation.",
        expected="a generator that looks 5 critic steps ahead covers more modes than one that does not",
        source="Metz et al. 2016, section 3.1; direction only",
        shown=("modes_unrolled", "modes_slow"),
        rule="the paired interval of the gain in modes is above 0",
        judge=unrolling,
        remark="The steps looked ahead are plain gradient steps of 0.1 here, where the paper unrolls Adam. The critic "
        "itself moves as slowly as in the game without.",
    ),
    Claim(
        name="loss-as-monitor",
        note="note 0, optimisation challenges",
        says="There is no robust stopping criterion in practice.",
        expected="no rank correlation of the generator's loss with FID that is surely above 0.5",
        source="direction only",
        shown=("correlation",),
        rule="the low end of the correlation's interval over seeds is below 0.5",
        judge=no_stopping,
        remark="The loss is relative to a critic that changes with it. Whether a sample is good must be seen from the "
        "samples.",
    ),
)
EXPERIMENT = Experiment("ring_games", "Mode collapse on a ring", "game", CLAIMS, measure, draw, size=(7.0, 2.7))
