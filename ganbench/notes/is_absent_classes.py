"""The Inception Score of images that its classifier has no class for.

Note 2 (evaluation): "Is it true that the more real an image, the sharper the classifier's distribution? Evidently not
always: if the class that an object belongs to doesn't exist in the network, is its distribution still sharp?" And:
"whatever is unlike ImageNet is not real; a sharp prediction can't be guaranteed."

Design: five classifiers of small digits, trained on 0 to 4 only, are given held-out images of 0 to 4 and of 5 to 9,
all equally real. Then exactly: eight Gaussians on a ring (radius 2, sd 0.6) with Bayes' classifier, whose score is
integrated over a grid, for the truth and for things that are in none of the eight classes.
"""

from __future__ import annotations

from math import pi

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.data.sources import Finite
from ganbench.metrics.inception_score import entropy, inception_score
from ganbench.notes._failures import digits
from ganbench.notes._letters import letters
from ganbench.notes._retrained import posteriors, retrained
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS, QUIET

CLASSIFIERS, EPOCHS = {"fast": 5, "full": 10}, {"fast": 16, "full": 80}
KNOWN = 5  # digits that the classifiers learn
SURE, SHARE = 0.9, 0.1  # a sharp prediction, and how many of them are not exceptions
MODES, RADIUS, SD = 8, 2.0, 0.6
FAR, POINTS = 20.0, 401
LINES = 40  # bars of the histogram
RING = ("the truth", "points at the centre", "far, between two modes", "far, beyond the modes", "uniform noise")


def measure(form: Form) -> Findings:
    """Classify known and unknown digits and letters with each classifier, and integrate the ring's scores."""
    m = digits()
    kept = m.train.y < KNOWN
    source = Finite(m.train.x[kept], m.train.y[kept])
    known, unknown = m.pool.x[m.pool.y < KNOWN], m.pool.x[m.pool.y >= KNOWN]
    size = min(len(known), len(unknown))
    numbers: dict[str, tuple[float, ...]] = {}
    curves: dict[str, tuple[float, ...]] = {}
    for seed in range(CLASSIFIERS[form.name]):
        network = retrained(source, seed, EPOCHS[form.name])
        drawn = letters(size, m.side, stream(seed, "absent", "letters"))
        for name, images in (("known", known[:size]), ("unknown", unknown[:size]), ("letters", drawn)):
            p = posteriors(network, images)
            top = p.amax(1)
            summaries = {"H(y|x)": float(entropy(p).mean()), "sure": float((top > SURE).double().mean())}
            for what, value in (summaries | {"IS": inception_score(p)}).items():
                numbers[f"{what}, {name}"] = (*numbers.get(f"{what}, {name}", ()), value)
            curves[name] = (*curves.get(name, ()), *top.tolist())
    binned = {name: tuple(histogram(torch.tensor(values))) for name, values in curves.items()}
    return Findings(numbers | {f"ring: {name}": (value,) for name, value in ring().items()}, binned)


def histogram(values: Tensor) -> list[float]:
    """Return the shares of values in equal steps from 0 to 1."""
    counts: list[float] = (torch.histc(values, LINES, 0, 1) / len(values)).tolist()
    return counts


def ring() -> dict[str, float]:
    """Return the exact scores of distributions on the plane under the best classifier of the ring's eight modes."""
    angle = 2 * pi * torch.arange(MODES, dtype=torch.float64) / MODES
    centres = RADIUS * torch.stack([angle.cos(), angle.sin()], 1)
    middle = torch.stack([(angle + pi / MODES).cos(), (angle + pi / MODES).sin()], 1)
    near, wide = grid(RADIUS + 8 * SD), grid(FAR)
    weights = (-(near[:, None] - centres).square().sum(2) / (2 * SD**2)).exp().sum(1)
    equal = torch.ones(MODES, dtype=torch.float64)
    distributions = (
        (near, weights),
        (torch.zeros(1, 2, dtype=torch.float64), equal[:1]),
        (FAR * middle, equal),
        (FAR / RADIUS * centres, equal),
        (wide, torch.ones(len(wide), dtype=torch.float64)),
    )
    return {name: weighted_score(bayes(x, centres), w) for name, (x, w) in zip(RING, distributions, strict=True)}


def grid(reach: float) -> Tensor:
    """Return the midpoints of a square's cells, (n, 2)."""
    line = reach * (2 * torch.arange(POINTS, dtype=torch.float64) + 1 - POINTS) / POINTS
    return torch.cartesian_prod(line, line)


def bayes(x: Tensor, centres: Tensor) -> Tensor:
    """Return the posteriors (n, K) of equal Gaussians around ``centres``."""
    return torch.softmax(-(x[:, None] - centres).square().sum(2) / (2 * SD**2), 1)


def weighted_score(p: Tensor, weights: Tensor) -> float:
    """The Inception Score exp(H(mean p) - mean H(p)) of posteriors with weights."""
    share = weights / weights.sum()
    return float((entropy(share @ p) - share @ entropy(p)).exp())


def draw(findings: Findings, figure: Figure) -> None:
    """How sure the classifiers are of each kind of image, and the ring's scores."""
    left, right = figure.subplots(1, 2)
    middles = [(step + 0.5) / LINES for step in range(LINES)]
    for (name, shares), colour in zip(findings.curves.items(), COLOURS, strict=False):
        left.step(middles, shares, where="mid", color=colour, label=name)
    left.set(xlabel="largest posterior", ylabel="share of images", yscale="log", xlim=(0.15, 1.02))
    left.legend(loc="upper left")
    values = [findings.mean(f"ring: {name}") for name in RING]
    right.barh(RING, values, color=[COLOURS[0], *[QUIET] * (len(RING) - 1)])
    right.invert_yaxis()
    right.axvline(values[0], color=COLOURS[0], linestyle=":")
    right.set(xlabel="Inception Score, at most 8")


EXPERIMENT = Experiment(
    name="is_absent_classes",
    title="Classes that the classifier does not have",
    chapter="inception_score",
    measure=measure,
    draw=draw,
)
