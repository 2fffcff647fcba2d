"""Real images, the damage that typical faults of generators would do to them, and the metrics' losses on the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, pad

from ganbench import data
from ganbench._util.streams import stream
from ganbench.data.sources import Finite
from ganbench.dataset import Source
from ganbench.errors import BadInput
from ganbench.features.classifier import Classifier, classifier
from ganbench.metrics import METRICS
from ganbench.metrics.clusters import k_means
from ganbench.metrics.feature_vectors import Features
from ganbench.notes._mnist import mnist
from ganbench.notes.base import Form

SPACES = ("pixels", "features")
TWO_SAMPLE: dict[str, Callable[[Any, Any], float]] = {
    "W1": METRICS["w1"],
    "MMD": METRICS["mmd"],
    "FID": METRICS["fid"],
    "1-NN": METRICS["one_nn_accuracy"],  # as it is: above one half for fakes that differ, below for fakes that copy
    "KID": METRICS["kid"],
    "energy": METRICS["energy_distance"],
    "precision": METRICS["precision"],
    "recall": METRICS["recall"],
    "density": METRICS["density"],
    "coverage": METRICS["coverage"],
    "authenticity": METRICS["authenticity"],
}
RISING = ("precision", "recall", "density", "coverage", "authenticity")  # the higher the better
POSTERIOR = ("IS", "Mode Score", "AM score")
ROWS = (*(f"{name} {space}" for space in SPACES for name in TWO_SAMPLE), *POSTERIOR)


@dataclass(frozen=True)
class Setup:
    """Which images, and how many: ``pool`` was seen by no classifier, ``train`` is what fakes are fitted to."""

    name: str
    pool: Tensor
    train: Tensor
    classifier: Classifier
    n: int  # images of a set of samples
    clusters: int
    pixels: int  # the longest shift in each direction
    seeds: int
    sizes: tuple[int, ...]  # of sets of samples, where the question is how many images are needed
    repetitions: int


def setup_of(form: Form) -> Setup:
    """Return real MNIST for the full form where it is present, otherwise the 8 by 8 digits that are always there."""
    dataset = mnist(form)
    if dataset is None:
        return digits(5, 20) if form.name == "fast" else digits(10, 40)
    pool = torch.cat([whole(dataset.held_out), whole(dataset.control)])
    sizes = (10, 25, 50, 100, 200, 400, 800)
    return Setup("MNIST", pool, whole(dataset.train)[:20_000], classifier("mnist"), 1000, 50, 2, 5, sizes, 20)


def digits(seeds: int, repetitions: int) -> Setup:
    """Return the 8 by 8 digits: samples are drawn from 899 images that the classifier never saw."""
    dataset = data.load("digits")
    pool = torch.cat([whole(dataset.held_out), whole(dataset.control)])
    sizes = (10, 25, 50, 100, 200)
    return Setup("digits", pool, whole(dataset.train), classifier("digits"), 250, 20, 1, seeds, sizes, repetitions)


def whole(source: Source) -> Tensor:
    """Return all images of a source that has an end."""
    if not isinstance(source, Finite):
        raise BadInput("the tests of metrics need a finite data set")
    return source.x


@dataclass(frozen=True)
class Extracted:
    """What metrics get of images: features in each space, and posteriors."""

    spaces: dict[str, Features]
    posteriors: Tensor


def extract(network: Classifier, images: Tensor) -> Extracted:
    """Return the classifier's features of images, their pixels, and the posteriors."""
    values = network.features(images)
    spaces = {"pixels": Features(images.flatten(1).double()), "features": Features(values.double())}
    return Extracted(spaces, network.posteriors(values))


def losses(real: Extracted, fake: Extracted) -> dict[str, float]:
    """Return every score of ``ROWS`` as a loss: larger where the metric finds the fakes worse."""
    values = {
        f"{name} {space}": (-1 if name in RISING else 1) * metric(real.spaces[space], fake.spaces[space])
        for space in SPACES
        for name, metric in TWO_SAMPLE.items()
    }
    values["IS"] = -METRICS["inception_score"](fake.posteriors)
    values["Mode Score"] = -METRICS["mode_score_b"](real.posteriors, fake.posteriors)
    return values | {"AM score": METRICS["am_score"](real.posteriors, fake.posteriors)}


LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
RANK = 50  # directions of the Gaussian that stands in for a generator
DEGREES = 15.0
MOST_DROPPED = 0.5  # of the images at level 1; the other half suffices to refill from


@dataclass(frozen=True)
class ImageSets:
    """One seed's images: three sets of real ones without a common member, and what they become when damaged."""

    real: Tensor  # the reference, (n, 1, height, width)
    held: Tensor  # as many others: a perfect sampler
    spare: Tensor  # the rest of the pool
    fakes: Tensor
    shifted: Tensor
    rotated: Tensor
    cells: Tensor  # the cluster of each held and then each spare image, in the order in which clusters are hit
    centres: Tensor  # the mean image of each cluster
    refill: Tensor  # random numbers of spare capacity: where the copies come from


def image_sets(setup: Setup, seed: int) -> ImageSets:
    """Draw one seed's images."""
    order = torch.randperm(len(setup.pool), generator=stream(seed, "evaluators", "pool"))
    real, held, spare = setup.pool[order].split([setup.n, setup.n, len(order) - 2 * setup.n])
    cells, centres = clustered(torch.cat([held, spare]), setup.clusters, seed)
    random = stream(seed, "evaluators", "moves")
    shifts = torch.randint(-setup.pixels, setup.pixels + 1, (setup.n, 2), generator=random)
    angles = (2 * torch.rand(setup.n, generator=random) - 1) * DEGREES
    return ImageSets(
        real=real,
        held=held,
        spare=spare,
        fakes=gaussian(setup.train, setup.n, seed),
        shifted=shift(held, shifts),
        rotated=rotate(held, angles),
        cells=cells,
        centres=centres,
        refill=torch.rand(setup.n, generator=stream(seed, "evaluators", "refill")),
    )


def gaussian(train: Tensor, n: int, seed: int) -> Tensor:
    """Draw images from the Gaussian with the mean and the largest directions of ``train``, cut to its range."""
    flat = train.flatten(1).double()
    values, vectors = torch.linalg.eigh(flat.T.cov())
    draws = torch.randn(n, RANK, generator=stream(seed, "evaluators", "fakes"), dtype=torch.float64)
    images = flat.mean(0) + draws * values[-RANK:].clamp(min=0).sqrt() @ vectors[:, -RANK:].T
    return images.clamp(-1, 1).float().view(n, *train.shape[1:])


def clustered(images: Tensor, clusters: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return the k-means cluster of each image, by pixels and numbered at random, and the clusters' mean images."""
    flat = Features(images.flatten(1).double())
    (cells,) = k_means(flat, [flat], clusters, seed)
    cells = torch.randperm(clusters, generator=stream(seed, "evaluators", "clusters"))[cells]
    return cells, torch.stack([images[cells == cell].mean(0) for cell in range(clusters)])


def shift(images: Tensor, pixels: Tensor) -> Tensor:
    """Shift each image by whole pixels (down, right); background comes in."""
    most, width = int(pixels.abs().max()), images.shape[-1]
    wide = pad(images, [most] * 4, value=-1.0)
    starts = (most - pixels).tolist()
    return torch.stack([each[:, y : y + width, x : x + width] for each, (y, x) in zip(wide, starts, strict=True)])


def rotate(images: Tensor, degrees: Tensor) -> Tensor:
    """Rotate each image about its centre, bilinearly; background comes in."""
    angle = degrees * pi / 180
    zero = torch.zeros_like(angle)
    lines = [torch.stack([angle.cos(), -angle.sin(), zero], 1), torch.stack([angle.sin(), angle.cos(), zero], 1)]
    grid = affine_grid(torch.stack(lines, 1), list(images.shape), align_corners=False)
    return grid_sample(images + 1, grid, align_corners=False) - 1


def replaced(by: Tensor, held: Tensor, level: float) -> Tensor:
    """Put ``by`` in the place of the first share of the held images."""
    count = round(level * len(held))
    return torch.cat([by[:count], held[count:]])


def collapsed(sets: ImageSets, level: float) -> Tensor:
    """Replace all members of the first share of clusters by their cluster's mean image (Xu et al., 2018)."""
    cells = sets.cells[: len(sets.held)]
    hit = cells < round(level * len(sets.centres))
    return torch.where(hit[:, None, None, None], sets.centres[cells], sets.held)


def dropped(sets: ImageSets, level: float) -> Tensor:
    """Say which of the held and spare images belong to a dropped cluster: as many whole ones as fit in the share."""
    share = torch.bincount(sets.cells, minlength=len(sets.centres)).cumsum(0) / len(sets.cells)
    return share[sets.cells] <= level * MOST_DROPPED


def refilled_with_copies(sets: ImageSets, level: float) -> Tensor:
    """Drop clusters and fill their places with copies of surviving images, as Xu et al. (2018) do."""
    lost = dropped(sets, level)[: len(sets.held)]
    left = (~lost).nonzero().flatten()
    copies = left[(sets.refill * len(left)).long()]
    return sets.held[torch.where(lost, copies, torch.arange(len(lost)))]


def refilled_afresh(sets: ImageSets, level: float) -> Tensor:
    """Drop clusters and fill their places with other images of the surviving clusters."""
    lost = dropped(sets, level)
    held, spare = lost[: len(sets.held)], lost[len(sets.held) :]
    return torch.cat([sets.held[~held], sets.spare[~spare]])[: len(sets.held)]


DAMAGES: dict[str, Callable[[ImageSets, float], Tensor]] = {
    "fakes": lambda sets, level: replaced(sets.fakes, sets.held, level),
    "collapse": collapsed,
    "dropping": refilled_afresh,
    "dropping, copies": refilled_with_copies,
    "shift": lambda sets, level: replaced(sets.shifted, sets.held, level),
    "rotation": lambda sets, level: replaced(sets.rotated, sets.held, level),
    "copying": lambda sets, level: replaced(sets.real, sets.held, level),
}
