"""Path lengths of linear generators in closed form, and classifiers that teach and are taught by labelled samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.metrics.gan_train import gan_test, gan_train
from ganbench.metrics.path_length import lerp, path_length, perceptual_path_length, slerp


def draws(n, d, seed=0):
    generator = torch.Generator().manual_seed(seed)
    ends = torch.randn(2, n, d, generator=generator, dtype=torch.float64)
    return (ends[0], ends[1]), torch.rand(n, generator=generator, dtype=torch.float64)


def itself(z):
    return z


def test_a_linear_generator_has_twice_its_squared_norm():
    weights = torch.randn(16, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    ends, at = draws(40_000, 16)
    exact = 2 * weights.square().sum().item()
    # |W (z1 - z0)|^2 has a coefficient of variation of about .6; trimming a skew distribution takes 1 % off.
    assert path_length(lambda z: z @ weights, itself, ends, at, blend="lerp") == pytest.approx(exact, rel=0.03)
    assert path_length(itself, itself, ends, at, blend="lerp") == pytest.approx(32, rel=0.02)


def test_each_step_of_a_straight_path_is_exact():
    ends, at = draws(1, 5)
    exact = (ends[1] - ends[0]).square().sum().item()
    assert path_length(itself, itself, ends, at, blend="lerp") == pytest.approx(exact, rel=1e-8)
    assert path_length(itself, lambda x: 3 * x, ends, at, blend="lerp") == pytest.approx(9 * exact, rel=1e-8)


def test_a_great_circle_has_its_angle_squared():
    ends, at = draws(4000, 512)
    # E angle^2 is about pi^2 / 4 + 1 / d; the angle's deviation is 1 / sqrt(d).
    assert path_length(itself, itself, ends, at) == pytest.approx(math.pi**2 / 4 + 1 / 512, rel=4e-3)


def test_the_circle_turns_evenly_from_end_to_end():
    a, b = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 5.0]])
    for t, expected in (
        (0.0, (1, 0)),
        (0.5, (math.sqrt(0.5), math.sqrt(0.5))),
        (1.0, (0, 1)),
        (1 / 3, (0.8660254, 0.5)),
    ):
        assert slerp(a, b, torch.tensor([t]))[0].tolist() == pytest.approx(expected, abs=1e-6)
    sixty_degrees = torch.tensor([[1.0, math.sqrt(3)]])
    assert slerp(a, sixty_degrees, torch.tensor([0.5]))[0].tolist() == pytest.approx((0.8660254, 0.5), abs=1e-6)


def test_equal_and_opposite_ends_stay_finite():
    a = torch.tensor([[1.0, 0.0]])
    assert slerp(a, 3 * a, torch.tensor([0.3])).tolist() == [[1, 0]]
    assert slerp(a, -a, torch.tensor([0.5])).isfinite().all()
    with pytest.raises(BadInput, match="no direction"):
        slerp(a, 0 * a, torch.tensor([0.5]))


def test_the_line_goes_from_end_to_end():
    assert lerp(torch.tensor([[1.0]]), torch.tensor([[5.0]]), torch.tensor([0.25])).item() == 2


def test_a_constant_generator_has_a_perfect_length_of_zero():
    ends, at = draws(10, 3)
    assert path_length(lambda z: torch.ones(len(z), 1, 4, 4), itself, ends, at) == 0


def test_the_shortest_and_longest_percent_are_left_out():
    ends, at = draws(1000, 2)
    ends[1][:5] += 1e6  # five jumps among a thousand
    assert path_length(itself, itself, ends, at, blend="lerp") < 10


def test_paths_that_cannot_be_walked_are_refused():
    ends, at = draws(10, 3)
    for arguments, complaint in (
        (((ends[0], ends[1][:5]), at), "expected"),
        ((ends, at[:5]), "expected"),
        ((ends, at, 0.0), "epsilon"),
        ((ends, at, 1e-4, "bezier"), "bezier"),
    ):
        with pytest.raises(BadInput, match=complaint):
            path_length(itself, itself, *arguments)
    with pytest.raises(BadInput, match="finite"):
        path_length(lambda z: z * math.inf, itself, ends, at)


CENTRES = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def labelled(n, seed, classes=3, sd=1.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    return CENTRES[labels] + sd * rng.normal(size=(n, 2)), labels


def test_samples_like_the_data_teach_and_are_told_apart():
    (real, y), (fake, asked) = labelled(300, 0), labelled(300, 1)
    assert gan_train(real, y, fake, asked) == gan_test(real, y, fake, asked) == 1


def test_a_dropped_class_fails_its_pupils_but_not_its_teachers():
    (real, y), (fake, asked) = labelled(300, 0), labelled(300, 1, classes=2)
    assert gan_train(real, y, fake, asked) == pytest.approx(2 / 3)
    assert gan_test(real, y, fake, asked) == 1


def test_samples_of_the_wrong_class_fail_both():
    (real, y), (fake, asked) = labelled(300, 0), labelled(300, 1)
    assert gan_train(real, y, fake, (asked + 1) % 3) == gan_test(real, y, fake, (asked + 1) % 3) == 0


def test_stray_samples_are_seen_by_the_test_alone():
    (real, y), (fake, asked) = labelled(300, 0), labelled(300, 1)
    stray = np.arange(300) % 5 == 0
    fake[stray] = CENTRES[(asked[stray] + 1) % 3]
    assert gan_test(real, y, fake, asked) == pytest.approx(0.8)
    assert gan_train(real, y, fake, asked) > 0.95


def test_labels_and_columns_that_do_not_fit_are_refused():
    (real, y), (fake, asked) = labelled(30, 0), labelled(30, 1)
    with pytest.raises(BadInput, match="fake_labels: expected 30 labels"):
        gan_train(real, y, fake, asked[:5])
    with pytest.raises(BadInput, match="at least 2 classes"):
        gan_train(real, y, fake, 0 * asked)
    with pytest.raises(BadInput, match="columns"):
        gan_test(real, y, fake[:, :1], asked)


def squared(a, b):
    return (a - b).square().sum(1)


def test_the_length_by_a_distance_of_ones_own_is_that_of_the_features():
    weights = torch.from_numpy(np.random.default_rng(0).normal(size=(6, 9)))
    value = perceptual_path_length(lambda z: z @ weights, squared, latent=6, n=500, blend="lerp", batch=64)
    noise = stream(0, "perceptual path length")
    start, end = (torch.randn(500, 6, generator=noise, dtype=torch.float64) for _ in range(2))
    at = torch.rand(500, generator=noise, dtype=torch.float64)
    assert value == pytest.approx(path_length(lambda z: z @ weights, lambda x: x, (start, end), at, blend="lerp"))
    assert value == pytest.approx(2 * float(weights.square().sum()), rel=0.1)  # E |(b - a) W|^2 of standard normals


def test_the_length_does_not_depend_on_the_batch_and_ends_are_where_paths_start():
    by_seven, by_all = (
        perceptual_path_length(torch.tanh, squared, latent=3, n=50, batch=batch, at_ends=True) for batch in (7, 50)
    )
    assert by_seven == pytest.approx(by_all, rel=1e-9)


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (lambda a, b: (a - b).square(), r"expected a Tensor of 4 distances, one for each pair, got \(4, 3\)"),
        (lambda a, b: 0.5, "one for each pair, got float"),
        (lambda a, b: -(a - b).square().sum(1) - 1, "expected finite numbers of at least 0"),
    ],
)
def test_what_is_no_distance_is_refused(distance, said):
    with pytest.raises(BadInput, match=said):
        perceptual_path_length(lambda z: z, distance, latent=3, n=4)
