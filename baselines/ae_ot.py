"""AE-OT: an autoencoder, and instead of an adversary an optimal-transport map from uniform noise to its codes."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos

import torch
from torch import Tensor
from torch.nn.functional import normalize, pad
from torch.quasirandom import SobolEngine

from ganbench.baseline import Batch, Draw, Net, uniform
from ganbench.dataset import Dataset, Space, Tensors
from ganbench.families import PlainAutoencoder

POINTS = 2048  # of the cube, in each round


@dataclass(frozen=True)
class AEOT(PlainAutoencoder):
    """An et al., 2020: the Brenier potential u(w) = max_i (w . y_i + h_i) of Gu et al., 2013, over ``kept`` codes.

    h is fitted so that every cell of the unit cube has the same mass, by Adam on quasi-random points with a rate that
    falls to zero. A sample mixes the code y_i of w's cell with the next best of ``neighbours`` whose facet meets y_i's
    at less than ``angle`` radians, ``share`` of it y_i's; where none does, the map is taken to jump, and nothing is
    mixed. Codes are scaled to unit mean variance for h and the angles. By construction a sample mixes two codes of
    training examples, ``share`` of one, or is one: read its scores beside those of ``bootstrap``, which copies.
    """

    kept: int = 500
    neighbours: int = 20
    angle: float = 0.7
    share: float = 0.75
    rounds: int = 300

    paper = "An et al., AE-OT: A new generative model based on extended semi-discrete optimal transport, 2020"
    claim = "Transport in a space of codes is solved and not learned: modes neither collapse nor mix."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.kept >= 2, "kept", "at least 2")
        self.require(self.neighbours >= 2, "neighbours", "at least 2")
        self.require(self.rounds >= 1, "rounds", "at least 1")
        self.require(0 <= self.share <= 1, "share", "in [0, 1]")

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"w": uniform(self.latent, low=-0.5, high=0.5)}

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        codes = self.codes_of(G, data.train, self.kept, stream)
        scale = codes.var(0, correction=0).mean().sqrt().clamp(min=1e-6)
        y = (codes - codes.mean(0)) / scale
        mass = torch.full((len(y),), 1 / len(y), device=y.device)
        return {"codes": codes, "y": y, "h": heights(y, mass, self.rounds, stream)}

    def generate(self, G: Net, b: Batch) -> Tensor:
        best = (b.w @ b.y.T + b.h).topk(min(self.neighbours, len(b.h)), dim=1).indices
        facets = normalize(pad(b.y, (0, 1), value=1.0), dim=1)[best]  # normals of the planes that meet in u
        near = (facets[:, 1:] @ facets[:, 0, :, None]).squeeze(2) > cos(self.angle)
        other = best[:, 1:].gather(1, near.int().argmax(1, keepdim=True)).squeeze(1)
        share = torch.where(near.any(1, keepdim=True), self.share, 1.0)
        return G.decode(share * b.codes[best[:, 0]] + (1 - share) * b.codes[other])


def heights(y: Tensor, mass: Tensor, rounds: int, stream: torch.Generator) -> Tensor:
    """Minimise E(h) = integral of u_h over the cube [-1/2, 1/2]^d - sum of mass * h; mean zero, (n,)."""
    cube = SobolEngine(y.shape[1], scramble=True, seed=int(torch.randint(2**31, (), generator=stream)))
    h = torch.zeros_like(mass, requires_grad=True)
    adam = torch.optim.Adam([h], lr=0.05)
    for i in range(rounds):
        adam.param_groups[0]["lr"] = 0.05 * (1 - i / rounds)
        w = cube.draw(POINTS).to(y) - 0.5
        cells = (w @ y.T + h.detach()).argmax(1)
        h.grad = torch.bincount(cells, minlength=len(h)) / len(w) - mass
        adam.step()
    return h.detach() - h.detach().mean()
