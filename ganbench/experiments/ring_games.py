"""Mode collapse on a ring of eight Gaussians: the critic's pace, k critic steps, unrolling; and what the loss tells.

Note 0: "mode collapse: the generator can get stuck producing one of a few types of samples"; "no robust stopping
criterion". Note 1: "k says how often the critic is updated before the generator is". Note 3: "D and G need good
synchrony, such as k updates of D for one of G". Design: ring8 (radius 2, sd 0.2), the non-saturating game, two layers
of 128 units, Adam (0.5, 0.999), generator's rate 1e-3; the critic's is the same (even) or a tenth (slow), as in the
unrolled paper's demonstration; of the slow one k is 1, 2, 5 or 10, or the generator looks 5 steps ahead. All games have
as many generator's steps; as more critic steps cost more, the modes are read once more where each game has cost as many
gradients (one for each example and player, steps looked ahead not counted) as that of k = 1 in all. Last weights, no
averaging. Number: modes with at least a fifth of their fair share among 1000 samples, what they gain with each doubling
of k, and over the run of the even game the rank correlation of the generator's loss with FID.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from ganbench import roster
from ganbench.data.mixtures import ring
from ganbench.dataset import Dataset
from ganbench.experiments._ring_claims import CLAIMS, SWEEP
from ganbench.experiments.base import Experiment, Findings, Form, Matrix
from ganbench.metrics.frechet import fid
from ganbench.metrics.modes import high_quality, modes_covered
from ganbench.outcome import cost
from ganbench.report.style import COLOURS, QUIET
from ganbench.sample import Sampler
from ganbench.streams import stream
from ganbench.train import Plan, Trainer

EVEN, SLOW = [1e-3, 1e-3], [1e-3, 1e-4]
PLAYERS: dict[str, tuple[str, str, dict[str, object]]] = {
    "even": ("even pace", "ns_gan", {"lr": EVEN}),
    "slow": ("slow critic, k = 1", "ns_gan", {"lr": SLOW}),
    "slow_2": ("slow critic, k = 2", "ns_gan", {"lr": SLOW, "n_critic": 2}),
    "slow_5": ("slow critic, k = 5", "ns_gan", {"lr": SLOW, "n_critic": 5}),
    "slow_10": ("slow critic, k = 10", "ns_gan", {"lr": SLOW, "n_critic": 10}),
    "unrolled": ("slow critic, 5 steps ahead", "unrolled", {"lr": SLOW, "non_saturating": True}),
}
SIZES = {"fast": (4, 400, 64), "full": (10, 10_000, 128)}  # seeds, steps, batch
LOOKS, SAMPLES, LAST = 20, 1000, 5  # looks at the game on the way; of the last ones the modes are averaged


def measure(form: Form) -> Findings:
    """Play all games, looking at their samples on the way."""
    numbers: dict[str, tuple[float, ...]] = {}
    curves: dict[str, tuple[float, ...]] = {}
    data = ring(radius=2.0, sd=0.2)
    sweep: dict[str, np.ndarray] = {}
    for name in PLAYERS:
        history = played(name, data, form)
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
    rows = tuple(title for title, _, _ in PLAYERS.values())
    whats = ("modes", "quality", "gradients")
    cells = tuple(tuple(float(np.mean(numbers[f"{what}_{name}"])) for what in whats) for name in PLAYERS)
    columns = ("modes covered", "high quality", "gradients")
    return Findings(numbers, curves, {"ring of eight": Matrix(rows, columns, cells)})


def swept(modes: dict[str, np.ndarray], numbers: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
    """Return what modes gain with each doubling of k, by seed, and the modes at as many gradients as k = 1 costs."""
    found: dict[str, tuple[float, ...]] = {}
    for name, seen in modes.items():
        share = numbers["gradients_slow"][0] / numbers[f"gradients_{name}"][0]
        found[f"modes_{name}_at_equal_gradients"] = tuple(seen[int(LOOKS * share) - 1].tolist())
    doublings = np.log2(list(SWEEP.values()))
    ends = np.array([numbers[f"modes_{name}"] for name in SWEEP])
    return found | {"modes_for_each_doubling_of_k": tuple(np.polyfit(doublings, ends, 1)[0].tolist())}


def played(name: str, data: Dataset, form: Form) -> dict[str, np.ndarray]:
    """Play one game for all seeds; return what was seen at each look, (looks, seeds) each, and a seed's gradients."""
    seeds, steps, batch = SIZES[form.name]
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
    history = {what: np.array(values) for what, values in (seen | {"loss": losses}).items()}
    return history | {"gradients": np.array(cost(trainer)["gradients"])}


def draw(found: Findings, figure: Figure) -> None:
    """Modes over three games and by k, and the even game's loss beside its FID."""
    left, middle, right = figure.subplots(1, 3)
    share = np.arange(1, LOOKS + 1) / LOOKS
    for colour, name in zip(COLOURS, ("even", "slow", "unrolled"), strict=False):
        left.plot(share, found.curves[f"modes, {name}"], color=colour, label=PLAYERS[name][0])
    left.set(xlabel="share of the run", ylabel="modes covered, mean of seeds")
    for colour, ending, label in (
        (COLOURS[1], "", "generator's steps"),
        (COLOURS[3], "_at_equal_gradients", "gradients"),
    ):
        names = [f"modes_{name}{ending}" for name in SWEEP]
        places = np.arange(len(names)) + (0.1 if ending else 0)
        bars = [found.half_width(name) for name in names]
        middle.errorbar(places, [*map(found.mean, names)], bars, fmt="o-", ms=3, color=colour, label=f"equal {label}")
    middle.set(xlabel="k of the slow critic", xticks=range(len(SWEEP)), xticklabels=[*SWEEP.values()])
    for axes in (left, middle):
        axes.axhline(8, color=QUIET, linewidth=0.7)
        axes.set(ylim=(0, 11), yticks=range(0, 9, 2))
        axes.legend(fontsize=6.5, loc="upper left")
    right.plot(share, found.curves["loss"], color=COLOURS[0])
    right.set(xlabel="share of the run", ylabel="generator's loss", title="even pace, one seed")
    other = right.twinx()
    other.semilogy(share, found.curves["fid"], color=COLOURS[1])
    other.set_ylabel("FID", color=COLOURS[1])


EXPERIMENT = Experiment("ring_games", "Mode collapse on a ring", "game", CLAIMS, measure, draw, size=(8.6, 2.7))
