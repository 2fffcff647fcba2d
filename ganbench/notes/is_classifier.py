"""The Inception Score under classifiers that differ in nothing but their first weights, or in how sure they are.

Note 2 (evaluation): "The score's ground for judging data real comes from Inception V3's training set, ImageNet: in the
world view of Inception V3, whatever is unlike ImageNet is not real."

Design: the shipped classifier of small digits, trained again with other first weights; eight stand-ins for generators
(real images, damaged in eight ways), five draws of 400 each. Two stand-ins are *reversed* where all draws of one score
above all of the other under one classifier, and all below under another. Then two generators on the line, exactly,
under classifiers of one accuracy and different slopes. And noise that gradient ascent makes one classifier sure of.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import exp, log

import torch
from matplotlib.figure import Figure
from scipy.special import entr, expit
from torch import Tensor
from torch.nn import functional as F

from ganbench._util.streams import stream
from ganbench.data.sources import Finite
from ganbench.features.classifier import CLASSES, Network
from ganbench.metrics import METRICS
from ganbench.notes._failures import FAILURES, Material, climbed, digits, halves
from ganbench.notes._retrained import posteriors, retrained
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.report.style import COLOURS, QUIET


def stand_ins(m: Material, other: Finite, random: torch.Generator) -> dict[str, Tensor]:
    """Return real images damaged in eight ways, about equally bad for the classifier."""
    x = other.x
    soft = FAILURES["blurred"](m, other, random)
    grain = torch.randn(x.shape, generator=random)
    kept = torch.rand(x.shape, generator=random)
    return {
        "noise .35": (x + 0.35 * grain).clamp(-1, 1),
        "noise .5": (x + 0.5 * grain).clamp(-1, 1),
        "half blurred": (x + soft) / 2,
        "blurred, sharpened": (2 * soft + 0.5).clamp(-1, 1),
        "shifted": F.pad(x, (1, 0, 0, 0), value=-1)[..., :-1],
        "pale": 0.55 * (x + 1) - 1,
        "pixels lost": torch.where(kept < 0.15, -1.0, x),
        "turned": torch.where(kept.mean((1, 2, 3), keepdim=True) < 0.495, x.transpose(2, 3), x),
    }


IS = METRICS["inception_score"]
DRAWS = 5
CLASSIFIERS = {"fast": 4, "full": 8}
EPOCHS = {"fast": 12, "full": 40}
SLOPES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
CLIMBED, REAL = "climbed up classifier 0", "real images"


def measure(form: Form) -> Findings:
    """Score draws of every stand-in, of real and of climbed images, under every classifier."""
    m = digits()
    networks = [retrained(m.train, seed, EPOCHS[form.name]) for seed in range(CLASSIFIERS[form.name])]
    scores: dict[tuple[str, int], tuple[float, ...]] = {}
    for draw in range(DRAWS):
        other = halves(m, draw)[1]
        for name, images in image_sets(m, other, networks[0], draw).items():
            for which, network in enumerate(networks):
                scores[name, which] = (*scores.get((name, which), ()), IS(posteriors(network, images)))
    names = tuple(name for name, which in scores if which == 0)
    findings = Findings({key(*where): values for where, values in scores.items()} | on_the_line())
    swapped = reversals(findings, names[:-2], len(networks))
    right = [float((posteriors(each, m.pool.x).argmax(1) == m.pool.y).double().mean()) for each in networks]
    numbers = findings.numbers | {
        "reversed pairs": (float(len(swapped)),),
        "pairs": (len(names[:-2]) * (len(names[:-2]) - 1) / 2,),
        "accuracy": tuple(right),
        "climbed over real, others": tuple(
            findings.mean(key(CLIMBED, which)) / findings.mean(key(REAL, which)) for which in range(1, len(networks))
        ),
    }
    rows = tuple(tuple(findings.mean(key(name, which)) for name in names) for which in range(len(networks)))
    return Findings(numbers, matrices={"IS": Matrix(tuple(f"classifier {i}" for i in range(len(rows))), names, rows)})


def image_sets(m: Material, other: Finite, first: Network, draw: int) -> dict[str, Tensor]:
    """Return one draw's stand-ins, and after them its real images and noise climbed up the first classifier."""
    start = 2 * torch.rand(other.x.shape, generator=stream(draw, "classifiers", "start")) - 1
    top = climbed(first, start, torch.arange(len(start)) % CLASSES)
    return stand_ins(m, other, stream(draw, "classifiers", "damage")) | {REAL: other.x, CLIMBED: top}


def reversals(findings: Findings, names: Sequence[str], classifiers: int) -> list[tuple[str, str]]:
    """Return the pairs that all draws put in one order under one classifier and in the other under another."""
    swapped = []
    for a, b in combinations(names, 2):
        signs = {order(findings.numbers[key(a, c)], findings.numbers[key(b, c)]) for c in range(classifiers)}
        if {-1, 1} <= signs:
            swapped.append((a, b))
    return swapped


def order(a: Sequence[float], b: Sequence[float]) -> int:
    """Return 1 where all of ``a`` lie above all of ``b``, -1 where all lie below, 0 otherwise."""
    return int(min(a) > max(b)) - int(max(a) < min(b))


def on_the_line() -> dict[str, tuple[float, ...]]:
    """Return the scores of two symmetric distributions under p(right | x) = 1 / (1 + exp(-slope x)) at each slope.

    Points at -1 and 1; and points at -10 and 10 with a tenth of them at the border.
    """

    def entropy(x: float) -> float:
        return float(entr(expit(x)) + entr(expit(-x)))

    scores: dict[str, tuple[float, ...]] = {}
    for slope in SLOPES:
        scores[f"close, slope {slope:g}"] = (2 * exp(-entropy(slope)),)
        scores[f"far, slope {slope:g}"] = (2 * exp(-0.1 * log(2) - 0.9 * entropy(10 * slope)),)
    return scores


def key(name: str, which: int) -> str:
    return f"IS: {name}, classifier {which}"


def draw(findings: Findings, figure: Figure) -> None:
    """Each stand-in's score under each classifier, and the two distributions on the line by slope."""
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    matrix = findings.matrices["IS"]
    last, where = matrix.cells[-1], -1.0
    for column in sorted(range(len(last)), key=lambda column: float(last[column] or 0)):
        name, ours = matrix.columns[column], [row[column] for row in matrix.cells]
        colour = QUIET if name in (REAL, CLIMBED) else COLOURS[column % len(COLOURS)]
        left.plot(range(len(ours)), ours, marker="o", markersize=3, color=colour)
        where = max(float(last[column] or 0), where + 0.4)  # labels that don't overlap
        left.text(len(ours) - 0.85, where, name, fontsize=6.5, va="center", color=colour)
    left.set(xlabel="classifier", ylabel="Inception Score", xlim=(-0.2, 1.6 * len(matrix.rows)))
    left.set_xticks(range(len(matrix.rows)))
    labels = {"close": "points at -1 and 1", "far": "at -10 and 10, a tenth at 0"}
    for (name, label), colour in zip(labels.items(), COLOURS, strict=False):
        scores = [findings.mean(f"{name}, slope {slope:g}") for slope in SLOPES]
        right.semilogx(SLOPES, scores, marker="o", color=colour, label=label)
    right.set(xlabel="slope of the classifier", title="one accuracy, every slope")
    right.legend(loc="lower right")


EXPERIMENT = Experiment(
    name="is_classifier",
    title="Another classifier, another ranking",
    chapter="inception_score",
    measure=measure,
    draw=draw,
    size=(7.5, 3.2),
)
