from math import exp, log
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from ganbench._util.streams import stream
from ganbench.notes._failures import FAILURES, RARE, balanced, cases, climbed, digits, halves, material, thinned
from ganbench.notes._letters import letters
from ganbench.notes.base import Form
from ganbench.notes.is_failures import BALANCED, IS, METRIC_NAMES, NAMES, control, key, verdict
from tests.notes import measured

pytestmark = pytest.mark.xdist_group("experiment-is_failures")
NAME = "is_failures"


@pytest.mark.slow
def test_ten_pictures_repeated_have_the_exact_values_of_ten_points() -> None:
    results = measured.findings(NAME)
    exact = {IS: 10.0, "modified_is": 1.0, "recall": 0.0, "one_nn_fake": 1.0, "narrow_vendi": 10.0}
    for metric_name, value in exact.items():
        assert results.numbers[key(metric_name, "one image per class")] == pytest.approx([value] * 5, abs=0.02), (
            metric_name
        )


@pytest.mark.slow
def test_copies_are_certain_and_a_distance_to_held_out_images_does_not_mind_them() -> None:
    results = measured.findings(NAME)
    assert results.numbers["copies: training images"] == (1.0,) * 5
    assert results.numbers["authenticity: training images"] == (0.0,) * 5
    assert {verdict(results, metric_name, "training images") for metric_name in ("fid", "kid", "precision")} == {
        "blind"
    }


@pytest.mark.slow
def test_half_of_the_classes_halve_the_score() -> None:
    # a perfect classifier's score is exp H(y): five classes of about a fifth each, and few posteriors in between
    assert measured.findings(NAME).mean(key(IS, "half of the classes")) == pytest.approx(5, rel=0.03)


@pytest.mark.slow
def test_the_truth_with_rare_classes_scores_less_than_the_exponential_of_its_entropy() -> None:
    share = [RARE / (RARE + 1) / 5] * 5 + [1 / (RARE + 1) / 5] * 5
    bound = exp(-sum(p * log(p) for p in share))
    real = measured.findings(NAME).mean(key(IS, control(BALANCED)))
    assert 0.9 * bound < real < 1.1 * bound  # rounding makes some rare classes less rare: 6 of 45, not 5.6


@pytest.mark.slow
def test_the_matrix_says_what_the_numbers_say() -> None:
    results = measured.findings(NAME)
    matrix = results.matrices["who sees it"]
    assert (matrix.rows, matrix.columns) == (METRIC_NAMES, NAMES)
    sees = dict(zip(matrix.columns, matrix.cells[matrix.rows.index("fid")], strict=True))
    assert sees == {name: "blind" if name == "training images" else "sees" for name in NAMES}


def test_reference_and_control_share_no_image_and_the_classifier_saw_neither() -> None:
    m = digits()
    real, other = halves(m, 3)
    rows = [tuple(x.flatten().tolist()) for x in (*real.x, *other.x)]
    trained = {tuple(x.flatten().tolist()) for x in m.train.x}
    assert len(rows) == len(set(rows)) == 2 * (len(m.pool.x) // 2)
    assert not trained & set(rows)


def test_the_full_form_falls_back_on_digits_where_mnist_cannot_be_had(tmp_path: Path) -> None:
    assert material(Form("full", tmp_path)).name == "digits"


def test_a_generator_of_averages_shows_the_means_of_four_images_of_a_class() -> None:
    m = digits()
    mean = FAILURES["averages"](m, halves(m, 0)[1], stream(0, "test"))[13]
    threes = m.train.x[m.train.y == 3]
    rest, hits = 4 * mean, 0
    for image in threes:  # sixteen grey levels: a member never exceeds the sum, its complement never falls below -1
        hits += bool(((rest - image) >= -3).all() and ((rest - image) <= 3).all())
    assert hits >= 4
    assert torch.equal(4 * mean * 8, (4 * mean * 8).round())


def test_climbing_makes_the_classifier_sure_of_the_wanted_class_within_the_range_of_pixels() -> None:
    m = digits()
    start = 2 * torch.rand(20, 1, 8, 8, generator=stream(0, "test")) - 1
    wanted = torch.arange(20) % 10
    top = climbed(m.classifier.network, start, wanted)
    sure = m.classifier(top).posteriors
    assert sure is not None
    assert sure.gather(1, wanted[:, None]).min() > 0.9
    assert top.abs().max() <= 1


def test_thinning_keeps_one_in_eight_of_each_rare_class() -> None:
    real, other = halves(digits(), 0)
    kept = F.one_hot(real.y, 10).sum(0)
    expected = int(kept[:5].sum() + (-(-kept[5:] // RARE)).sum())
    assert len(thinned(real, 5)) == expected
    assert F.one_hot(other.y[balanced(other.y, 200)], 10).sum(0).tolist() == [20] * 10


def test_failures_are_the_same_in_every_process_and_differ_between_seeds() -> None:
    m = digits()
    first, again, other = (cases(m, seed)["averages"].fake for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_letters_are_sharp_white_on_black_and_differ() -> None:
    drawn = letters(36, 28, stream(0, "test"))
    assert drawn.shape == (36, 1, 28, 28)
    assert drawn.amin((1, 2, 3)).max() == -1
    assert drawn.amax((1, 2, 3)).min() > 0.5
    assert len(torch.unique(drawn, dim=0)) == 36
