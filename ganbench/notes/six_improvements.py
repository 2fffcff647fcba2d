"""Six improvements beside the original, with settings that were searched for each and training that has converged.

Note 2, WGAN-GP, a link: "Six improvements, none of which beats the original: new research of Google questions the state
of GANs", which is Lucic et al., 2018, "Are GANs Created Equal?": the minimax GAN, LSGAN, WGAN, WGAN-GP, DRAGAN and
BEGAN beside the GAN whose loss does not saturate.

Design: no training here. The records of suite ``standard`` are read: settings from eight trials of each method, five
seeds that no search has seen, the distance by which the search chose (where modes are known, the divergence between
shares of modes; of images, the Frechet distance). An improvement's gain is the logarithm to the base 10 of the
original's distance over its own, seed by seed; what counts is the data set on which it gains least, since "better"
means everywhere. Whatever data sets are there are read, and a method that does not fit one of them is compared on the
others. Held-out data and the original over noise show that the distance could tell a gain.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from ganbench.errors import Missing
from ganbench.notes._standard import Distances, at_hand, distances, folder
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.report.style import COLOURS, QUIET

ORIGINAL = "ns_gan"
SIX = {
    "gan": "minimax GAN",
    "lsgan": "LSGAN",
    "wgan": "WGAN",
    "wgan_gp": "WGAN-GP",
    "dragan": "DRAGAN",
    "began": "BEGAN",
}
REAL, NOISE = "held_out", "noise"


def gains(rows: dict[str, tuple[float, ...]], better: str, worse: str) -> np.ndarray:
    """Return log10 of one row's distance over another's, seed by seed; none where one of them is not there."""
    pairs = zip(rows.get(worse, ()), rows.get(better, ()), strict=False)
    return np.array([np.log10(max(theirs, 1e-12) / max(own, 1e-12)) for theirs, own in pairs])


def least(measured: Distances, better: str, worse: str) -> np.ndarray:
    """Return the gains on the data set where they are smallest on average; none where no data set has both rows."""
    known = [each for rows in measured.values() if len(each := gains(rows, better, worse)) > 1]
    return min(known, key=lambda each: float(each.mean()), default=np.array([]))


def compared(measured: Distances) -> Findings:
    """Return the gains of every improvement, and of what shows that a gain could be seen."""
    pairs = {name: (row, ORIGINAL) for row, name in SIX.items()}
    pairs |= {"held-out data": (REAL, ORIGINAL), "the original over noise": (ORIGINAL, NOISE)}
    values = {name: least(measured, *pair) for name, pair in pairs.items()}
    numbers = {f"least gain of {name}": tuple(values[name].tolist()) for name in SIX.values() if len(values[name])}
    numbers |= {f"gain of {name}": tuple(values[name].tolist()) for name in pairs if name not in SIX.values()}
    numbers["data sets"] = (float(len(measured)),)
    cells = tuple(
        tuple(float(each.mean()) if len(each := gains(rows, row, ORIGINAL)) else None for row in SIX)
        for rows in measured.values()
    )
    by_data_set = Matrix(tuple(measured), tuple(SIX.values()), cells)
    return Findings(numbers, {}, {"gain over the original, by data set": by_data_set})


def measure(form: Form) -> Findings:
    """Read the records; both forms are the same. Raises Missing where there are none, or none of the original."""
    if not at_hand(form):
        raise Missing(f"{folder(form)} has no records; ganbench run --suite standard makes them")
    measured = {dataset: rows for dataset, rows in distances(form).items() if {ORIGINAL, REAL, NOISE} <= rows.keys()}
    if not measured:
        raise Missing(f"{folder(form)} has no data set with {ORIGINAL}, {REAL} and {NOISE}")
    return compared(measured)


def draw(findings: Findings, figure: Figure) -> None:
    """Draw every improvement's least gain, seed by seed, beside none and beside the rule's bound."""
    axes = figure.subplots()
    names = [name for name in SIX.values() if f"least gain of {name}" in findings.numbers]
    for place, name in enumerate(names):
        values = findings.numbers[f"least gain of {name}"]
        axes.plot(values, [place] * len(values), "o", ms=4, color=COLOURS[0], alpha=0.6)
        axes.errorbar(
            [findings.mean(f"least gain of {name}")],
            [place + 0.25],
            xerr=[findings.half_width(f"least gain of {name}")],
            fmt="ks",
            ms=4,
            capsize=3,
        )
    axes.axvline(0, color=QUIET, linewidth=0.7)
    axes.axvline(0.1, color=QUIET, linestyle=":")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("log10 of the original's distance over its own; dotted: a fifth closer")


EXPERIMENT = Experiment(
    "six_improvements", "Six improvements beside the original", "published", measure, draw, size=(5.6, 2.8)
)
