"""Symmetric, cover and probabilistic precision and recall, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from ganbench.errors import BadInput
from ganbench.metrics import (
    cover_precision,
    cover_recall,
    coverage,
    p_precision,
    p_recall,
    precision,
    recall,
    symmetric_precision,
    symmetric_recall,
)
from ganbench.metrics._engine.pairs import NearestAcross, pair_of
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.prepare import prepare
from tests.metrics.test_precision_recall import CASES, in_float32, normal, squares

SIX = (symmetric_precision, symmetric_recall, cover_precision, cover_recall, p_precision, p_recall)
__all__ = ["in_float32"]


def radii(x, k: int) -> np.ndarray:
    return np.sort(squares(x, x), 1)[:, k]


def within(d, radius) -> np.ndarray:
    return d <= radius * (1 + 1e-12)


def definitions(real, fake) -> list[float]:
    """The six values by definition."""
    d = squares(real, fake)
    held = within(d, radii(real, 5)[:, None]), within(d, radii(fake, 5)[None])
    covers = within(d, radii(real, 9)[:, None]), within(d, radii(fake, 9)[None])
    faded = []
    for sample, axis in ((real, 0), (fake, 1)):
        reach = 1.2 * np.sqrt(radii(sample, 4)).mean()
        ratio = np.minimum(np.sqrt(d) / reach, 1) if reach else np.sqrt(d) > 0
        faded.append(1 - ratio.prod(axis))
    return [
        min(held[0].any(0).mean(), held[1].any(0).mean()),
        min(held[1].any(1).mean(), held[0].any(1).mean()),
        (covers[1].sum(0) >= 3).mean(),
        (covers[0].sum(1) >= 3).mean(),
        faded[0].mean(),
        faded[1].mean(),
    ]


LARGE = [case for case in CASES if case.id != "k + 1 rows"]


@pytest.mark.parametrize(("real", "fake"), LARGE)
def test_all_are_those_of_their_definitions_on_hard_samples(real, fake):
    r, f = Features(real), Features(fake)
    assert [metric(r, f) for metric in SIX] == pytest.approx(definitions(real, fake), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("real", "fake"), [case for case in LARGE if case.id in ("plain", "many ties", "copies")])
@pytest.mark.usefixtures("in_float32")
def test_fast_products_change_at_most_the_seventh_digit_of_what_is_no_count(real, fake):
    values = [metric(real, fake) for metric in SIX]
    assert values[:4] == pytest.approx(definitions(real, fake)[:4], rel=1e-14)
    assert values[4:] == pytest.approx(definitions(real, fake)[4:], rel=1e-6)


def test_a_small_support_in_many_dimensions_has_full_precision_and_no_symmetric_one():
    real, fake = normal(0, 1000, 64), normal(1, 1000, 64, sd=0.5)
    assert precision(real, fake, k=5) == 1.0
    assert symmetric_precision(real, fake) < 0.1
    assert symmetric_recall(fake, real) < 0.1
    assert recall(fake, real, k=5) == 1.0
    assert cover_precision(real, fake) < 0.1


def test_the_symmetric_recall_is_at_most_recall_and_coverage():
    real, fake = normal(2, 300, 6), normal(3, 300, 6, sd=1.3)
    assert symmetric_recall(real, fake) == min(recall(real, fake, k=5), coverage(real, fake, k=5))


def test_covers_of_equal_distributions_read_nearly_one_in_many_dimensions():
    real, fake = normal(4, 1000, 64), normal(5, 1000, 64)
    assert cover_precision(real, fake) > 0.85
    assert cover_recall(real, fake) > 0.85
    assert precision(real, fake) < 0.7


def test_one_outlier_captures_no_sample_in_probability():
    real, fake = normal(6, 500, 2), 100 + normal(7, 500, 2)
    real[0] = 110
    assert precision(real, fake) == 1.0  # all in the one large ball
    assert p_precision(real, fake) < 0.01


def test_more_neighbours_are_found_where_fewer_were_asked_for_before():
    real, fake = Features(normal(8, 50, 3), "real"), Features(normal(9, 40, 3), "fake")
    pair = pair_of(real, fake)
    first = pair.nearest_fake().squares
    assert pair.nearest_fake(4).squares.shape == (50, 4)
    assert (pair.nearest_fake(4).squares[:, :1] == first).all()
    assert (pair.nearest_fake().squares == first).all()
    prepare(real, fake, [cover_precision])
    assert pair.nearest_real(3).squares.shape == (40, 3)
    assert NearestAcross(5).merged(NearestAcross(3)) == NearestAcross(5)


@pytest.mark.parametrize("metric", [symmetric_precision, symmetric_recall])
def test_balls_need_more_rows_than_neighbours(metric):
    with pytest.raises(BadInput, match="fake: expected at least 6 rows, got 5"):
        metric(normal(0, 6, 2), normal(1, 5, 2))


@pytest.mark.parametrize("metric", [cover_precision, cover_recall])
def test_covers_need_more_rows_than_their_larger_balls_hold(metric):
    with pytest.raises(BadInput, match="real: expected at least 10 rows, got 9"):
        metric(normal(0, 9, 2), normal(1, 20, 2))
    with pytest.raises(BadInput, match="factor: expected a positive whole number, got 0"):
        metric(normal(0, 9, 2), normal(1, 20, 2), factor=0)


@pytest.mark.parametrize("metric", [p_precision, p_recall])
def test_a_reach_that_is_not_positive_is_refused(metric):
    with pytest.raises(BadInput, match="a: expected a positive number, got 0"):
        metric(normal(0, 9, 2), normal(1, 9, 2), a=0)
