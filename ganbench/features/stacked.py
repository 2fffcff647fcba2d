"""A classifier of digits on each of three channels: features side by side, and posteriors of all thousand stacks."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ganbench.dataset import Space
from ganbench.features.base import Extracted, checked
from ganbench.features.classifier import Classifier, digits, mnist

CHANNELS = 3


class Stacked:
    """Look at each channel alone; a stack's posterior is the product of its channels'."""

    def __init__(self, alone: Classifier) -> None:
        self.alone, self.name = alone, f"stacked_{alone.name}"
        self.identity = alone.identity | {"name": self.name, "channels": "each alone, side by side"}

    def accepts(self, space: Space) -> bool:
        """Three channels, each of which the classifier takes."""
        return space.shape[:1] == (CHANNELS,) and self.alone.accepts(replace(space, shape=(1, *space.shape[1:])))

    def __call__(self, x: Tensor) -> Extracted:
        """Look at images (n, 3, side, side) in [-1, 1]; features (n, 3 d), posteriors (n, 1000) of 100 r + 10 g + b."""
        side = self.alone.plan.side
        each = self.alone(checked(x, (CHANNELS, side, side), self.name).flatten(0, 1)[:, None])
        if each.posteriors is None:
            return Extracted(each.values.unflatten(0, (-1, CHANNELS)).flatten(1))
        r, g, b = each.posteriors.unflatten(0, (-1, CHANNELS)).unbind(1)
        joint = torch.einsum("ni,nj,nk->nijk", r, g, b).flatten(1)
        return Extracted(each.values.unflatten(0, (-1, CHANNELS)).flatten(1), joint)


def stacked_digits() -> Stacked:
    """Return the classifier of 8 by 8 digits, three times."""
    return Stacked(digits())


def stacked_mnist() -> Stacked:
    """Return the classifier of MNIST's digits, three times."""
    return Stacked(mnist())
