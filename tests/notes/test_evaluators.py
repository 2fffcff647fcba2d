from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from ganbench.notes._damage import (
    DAMAGES,
    LEVELS,
    ROWS,
    dropped,
    extract,
    gaussian,
    image_sets,
    losses,
    rotate,
    setup_of,
    shift,
)
from ganbench.notes.base import Form
from ganbench.notes.evaluators import agreement, needed
from tests.notes.measured import findings

pytestmark = pytest.mark.xdist_group("experiment-evaluators")
NAME = "evaluators"


@pytest.fixture(scope="module")
def setup():
    return setup_of(Form("fast"))


@pytest.fixture(scope="module")
def sets(setup):
    return image_sets(setup, 0)


def rows(images):
    return {tuple(row) for row in images.flatten(1).tolist()}


def test_reference_samples_and_spare_images_are_disjoint_and_unseen_by_the_classifier(setup, sets):
    parts = [rows(part) for part in (sets.real, sets.held, sets.spare)]
    assert len(set.union(*parts)) == sum(map(len, parts)) == len(setup.pool)
    assert not rows(setup.train) & rows(setup.pool)


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_damage_changes_no_image_and_all_sets_keep_their_size(sets, damage):
    assert rows(DAMAGES[damage](sets, 0.0)) == rows(sets.held)
    for level in LEVELS:
        assert DAMAGES[damage](sets, level).shape == sets.held.shape


def test_collapse_leaves_one_image_for_each_cluster(setup, sets):
    hit = DAMAGES["collapse"](sets, 1.0)
    cells = sets.cells[: setup.n]
    assert len(rows(hit)) == len(cells.unique())
    torch.testing.assert_close(hit.mean(0), sets.centres[cells].mean(0))
    half = DAMAGES["collapse"](sets, 0.5)
    assert torch.equal(half[cells >= 10], sets.held[cells >= 10])
    assert len(rows(half[cells < 10])) == len(cells[cells < 10].unique())


def test_dropping_removes_whole_clusters_and_refills_with_what_is_said(setup, sets):
    gone = dropped(sets, 1.0)
    assert set(sets.cells[gone].tolist()).isdisjoint(sets.cells[~gone].tolist())
    assert 0.35 < gone.double().mean() <= 0.5
    lost = rows(torch.cat([sets.held, sets.spare])[gone])
    fresh, copies = DAMAGES["dropping"](sets, 1.0), DAMAGES["dropping, copies"](sets, 1.0)
    assert not lost & (rows(fresh) | rows(copies))
    assert len(rows(fresh)) == setup.n  # no image twice
    assert rows(copies) <= rows(sets.held)
    assert len(rows(copies)) == setup.n - int(gone[: setup.n].sum())


def test_a_shift_moves_down_and_right_and_brings_background_in():
    image = torch.arange(16.0).view(1, 1, 4, 4) / 16
    moved = shift(image.repeat(2, 1, 1, 1), torch.tensor([[1, 0], [0, -1]]))
    assert torch.equal(moved[0, :, 1:], image[0, :, :-1])
    assert torch.equal(moved[1, :, :, :-1], image[0, :, :, 1:])
    assert (moved[0, :, 0] == -1).all()
    assert (moved[1, :, :, -1] == -1).all()


def test_a_quarter_turn_is_exact():
    image = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    turned = rotate(image, torch.tensor([90.0]))
    assert torch.allclose(turned, torch.rot90(image, 1, (2, 3)), atol=1e-5)
    assert torch.allclose(rotate(image, torch.tensor([0.0])), image, atol=1e-6)


def test_fakes_share_the_moments_of_the_data_and_stay_in_its_range():
    random = torch.Generator().manual_seed(0)
    mixing = 0.03 * torch.randn(20, 64, generator=random)
    train = 0.2 + torch.rand(500, 20, generator=random) @ mixing  # 20 directions, well inside [-1, 1]
    fakes = gaussian(train.view(-1, 1, 8, 8), 20_000, 0).flatten(1)
    error = train.std(0) / 20_000**0.5
    assert ((fakes.mean(0) - train.mean(0)).abs() < 5 * error).all()
    assert ((fakes.std(0) / train.std(0) - 1).abs() < 5 / 40_000**0.5).all()
    wanted = torch.corrcoef(train.T)
    assert (torch.corrcoef(fakes.T) - wanted).abs().max() < 5 / 20_000**0.5
    bright = gaussian(10 * train.view(-1, 1, 8, 8), 100, 0)
    assert bright.max() == 1


def test_losses_are_larger_for_worse_samples(setup, sets):
    real, held = extract(setup.classifier, sets.real), extract(setup.classifier, sets.held)
    noise = 2 * torch.rand(sets.held.shape, generator=torch.Generator().manual_seed(0)) - 1
    good, bad = losses(real, held), losses(real, extract(setup.classifier, noise))
    assert set(good) == set(ROWS)
    unmoved = {row for row in ROWS if bad[row] <= good[row]}
    # Noise is no copy of anything: nearest neighbours among 64 pixels find it more authentic than real digits.
    assert unmoved <= {"authenticity pixels", "authenticity features", "1-NN pixels"}


def test_one_nearest_neighbour_agrees_with_a_search_by_scikit_learn(setup, sets):
    real, fake = (extract(setup.classifier, each).spaces["features"] for each in (sets.real, sets.fakes))
    both = np.concatenate([real.values.numpy(), fake.values.numpy()])
    kind = np.arange(len(both)) < setup.n
    nearest = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(both).kneighbors(both, return_distance=False)
    expected = (kind[nearest[:, 1]] == kind).mean()
    ours = losses(extract(setup.classifier, sets.real), extract(setup.classifier, sets.fakes))["1-NN features"]
    assert ours == pytest.approx(expected, abs=1e-12)


def test_agreement_is_kendalls_tau_and_a_constant_is_blind():
    assert agreement([1, 2, 3, 4, 5]) == 1
    assert agreement([5, 4, 3, 2, 1]) == -1
    assert agreement([1, 3, 2, 4, 5]) == pytest.approx(0.8)
    assert agreement([2.0] * 5) == 0


def test_images_needed_are_counted_from_the_last_failure():
    right = np.array([[1, 0, 1], [1, 1, 1]])
    assert needed(right, (10, 20, 40)) == 40
    assert needed(np.ones((2, 3)), (10, 20, 40)) == 10
    assert needed(1 - np.ones((2, 3)), (10, 20, 40)) == "over 40"


@pytest.mark.slow
def test_feature_distances_see_fakes_and_collapse():
    results = findings(NAME)
    for row in ("W1 features", "MMD features", "FID features", "1-NN features"):
        assert results.high(f"tau of {row} under fakes") > 0.9
        assert results.mean(f"tau of {row} under collapse") == 1
    assert results.low("tau of W1 pixels under collapse") < 0.5


@pytest.mark.slow
def test_copies_bring_distances_to_zero_and_leave_the_scores():
    results = findings(NAME)
    assert results.numbers["1-NN after full copying"] == (0,) * 5
    assert max(results.numbers["W1 after full copying"]) < 1e-6
    assert abs(results.mean("share of IS under copying")) < 0.1


@pytest.mark.slow
def test_copies_as_refill_are_seen_by_the_nearest_neighbour():
    # Without copies the accuracy on fakes stays near that of a distribution that differs a little; a copy adds a sure
    # hit.
    results = findings(NAME)
    gap = results.mean("1-NN on fakes, full dropping, copies") - results.mean("1-NN on fakes, full dropping")
    assert gap == pytest.approx(0.24, abs=0.1)  # interval of each mean: .03 to .06


@pytest.mark.slow
def test_the_matrix_has_all_metrics_and_properties():
    (matrix,) = findings(NAME).matrices.values()
    assert matrix.rows == ROWS
    assert all(len(line) == len(matrix.columns) == 9 for line in matrix.cells)
    met = {row: line[-1] for row, line in zip(matrix.rows, matrix.cells, strict=True)}
    assert met["1-NN features"] == findings(NAME).mean("criteria met by 1-NN features")
    assert all(isinstance(criteria, int | float) and 0 <= criteria <= 7 for criteria in met.values())


NO: dict[str, dict[str, Any]] = {
    "the best of six metrics": {"criteria met by 1-NN features": 2},
    "metrics and shares of fakes": {"tau of FID features under fakes": 0.8},
    "collapse within classes": {"share of IS under collapse": (0.9, 1.0, 0.95, 0.9, 1.0)},
    "metrics and copied images": {"1-NN after full copying": (0.4, 0.5, 0.6)},
    "dropped modes refilled with copies": {"1-NN on fakes, full dropping": (0.85, 0.86, 0.87, 0.88, 0.89)},
    "metrics on few images": {"right orders of MMD features from 100 images": (1, 0.5, 0.5)},
}
YES: dict[str, dict[str, Any]] = {
    "collapse among pixels": {"tau of W1 pixels under collapse": (-0.2, 0.0, -0.1)},
    "metrics and small shifts": {
        f"share of {name} {space} under {damage}": value
        for name in ("MMD", "1-NN")
        for damage in ("shift", "rotation")
        for space, value in (("features", 0.1), ("pixels", 0.5))
    },
    "Wasserstein on few pixels": {"right orders of W1 pixels": tuple(0.01 * (i % 2) for i in range(20))},
}
