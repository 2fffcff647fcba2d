"""Autoencoder, which generates from random codes: those of a fitted Gaussian, or any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from ganbench.baseline import Batch, Net
from ganbench.dataset import Dataset, Tensors
from ganbench.families import PlainAutoencoder

Codes = Literal["fitted", "random"]


@dataclass(frozen=True)
class Autoencoder(PlainAutoencoder):
    """Minimise the squared error, summed over pixels; nothing asks the codes to follow any distribution.

    ``codes`` are sampled from N(mean, covariance) of the training examples' codes, or, to see what that is worth, from
    N(0, I) as if the codes were those of a VAE.
    """

    codes: Codes = "fitted"
    limit: int = 10_000  # training examples that the Gaussian is fitted to, at most

    paper = "Hinton & Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, 2006"
    claim = "A bottleneck learned without labels codes data better than principal components of the same size."
    members = ("codes", ("fitted", "random"))

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.codes in get_args(Codes), "codes", f"one of {', '.join(get_args(Codes))}")
        self.require(self.limit >= 2, "limit", "at least 2")

    def unused_fields(self) -> dict[str, str]:
        return super().unused_fields() | ({} if self.codes == "fitted" else {"limit": "nothing is fitted"})

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        if self.codes == "random":
            return {}
        codes = self.codes_of(G, data.train, self.limit, stream)
        values, vectors = torch.linalg.eigh(codes.T.double().cov(correction=0).view(self.latent, self.latent))
        root = vectors * values.clamp(min=0).sqrt()
        return {"mean": codes.mean(0), "root": root.to(codes.dtype)}

    def generate(self, G: Net, b: Batch) -> Tensor:
        return G.decode(b.z if self.codes == "random" else b.mean + b.z @ b.root.T)
