"""DDPM: noise that was added to data is predicted, and taken away in many small steps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganbench.baseline import Batch, Draw, Net, integers, normal
from ganbench.dataset import Space
from ganbench.families import FromNoise


@dataclass(frozen=True)
class DDPM(FromNoise):
    """Ho et al., 2020, equation 14 (Algorithm 1): the mean squared error of predicted noise, times equally likely.

    ``beta`` grows in a straight line from its first to its last value over ``timesteps``. A sample takes
    ``sampling_steps`` of them, evenly spaced, by Song et al., 2021 (arXiv:2010.02502), equation 12: ``eta`` 0 draws
    nothing but the first noise, ``eta`` 1 draws noise in every step, as Algorithm 2 does; the paper takes all of them.
    Examples that are predicted on the way are kept within the range of images. The network is told the standard
    deviation of the noise, not the number of the step: near data, where narrow modes are told apart, it changes fast.
    It is a perceptron or a small U-Net without attention; the paper's is larger.
    """

    timesteps: int = 1000
    beta: tuple[float, float] = (1e-4, 0.02)  # variance that is added in the first and in the last step
    sampling_steps: int = 50
    eta: float = 0.0

    paper = "Ho, Jain & Abbeel, Denoising Diffusion Probabilistic Models, 2020. arXiv:2006.11239"
    claim = "Predicting the noise that was added, every time weighed alike, makes images as good as those of GANs."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.timesteps >= 1, "timesteps", "at least 1")
        self.require(0 < self.beta[0] <= self.beta[1] < 1, "beta", "growing, in (0, 1)")
        self.require(1 <= self.sampling_steps <= self.timesteps, "sampling_steps", "from 1 to timesteps")
        self.require(0 <= self.eta <= 1, "eta", "in [0, 1]")

    def noise(self, space: Space) -> dict[str, Draw]:
        return super().noise(space) | {"step": integers(self.timesteps)}

    def sampling_noise(self, space: Space) -> dict[str, Draw]:
        more = {"fresh": normal(self.sampling_steps, *space.shape)} if self.eta else {}
        return self.noise(space) | more

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        kept = self.kept(b.x)[b.step].view(-1, *[1] * (b.x.ndim - 1))
        noised = kept.sqrt() * b.x + (1 - kept).sqrt() * b.z
        return (G(noised, (1 - kept).sqrt().flatten()) - b.z).square().mean()

    def sampled(self, G: Net, b: Batch) -> Tensor:
        x, kept = b.z, self.kept(b.z)
        places = [(i + 1) * self.timesteps // self.sampling_steps - 1 for i in range(self.sampling_steps)]
        for i in reversed(range(self.sampling_steps)):
            now, then = kept[places[i]], kept[places[i - 1]] if i else torch.ones_like(kept[0])
            noise = G(x, (1 - now).sqrt().expand(len(x)))
            example = self.in_range((x - (1 - now).sqrt() * noise) / now.sqrt())
            noise = (x - now.sqrt() * example) / (1 - now).sqrt()
            sd = self.eta * ((1 - then) / (1 - now) * (1 - now / then)).sqrt()
            x = then.sqrt() * example + (1 - then - sd**2).clamp(min=0).sqrt() * noise
            if self.eta:
                x = x + sd * b.fresh[:, i]
        return x

    def kept(self, like: Tensor) -> Tensor:
        """Return the share of an example's variance that is left after each timestep, (timesteps,)."""
        first, last = self.beta
        betas = torch.linspace(float(first), float(last), self.timesteps, dtype=torch.double, device=like.device)
        return (1 - betas).cumprod(0).to(like.dtype)
