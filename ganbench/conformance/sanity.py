"""Checks of what a metric says about simple distributions whose quality is known: the rows of the sanity board.

Fifteen are those of Raisa, van Breugel and van der Schaar, "Position: All Current Generative Fidelity and Diversity
Metrics are Flawed" (ICML 2025), drawn and judged anew from its description on fewer points of each sweep; the rest are
ours. A check draws a reference and samples along a sweep and says what a metric's values must do there, by the kind of
the metric: a *fidelity* says how much of the samples is realistic, a *diversity* how much of the reference is covered,
a *distance* how far the samples are, on a scale of its own.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from ganbench.errors import BadInput
from ganbench.metrics import METRICS
from ganbench.metrics.atoms import moment_atoms

Array = NDArray[np.float64]
Kind = Literal["fidelity", "diversity", "distance"]
Desideratum = Literal["bounds", "purpose", "data", "hyperparameters", "invariance"]
Shape = Callable[
    [Sequence[float], Sequence[float]], str
]  # of places and values: how these err, empty where they do not
DESIDERATA: tuple[Desideratum, ...] = get_args(Desideratum)

N = 1000  # rows of either set, where the check says nothing else
NEAR = 0.05  # how near to 0, to 1 or to a share a value counts as there
FLAT = 0.05  # how much a value may move that should not, of a distance as a part of its largest
RISE = 0.2  # how much a value must move that should
SLACK = 0.1  # how far the best place may lie above the right one
MIDDLE = 0.5  # the part of a sweep of sizes by which a value must have settled

FIDELITY = ("precision", "density", "clipped_density", "p_precision", "symmetric_precision", "cover_precision",
            "alpha_precision", "topp")  # fmt: skip
DIVERSITY = ("recall", "coverage", "clipped_coverage", "p_recall", "symmetric_recall", "cover_recall", "beta_recall",
             "topr")  # fmt: skip


def kind_of(metric: str) -> Kind:
    """Return what a metric of the board measures; raises BadInput for one that compares no two sets of features."""
    spec = METRICS[metric].spec
    if metric in FIDELITY:
        return "fidelity"
    if metric in DIVERSITY:
        return "diversity"
    if spec.needs == ("real", "fake") and spec.better == "lower":
        return "distance"
    raise BadInput(
        f"--board: expected a fidelity ({', '.join(FIDELITY)}), a diversity ({', '.join(DIVERSITY)}) or a distance "
        f"between two sets of features, got {metric!r}"
    )


@dataclass(frozen=True)
class Sweep:
    """A row of situations: what varies takes the values ``at``; ``draw`` returns reference and samples."""

    label: str
    at: tuple[float, ...]
    draw: Callable[[np.random.Generator, float], tuple[Array, Array]]


@dataclass(frozen=True)
class Expectation:
    """What the values along a sweep must do, and which desideratum it is about; ``fault`` says how they do not."""

    desideratum: Desideratum
    fault: Shape
    sweep: str = ""  # the label of the only sweep that it is about


@dataclass(frozen=True)
class Check:
    """One row of the board; a kind of metric without expectations has no place in it."""

    name: str
    says: str
    varies: str
    sweeps: tuple[Sweep, ...]
    expects: Mapping[Kind, tuple[Expectation, ...]]
    published: bool = True


# ---- what values must do ----


def near(place: float | str, target: float) -> Shape:
    """The value at a place is ``target``."""

    def fault(at: Sequence[float], values: Sequence[float]) -> str:
        where = {"first": 0, "last": len(at) - 1}[place] if isinstance(place, str) else list(at).index(place)
        return (
            "" if abs(values[where] - target) <= NEAR else f"{values[where]:.3g} instead of {target:g} at {at[where]:g}"
        )

    return fault


def extreme_zero_or_one(at: Sequence[float], values: Sequence[float]) -> str:
    """The last value is 0 or 1: whether wider samples than the data cover them is open."""
    return (
        "" if min(abs(values[-1]), abs(values[-1] - 1)) <= NEAR else f"{values[-1]:.3g}, neither 0 nor 1, at {at[-1]:g}"
    )


def peak(centre: float) -> Shape:
    """Values are highest at ``centre`` and fall to both ends, to the lowest at one of them."""

    def fault(at: Sequence[float], values: Sequence[float]) -> str:
        middle, ends = values[list(at).index(centre)], (values[0], values[-1])
        if middle - max(ends) < RISE:
            return f"{middle:.3g} at {centre:g}, {max(ends):.3g} at an end"
        if max(values) - middle > SLACK:
            return f"higher at {at[int(np.argmax(values))]:g} ({max(values):.3g}) than at {centre:g} ({middle:.3g})"
        return "" if min(ends) - min(values) <= SLACK else f"lowest at {at[int(np.argmin(values))]:g}, at neither end"

    return fault


def falls(by: float | None = None) -> Shape:
    """Values fall from the first to the last place, and have begun to where ``by`` is."""

    def fault(at: Sequence[float], values: Sequence[float]) -> str:
        if values[0] - values[-1] < RISE:
            return f"{values[0]:.3g} at {at[0]:g}, {values[-1]:.3g} at {at[-1]:g}"
        if max(values) - values[0] > SLACK or values[-1] - min(values) > SLACK:
            return f"between {min(values):.3g} and {max(values):.3g}, outside its ends"
        if by is not None and values[0] - (seen := values[list(at).index(by)]) < SLACK:
            return f"still {seen:.3g} at {by:g}"
        return ""

    return fault


def rises(at: Sequence[float], values: Sequence[float]) -> str:
    """Values rise from the first to the last place."""
    return falls()(at, [-value for value in values]) and f"{values[0]:.3g} at {at[0]:g}, {values[-1]:.3g} at {at[-1]:g}"


def level(at: Sequence[float], values: Sequence[float]) -> str:
    """Values stay where they are."""
    return "" if max(values) - min(values) <= FLAT else f"from {min(values):.3g} to {max(values):.3g}"


def settles(at: Sequence[float], values: Sequence[float]) -> str:
    """Values of the larger half of the sizes stay where they are."""
    later = values[int(len(values) * MIDDLE) :]
    return "" if max(later) - min(later) <= FLAT else f"from {min(later):.3g} to {max(later):.3g} in the larger half"


def either(
    *faults: Shape,
) -> Shape:
    """One of several shapes, each of which is right by one definition of diversity."""

    def fault(at: Sequence[float], values: Sequence[float]) -> str:
        said = [each(at, values) for each in faults]
        return "" if not all(said) else said[0]

    return fault


# Distances have scales of their own: they are judged in parts of the value at the nearer end, or of the largest.


def nearest_at(centre: float) -> Shape:
    """A distance is lowest at ``centre`` and clearly above it at both ends."""

    def fault(at: Sequence[float], values: Sequence[float]) -> str:
        middle, end = values[list(at).index(centre)], min(values[0], values[-1])
        if middle <= (1 - RISE) * end and middle - min(values) <= SLACK * end:
            return ""
        return listed(at, values)

    return fault


def grows(by: float | None = None) -> Shape:
    """A distance rises from the first to the last place, and has begun to where ``by`` is."""

    def fault(at: Sequence[float], values: Sequence[float]) -> str:
        first, last = values[0], values[-1]
        risen = (
            first <= (1 - RISE) * last and max(values) - last <= SLACK * last and first - min(values) <= SLACK * last
        )
        begun = by is None or values[list(at).index(by)] - first >= SLACK * last
        return "" if risen and begun else listed(at, values)

    return fault


def shrinks(at: Sequence[float], values: Sequence[float]) -> str:
    """A distance falls from the first to the last place."""
    return grows()(at, values[::-1]) and listed(at, values)


def steady(at: Sequence[float], values: Sequence[float]) -> str:
    """A distance stays where it is, but for a tenth of it."""
    return "" if max(values) - min(values) <= 2 * FLAT * max(map(abs, values)) else listed(at, values)


def settles_steady(at: Sequence[float], values: Sequence[float]) -> str:
    """A distance stays where it is in the larger half of the sizes."""
    half = int(len(values) * MIDDLE)
    return steady(at[half:], values[half:]) and listed(at, values)


def listed(at: Sequence[float], values: Sequence[float]) -> str:
    """Return all values with their places."""
    return "; ".join(f"{v:.3g} at {x:g}" for x, v in zip(at, values, strict=True))


# ---- where values are taken ----


def normal(rng: np.random.Generator, d: int, mean: float = 0.0, sd: float = 1.0, n: int = N) -> Array:
    return np.asarray(mean + sd * rng.standard_normal((n, d)))


def mixture(rng: np.random.Generator, means: Array, sd: float, shares: Array, n: int = N) -> Array:
    """Draws from a mixture of round normal components."""
    which = rng.choice(len(means), size=n, p=shares / shares.sum())
    return np.asarray(means[which] + sd * rng.standard_normal((n, means.shape[1])))


def in_dimensions(
    places: Mapping[int, Sequence[float]], draw: Callable[[np.random.Generator, int, float], tuple[Array, Array]]
) -> tuple[Sweep, ...]:
    """Return a sweep for every number of dimensions."""

    def of(d: int) -> Callable[[np.random.Generator, float], tuple[Array, Array]]:
        return lambda rng, x: draw(rng, d, x)

    return tuple(Sweep(f"d {d}", tuple(map(float, at)), of(d)) for d, at in places.items())


def mean_difference(rng: np.random.Generator, d: int, mean: float) -> tuple[Array, Array]:
    return normal(rng, d), normal(rng, d, mean)


MEANS = {1: (-6, -3, -1, 0, 1, 3, 6), 8: (-3, -1.5, -0.5, 0, 0.5, 1.5, 3), 64: (-1, -0.5, -0.2, 0, 0.2, 0.5, 1)}
DEVIATIONS = {
    1: (1e-3, 1e-2, 0.1, 1, 10, 100, 1e3),
    8: (0.1, 0.3, 0.6, 1, 2, 4, 10),
    64: (0.316, 0.5, 0.8, 1, 1.5, 2, 3.16),
}
WIDTH = {1: 1 / 6, 8: 1 / 3, 64: 1.0}  # of ten modes between 0 and 10 on the diagonal
MODES = 10
SIZES = (100.0, 300.0, 1000.0, 2000.0)
OVERLAP = 0.2  # of two unit cubes
PLACES = np.array([[5.5, -4.1], [4.9, -13.6], [-16.4, 9.1], [-2.2, 12.5], [11.6, -5.0],
                   [-24.6, 14.2], [16.8, -3.2], [-5.5, -6.8], [9.5, 1.1], [-5.4, -17.3]])  # fmt: skip


def with_outlier(of: str) -> tuple[Sweep, ...]:
    """Return the sweep of means with one point at its far end added to the reference or to the samples."""

    def draw(rng: np.random.Generator, d: int, mean: float) -> tuple[Array, Array]:
        real, fake = mean_difference(rng, d, mean)
        point = np.full((1, d), float(max(MEANS[d])))
        return (np.vstack([real, point]), fake) if of == "reference" else (real, np.vstack([fake, point]))

    return tuple(Sweep(f"{each.label}, in the {of}", each.at, each.draw) for each in in_dimensions(MEANS, draw))


def dropping(kept: Callable[[float], Array]) -> Callable[[np.random.Generator, int, float], tuple[Array, Array]]:
    """Return draws of ten modes and of those that are kept, with their shares."""

    def draw(rng: np.random.Generator, d: int, x: float) -> tuple[Array, Array]:
        means = np.linspace(0, 10, MODES)[:, None] * np.ones(d)
        return mixture(rng, means, WIDTH[d], np.ones(MODES)), mixture(rng, means, WIDTH[d], kept(x))

    return draw


def invention(rng: np.random.Generator, count: float) -> tuple[Array, Array]:
    return mixture(rng, PLACES[:5], 0.25, np.ones(5)), mixture(rng, PLACES[: int(count)], 0.25, np.ones(int(count)))


def sphere(rng: np.random.Generator, d: int, radius: float) -> Array:
    rows = normal(rng, d)
    return np.asarray(radius * rows / np.linalg.norm(rows, axis=1, keepdims=True))


def cubes(rng: np.random.Generator, d: int, n_real: int, n_fake: int) -> tuple[Array, Array]:
    """Two unit cubes that share a fifth of their volume."""
    return rng.random((n_real, d)), rng.random((n_fake, d)) + 1 - OVERLAP ** (1 / d)


def ball_and_torus(rng: np.random.Generator, n: int) -> tuple[Array, Array]:
    """A ball of radius 0.8, and a ring of radius 1 and thickness 0.1 around it, of ``n`` rows each."""
    ball = rng.standard_normal((n, 3))
    ball *= 0.8 * rng.random((n, 1)) ** (1 / 3) / np.linalg.norm(ball, axis=1, keepdims=True)
    turn, tilt, r = 2 * np.pi * rng.random(n), 2 * np.pi * rng.random(n), 0.1 * np.sqrt(rng.random(n))
    out = 1 + r * np.cos(tilt)
    return ball, np.stack([out * np.cos(turn), out * np.sin(turn), r * np.sin(tilt)], 1)


def torus(real: str) -> Sweep:
    def draw(rng: np.random.Generator, n: float) -> tuple[Array, Array]:
        first, second = ball_and_torus(rng, N), ball_and_torus(rng, int(n))
        return (first[0], second[1]) if real == "ball" else (first[1], second[0])

    return Sweep(f"the {real} is real", SIZES, draw)


def two_modes(rng: np.random.Generator, d: int, gap: float) -> tuple[Array, Array]:
    """Two modes, and a single one of the variance that the paper gives it."""
    return mixture(rng, np.array([[-gap / 2], [gap / 2]]) * np.ones(d), 1.0, np.ones(2)), normal(
        rng, d, 0.0, (1 + gap**2) ** 0.5
    )


def scaled_dimension(rng: np.random.Generator, scale: float) -> tuple[Array, Array]:
    return normal(rng, 2) * (1, scale), (normal(rng, 2) + np.array([6, 0])) * (1, scale)


def pareto(rng: np.random.Generator, mean: float) -> tuple[Array, Array]:
    real, fake = (np.stack([rng.standard_normal(N) + m, rng.pareto(1.01, N) + 1], 1) for m in (0.0, mean))
    return real, fake


def disjoint(rng: np.random.Generator, others: float) -> tuple[Array, Array]:
    real, fake = normal(rng, int(others) + 1), normal(rng, int(others) + 1)
    fake[:, 0] += 6
    return real, fake


def rounded(which: str) -> Sweep:
    def draw(rng: np.random.Generator, scale: float) -> tuple[Array, Array]:
        real, fake = scale * normal(rng, 1), scale * normal(rng, 1)
        return (np.round(real), fake) if which == "reference" else (real, np.round(fake))

    return Sweep(f"the {which} in whole numbers", (1.0, 10.0, 100.0, 1000.0), draw)


def atoms(rng: np.random.Generator, d: int, share: float) -> tuple[Array, Array]:
    """Samples of which a share is the 2d points that have the reference's mean and covariance."""
    real, fake = normal(rng, d), normal(rng, d)
    covariance = torch.from_numpy(np.atleast_2d(np.cov(real.T)))
    made = np.asarray(moment_atoms(torch.from_numpy(real.mean(0)), covariance, int(share * N) or 2))
    return real, fake if share == 0 else np.vstack([made, fake])[:N] if share < 1 else made


def repeated(rng: np.random.Generator, d: int, distinct: float) -> tuple[Array, Array]:
    """Samples of ``distinct`` different rows only."""
    return normal(rng, d), np.tile(normal(rng, d, n=int(distinct)), (N // int(distinct), 1))


def outliers(of: str) -> Callable[[np.random.Generator, int, float], tuple[Array, Array]]:
    """Return draws of one distribution in which a share of one set lies far away."""

    def draw(rng: np.random.Generator, d: int, share: float) -> tuple[Array, Array]:
        real, fake = normal(rng, d), normal(rng, d)
        (real if of == "reference" else fake)[: int(share * N)] += 100
        return real, fake

    return draw


def equal(rng: np.random.Generator, d: int, n: float) -> tuple[Array, Array]:
    return normal(rng, d, n=int(n)), normal(rng, d, n=int(n))


def share_of_good(target: Callable[[float], float]) -> Shape:
    """Values are the share of good samples."""

    def fault(at: Sequence[float], values: Sequence[float]) -> str:
        off = [(abs(v - target(x)), x, v) for x, v in zip(at, values, strict=True)]
        worst, x, v = max(off)
        return "" if worst <= 2 * NEAR else f"{v:.3g} instead of {target(x):.3g} at {x:g}"

    return fault


# ---- the rows ----


def both(*expectations: Expectation) -> dict[Kind, tuple[Expectation, ...]]:
    """Return what fidelity and diversity are expected to do alike."""
    return {"fidelity": expectations, "diversity": expectations}


def bell(centre: float) -> dict[Kind, tuple[Expectation, ...]]:
    """Return the expectations where samples leave the reference on either side of ``centre``."""
    ends = [
        Expectation("bounds", near(place, target)) for place, target in ((centre, 1.0), ("first", 0.0), ("last", 0.0))
    ]
    return {
        **both(*ends, Expectation("purpose", peak(centre))),
        "distance": (Expectation("purpose", nearest_at(centre)),),
    }


def dropped(by: float) -> dict[Kind, tuple[Expectation, ...]]:
    """Return the expectations where modes are lost and none is added."""
    return {
        "fidelity": (
            Expectation("bounds", near("first", 1.0)),
            Expectation("bounds", near("last", 1.0)),
            Expectation("purpose", level),
        ),
        "diversity": (Expectation("bounds", near("first", 1.0)), Expectation("purpose", falls(by))),
        "distance": (Expectation("purpose", grows(by)),),
    }


def of_sizes(name: Desideratum) -> dict[Kind, tuple[Expectation, ...]]:
    """Return the expectations where only the number of rows changes and a fifth of the volume is shared."""
    return {
        **both(Expectation(name, settles), Expectation("purpose", near("last", OVERLAP))),
        "distance": (Expectation(name, settles_steady),),
    }


def unmoved(*places: str) -> dict[Kind, tuple[Expectation, ...]]:
    """Return the expectations where something changes that should not count and the sets stay apart."""
    return {
        **both(*(Expectation("bounds", near(place, 0.0)) for place in places)),
        "distance": (Expectation("purpose", steady),),
    }


def also(first: Mapping[Kind, tuple[Expectation, ...]], more: Expectation) -> dict[Kind, tuple[Expectation, ...]]:
    """Return expectations with one more for fidelity and diversity."""
    return {kind: given if kind == "distance" else (*given, more) for kind, given in first.items()}


def discrete(kind: Kind) -> tuple[Expectation, ...]:
    """Return what is expected of whole numbers beside real ones, which have no value in common almost surely."""
    apart, within = "the reference in whole numbers", "the samples in whole numbers"
    places = ("first", "last")
    if kind == "fidelity":
        bounds = [Expectation("bounds", near(p, v), s) for s, v in ((apart, 0.0), (within, 1.0)) for p in places]
    else:
        bounds = [Expectation("bounds", near(p, 0.0), within) for p in places]
        bounds.append(Expectation("bounds", extreme_zero_or_one, apart))
    return (*bounds, Expectation("purpose", level))


# Places and expectations that several checks share.
WIDE = either(peak(1.0), rises)
FIRST_ONE, FIRST_ZERO = Expectation("bounds", near("first", 1.0)), Expectation("bounds", near("first", 0.0))
DEVIATION: dict[Kind, tuple[Expectation, ...]] = {
    "fidelity": (
        Expectation("bounds", near(1.0, 1.0)),
        FIRST_ONE,
        Expectation("bounds", near("last", 0.0)),
        Expectation("purpose", falls()),
    ),
    "diversity": (
        Expectation("bounds", near(1.0, 1.0)),
        FIRST_ZERO,
        Expectation("bounds", extreme_zero_or_one),
        Expectation("purpose", WIDE),
    ),
    "distance": (Expectation("purpose", nearest_at(1.0)),),
}
INVENTED: dict[Kind, tuple[Expectation, ...]] = {
    "fidelity": (Expectation("bounds", near(5.0, 1.0)), FIRST_ONE, Expectation("purpose", falls())),
    "diversity": (
        Expectation("bounds", near(5.0, 1.0)),
        Expectation("bounds", near("last", 1.0)),
        Expectation("purpose", rises),
    ),
    "distance": (Expectation("purpose", nearest_at(5.0)),),
}
COLLAPSE: dict[Kind, tuple[Expectation, ...]] = {
    "fidelity": (FIRST_ONE, Expectation("purpose", falls())),
    "diversity": (FIRST_ONE, Expectation("purpose", either(falls(), level))),
    "distance": (Expectation("purpose", grows()),),
}
GAPS = dict.fromkeys((1, 8, 64), (0.0, 1.0, 2.0, 3.0, 5.0))
LOST = dict.fromkeys((1, 8, 64), (0.0, 0.5, 0.8, 0.95, 1.0))
COUNTS = dict.fromkeys((1, 8, 64), (0.0, 2.0, 5.0, 7.0, 9.0))
RADII = dict.fromkeys((2, 16, 128), (0.1, 0.4, 0.7, 1.0, 1.3, 1.6, 1.9))
CUBIC = dict.fromkeys((1, 8, 64), SIZES)
SHARES, SEVERAL = (0.0, 0.25, 0.5, 0.75), (8, 64)
GOOD = Expectation("purpose", share_of_good(lambda share: 1 - share))

PUBLISHED: tuple[Check, ...] = (
    Check(
        "mean_difference",
        "the samples' mean passes the reference's",
        "the mean",
        in_dimensions(MEANS, mean_difference),
        bell(0.0),
    ),
    Check(
        "mean_difference_outlier",
        "the same with one outlier in either set",
        "the mean",
        with_outlier("reference") + with_outlier("samples"),
        bell(0.0),
    ),
    Check(
        "sd_difference",
        "the samples are narrower, then wider than the reference",
        "the deviation",
        in_dimensions(DEVIATIONS, lambda rng, d, sd: (normal(rng, d), normal(rng, d, sd=sd))),
        DEVIATION,
    ),
    Check(
        "modes_dropped_together",
        "nine of ten modes fade together",
        "the part of them that is lost",
        in_dimensions(LOST, dropping(lambda x: np.array([1.0] + [1 - x] * (MODES - 1)))),
        dropped(0.95),
    ),
    Check(
        "modes_dropped_in_turn",
        "one mode after the other is lost",
        "how many are lost",
        in_dimensions(COUNTS, dropping(lambda x: np.array([1.0] * (MODES - int(x)) + [0.0] * int(x)))),
        dropped(5.0),
    ),
    Check(
        "modes_invented",
        "modes are lost, then others are invented",
        "modes of the samples, 5 are real",
        (Sweep("d 2", (1.0, 3.0, 5.0, 7.0, 10.0), invention),),
        INVENTED,
    ),
    Check(
        "sphere_surface",
        "one sphere's surface inside or around another's",
        "the samples' radius",
        in_dimensions(RADII, lambda rng, d, r: (sphere(rng, d, 1.0), sphere(rng, d, r))),
        bell(1.0),
    ),
    Check(
        "cubes_size",
        "two cubes that share a fifth of their volume",
        "rows of either set",
        in_dimensions(CUBIC, lambda rng, d, n: cubes(rng, d, int(n), int(n))),
        of_sizes("data"),
    ),
    Check(
        "cubes_samples",
        "the same, with 1000 rows of the reference",
        "rows of the samples",
        in_dimensions(CUBIC, lambda rng, d, n: cubes(rng, d, N, int(n))),
        of_sizes("hyperparameters"),
    ),
    Check(
        "ball_torus",
        "a ball and a ring around it, which do not touch",
        "rows of the samples",
        (torus("ball"), torus("torus")),
        {
            **both(Expectation("purpose", settles), Expectation("bounds", near("last", 0.0))),
            "distance": (Expectation("purpose", settles_steady),),
        },
    ),
    Check(
        "one_for_two_modes",
        "one broad mode stands for two",
        "the distance of the two",
        in_dimensions(GAPS, two_modes),
        COLLAPSE,
    ),
    Check(
        "scaled_dimension",
        "the sets are six deviations apart in one dimension; the other is scaled",
        "its scale",
        (Sweep("d 2", (1e-3, 0.1, 1.0, 10.0, 1e3), scaled_dimension),),
        also(unmoved("first", "last"), Expectation("invariance", level)),
    ),
    Check(
        "mean_difference_pareto",
        "the mean passes in one dimension; the other has Pareto tails",
        "the mean",
        (Sweep("d 2", (-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0), pareto),),
        bell(0.0),
    ),
    Check(
        "disjoint_dimension",
        "six deviations apart in one dimension, alike in many",
        "how many are alike",
        (Sweep("all", (1.0, 10.0, 100.0, 1000.0), disjoint),),
        also(unmoved("first", "last"), Expectation("purpose", level)),
    ),
    Check(
        "discrete",
        "whole numbers beside real ones",
        "the scale on which they are whole",
        (rounded("reference"), rounded("samples")),
        {"fidelity": discrete("fidelity"), "diversity": discrete("diversity")},
    ),
)

OURS: tuple[Check, ...] = (
    Check(
        "moment_atoms",
        "samples become the 2d points with the reference's mean and covariance",
        "their share",
        in_dimensions(dict.fromkeys(SEVERAL, (0.0, 0.5, 1.0)), atoms),
        {"diversity": (Expectation("purpose", falls()),), "distance": (Expectation("purpose", grows()),)},
        published=False,
    ),
    Check(
        "repeated_rows",
        "few different rows, each repeated",
        "how many",
        in_dimensions(dict.fromkeys(SEVERAL, (10.0, 50.0, 200.0, 1000.0)), repeated),
        {"diversity": (Expectation("purpose", rises),), "distance": (Expectation("purpose", shrinks),)},
        published=False,
    ),
    Check(
        "outlying_samples",
        "a share of the samples lies far away",
        "the share",
        in_dimensions(dict.fromkeys(SEVERAL, SHARES), outliers("samples")),
        {"fidelity": (GOOD,), "distance": (Expectation("purpose", grows()),)},
        published=False,
    ),
    Check(
        "outlying_reference",
        "a tenth of the reference lies far away, and no sample",
        "the share",
        in_dimensions(dict.fromkeys(SEVERAL, (0.0, 0.05, 0.1)), outliers("reference")),
        {"fidelity": (Expectation("purpose", level),), "diversity": (GOOD,)},
        published=False,
    ),
    Check(
        "equal_sets",
        "two samples of one distribution",
        "rows of either set",
        in_dimensions(dict.fromkeys((1, 8, 64), SIZES[1:4]), equal),
        {
            **both(
                Expectation("bounds", near("first", 1.0)),
                Expectation("bounds", near("last", 1.0)),
                Expectation("data", level),
            )
        },
        published=False,
    ),
)


def checks() -> tuple[Check, ...]:
    """Return every check, the published ones first."""
    return PUBLISHED + OURS


@cache
def published() -> dict[tuple[str, Desideratum, str], str]:
    """Return what the paper found, by check, desideratum and metric: pass, fail, or passes as a low or high diversity.

    Read from the outputs that its authors committed beside their code.
    """
    text = (files("ganbench.conformance") / "sanity_published.csv").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = list(csv.DictReader(text.splitlines()))
    return {(row["check"], row["desideratum"], row["metric"]): row["result"] for row in rows}
