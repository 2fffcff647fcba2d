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

from collections.abc import Callable, Mapping
from typing import Any

import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor

from ganbench.metrics import METRICS
from ganbench.metrics.diversity import vendi_from_kernel
from ganbench.metrics.features import Features
from ganbench.notes._detection import detection
from ganbench.notes._failures import FAILURES, Case, Material, cases, material
from ganbench.notes.base import Claim, Experiment, Findings, Form, Matrix, Verdict, confirmed

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


def unseen_by_the_score(name: str, detectors: tuple[str, ...]) -> Callable[[Findings], Verdict]:
    """Return the rule that the Inception Score does not see a failure and that all of ``convicts`` do."""

    def rule(findings: Findings) -> Verdict:
        misses = verdict(findings, IS, name) != "sees"
        return confirmed(misses and all(verdict(findings, metric_name, name) == "sees" for metric_name in detectors))

    return rule


def claim(title: str, name: str, says: str, detectors: tuple[str, ...], source: str, remark: str) -> Claim:
    """Return the claim that the score misses a failure that other metrics detect."""
    return Claim(
        name=title,
        note="note 2, Inception Score",
        says=says,
        expected="IS at least that of held-out reals; " + ", ".join(detectors) + " worse than all of them",
        source=source,
        shown=tuple(key(metric_name, which) for metric_name in (IS, *detectors[:2]) for which in (name, control(name))),
        rule="Not all seeds of IS are worse than every control; all seeds of " + ", ".join(detectors) + " are.",
        evaluate=unseen_by_the_score(name, detectors),
        remark=remark,
    )


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
    claims=(
        claim(
            "IS on one image per class",
            "one image per class",
            "Images all alike within each class are mode collapse, and the Inception Score can't detect it.",
            ("fid", "recall", "one_nn_accuracy", "one_nn_fake", NARROW),
            "closed form: IS = K for certain posteriors of equally many images of each class",
            "Ten pictures, repeated, score higher than the real images. Recall drops to nothing, the nearest neighbour "
            "of every sample is a sample, and FID grows eightfold. The Vendi score detects it too with a kernel that "
            "tells images of one class apart; with the usual cosine kernel it praises ten clear digits for variety.",
        ),
        claim(
            "IS on copied training images",
            "training images",
            "The Inception Score considers the generated samples only, not the real data.",
            ("copies", "authenticity", "c_t"),
            "direction only; Barratt and Sharma, 2018, section 4.2",
            "Copies score above the held-out images, for the classifier is surest about the images it was trained on. "
            "FID, KID and precision do not detect it either: only metrics that get the training set do.",
        ),
        claim(
            "IS on blurry averages",
            "averages",
            "The Inception Score can't reflect the distance between the real data and the samples.",
            ("fid", "recall", "one_nn_accuracy"),
            "direction only",
            "A mean of four images of a class is blurry, and more typical of its class than any of them: the score "
            "prefers it to the real images. Blurring single images by a filter, however, it sees.",
        ),
        claim(
            "IS under an adversary",
            "adversarial",
            "Counter-examples get a small H(y|x) at H(y) = log K, and so a higher score than the true distribution.",
            ("fid", "precision", "one_nn_accuracy"),
            "Barratt and Sharma, 2018, arXiv:1801.01973, section 4.2: a score near the largest possible",
            "Twenty steps up the classifier's gradient turn noise into nearly the highest score there is. The samples "
            "lie far from all real images, which everything that compares with real images notices.",
        ),
        claim(
            "IS on imbalanced data",
            BALANCED,
            "Ideally each class makes up the same share of the samples.",
            ("fid", "am_score", "class_distribution_kl"),
            "closed form: IS of certain posteriors is exp H(y), largest for equal shares whatever the truth's are",
            "Where five classes are rare in truth, a generator that makes all equally common scores well above the "
            "truth itself. AM score and FID detect it; the Mode Score does not, whose optimum is not the true class "
            "distribution, nor do precision and recall, which compare supports.",
        ),
    ),
    measure=measure,
    draw=draw,
    size=(7.5, 5.5),
)
