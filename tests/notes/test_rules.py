"""Conditions are read as they are written, and are sure when their intervals say so."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest, ttest_1samp, ttest_ind, ttest_rel

from ganbench.errors import RequestError
from ganbench.notes.rules import interval, parse, share_interval, state

A, B, LONG = (1.0, 1.3, 0.9, 1.1), (2.0, 2.2, 2.4, 1.9), (2.0, 2.2, 2.4, 1.9, 2.6)
NUMBERS = {"a": A, "b": B, "long": LONG, "one": (3.0,), "c, 1": A, "c, 2": B, "flat": (1.0, 1.0, 1.0)}


def states(text: str, exact: bool = False) -> list[str]:
    return [state(each, NUMBERS, exact, 1) for each in parse(text, NUMBERS)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"a" < 2', "holds"),
        ('"a" > 2', "fails"),
        ('"a" < 1.1', "open"),
        ('2 > "a"', "holds"),
        ('"a" < "b"', "holds"),
        ('"b" < 3 * "a"', "holds"),
        ('"b" - "a" > 0.5', "holds"),
        ('"b" - 2 * "a" = 0 within 1', "holds"),
        ('"a" = 1 within 0.4', "holds"),
        ('"a" = 3 within 0.4', "fails"),
        ('"a" = 1.2 within 0.2', "open"),
        ('"a" > -1e-3', "holds"),
        ('"flat" = 1 within 1e-9', "holds"),
        ('"flat" > 1', "fails"),
        ('"one" > 2', "open"),
        ('share("a" < 2) > 0.3', "holds"),
        ('share("a" < 2) > 0.5', "open"),
        ('share("a" > 2) > 0.7', "fails"),
    ],
)
def test_a_condition_is_sure_or_open(text: str, said: str) -> None:
    assert states(text) == [said]


def test_what_is_computed_is_sure_by_itself() -> None:
    assert states('"one" > 2', exact=True) == ["holds"]
    assert states('"one" = 3 within 1e-9', exact=True) == ["holds"]


def test_a_star_stands_for_every_number_that_it_matches() -> None:
    assert states('"c, *" < 1.5') == ["holds", "fails"]


def test_intervals_are_students_of_pairs_and_welchs_of_others() -> None:
    (paired,), (welch,), (single,) = (parse(text, NUMBERS) for text in ('"a" < "b"', '"a" < "long"', '"a" < 1'))
    for condition, known, shift in (
        (paired, ttest_rel(A, B).confidence_interval(), 0),
        (welch, ttest_ind(A, LONG, equal_var=False).confidence_interval(), 0),
        (single, ttest_1samp(A, 1).confidence_interval(), 1),
    ):
        assert interval(condition, NUMBERS, False, 0.05) == pytest.approx((known.low - shift, known.high - shift))


@pytest.mark.parametrize(("count", "n"), [(0, 4), (4, 4), (3, 8), (1, 40)])
def test_a_share_of_runs_has_clopper_and_pearsons_interval(count: int, n: int) -> None:
    exact = binomtest(count, n).proportion_ci(0.95, method="exact")
    assert share_interval(count, n) == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"a" = 1', "within"),
        ('"a"', "expected"),
        ('"a" < 2 within 1', "expected"),
        ("a < 2", "names in double quotes"),
        ('"a" < 2 3 x', "names in double quotes"),
        ('"aa" < 2', "did you mean 'a'"),
        ('"d*" < 2', "no number matches"),
        ('share("a" < 2) < 0.5', "above something"),
        ('share("x" < 2) > 0.5', "unknown number"),
    ],
)
def test_a_condition_that_cannot_be_read_is_refused(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        parse(text, NUMBERS)
