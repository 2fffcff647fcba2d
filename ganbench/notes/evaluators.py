"""Note 2 points to the study of six metrics by Xu et al. (2018) as the alternative to judging pictures by eye.

Design: no generator is trained. The reference and the "samples" are disjoint real images, that is a perfect sampler,
damaged step by step: replaced by draws from a Gaussian (fakes), by the mean image of their cluster (collapse);
clusters removed and refilled with other images or, as published, with copies (dropping); shifted or turned, which
should not matter much; replaced by copies of the reference (copying). Kendall's tau between the damage and a
metric's loss says whether it sees it: 1 always, 0 blind, -1 takes it for an improvement. The six metrics and others
compare pixels and a classifier's features: of 8 by 8 digits, or of MNIST in the full form where it is present.
Number: collapse raises Wasserstein, MMD, FID and 1-NN among features, and does not raise Wasserstein among pixels.
Other than published: MMD is unbiased, with the median distance of reals as bandwidth; FID compares features, not
posteriors; 1000 images (250 of the digits) instead of 2000.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.stats import kendalltau

from ganbench._util.streams import stream
from ganbench.metrics import METRICS
from ganbench.notes._damage import DAMAGES, LEVELS, ROWS, Setup, extract, gaussian, image_sets, losses, setup_of
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.report.style import COLOURS

SEEN, SLIGHT, RIGHT, FEW = 0.8, 0.25, 0.95, 100  # what counts as seen, as robust, as reliable, and as few images
Table = dict[tuple[str, str], list[float]]  # by metric and damage, one value for each seed


def measure(form: Form) -> Findings:
    setup = setup_of(form)
    tau, change, numbers = damaged(setup)
    right = ordered(setup)
    shares = {
        (row, damage): tuple(np.divide(values, np.mean(change[row, "fakes"])))
        for (row, damage), values in change.items()
        if np.mean(change[row, "fakes"]) > 0
    }
    for row in COMPARED:
        numbers |= {f"tau of {row} under {damage}": tuple(tau[row, damage]) for damage in DAMAGES}
        numbers |= {f"share of {row} under {damage}": shares[row, damage] for damage in DAMAGES}
        numbers[f"right orders of {row}"] = tuple(right[row].mean(1))
        numbers[f"right orders of {row} from 100 images"] = tuple(right[row][:, few(setup.sizes)].mean(1))
    met = {row: criteria(row, tau, shares, right[row][:, few(setup.sizes)]) for row in ROWS}
    numbers |= {f"criteria met by {row}": (float(sum(met[row])),) for row in COMPARED}
    curves = {f"right orders of {row}": tuple(right[row].mean(0)) for row in COMPARED}
    curves["images"] = tuple(map(float, setup.sizes))
    curves["side of an image"] = (float(setup.pool.shape[-1]),)
    return Findings(numbers, curves, {f"Metrics and properties, {setup.name}": matrix(setup, tau, shares, right, met)})


def damaged(setup: Setup) -> tuple[Table, Table, dict[str, tuple[float, ...]]]:
    """Return the taus, the changes of loss from no damage to the full one, and what some claims need besides."""
    tau: Table = defaultdict(list)
    change: Table = defaultdict(list)
    others: dict[str, list[float]] = defaultdict(list)
    for seed in range(setup.seeds):
        sets = image_sets(setup, seed)
        real = extract(setup.classifier, sets.real)
        start = losses(real, extract(setup.classifier, sets.held))
        for damage, apply in DAMAGES.items():
            samples = [extract(setup.classifier, apply(sets, level)) for level in LEVELS[1:]]
            course = [start, *(losses(real, each) for each in samples)]
            for row in ROWS:
                tau[row, damage].append(agreement([each[row] for each in course]))
                change[row, damage].append(course[-1][row] - start[row])
            features = real.spaces["features"], samples[-1].spaces["features"]
            others[f"1-NN on fakes, full {damage}"].append(METRICS["one_nn_fake"](*features))
            others[f"1-NN after full {damage}"].append(course[-1]["1-NN features"])
            others[f"W1 after full {damage}"].append(course[-1]["W1 features"])
    return tau, change, {name: tuple(values) for name, values in others.items()}


def agreement(course: Sequence[float]) -> float:
    """Kendall's tau between the damage and a loss; 0 for a loss that does not change."""
    return round(float(kendalltau(LEVELS, course).statistic), 12) if len(set(course)) > 1 else 0.0


def ordered(setup: Setup) -> dict[str, np.ndarray]:
    """Whether each metric finds other real images better than fakes: (repetitions, sizes) of 0 and 1."""
    right: dict[str, list[list[float]]] = defaultdict(list)
    most = max(setup.sizes)
    for repetition in range(setup.repetitions):
        order = torch.randperm(len(setup.pool), generator=stream(repetition, "evaluators", "order"))
        fakes = gaussian(setup.train, most, setup.seeds + repetition)
        drawn = [setup.pool[order[:most]], setup.pool[order[most : 2 * most]], fakes]
        courses = [[extract(setup.classifier, each[:size]) for each in drawn] for size in setup.sizes]
        pairs = [(losses(real, other), losses(real, fake)) for real, other, fake in courses]
        for row in ROWS:
            right[row].append([float(other[row] < fake[row]) for other, fake in pairs])
    return {row: np.array(values) for row, values in right.items()}


def few(sizes: Sequence[int]) -> list[int]:
    """Return the places of the sizes from which few images should do."""
    return [place for place, size in enumerate(sizes) if size >= FEW]


def criteria(row: str, tau: Table, shares: Mapping[tuple[str, str], Sequence[float]], right: np.ndarray) -> list[bool]:
    """Which of the seven criteria a metric meets: sees three damages, two it should not mind, few images, copies."""
    seen = [float(np.mean(tau[row, damage])) >= SEEN for damage in ("fakes", "collapse", "dropping")]
    slight = [
        (row, damage) in shares and float(np.mean(shares[row, damage])) < SLIGHT for damage in ("shift", "rotation")
    ]
    return [*seen, *slight, bool((right.mean(0) >= RIGHT).all()), abs(float(np.mean(tau[row, "copying"]))) >= SEEN]


def matrix(
    setup: Setup,
    tau: Table,
    shares: Mapping[tuple[str, str], Sequence[float]],
    right: Mapping[str, np.ndarray],
    met: Mapping[str, Sequence[bool]],
) -> Matrix:
    """Return metrics by properties."""
    seen = ("fakes", "collapse", "dropping", "dropping, copies", "copying")
    columns = (*(f"tau: {damage}" for damage in seen), "share: shift", "share: rotation", "images needed", "met of 7")
    cells = []
    for row in ROWS:
        cell: list[float | str | None] = [float(np.mean(tau[row, damage])) for damage in seen]
        for damage in ("shift", "rotation"):
            cell.append(float(np.mean(shares[row, damage])) if (row, damage) in shares else "no gap")
        cells.append((*cell, needed(right[row], setup.sizes), float(sum(met[row]))))
    return Matrix(ROWS, columns, tuple(cells))


def needed(right: np.ndarray, sizes: Sequence[int]) -> float | str:
    """Return the fewest images from which on a metric is reliable, or that even the most do not suffice."""
    wrong = (right.mean(0) < RIGHT).nonzero()[0]
    first = int(wrong[-1]) + 1 if len(wrong) else 0
    return float(sizes[first]) if first < len(sizes) else f"over {sizes[-1]}"


def draw(findings: Findings, figure: Figure) -> None:
    """Draw taus of the six metrics by damage, and how often they order rightly by the number of images."""
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    damages = ("fakes", "collapse", "dropping", "dropping, copies", "copying")
    values = [[findings.mean(f"tau of {row} under {damage}") for damage in damages] for row in COMPARED]
    left.imshow(values, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    for line, course in enumerate(values):
        for column, value in enumerate(course):
            left.text(
                column, line, f"{value:.1f}", ha="center", va="center", color="white" if abs(value) > 0.7 else "black"
            )
    left.set_xticks(range(len(damages)), [damage.replace(", ", ",\n") for damage in damages])
    left.set_yticks(range(len(COMPARED)), COMPARED)
    left.grid(visible=False)
    left.set_title("Kendall's tau of damage and loss")
    for number, row in enumerate(("W1 pixels", "W1 features", "MMD features", "FID features", "1-NN features", "IS")):
        right.plot(
            findings.curves["images"],
            findings.curves[f"right orders of {row}"],
            "o-",
            ms=3,
            color=COLOURS[number],
            label=row,
        )
    right.axhline(0.95, color="grey", lw=0.8, ls=":")
    right.set(xscale="log", xlabel="images in a set", ylabel="real found better than fake", ylim=(0, 1.05))
    right.legend(loc="lower right")


STRONG = ("W1 features", "MMD features", "FID features", "1-NN features")
COMPARED = (*STRONG, "W1 pixels", "MMD pixels", "FID pixels", "1-NN pixels", "IS", "Mode Score")


EXPERIMENT = Experiment(
    name="evaluators",
    title="Six metrics, and ours, under known damage",
    chapter="evaluators",
    measure=measure,
    draw=draw,
    size=(7.4, 3.3),
)
