"""The Inception Score on generators that fail, beside the metrics that convict them.

Note 2 (evaluation): "If a model generates 50 images of each of 1000 classes, the class law is uniform, and by the
score's assumption there is no mode collapse. But if the 50 images of each class are all the same, it is still mode
collapse. The Inception Score can't detect it." And: "the score considers the generated samples only, not the real
data; it can't reflect the distance between the two."

Design: real images are cut at random into a reference and as many others, the control; each failure makes as many
samples. A metric *sees* a failure where all its seeds score worse than every control, *praises* it where all score
better, and is *blind* otherwise. Were a failure no failure at all, five seeds would see it once in 252 times.

Numbers: of nine failures the score praises five; FID, KID, MMD and W1 see all but the memoriser.
"""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from ganbench.experiments._failures import cases, material
from ganbench.experiments._failures_seen import BALANCED, IS, LOOKS, NAMES, NARROW, control, key, scores, verdict
from ganbench.experiments.base import Claim, Experiment, Findings, Form, Matrix, Verdict, confirmed
from ganbench.metrics.features import Features

SEEDS = {"fast": 5, "full": 10}
COLOURS = ("#F0B48C", "#EEEEEE", "#A9CCE8")  # praises, blind, sees


def measure(form: Form) -> Findings:
    """Score every failure and its control with every metric, for each seed."""
    m = material(form)
    numbers: dict[str, tuple[float, ...]] = {}
    train = Features(m.look(m.train.x).values, "train")
    for seed in range(SEEDS[form.name]):
        for name, value in scores(m, train, cases(m, seed)).items():
            numbers[name] = (*numbers.get(name, ()), value)
    found = Findings(numbers)
    words = tuple(tuple(verdict(found, look, name) for name in NAMES) for look in LOOKS)
    means = tuple(tuple(found.mean(key(look, name)) for name in ("held out", *NAMES)) for look in LOOKS)
    matrices = {
        "who sees it": Matrix(LOOKS, NAMES, words),
        "means": Matrix(LOOKS, ("held out", *NAMES), means),
    }
    return Findings(numbers, matrices=matrices)


def unseen_by_the_score(name: str, convicts: tuple[str, ...]) -> Callable[[Findings], Verdict]:
    """Return the rule that the Inception Score does not see a failure and that all of ``convicts`` do."""

    def judge(found: Findings) -> Verdict:
        misses = verdict(found, IS, name) != "sees"
        return confirmed(misses and all(verdict(found, look, name) == "sees" for look in convicts))

    return judge


def claim(title: str, name: str, says: str, convicts: tuple[str, ...], source: str, remark: str) -> Claim:
    """Return the claim that the score misses a failure which other metrics convict."""
    return Claim(
        name=title,
        note="note 2, Inception Score",
        says=says,
        expected="IS at least that of held-out reals; " + ", ".join(convicts) + " worse than all of them",
        source=source,
        shown=tuple(key(look, which) for look in (IS, *convicts[:2]) for which in (name, control(name))),
        rule="Not all seeds of IS are worse than every control; all seeds of " + ", ".join(convicts) + " are.",
        judge=unseen_by_the_score(name, convicts),
        remark=remark,
    )


def draw(found: Findings, figure: Figure) -> None:
    """Colour each metric's verdict on each failure."""
    matrix = found.matrices["who sees it"]
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
    title="What the Inception Score misses, and who sees it",
    chapter="inception_score",
    claims=(
        claim(
            "IS on one image per class",
            "one image per class",
            "Images all alike within each class are mode collapse, and the Inception Score can't detect it.",
            ("fid", "recall", "one_nn_accuracy", "one_nn_fake", NARROW),
            "closed form: IS = K for certain posteriors of equally many images of each class",
            "Ten pictures, repeated, score higher than the real images. Recall drops to nothing, the nearest neighbour "
            "of every sample is a sample, and FID grows eightfold. The Vendi score convicts it too with a kernel that "
            "tells images of one class apart; with the usual cosine kernel it praises ten clear digits for variety.",
        ),
        claim(
            "IS on copied training images",
            "training images",
            "The Inception Score considers the generated samples only, not the real data.",
            ("copies", "authenticity", "c_t"),
            "direction only; Barratt and Sharma, 2018, section 4.2",
            "The memoriser beats the held-out images, for the classifier is surest about the images it was trained on. "
            "FID, KID and precision do not object either: only metrics that are shown the training set do.",
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
            "Counter-examples get a small H(y|x) at H(y) = log K, and so a higher score than the true law.",
            ("fid", "precision", "one_nn_accuracy"),
            "Barratt and Sharma, 2018, arXiv:1801.01973, section 4.2: a score near the largest possible",
            "Twenty steps up the classifier's gradient turn noise into nearly the highest score there is. The samples "
            "lie far from all real images, which everything that compares with real images notices.",
        ),
        claim(
            "IS on imbalanced data",
            BALANCED,
            "Ideally each class makes up the same share of the samples.",
            ("fid", "am_score", "class_law_kl"),
            "closed form: IS of certain posteriors is exp H(y), largest for equal shares whatever the truth's are",
            "Where five classes are rare in truth, a generator that makes all equally common scores well above the "
            "truth itself. AM score and FID convict it; the Mode Score does not, whose optimum is not the true class "
            "law, nor do precision and recall, which look at supports.",
        ),
    ),
    measure=measure,
    draw=draw,
    size=(7.5, 5.5),
)
