"""Ranges that are guessed, and the levels that values become."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from ganbench.io import grey_levels
from ganbench.io.grey_levels import CLIPPED, guess, is_filled, of_sixteen_bits, on_white, to_levels, white_for


@pytest.mark.parametrize(
    ("low", "high", "span"),
    [
        (0.0, 1.0, (0, 1)),
        (0.4, 0.6, (0, 1)),
        (-0.1, 0.9, (-1, 1)),
        (0.0, 1.001, (0, 255)),
        (-1.0, 2.0, None),
        (0.0, 256.0, None),
    ],
)
def test_floats_have_the_first_usual_range_that_holds_them(
    low: float, high: float, span: tuple[float, float] | None
) -> None:
    assert guess(low, high, is_float=True) == span


def test_whole_numbers_are_those_of_eight_bits() -> None:
    assert guess(0, 1, is_float=False) == (0, 255)
    assert guess(-1, 1, is_float=False) is None


def test_a_range_is_filled_by_values_near_to_both_of_its_ends() -> None:
    assert is_filled((-1.0, 1.0), -0.8, 0.8)
    assert not is_filled((-1.0, 1.0), -0.79, 1)
    assert not is_filled((0.0, 255.0), 0, 229)


@pytest.mark.parametrize(
    ("largest", "white"), [(0, 255), (255, 255), (256, 1023), (4095, 4095), (4096, 16383), (65535, 65535)]
)
def test_sixteen_bits_are_those_that_hold_the_largest_value(largest: int, white: int) -> None:
    assert white_for(largest) == white


def test_a_range_that_only_floats_have_is_none_of_sixteen_bits() -> None:
    assert [of_sixteen_bits(span) for span in (None, (-1.0, 1.0), (0.0, 1.0), (-5.0, 300.0))] == [None] * 4
    assert of_sixteen_bits((0.0, 4095.0)) == (0, 4095)


def test_half_a_level_is_rounded_as_if_it_were_exact() -> None:
    values = np.array([[[0], [-100], [100]]], np.int32)
    assert to_levels("x", values, (-100.0, 100.0))[0].ravel().tolist() == [128, 0, 255]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_picture_is_converted_some_rows_at_a_time_and_comes_out_the_same(
    channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (37, 20, channels), dtype=np.uint16)
    whole = to_levels("x", values, (0.0, 65535.0))
    eight = on_white(values.astype(np.uint8)) if channels == 4 else None
    monkeypatch.setattr(grey_levels, "PART", 100)
    assert np.array_equal(to_levels("x", values, (0.0, 65535.0))[0], whole[0])
    assert eight is None or np.array_equal(on_white(values.astype(np.uint8)), eight)


def test_a_large_picture_takes_little_more_memory_than_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grey_levels, "PART", 1 << 14)
    values = np.zeros((1000, 1000, 4), np.uint16)
    tracemalloc.start()
    try:
        to_levels("x", values, (0.0, 65535.0))
        on_white(values.astype(np.uint8))
        assert (
            tracemalloc.get_traced_memory()[1] < 3 * values.size
        )  # float64 of all of it would take eight times as much
    finally:
        tracemalloc.stop()


def test_opacity_of_sixteen_bits_may_fill_them_where_colour_does_not() -> None:
    for opaque in (4095, 65535):
        values = np.array([[[4095, opaque], [4095, 0], [0, opaque]]], np.uint16)
        shown, notes = to_levels("x", values, (0.0, 4095.0))
        assert shown.ravel().tolist() == [255, 255, 0]
        assert CLIPPED not in notes
