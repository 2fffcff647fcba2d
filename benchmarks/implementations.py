"""Our metrics as they are measured, each a function of two arrays of features (real, fake), and such arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ganbench.metrics import kernels, precision_recall
from ganbench.metrics.c2st import one_nn_accuracy
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.frechet import fid
from ganbench.metrics.kid import kid, kid_subsets
from ganbench.metrics.memorisation import authenticity
from ganbench.metrics.prepare import prepare
from ganbench.metrics.transport import w1

Implementation = Callable[[Any, Any], Any]

K = 5  # neighbours; every library can be asked for five
SUBSET = 1000
SHARED = (
    precision_recall.precision,
    precision_recall.recall,
    precision_recall.density,
    precision_recall.coverage,
    one_nn_accuracy,
    kernels.mmd,
    kernels.energy_distance,
    precision_recall.realism,
    precision_recall.rarity,
    authenticity,
    kid,
)


def image_features(rows: int, width: int) -> tuple[Any, Any]:
    """Return real and fake features like those of an image network: rectified, correlated, float32, (rows, width)."""
    mixing = np.random.default_rng(0).normal(size=(256, width)).astype(np.float32) / 16

    def draw(seed: int) -> Any:
        random = np.random.default_rng(seed)
        values = random.standard_normal((rows, 256), np.float32) @ mixing
        for first in range(0, rows, 1000):  # no second array of this size, for memory is measured too
            here = values[first : first + 1000]
            here += np.float32(0.3) * random.standard_normal(here.shape, np.float32)
        return np.maximum(values, 0, out=values)

    return draw(1), draw(2) * np.float32(0.97)


def points(rows: int) -> tuple[Any, Any]:
    """Return real and fake points about the 25 modes of a grid, (rows, 2)."""
    random = np.random.default_rng(3)
    sets = [random.integers(-2, 3, (rows, 2)) * 2 + 0.05 * random.normal(size=(rows, 2)) for _ in range(2)]
    return sets[0], sets[1]


def ours_fid(real: Any, fake: Any) -> float:
    return fid(real, fake)


def ours_prdc(real: Any, fake: Any) -> list[float]:
    r, f = Features(real), Features(fake)
    return [metric(r, f, k=K) for metric in SHARED[:4]]


def ours_shared(real: Any, fake: Any) -> list[float]:
    r, f = Features(real), Features(fake)
    prepare(r, f, SHARED)
    return [metric(r, f) for metric in SHARED]


def ours_kid(real: Any, fake: Any) -> list[float]:
    r, f = Features(real), Features(fake)
    prepare(r, f, (kid, kid_subsets))
    return [kid_subsets(r, f, size=min(SUBSET, len(real))), kid(r, f)]


def ours_mmd(real: Any, fake: Any) -> float:
    return kernels.mmd(real, fake, bandwidth=float(np.sqrt(real.shape[1])))


def ours_one_nn(real: Any, fake: Any) -> float:
    return one_nn_accuracy(real, fake)


def ours_w1(real: Any, fake: Any) -> float:
    return w1(real, fake)


def summed(squares: Any) -> list[float]:
    """Return the mean distance to the first, second, ... neighbour, to compare libraries by."""
    return [float(x) for x in np.sqrt(np.asarray(squares)).mean(0)]


def ours_k_nn(real: Any, _fake: Any) -> Sequence[float]:
    return summed(Features(real).nearest(K).squares)


GRID = np.stack(np.meshgrid(np.arange(-2, 3), np.arange(-2, 3)), -1).reshape(-1, 2) * 2.0


def ours_modes(real: Any, _fake: Any) -> list[float]:
    from ganbench.dataset import Modes  # noqa: PLC0415
    from ganbench.metrics.modes import counts, uniform_gap  # noqa: PLC0415

    hits, n = counts(real, Modes(torch.from_numpy(GRID), 0.05), 3.0)
    return [float(hits.sum()) / n, uniform_gap(hits)]
