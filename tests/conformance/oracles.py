"""The formulas once more, slowly and with other tools: what the claims ``in-space`` and ``ties`` expect.

Run as a script, it prints the claims of ``ganbench/conformance/claims/in_space.toml``.
"""

# ruff: noqa: T201 - printing is its purpose

from __future__ import annotations

from math import lcm

import numpy as np
from scipy import stats
from scipy.linalg import sqrtm
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from ganbench.conformance.inputs import make

REAL = {"make": "normal", "n": 22, "d": 3, "seed": 11, "mean": [2.0, 1.0, 0.0]}
FAKE = {"make": "normal", "n": 18, "d": 3, "seed": 12, "mean": [2.5, 1.0, 0.5], "sd": 1.5}
TIED_REAL = {"make": "integers", "n": 22, "d": 2, "below": 4, "seed": 13}
TIED_FAKE = {"make": "integers", "n": 18, "d": 2, "below": 5, "seed": 14}


def fid(x, y):
    a, b = np.cov(x.T), np.cov(y.T)
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * np.trace(sqrtm(a @ b)).real


def unbiased(kernel):
    def value(x, y):
        n, m = len(x), len(y)
        within_x = sum(kernel(x[i], x[j], x) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
        within_y = sum(kernel(y[i], y[j], x) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
        return within_x + within_y - 2 * np.mean([[kernel(a, b, x) for b in y] for a in x])

    return value


def median_distance(x):
    return np.median([np.linalg.norm(x[i] - x[j]) for i in range(len(x)) for j in range(i)])


def gaussian(x, y):
    width = median_distance(x)
    return unbiased(lambda a, b, _x: np.exp(-((a - b) ** 2).sum() / (2 * width**2)))(x, y)


def cmmd(x, y):
    x, y = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (x, y))
    kernels = [np.exp(-cdist(a, b, "sqeuclidean") / 200) for a, b in ((x, x), (y, y), (x, y))]
    return 1000 * (kernels[0].mean() + kernels[1].mean() - 2 * kernels[2].mean())


def transport(power):
    """Equal masses: every row as often as the least common multiple of both counts asks for."""

    def value(x, y):
        size = lcm(len(x), len(y))
        cost = cdist(np.repeat(x, size // len(x), 0), np.repeat(y, size // len(y), 0)) ** power
        return cost[linear_sum_assignment(cost)].mean() ** (1 / power)

    return value


def radii(x, k):
    return [sorted(np.linalg.norm(x - a, axis=1))[k] for a in x]


def inside(x, y, k):
    return np.array([[np.linalg.norm(a - b) <= r for b in y] for a, r in zip(x, radii(x, k), strict=True)])


def one_nn(x, y):
    def right(a, others_same, others):
        near = min(np.linalg.norm(a - b) for b in others_same)
        return near < min(np.linalg.norm(a - b) for b in others)

    reals = [right(x[i], np.delete(x, i, 0), y) for i in range(len(x))]
    fakes = [right(y[i], np.delete(y, i, 0), x) for i in range(len(y))]
    return np.mean(reals), np.mean(fakes), (np.mean(reals) + np.mean(fakes)) / 2


def realism(x, y, k=3):
    limits = np.array(radii(x, k))
    kept = limits <= np.median(limits)
    scores = sorted(max(r / np.linalg.norm(a - b) for a, r in zip(x[kept], limits[kept], strict=True)) for b in y)
    return scores[(len(scores) - 1) // 2]


def rarity(x, y, k=3):
    limits = radii(x, k)
    holding = [[r for a, r in zip(x, limits, strict=True) if np.linalg.norm(a - b) <= r] for b in y]
    return np.mean([min(each) for each in holding if each])


def authenticity(x, y):
    own = radii(x, 1)
    nearest = [min((np.linalg.norm(a - b), i) for i, a in enumerate(x)) for b in y]
    return np.mean([distance > own[i] for distance, i in nearest])


def hotelling(x, y):
    n, m, shift = len(x), len(y), x.mean(0) - y.mean(0)
    pooled = ((n - 1) * np.cov(x.T) + (m - 1) * np.cov(y.T)) / (n + m - 2)
    return n * m / (n + m) * shift @ np.linalg.solve(pooled, shift)


def hotelling_p(x, y):
    n, m, d = len(x), len(y), x.shape[1]
    return stats.f.sf(hotelling(x, y) * (n + m - d - 1) / ((n + m - 2) * d), d, n + m - d - 1)


def distance_ratio(x, y):
    def mean(z):
        return np.mean([np.linalg.norm(z[i] - z[j]) for i in range(len(z)) for j in range(i)])

    return mean(y) / mean(x)


def vendi(_x, y):
    y = y / np.linalg.norm(y, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(y @ y.T / len(y))
    return np.exp(stats.entropy(np.clip(values, 0, None)))


def bonferroni(test):
    return lambda x, y: min(1.0, x.shape[1] * min(test(x, y).pvalue))


ORACLES = {
    "fid": fid,
    "kid": unbiased(lambda a, b, _x: (a @ b / len(a) + 1) ** 3),
    "mmd": gaussian,
    "energy_distance": unbiased(lambda a, b, _x: -np.linalg.norm(a - b)),
    "cmmd": cmmd,
    "precision": lambda x, y: inside(x, y, 3).any(0).mean(),
    "recall": lambda x, y: inside(y, x, 3).any(0).mean(),
    "density": lambda x, y: inside(x, y, 5).sum(0).mean() / 5,
    "coverage": lambda x, y: inside(x, y, 5).any(1).mean(),
    "realism": realism,
    "rarity": rarity,
    "one_nn_accuracy": lambda x, y: one_nn(x, y)[2],
    "one_nn_real": lambda x, y: one_nn(x, y)[0],
    "one_nn_fake": lambda x, y: one_nn(x, y)[1],
    "w1": transport(1),
    "w2": transport(2),
    "authenticity": authenticity,
    "t_statistic": lambda x, y: max(abs(stats.ttest_ind(x, y).statistic)),
    "welch_statistic": lambda x, y: max(abs(stats.ttest_ind(x, y, equal_var=False).statistic)),
    "t_p_value": bonferroni(stats.ttest_ind),
    "welch_p_value": bonferroni(lambda x, y: stats.ttest_ind(x, y, equal_var=False)),
    "hotelling_t2": hotelling,
    "hotelling_p_value": hotelling_p,
    "ks_statistic": lambda x, y: max(stats.ks_2samp(x, y).statistic),
    "pairwise_distance_ratio": distance_ratio,
    "vendi": vendi,
}
TIED = ("mmd", "energy_distance", "w1", "w2", "ks_statistic", "density", "coverage", "precision", "recall")
NEIGHBOURS = {"precision": 3, "recall": 3, "density": 5, "coverage": 5}  # stated: others have other defaults
NEEDS = {"authenticity": ("train", "fake"), "vendi": ("fake",)}
SAYS = "22 rows about (2, 1, 0) and 18 wider ones: unequal counts, rows of any length, round balls; by its definition"
SAYS_TIES = "22 and 18 points with whole coordinates: equal rows, equal distances, unequal counts; by its definition"


def expected(metric, tied=False):
    """Return what a metric's definition makes of the rows of a claim."""
    recipes = (TIED_REAL, TIED_FAKE) if tied else (REAL, FAKE)
    return float(ORACLES[metric](*(make(recipe) for recipe in recipes)))


def claim(metric, tied):
    recipes = (TIED_REAL, TIED_FAKE) if tied else (REAL, FAKE)
    pairs = zip(NEEDS.get(metric, ("real", "fake")), recipes[-len(NEEDS.get(metric, (0, 0))) :], strict=True)
    lines = ["[[claim]]", f'id = "{"ties" if tied else "in-space"}"', f'metric = "{metric}"']
    lines.append(f'says = "{SAYS_TIES if tied else SAYS}"')
    for name, recipe in pairs:
        inner = ", ".join(f'{key} = "{v}"' if isinstance(v, str) else f"{key} = {v}" for key, v in recipe.items())
        lines.append(f"{name} = {{ {inner} }}")
    if metric in NEIGHBOURS:
        lines.append(f"options = {{ k = {NEIGHBOURS[metric]} }}")
    return "\n".join([*lines, f"expect = {expected(metric, tied)!r}", ""])


if __name__ == "__main__":
    print(
        "# Made by tests/conformance/oracles.py: every row of either set counts, by plain loops over the definitions.\n"
    )
    print("\n".join(claim(metric, tied) for tied in (False, True) for metric in (TIED if tied else ORACLES)))
