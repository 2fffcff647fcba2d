"""Training, sampling, reference: moments that are unbiased for any numbers of seeds, sets and draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ganbench.errors import BadInput
from ganbench.tables.components import components, moments

Shapes = Sequence[tuple[int, int]]  # of each seed: draws, sets
PARTS = ("training", "sampling", "reference", "seed x draw", "rest")


def effects(shapes: Shapes) -> dict[str, NDArray[np.float64]]:
    """For each part of the model, which of its levels every score belongs to, as a matrix of zeros and ones."""
    scores = [(s, d, k) for s, (draws, sets) in enumerate(shapes) for d in range(draws) for k in range(sets)]
    levels: dict[str, list[object]] = {
        "training": [s for s, _, _ in scores],
        "sampling": [(s, k) for s, _, k in scores],
        "reference": [d for _, d, _ in scores],
        "seed x draw": [(s, d) for s, d, _ in scores],
        "rest": list(scores),
    }
    return {
        name: np.array([[float(own == level) for level in dict.fromkeys(of)] for own in of])
        for name, of in levels.items()
    }


def expectation(statistic: Callable[[NDArray[np.float64]], float], variance: NDArray[np.float64]) -> float:
    """The expected value of a quadratic statistic of scores with a covariance, by its values on the factor's columns.

    E[q(y)] = tr(A V) = sum over the columns c of a factor of V of q(c).
    """
    return sum(statistic(column) for column in variance.T)


def split(y: NDArray[np.float64], shapes: Shapes) -> list[NDArray[np.float64]]:
    ends = np.cumsum([draws * sets for draws, sets in shapes])[:-1]
    return [part.reshape(shape) for part, shape in zip(np.split(y, ends), shapes, strict=True)]


@pytest.mark.parametrize(
    "shapes",
    [
        [(2, 4)] * 3,
        [(3, 8)] * 5,
        [(2, 4), (2, 1), (2, 7)],
        [(2, 2), (2, 3), (2, 2), (2, 9)],
        [(3, 1)] * 4,
    ],
    ids=["balanced", "more", "unequal sets", "all unequal", "one set"],
)
def test_each_part_is_estimated_without_bias_whatever_the_others_are(shapes: Shapes) -> None:
    for which, target in enumerate(PARTS[:3]):

        def statistic(y: NDArray[np.float64], which: int = which) -> float:
            value = moments(split(y, shapes))[which]
            return np.nan if value is None else value

        for part, levels in effects(shapes).items():
            expected = expectation(statistic, levels)
            if np.isnan(expected):
                assert (target, {sets for _, sets in shapes}) == ("sampling", {1})
            elif {sets for _, sets in shapes} == {1} and (target, part) == ("training", "sampling"):
                assert expected == pytest.approx(1)  # with one set, training holds the sampling too
            else:
                assert expected == pytest.approx(float(target == part), abs=1e-12), (target, part)


def test_one_draw_says_nothing_of_the_reference_and_leaves_the_rest_in_the_sampling() -> None:
    shapes = [(1, 4)] * 3
    assert moments(split(np.arange(12.0), shapes))[2] is None
    levels = effects(shapes)
    for part in ("sampling", "rest"):
        assert expectation(lambda y: moments(split(y, shapes))[1] or 0.0, levels[part]) == pytest.approx(1)


def test_one_way_of_a_textbook() -> None:
    # Seeds of means 2, 6, 4 with sets of variance 2: between 4, less 2 / 2.
    result = components([np.array([[1.0, 3.0]]), np.array([[5.0, 7.0]]), np.array([[3.0, 5.0]])])
    assert [result.training, result.sampling] == pytest.approx([4 - 1, 2.0])
    assert result.reference is None


def test_no_variance_is_negative() -> None:
    result = components([np.array([[0.0, 10.0]]), np.array([[10.0, 0.0]])])
    assert result.training == 0


def test_one_seed_tells_sampling_alone() -> None:
    result = components([np.array([[1.0, 2.0, 3.0], [1.5, 2.5, 3.5]])])
    assert (result.training, result.reference) == (None, None)
    assert result.sampling == pytest.approx(1.0)


def test_a_seed_with_fewer_sets_or_draws_is_used_as_far_as_it_goes() -> None:
    old = np.array([[4.0]])
    new = [np.array([[1.0, 3.0], [2.0, 4.0]]), np.array([[5.0, 7.0], [6.0, 8.0]])]
    result = components([old, *new])
    assert result.sampling == pytest.approx(2.0)
    assert result.reference == pytest.approx(0.5)
    assert result.training == pytest.approx(np.var([4.0, 2.0, 6.0], ddof=1) - 2.0 * (1 + 0.5 + 0.5) / 3)


@pytest.mark.parametrize("seeds", [[], [np.zeros(3)], [np.zeros((0, 2))]])
def test_scores_must_come_by_draws_and_sets(seeds: list[NDArray[np.float64]]) -> None:
    with pytest.raises(BadInput, match="draws and sets"):
        components(seeds)
