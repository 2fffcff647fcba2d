"""LAPGAN: a small image first, then at every level of a pyramid the detail that its enlargement lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganbench import nets
from ganbench.baseline import Baseline, Batch, Draw, Net, normal
from ganbench.dataset import Space
from ganbench.losses import logistic, non_saturating

SMALLEST = 7  # pixels a side of the smallest image of a pyramid, unless its levels are set


@dataclass(frozen=True)
class LAPGAN(Baseline):
    """Denton et al., 2015, Algorithm 1: one GAN per level, all in the same step, on losses that do not saturate.

    A level's discriminator is given a detail and the blurred image that it belongs to. ``levels`` is how often the
    image is halved: unless set, as long as 7 or more pixels a side are left, as in the paper, which begins at 8. A
    detail's generator is the paper's three convolutions, narrower, over the blurred image and one plane of noise; the
    blur is the mean of four pixels, the paper's a Gaussian's. The other networks are the shared ones.
    """

    levels: int | None = None
    width: int = 32

    paper = (
        "Denton et al., Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks, 2015. "
        "arXiv:1506.05751"
    )
    claim = "Generating coarse to fine, a GAN for each level, gives samples of higher quality."
    version = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.levels is None or self.levels >= 1, "levels", "at least 1")
        self.require(self.width >= 1, "width", "at least 1")

    def levels_on(self, sides: Sequence[int]) -> int:
        """Return how often images of these sides are halved."""
        if self.levels is not None:
            return self.levels
        halvings = 0
        while all(side % 2 ** (halvings + 1) == 0 and side >> (halvings + 1) >= SMALLEST for side in sides):
            halvings += 1
        return halvings

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        channels, *sides = space.shape
        levels = self.levels_on(sides)
        small = replace(space, shape=(channels, *(side // 2**levels for side in sides)))
        G: dict[str, nn.Module] = {"small": nets.generator(self.latent, small)}
        D: dict[str, nn.Module] = {"small": nets.discriminator(small)}
        for i in range(levels):
            pair = replace(space, shape=(2 * channels, *(side // 2**i for side in sides)))
            G[f"detail{i}"], D[f"detail{i}"] = details(channels, self.width), nets.discriminator(pair)
        return nn.ModuleDict(G), nn.ModuleDict(D)

    def noise(self, space: Space) -> dict[str, Draw]:
        sides = space.shape[1:]
        planes = {f"z{i}": normal(1, *(side // 2**i for side in sides)) for i in range(self.levels_on(sides))}
        return {"z": normal(self.latent)} | planes

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        levels = self.pairs(G, b)
        return torch.stack(
            [logistic(getattr(D, name)(real), getattr(D, name)(fake)) for name, real, fake in levels]
        ).sum()

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return torch.stack([non_saturating(getattr(D, name)(fake)) for name, _, fake in self.pairs(G, b)]).sum()

    def pairs(self, G: Net, b: Batch) -> list[tuple[str, Tensor, Tensor]]:
        """Name, real and fake input of every level's discriminator."""
        x, pairs = b.x, []
        for i in range(self.levels_on(b.z0.shape[2:])):
            small = avg_pool2d(x, 2)
            blurred = enlarged(small)
            made = getattr(G, f"detail{i}")(torch.cat([blurred, getattr(b, f"z{i}")], 1))
            pairs.append((f"detail{i}", torch.cat([x - blurred, blurred], 1), torch.cat([made, blurred], 1)))
            x = small
        return [*pairs, ("small", x, G.small(b.z))]

    def generate(self, G: Net, b: Batch) -> Tensor:
        x = G.small(b.z)
        for i in reversed(range(self.levels_on(b.z0.shape[2:]))):
            blurred = enlarged(x)
            x = blurred + getattr(G, f"detail{i}")(torch.cat([blurred, getattr(b, f"z{i}")], 1))
        return x.clamp(-1, 1)

    def unsupported(self, space: Space, batch: int) -> str | None:
        if not space.is_image:
            return "it needs images"
        levels, side = self.levels_on(space.shape[1:]), min(space.shape[1:])
        if levels == 0:
            return f"no level is left: it halves images down to {SMALLEST} pixels a side, and these have {side}"
        if any(each % 2**levels for each in space.shape[1:]):
            return f"it needs images that can be halved {levels} times"
        return None

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None


def details(channels: int, width: int) -> nn.Module:
    """Return a network from a blurred image and one plane of noise to the detail, of the same size."""
    first, last = nn.Conv2d(channels + 1, width, 3, padding=1), nn.Conv2d(width, channels, 3, padding=1)
    return nn.Sequential(first, nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), last)


def enlarged(x: Tensor) -> Tensor:
    """Return images of twice the side, each pixel repeated."""
    return interpolate(x, scale_factor=2.0, mode="nearest")
