"""Drawings in a page: values stand where the metric's scale puts them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from ganbench.report.svg import EDGE, GLYPH, Axis, LearningCurve, chart, decades, even, glyph, glyph_axis, number
from ganbench.tables.scales import Scale

LOG = Scale("log", 0.0)


def test_equal_ratios_are_equal_lengths() -> None:
    assert Axis(LOG, 1.0, 100.0, 0.0, 80.0).at([1.0, 10.0, 100.0]) == pytest.approx([0.0, 40.0, 80.0])


def test_what_lies_outside_is_put_at_the_end_and_points_there() -> None:
    axis = glyph_axis(LOG, [1.0, 10.0])
    assert axis.at(1000.0) == pytest.approx(GLYPH[0] - EDGE)
    assert 'class="tip"' in glyph(axis, 1000.0, None, None)
    assert "<circle" in glyph(axis, 10.0, None, None)


def test_an_interval_reaches_from_end_to_end() -> None:
    drawing = glyph(Axis(Scale("linear"), 0.0, 10.0, 0.0, 100.0), 5.0, 2.0, 9.0, ceiling=10.0)
    assert 'd="M20.0 6H90.0"' in drawing
    assert 'cx="50.0"' in drawing
    assert 'd="M100.0 1V11"' in drawing


@pytest.mark.parametrize(
    ("low", "high", "ticks"), [(0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0, 1000, [0, 200, 400, 600, 800, 1000])]
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert even(low, high) == pytest.approx(ticks)


def test_decades_are_filled_where_there_are_few() -> None:
    assert decades(1.0, 1000.0) == pytest.approx([1, 10, 100, 1000])
    assert decades(2.0, 60.0) == pytest.approx([3, 10, 30])


def test_numbers_at_an_axis_are_short() -> None:
    assert [number(x) for x in (0.0, 0.001, 1000.0, 2e7, 3e-5)] == ["0", "0.001", "1\u202f000", "2e7", "3e-5"]


def test_a_curve_carries_its_row_and_its_name_as_text() -> None:
    at = np.array([0.0, 10.0])
    drawing = chart("t", [LearningCurve(7, "<b>", "c0", at, at + 1, at + 2, at + 3)], [("real & true", 1.0)], LOG)
    assert 'data-r="7"' in drawing
    assert "&lt;b&gt;" in drawing
    assert "real &amp; true" in drawing
    assert not re.search(r"nan|inf", drawing)
