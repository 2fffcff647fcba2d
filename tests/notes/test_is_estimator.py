from math import exp, log, prod

import pytest

from ganbench.notes.is_estimator import expected_entropy
from tests.notes import measured

pytestmark = pytest.mark.xdist_group("experiment-is_estimator")
NAME = "is_estimator"


def test_the_expected_entropy_is_that_of_all_outcomes_of_two_coins_and_three() -> None:
    assert expected_entropy(2, 2) == pytest.approx(log(2) / 2)  # half of the pairs differ
    one_and_two = -(log(1 / 3) / 3 + 2 * log(2 / 3) / 3)
    assert expected_entropy(2, 3) == pytest.approx(0.75 * one_and_two)


def test_the_expected_entropy_follows_the_first_order_bias_for_many_draws() -> None:
    # the next term is (1 - sum 1/p) / 12 n^2
    n, classes = 5000, 10
    second = (1 - classes**2) / (12 * n**2)
    assert expected_entropy(classes, n) == pytest.approx(log(classes) - (classes - 1) / (2 * n) + second, abs=1e-8)


def test_the_published_sizes_have_the_exact_scores() -> None:
    results = measured.findings(NAME)
    assert results.mean("exact: 1000 classes, 1 split") == pytest.approx(990.0, abs=0.1)
    assert results.mean("exact: 1000 classes, 10 splits") == pytest.approx(900.7, abs=0.1)


def test_unequal_distributions_have_their_closed_forms() -> None:
    results = measured.findings(NAME)
    truth = (0.5, 0.25, 0.125, 0.125)
    assert results.mean("IS, true distribution") == pytest.approx(prod(p**-p for p in truth))
    assert results.mean("IS, equal shares") == pytest.approx(4)
    assert results.mean("AM score, true distribution") == pytest.approx(0, abs=1e-12)
    gap = sum(p * log(4 * p) for p in truth)
    assert results.mean("AM score, equal shares") == pytest.approx(gap)
    to_truth = sum(log(0.25 / p) / 4 for p in truth)
    assert results.mean("Mode Score, equal shares") == pytest.approx(4 * exp(-to_truth))


def test_one_class_a_split_scores_one_and_shuffled_rows_nearly_ten() -> None:
    results = measured.findings(NAME)
    assert results.mean("certain, sorted") == pytest.approx(1, abs=1e-12)
    assert results.mean("certain, shuffled") == pytest.approx(
        10 * exp(-9 / 1000), abs=0.05
    )  # without replacement: less
