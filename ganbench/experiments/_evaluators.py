"""What the tests of metrics share: which images are looked at, by which classifier, and the scores as losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganbench import data
from ganbench.data.sources import Finite
from ganbench.dataset import Source
from ganbench.errors import BadInput
from ganbench.experiments._mnist import mnist
from ganbench.experiments.base import Form
from ganbench.features.classifier import Classifier, classifier
from ganbench.metrics import METRICS
from ganbench.metrics.features import Features

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
class Study:
    """Which images, and how many: ``pool`` was seen by no classifier, ``train`` is what fakes are fitted to."""

    name: str
    pool: Tensor
    train: Tensor
    looker: Classifier
    n: int  # images of a cloud
    clusters: int
    pixels: int  # the longest shift, each way
    seeds: int
    sizes: tuple[int, ...]  # of clouds, where the question is how many images are needed
    repetitions: int


def study(form: Form) -> Study:
    """Return real MNIST for the full form where it is present, otherwise the 8 by 8 digits that are always there."""
    found = mnist(form)
    if found is None:
        return digits(5, 20) if form.name == "fast" else digits(10, 40)
    pool = torch.cat([whole(found.held_out), whole(found.control)])
    sizes = (10, 25, 50, 100, 200, 400, 800)
    return Study("MNIST", pool, whole(found.train)[:20_000], classifier("mnist"), 1000, 50, 2, 5, sizes, 20)


def digits(seeds: int, repetitions: int) -> Study:
    """Return the 8 by 8 digits: clouds are drawn from 899 images that the classifier never saw."""
    found = data.load("digits")
    pool = torch.cat([whole(found.held_out), whole(found.control)])
    sizes = (10, 25, 50, 100, 200)
    return Study("digits", pool, whole(found.train), classifier("digits"), 250, 20, 1, seeds, sizes, repetitions)


def whole(source: Source) -> Tensor:
    """Return all images of a source that has an end."""
    if not isinstance(source, Finite):
        raise BadInput("the tests of metrics need a finite data set")
    return source.x


@dataclass(frozen=True)
class Cloud:
    """Images as the metrics see them: a cloud in each space, and posteriors."""

    spaces: dict[str, Features]
    posteriors: Tensor


def cloud(looker: Classifier, images: Tensor) -> Cloud:
    """Look at images with the classifier, and at their bare pixels."""
    values = looker.features(images)
    seen = {"pixels": Features(images.flatten(1).double()), "features": Features(values.double())}
    return Cloud(seen, looker.posteriors(values))


def losses(real: Cloud, fake: Cloud) -> dict[str, float]:
    """Return every score of ``ROWS`` as a loss: larger where the metric finds the fakes worse."""
    found = {
        f"{name} {space}": (-1 if name in RISING else 1) * metric(real.spaces[space], fake.spaces[space])
        for space in SPACES
        for name, metric in TWO_SAMPLE.items()
    }
    found["IS"] = -METRICS["inception_score"](fake.posteriors)
    found["Mode Score"] = -METRICS["mode_score_b"](real.posteriors, fake.posteriors)
    return found | {"AM score": METRICS["am_score"](real.posteriors, fake.posteriors)}
