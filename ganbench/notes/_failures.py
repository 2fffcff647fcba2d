"""Failures of generators that need no training: each makes the samples that it would give out of real images."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ganbench._util.streams import stream
from ganbench.data import load
from ganbench.data.sources import Finite
from ganbench.dataset import Dataset
from ganbench.features.classifier import CLASSES, Classifier, Network, classifier
from ganbench.notes._letters import letters
from ganbench.notes._mnist import mnist
from ganbench.notes.base import Form

STEPS, STRIDE = 20, 0.1  # of the signed gradient: together the pixels' range
AVERAGED = 4  # images of one class in an average
RARE = 8  # times fewer images of each rare class
FEW = 2000  # images of each set where there are plenty


@dataclass(frozen=True)
class Material:
    """A data set and the classifier of its images."""

    name: str
    train: Finite
    pool: Finite  # the images that the classifier was not trained on
    classifier: Classifier

    @property
    def side(self) -> int:
        return int(self.pool.x.shape[-1])


@dataclass(frozen=True)
class Case:
    """One seed's images: the reference, other real ones as a control, and a generator's samples."""

    real: Tensor
    control: Tensor
    fake: Tensor


Failure = Callable[[Material, Finite, torch.Generator], Tensor]  # of the real images that are in no reference


def material(form: Form) -> Material:
    """Return MNIST for the full form where its files are, otherwise the 8 by 8 digits."""
    dataset = mnist(form)
    return of(dataset) if dataset else digits()


def digits() -> Material:
    """Return the 8 by 8 digits, which are always there."""
    return of(load("digits"))


def of(dataset: Dataset) -> Material:
    """Return a data set of images beside its classifier."""
    train, *others = (part for part in (dataset.train, dataset.held_out, dataset.control) if isinstance(part, Finite))
    pool = Finite(torch.cat([part.x for part in others]), torch.cat([part.y for part in others]))
    return Material(dataset.name, train, pool, classifier(dataset.features))


def halves(m: Material, seed: int) -> tuple[Finite, Finite]:
    """Cut the pool at random into a reference and as many other real images."""
    order = torch.randperm(len(m.pool.x), generator=stream(seed, "failures", "halves"))
    size = min(len(order) // 2, FEW)
    first, second = order[:size], order[size : 2 * size]
    return Finite(m.pool.x[first], m.pool.y[first]), Finite(m.pool.x[second], m.pool.y[second])


def cases(m: Material, seed: int) -> dict[str, Case]:
    """Return each failure's reference, control and samples, all of one size."""
    real, other = halves(m, seed)
    by_failure = {}
    for name, make in FAILURES.items():
        fake = make(m, other, stream(seed, "failures", name))
        by_failure[name] = Case(real.x[: len(fake)], other.x[: len(fake)], fake)
    return by_failure | {"balanced, truth is not": imbalanced(real, other)}


def one_image_per_class(m: Material, other: Finite, random: torch.Generator) -> Tensor:
    """One real image of each class, of which the classifier is surest, over and over."""
    sure = posteriors(m, other.x).log().gather(1, other.y[:, None])[:, 0]
    chosen = [sure.where(other.y == c, -torch.inf).argmax() for c in range(CLASSES)]
    return other.x[torch.stack(chosen)[torch.arange(len(other.x)) % CLASSES]]


def posteriors(m: Material, images: Tensor) -> Tensor:
    """Return the posteriors of images."""
    return m.classifier.posteriors(m.classifier.features(images))


def half_of_the_classes(m: Material, other: Finite, random: torch.Generator) -> Tensor:
    """Different real images, of the first five classes only."""
    return other.x[other.y < CLASSES // 2]


def training_images(m: Material, other: Finite, random: torch.Generator) -> Tensor:
    """Training images themselves."""
    return m.train.x[torch.randperm(len(m.train.x), generator=random)[: len(other.x)]]


def averages(m: Material, other: Finite, random: torch.Generator) -> Tensor:
    """Means of four training images of one class."""
    members = [(m.train.y == c).nonzero().flatten() for c in range(CLASSES)]
    drawn = [
        members[i % CLASSES][torch.randperm(len(members[i % CLASSES]), generator=random)[:AVERAGED]]
        for i in range(len(other.x))
    ]
    return m.train.x[torch.stack(drawn)].mean(1)


def blurred(m: Material, other: Finite, random: torch.Generator) -> Tensor:
    """Real images under a binomial filter, as wide for a larger image as for the 8 by 8 one."""
    row = torch.tensor([0.25, 0.5, 0.25])
    images = other.x
    for _ in range(round((m.side / 8) ** 2)):
        images = F.conv2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), torch.outer(row, row)[None, None])
    return images


def noise(m: Material, other: Finite, random: torch.Generator) -> Tensor:
    """Every pixel uniform."""
    return 2 * torch.rand(other.x.shape, generator=random) - 1


def adversarial(m: Material, other: Finite, random: torch.Generator) -> Tensor:
    """Noise, changed by gradient ascent until the classifier is sure of a class."""
    return climbed(m.classifier.network, noise(m, other, random), torch.arange(len(other.x)) % CLASSES)


def climbed(network: Network, images: Tensor, wanted: Tensor) -> Tensor:
    """Ascend log p(wanted | x) by the sign of its gradient, within the pixels' range."""
    single = deepcopy(network).float()
    for _ in range(STEPS):
        x = images.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(F.cross_entropy(single(x), wanted, reduction="sum"), x)
        images = (images - STRIDE * gradient.sign()).clamp(-1, 1)
    return images


def letter_images(m: Material, other: Finite, random: torch.Generator) -> Tensor:
    """Letters: a class that the classifier does not know."""
    return letters(len(other.x), m.side, random)


def imbalanced(real: Finite, other: Finite) -> Case:
    """A truth with five rare classes, and a generator that gives all ten equally often."""
    truth, control = (thinned(part, CLASSES // 2) for part in (real, other))
    fake = other.x[balanced(other.y, len(control))]
    size = min(len(truth), len(control), len(fake))
    return Case(truth[:size], control[:size], fake[:size])


def thinned(part: Finite, rare_from: int) -> Tensor:
    """Return the images with one in eight of each class from ``rare_from`` on, in their random order."""
    rank = (F.one_hot(part.y, CLASSES).cumsum(0) - 1).gather(1, part.y[:, None])[:, 0]
    return part.x[(part.y < rare_from) | (rank % RARE == 0)]


def balanced(labels: Tensor, n: int) -> Tensor:
    """Return about ``n`` positions, as many of each class, in turn."""
    rows = [(labels == c).nonzero().flatten()[: n // CLASSES] for c in range(CLASSES)]
    size = min(map(len, rows))
    return torch.stack([each[:size] for each in rows], 1).flatten()


FAILURES: dict[str, Failure] = {
    "one image per class": one_image_per_class,
    "half of the classes": half_of_the_classes,
    "training images": training_images,
    "averages": averages,
    "blurred": blurred,
    "letters": letter_images,
    "noise": noise,
    "adversarial": adversarial,
}
