"""Models of the digits that are asked for a class, and measures of how blurred images are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganbench.baseline import Baseline, Batch, Net
from ganbench.dataset import Dataset, Space
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

SAMPLES = 1200


@dataclass(frozen=True)
class Supervised(Baseline):
    """The generator of the baseline ``like``, given the class, trained with the squared error alone."""

    like: str = "cgan"
    d_steps: int = 0

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        G, _ = registry.load(self.like)(latent=self.latent).networks(space)
        return G, nn.Identity()

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return (G(b.z, b.y) - b.x).square().flatten(1).sum(1).mean()

    def generate(self, G: Net, b: Batch) -> Tensor:
        return G(b.z, b.y)


def model(name: str, digits: Dataset) -> Baseline:
    """Return the model of that name; both GANs at the same learning rate."""
    if name == "MSE":
        return Supervised(latent=digits.latent, lr=1e-3, ema=0.99)
    if name == "VAE":
        return registry.configure("vae", {"sd": 0.3}, digits)
    return registry.configure({"GAN": "ns_gan", "CGAN": "cgan"}[name], {"lr": 5e-4, "betas": [0.5, 0.9]}, digits)


def edges(x: Tensor) -> float:
    """Mean squared difference of neighbouring pixels, across and down, (n, 1, H, W)."""
    x = x.double()
    return float(x.diff(dim=2).square().mean() + x.diff(dim=3).square().mean())


def fine_power(x: Tensor) -> float:
    """Mean power of spatial frequencies of at least a quarter per pixel, half of the highest, (n, 1, H, W)."""
    down, across = torch.fft.fftfreq(x.shape[2]), torch.fft.fftfreq(x.shape[3])
    fine = (down[:, None].square() + across.square()).sqrt() >= 0.25
    return float(torch.fft.fft2(x.double())[..., fine].abs().square().mean())


def class_means(digits: Dataset) -> tuple[Tensor, Tensor]:
    """Mean training image of each class, (10, 1, 8, 8), and the classes' frequencies."""
    x, y = digits.train.examples({"index": torch.arange(digits.train.size or 0)})
    counts = torch.bincount(y, minlength=10)
    return torch.stack([x[y == c].double().mean(0) for c in range(10)]), counts / counts.sum()


def expected_edges(digits: Dataset) -> float:
    """What ``edges`` gives for the best answer under squared error, E[x | class]."""
    means, frequencies = class_means(digits)
    return sum(float(f) * edges(mean[None]) for mean, f in zip(means, frequencies, strict=True))


def trained(name: str, digits: Dataset, seeds: Sequence[int], steps: int) -> tuple[Tensor, Tensor]:
    """Samples of each seed and the classes asked for; a GAN is asked too, and gets no class."""
    trainer = Trainer(model(name, digits), digits, seeds, Plan(steps, batch=64))
    trainer.run(points=1)
    return Sampler(trainer).draw(SAMPLES)


def answers(digits: Dataset) -> dict[str, tuple[float, ...]]:
    """How many numbers the discriminators of CGAN and ACGAN return for one example."""
    x, y = torch.zeros(5, *digits.space.shape), torch.zeros(5, dtype=torch.long)
    _, pair = registry.configure("cgan", {}, digits).networks(digits.space)
    _, auxiliary = registry.configure("acgan", {}, digits).networks(digits.space)
    counts = {"CGAN": pair(x, y).numel() / 5, "ACGAN": auxiliary(x).numel() / 5}
    return {f"{name}: answers of the discriminator": (count,) for name, count in counts.items()}
