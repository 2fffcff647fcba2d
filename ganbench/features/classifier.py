"""Small digit classifiers that ship with the package: features and posteriors without a download."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.dataset import Space
from ganbench.errors import BadInput, Missing
from ganbench.features.base import Extracted, checked, in_batches

WEIGHTS = Path(__file__).parent / "weights"
CLASSES = 10
STACKED = 3  # channels of a stack of digits


@dataclass(frozen=True)
class ClassifierShape:
    """A classifier's shape, and the SHA-256 that its shipped weights must have."""

    side: int  # pixels
    channels: tuple[int, ...]  # of each block: convolution, activation, halving
    features: int
    sha256: str


PLANS = {
    "digits": ClassifierShape(8, (32, 64), 32, "82790460606ceca8ed00a8b0069adc4150d4137b3f9f5174c55dfc0e932ce58b"),
    "mnist": ClassifierShape(28, (16, 32, 32), 64, "0c67cbff83439409f45a4cca3207b33c91b5dea6a70dfe75611bb5fdbfa07f83"),
}


class Network(nn.Module):
    """Blocks of 3 by 3 convolutions, a dense layer whose output is the features, and a linear read-out.

    The activation is leaky, so that no feature is dead and the features' covariance keeps its rank.
    """

    def __init__(self, plan: ClassifierShape) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        for inputs, outputs in zip((1, *plan.channels), plan.channels, strict=False):
            blocks += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.LeakyReLU(0.1), nn.MaxPool2d(2)]
        flat = plan.channels[-1] * (plan.side >> len(plan.channels)) ** 2
        self.body = nn.Sequential(*blocks, nn.Flatten(), nn.Linear(flat, plan.features), nn.LeakyReLU(0.1))
        self.head = nn.Linear(plan.features, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (n, 10) of images (n, 1, side, side) in [-1, 1]."""
        logits: Tensor = self.head(self.body(x))
        return logits


class Classifier:
    """A trained Network as an extractor.

    It computes in float64 and rounds to float32, so that features are the same on every device and in every batch
    up to the last bit of a float32.
    """

    def __init__(self, name: str, plan: ClassifierShape, weights: bytes) -> None:
        self.name, self.plan = name, plan
        with torch.device("meta"):  # drawing first weights would move the global generator
            self.network = Network(plan)
        self.network.load_state_dict(safetensors.torch.load(weights), assign=True)
        self.network.double().eval()
        self.identity = {
            "name": name,
            "weights_sha256": hashlib.sha256(weights).hexdigest(),
            "layer": f"the {plan.features} values before the read-out, after the activation",
            "preprocessing": "none: images in [-1, 1]",
        }

    def accepts(self, space: Space) -> bool:
        """Grey images of the right side, scaled to [-1, 1]."""
        return space.shape == (1, self.plan.side, self.plan.side) and (space.low, space.high) == (-1.0, 1.0)

    def __call__(self, x: Tensor) -> Extracted:
        """Return features (n, d) and posteriors (n, 10) of images (n, 1, side, side) in [-1, 1]; raises BadInput."""
        values = self.features(x)
        return Extracted(values, self.posteriors(values))

    def features(self, x: Tensor) -> Tensor:
        """Return the features (n, d) float32 of images; raises BadInput for another shape or values not finite."""
        x = checked(x, (1, self.plan.side, self.plan.side), self.name)
        device = x.device if x.device.type == "cuda" else torch.device("cpu")  # others lack float64
        body = self.network.to(device).body
        return in_batches(lambda batch: body(batch.double()).float(), x.to(device))

    def posteriors(self, features: Tensor) -> Tensor:
        """Return the probabilities (n, 10) float64 of each class, given features: softmax of the read-out."""
        head = self.network.to(features.device).head
        logits = in_batches(lambda batch: head(batch.double()).float(), features)
        return F.softmax(logits.double(), dim=1)


def shipped(name: str, sha256: str, folder: Path) -> bytes:
    """Return the weights that ship under a name.

    Raises Missing without their file, BadInput when it is not the one whose digest is given.
    """
    path = folder / f"{name}.safetensors"
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise Missing(f"the weights of features {name} cannot be read ({error}); install the package again") from error
    digest = hashlib.sha256(weights).hexdigest()
    if digest != sha256:
        raise BadInput(f"{path}: expected SHA-256 {sha256}, found {digest}; install the package again")
    return weights


def classifier(name: str, folder: Path = WEIGHTS) -> Classifier:
    """Return the shipped classifier of that name; raises as ``shipped``."""
    plan = PLANS[name]
    return Classifier(name, plan, shipped(name, plan.sha256, folder))


def digits() -> Classifier:
    """Return the classifier of 8 by 8 digits."""
    return classifier("digits")


def mnist() -> Classifier:
    """Return the classifier of MNIST's digits."""
    return classifier("mnist")


class Stacked:
    """Features of each channel alone; a stack's posterior is the product of its channels'."""

    def __init__(self, alone: Classifier) -> None:
        self.alone, self.name = alone, f"stacked_{alone.name}"
        self.identity = alone.identity | {"name": self.name, "channels": "each alone, side by side"}

    def accepts(self, space: Space) -> bool:
        """Three channels, each of which the classifier takes."""
        return space.shape[:1] == (STACKED,) and self.alone.accepts(replace(space, shape=(1, *space.shape[1:])))

    def __call__(self, x: Tensor) -> Extracted:
        """Return features (n, 3 d) and posteriors (n, 1000), of 100 r + 10 g + b, of images (n, 3, side, side)."""
        side = self.alone.plan.side
        each = self.alone(checked(x, (STACKED, side, side), self.name).flatten(0, 1)[:, None])
        if each.posteriors is None:
            return Extracted(each.values.unflatten(0, (-1, STACKED)).flatten(1))
        r, g, b = each.posteriors.unflatten(0, (-1, STACKED)).unbind(1)
        joint = torch.einsum("ni,nj,nk->nijk", r, g, b).flatten(1)
        return Extracted(each.values.unflatten(0, (-1, STACKED)).flatten(1), joint)


def stacked_digits() -> Stacked:
    """Return the classifier of 8 by 8 digits, three times."""
    return Stacked(digits())


def stacked_mnist() -> Stacked:
    """Return the classifier of MNIST's digits, three times."""
    return Stacked(mnist())
