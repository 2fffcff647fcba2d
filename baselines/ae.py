"""Autoencoder, which generates from random codes: those of a fitted Gaussian, or any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from ganbench.dataset import Dataset, Space, Tensors
from ganbench.game import Baseline, Batch, Player, some
from ganbench.nets.autoencoder import decoder, encoder

Codes = Literal["fitted", "random"]


@dataclass(frozen=True)
class Autoencoder(Baseline):
    """Minimise the squared error, summed over pixels; nothing asks the codes to follow any law.

    ``codes`` are sampled from N(mean, covariance) of the training examples' codes, or, to see what that is worth, from
    N(0, I) as if the codes were those of a VAE.
    """

    codes: Codes = "fitted"
    limit: int = 10_000  # training examples that the Gaussian is fitted to, at most
    n_critic: int = 0
    lr: float | tuple[float, float] = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)

    paper = "Hinton & Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, 2006"
    members = ("codes", ("fitted", "random"))

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.codes in get_args(Codes), "codes", f"one of {', '.join(get_args(Codes))}")
        self.require(self.limit >= 2, "limit", "at least 2")
        self.require(self.n_critic == 0, "n_critic", "0: there is no critic")

    def idle(self) -> dict[str, str]:
        return super().idle() | ({} if self.codes == "fitted" else {"limit": "nothing is fitted"})

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        side = {"encode": encoder(space, self.latent), "decode": decoder(self.latent, space)}
        return nn.ModuleDict(side), nn.Identity()

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return (b.x - G.decode(G.encode(b.x))).square().flatten(1).sum(1).mean()

    def fit(self, G: Player, data: Dataset, stream: torch.Generator) -> Tensors:
        if self.codes == "random":
            return {}
        x, _ = some(data.train, self.limit, stream)
        codes = G.encode(x.to(next(iter(G.weights.values())).device))
        values, vectors = torch.linalg.eigh(codes.T.double().cov(correction=0).view(self.latent, self.latent))
        root = vectors * values.clamp(min=0).sqrt()
        return {"mean": codes.mean(0), "root": root.to(codes.dtype)}

    def generate(self, G: Player, b: Batch) -> Tensor:
        return G.decode(b.z if self.codes == "random" else b.mean + b.z @ b.root.T)
