"""Controls are what their names say: each is tested by the one property that a score is later read against."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch import Tensor

from ganbench.baseline import Control
from ganbench.baselines.bootstrap import Bootstrap
from ganbench.baselines.frechet_matching import FrechetMatching
from ganbench.baselines.gaussian import Gaussian
from ganbench.baselines.gmm import GMM
from ganbench.baselines.half_classes import HalfClasses
from ganbench.baselines.held_out import HeldOut
from ganbench.baselines.kde import KDE, log_likelihood
from ganbench.baselines.mean_image import MeanImage
from ganbench.baselines.moment_atoms import MomentAtoms
from ganbench.baselines.noise import Noise
from ganbench.baselines.one_per_class import OnePerClass
from ganbench.baselines.pixel_independent import PixelIndependent
from ganbench.data import load
from ganbench.data.sources import Finite
from ganbench.dataset import Dataset, Space
from ganbench.errors import BadInput
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

SMALL: list[Control] = [
    HeldOut(),
    Bootstrap(),
    HalfClasses(),
    OnePerClass(),
    Gaussian(),
    Noise(),
    MeanImage(),
    PixelIndependent(),
    KDE(limit=400),
    GMM(components=3, limit=400),
]


def drawn(control: Control, dataset: str | Dataset, n: int, seeds: tuple[int, ...] = (0,)) -> Tensor:
    """Samples (seeds, n, *shape) of a control."""
    data = load(dataset) if isinstance(dataset, str) else dataset
    return Sampler(Trainer(control, data, seeds, Plan(1))).draw(n)[0]


def rows(x: Tensor) -> set[bytes]:
    return {row.numpy().tobytes() for row in x.flatten(1)}


def digits() -> tuple[Finite, Finite, Finite]:
    data = load("digits")
    parts = data.train, data.held_out, data.control
    assert all(isinstance(part, Finite) for part in parts)
    return parts  # type: ignore[return-value]


@pytest.mark.parametrize("dataset", ["ring8", "digits"])
@pytest.mark.parametrize("control", SMALL, ids=lambda control: type(control).__name__)
def test_every_control_samples_in_the_range_and_differs_by_seed_only_where_it_should(
    control: Control, dataset: str
) -> None:
    data = load(dataset)
    x = drawn(control, data, 300, (0, 1))
    assert x.shape == (2, 300, *data.space.shape)
    assert x.dtype == torch.float32
    assert x.min() >= data.space.low
    assert x.max() <= data.space.high
    assert torch.equal(x, drawn(control, data, 300, (0, 1)))
    constant = isinstance(control, MeanImage) and dataset == "digits"  # the mean of all is the same for every seed
    assert torch.allclose(x[0], x[1]) == constant


def test_held_out_samples_are_distinct_control_examples_until_they_run_out() -> None:
    train, held_out, control = digits()
    x = drawn(HeldOut(), "digits", len(control.x))[0]
    assert rows(x) == rows(control.x)
    assert len(rows(x)) == len(control.x)
    assert not rows(x) & (rows(train.x) | rows(held_out.x))
    longer = drawn(HeldOut(), "digits", len(control.x) + 5)[0]
    assert torch.equal(longer[-5:], x[:5])


def test_bootstrap_repeats_training_examples_as_often_as_chance_says() -> None:
    train, _, _ = digits()
    n = len(train.x)
    x = drawn(Bootstrap(), "digits", n)[0]
    assert rows(x) <= rows(train.x)
    expected, sd = n * (1 - np.exp(-1)), np.sqrt(n * (np.exp(-1) - 2 * np.exp(-2)))  # distinct ones among n of n
    assert abs(len(rows(x)) - expected) < 4 * sd


def test_bootstrap_remembers_a_bounded_number_of_a_stream() -> None:
    assert len(rows(drawn(Bootstrap(limit=10), "ring8", 500)[0])) == 10


def test_half_classes_shows_distinct_examples_of_exactly_half_of_the_classes() -> None:
    train, _, _ = digits()
    label = {row.numpy().tobytes(): int(y) for row, y in zip(train.x.flatten(1), train.y, strict=True)}
    kept = set()
    for x in drawn(HalfClasses(), "digits", 400, (0, 1, 2)):
        classes = {label[row.numpy().tobytes()] for row in x.flatten(1)}
        assert len(classes) == 5
        assert len(rows(x)) == 400
        kept.add(frozenset(classes))
    assert len(kept) > 1  # another seed, other classes


def test_half_classes_repeats_its_examples_only_after_all_of_them() -> None:
    x = torch.arange(6.0)[:, None].repeat(1, 2)
    source = Finite(x, torch.tensor([0, 1, 0, 1, 0, 1]))
    data = replace(load("ring8"), train=source, space=Space((2,), 2, 0.0, 6.0))
    y = drawn(HalfClasses(), data, 6)[0]
    assert torch.equal(y[:3], y[3:])
    assert sorted(y[:3, 0].tolist()) in ([0, 2, 4], [1, 3, 5])


def test_one_per_class_shows_one_training_example_of_each_class_equally_often() -> None:
    train, _, _ = digits()
    label = {row.numpy().tobytes(): int(y) for row, y in zip(train.x.flatten(1), train.y, strict=True)}
    x = drawn(OnePerClass(), "digits", 100)[0]
    shown, counts = np.unique(x.flatten(1).numpy(), axis=0, return_counts=True)
    assert (counts == 10).all()
    assert {label[row.tobytes()] for row in shown} == set(range(10))


def test_one_per_class_says_which_class_has_no_example() -> None:
    data = replace(load("ring8"), train=Finite(torch.zeros(3, 2), torch.tensor([0, 1, 3])))
    with pytest.raises(BadInput, match="class 2"):
        drawn(OnePerClass(), data, 1)


@pytest.mark.parametrize("control", [HalfClasses(), OnePerClass()])
def test_controls_about_classes_refuse_data_without_labels(control: Control) -> None:
    assert control.unsupported(Space((2,), 0, -1, 1), 32)


def test_gaussian_has_the_mean_and_the_covariance_of_the_data() -> None:
    draws = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    x = draws @ torch.tensor([[1.0, 0.5], [0.0, 0.2]]) + torch.tensor([3.0, -2.0])
    data = replace(load("ring8"), train=Finite(x, torch.zeros(500).long()), space=Space((2,), 0, -100, 100))
    sampler = Sampler(Trainer(Gaussian(), data, [0], Plan(1)))
    torch.testing.assert_close(sampler.extra["mean"][0], x.mean(0))
    root = sampler.extra["root"][0]
    torch.testing.assert_close(root @ root.T, x.T.cov(correction=0))
    torch.testing.assert_close(sampler.draw(20_000)[0][0].T.cov(), x.T.cov(), atol=0.05, rtol=0)


def test_a_gaussian_of_digits_leaves_pixels_that_never_change_alone() -> None:
    train, _, _ = digits()
    still = train.x.flatten(1).std(0) == 0
    assert still.any()
    x = drawn(Gaussian(), "digits", 50)[0].flatten(1)
    torch.testing.assert_close(x[:, still], train.x.flatten(1)[:50, still], atol=1e-5, rtol=0)


def test_noise_is_uniform_in_the_range_of_the_data() -> None:
    x = drawn(Noise(), replace(load("digits"), space=Space((1, 8, 8), 10, -1.0, 3.0)), 500)
    assert abs(x.mean() - 1) < 0.03
    assert abs(x.var() - 16 / 12) < 0.03
    assert x.min() < -0.99
    assert x.max() > 2.99


def test_the_mean_image_is_the_mean() -> None:
    train, _, _ = digits()
    x = drawn(MeanImage(), "digits", 3)[0]
    torch.testing.assert_close(x, train.x.mean(0).expand(3, 1, 8, 8))


def test_independent_pixels_keep_each_distribution_and_lose_the_correlation() -> None:
    line = torch.arange(1000.0)
    x = torch.stack([line, line + 5000], 1)
    data = replace(load("ring8"), train=Finite(x, torch.zeros(1000).long()), space=Space((2,), 0, 0, 6000))
    y = drawn(PixelIndependent(), data, 4000)[0]
    assert y[:, 0].max() < 1000 <= y[:, 1].min() - 4000
    assert abs(torch.corrcoef(y.T)[0, 1]) < 0.06
    assert abs(y[:, 0].mean() - 499.5) < 20


def test_the_kernel_density_is_the_one_of_equal_gaussians() -> None:
    draws = np.random.default_rng(0)
    points, centres, sd = draws.normal(size=(4, 3)), draws.normal(size=(5, 3)), 0.7
    densities = [[multivariate_normal(c, sd**2 * np.eye(3)).pdf(p) for c in centres] for p in points]
    square = torch.cdist(torch.tensor(points), torch.tensor(centres)).square()
    assert float(log_likelihood(square, sd, 3)) == pytest.approx(np.log(np.mean(densities, 1)).mean(), abs=1e-12)


def test_the_kernel_width_follows_the_rule_of_thumb_on_gaussian_data() -> None:
    x = torch.randn(2000, 1, generator=torch.Generator().manual_seed(1))
    data = replace(load("ring8"), train=Finite(x, torch.zeros(2000).long()), space=Space((1,), 0, -9, 9))
    sd = Sampler(Trainer(KDE(), data, [0], Plan(1))).extra["sd"][0]
    rule = 1.06 * 2000**-0.2  # Silverman, 1986: the width of least squared error for a Gaussian
    assert rule / 2 < float(sd) < 2 * rule


def test_the_kernel_width_is_the_sd_of_the_noise_around_training_examples() -> None:
    data = replace(load("ring8"), train=Finite(torch.zeros(20, 2), torch.zeros(20).long()))
    x = drawn(KDE(grid=(0.1,)), data, 4000)
    assert abs(x.std() - 0.1) < 0.005


@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_a_fitted_mixture_recovers_the_components_of_a_mixture(covariance: str) -> None:
    generator = torch.Generator().manual_seed(0)
    tilt = torch.tensor([[0.5, 0.4], [0.0, 0.1]])
    first = torch.randn(1500, 2, generator=generator) @ tilt + torch.tensor([4.0, 0.0])
    second = torch.randn(500, 2, generator=generator) * 0.2 - torch.tensor([4.0, 0.0])
    x = torch.cat([first, second])
    data = replace(load("ring8"), train=Finite(x, torch.zeros(2000).long()), space=Space((2,), 0, -9, 9))
    y = drawn(GMM(components=2, covariance=covariance), data, 8000)[0]
    right = y[y[:, 0] > 0]
    assert abs(len(right) / 8000 - 0.75) < 0.02
    torch.testing.assert_close(right.mean(0), first.mean(0), atol=0.03, rtol=0)
    wanted = first.T.cov() if covariance == "full" else first.var(0).diag()
    torch.testing.assert_close(right.T.cov(), wanted, atol=0.03, rtol=0)


def test_a_mixture_needs_as_many_examples_as_components() -> None:
    with pytest.raises(BadInput, match="components must be at most the 899"):
        drawn(GMM(components=900), "digits", 1)


@pytest.mark.parametrize(
    ("control", "field"), [(GMM, "components"), (KDE, "limit"), (Bootstrap, "limit"), (HalfClasses, "limit")]
)
def test_senseless_settings_are_refused_by_name(control: type[Control], field: str) -> None:
    settings: dict[str, Any] = {field: 0}
    with pytest.raises(BadInput, match=field):
        control(**settings)


def test_moment_atoms_have_the_moments_of_the_data_on_points_alone() -> None:
    x = drawn(MomentAtoms(limit=20_000), "ring8", 400)[0].double()
    assert len(rows(x)) == 4
    assert torch.allclose(x.mean(0), torch.zeros(2, dtype=torch.float64), atol=0.03)
    assert torch.allclose(x.T.cov(), 0.5 * torch.eye(2, dtype=torch.float64), atol=0.03)
    assert "range of images" in (MomentAtoms().unsupported(load("digits").space, 32) or "")


def test_samples_of_frechet_matching_have_the_moments_of_the_data_on_one_curve() -> None:
    x = drawn(FrechetMatching(limit=20_000), "ring8", 4000)[0].double()
    assert torch.allclose(x.mean(0), torch.zeros(2, dtype=torch.float64), atol=0.06)
    assert torch.allclose(x.T.cov(), 0.5 * torch.eye(2, dtype=torch.float64), atol=0.06)
    nearest = (torch.cdist(x, x) + torch.eye(len(x))).amin(1)
    assert float(nearest.median()) < 0.002  # on a plane it would be about 0.5 / 4000 ** 0.5 = 0.008
    assert "range of images" in (FrechetMatching().unsupported(load("digits").space, 32) or "")
