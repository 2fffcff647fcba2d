"""The Inception Score on generators that fail, beside the metrics that detect them.

Note 2 (evaluation): "If a model generates 50 images of each of 1000 classes, the class distribution is uniform, and by
the score's assumption there is no mode collapse. But if the 50 images of each class are all the same, it is still mode
collapse. The Inception Score can't detect it." And: "the score considers the generated samples only, not the real
data; it can't reflect the distance between the two."

Design: real images are cut at random into a reference and as many others, the control; each failure makes as many
samples. A metric *sees* a failure where all its seeds score worse than every control, *praises* it where all score
better, and is *blind* otherwise. Were a failure no failure at all, five seeds would see it once in 252 times.

Numbers: of nine failures the score praises five; FID, KID, MMD and W1 see all but the copies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor

from ganbench.metrics import METRICS
from ganbench.metrics.diversity import vendi_from_kernel
from ganbench.metrics.feature_vectors import Features
from ganbench.notes._detection import detection
from ganbench.notes._failures import FAILURES, Case, Material, cases, material
from ganbench.notes.base import Experiment, Findings, Form, Matrix

IS, NARROW = "inception_score", "narrow_vendi"
METRIC_NAMES = (
    *(IS, "modified_is", "mode_score_b", "am_score", "class_distribution_kl"),
    *("fid", "kid", "mmd", "w1", "precision", "recall", "density", "coverage"),
    *("one_nn_accuracy", "one_nn_fake", "c2st_knn", "vendi", NARROW, "pairwise_distance_ratio"),
    *("ndb", "ndb_jsd", "authenticity", "copies", "c_t"),
)
BALANCED = "balanced, truth is not"
NAMES = (*FAILURES, BALANCED)
SMALLER = ("half of the classes", BALANCED)  # with a control of their own size
BINS = 20  # about as many reference images in each as the authors of NDB advise, at these sizes


def scores(m: Material, train: Features, cases: dict[str, Case]) -> dict[str, float]:
    """Return every metric of every failure, and of the control at each size."""
    values: dict[str, float] = {}
    known: dict[str, tuple[Features, Tensor | None]] = {}
    for name, case in cases.items():
        beside = control(name)
        for title, images in (("real, " + beside, case.real), (beside, case.control), (name, case.fake)):
            if title not in known:
                extracted = m.classifier(images)
                known[title] = Features(extracted.values, title), extracted.posteriors
        real, of_real = known["real, " + beside]
        for title in (name, beside):
            fake, of_fake = known[title]
            if key(IS, title) not in values:
                inputs = {"real": real, "fake": fake, "real_posteriors": of_real, "fake_posteriors": of_fake}
                values |= {
                    key(metric_name, title): score(metric_name, inputs | {"train": train})
                    for metric_name in METRIC_NAMES
                }
    return values


def score(metric_name: str, inputs: Mapping[str, Any]) -> float:
    """Return one metric of those inputs that it needs."""
    if metric_name == NARROW:
        return narrow_vendi(inputs["real"], inputs["fake"])
    metric = METRICS[metric_name]
    arguments = [inputs[need] for need in metric.spec.needs]
    return metric(*arguments, bins=BINS) if metric_name in ("ndb", "ndb_jsd") else metric(*arguments)


def narrow_vendi(real: Features, fake: Features) -> float:
    """The Vendi score with a Gaussian kernel as wide as a real image's median distance from the nearest other."""
    width = float(real.radii(1).median())
    return vendi_from_kernel((-torch.cdist(fake.values.double(), fake.values.double()).square() / (2 * width)).exp())


def key(metric_name: str, title: str) -> str:
    return f"{metric_name}: {title}"


def control(name: str) -> str:
    return f"held out, beside {name}" if name in SMALLER else "held out"


def verdict(findings: Findings, metric_name: str, name: str) -> str:
    """Return whether a metric sees a failure."""
    metric = METRICS["vendi" if metric_name == NARROW else metric_name]
    return detection(
        metric, findings.numbers[key(metric_name, name)], findings.numbers[key(metric_name, control(name))]
    )


SEEDS = {"fast": 5, "full": 10}
COLOURS = ("#F0B48C", "#EEEEEE", "#A9CCE8")  # praises, blind, sees


def measure(form: Form) -> Findings:
    """Score every failure and its control with every metric, for each seed."""
    m = material(form)
    numbers: dict[str, tuple[float, ...]] = {}
    train = Features(m.classifier(m.train.x).values, "train")
    for seed in range(SEEDS[form.name]):
        for name, value in scores(m, train, cases(m, seed)).items():
            numbers[name] = (*numbers.get(name, ()), value)
    findings = Findings(numbers)
    words = tuple(tuple(verdict(findings, each, name) for name in NAMES) for each in METRIC_NAMES)
    means = tuple(
        tuple(findings.mean(key(metric_name, name)) for name in ("held out", *NAMES)) for metric_name in METRIC_NAMES
    )
    matrices = {
        "who sees it": Matrix(METRIC_NAMES, NAMES, words),
        "means": Matrix(METRIC_NAMES, ("held out", *NAMES), means),
    }
    return Findings(numbers, matrices=matrices)


def draw(findings: Findings, figure: Figure) -> None:
    """Colour each metric's verdict on each failure."""
    matrix = findings.matrices["who sees it"]
    axes = figure.subplots()
    level = {"praises": 0, "blind": 1, "sees": 2}
    cells = [[level[str(cell)] for cell in row] for row in matrix.cells]
    axes.imshow(cells, cmap=ListedColormap(COLOURS), vmin=0, vmax=2, aspect="auto")
    names = [name.replace(", ", ",\n") for name in matrix.columns]
    axes.set_xticks(range(len(names)), names, rotation=30, horizontalalignment="right")
    axes.set_yticks(range(len(matrix.rows)), matrix.rows)
    axes.grid(visible=False)
    for row, line in enumerate(matrix.cells):
        for column, word in enumerate(line):
            axes.text(column, row, str(word), ha="center", va="center", fontsize=6.5)
    axes.set_title("red: the failure scores better than real images; grey: no different; blue: worse")


EXPERIMENT = Experiment(
    name="is_failures",
    title="What the Inception Score misses, and which metrics detect it",
    chapter="inception_score",
    measure=measure,
    draw=draw,
    size=(7.5, 5.5),
)
