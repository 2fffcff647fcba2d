"""MAD-GAN: several generators, and a discriminator that also says which of them made a sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from ganbench import nets
from ganbench.baseline import Baseline, Batch, Draw, Net, integers, normal
from ganbench.dataset import Space
from ganbench.nets.autoencoder import encoder


@dataclass(frozen=True)
class MADGAN(Baseline):
    """Ghosh et al., 2018, equations 2-4: the discriminator has a logit for each generator and, last, one for real data.

    Generators are given the same z and share all layers but the last, as in the paper, unless ``shared`` is false; a
    sample comes from one of them, all equally likely. The discriminator's loss adds up the generators', as printed.
    ``saturating`` chooses the generators' loss log(1 - P(real)), as printed, over -log P(real), as usual in code.
    """

    generators: int = 4
    shared: bool = True
    saturating: bool = False
    lr: float | tuple[float, float] = 1e-4

    paper = "Ghosh et al., Multi-Agent Diverse Generative Adversarial Networks, 2018. arXiv:1704.02906"
    claim = "Several generators and a discriminator that tells them apart cover different modes."
    version = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.generators >= 1, "generators", "at least 1")

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        each = [cast("nn.Sequential", nets.generator(self.latent, space)) for _ in range(self.generators)]
        if not self.shared:
            return Generators(each), encoder(space, self.generators + 1)
        last = [i for i, layer in enumerate(each[0]) if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)][
            -1
        ]
        G = Generators([net[last:] for net in each], each[0][:last])
        return G, encoder(space, self.generators + 1)

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"z": normal(self.latent), "which": integers(self.generators)}

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        fakes = self.logits(G, D, b)  # (generators, n, generators + 1)
        named = fakes.logsumexp(2) - fakes.diagonal(dim1=0, dim2=2).T
        real = D(b.x)
        return (real.logsumexp(1) - real[:, -1]).mean() + named.mean(1).sum()

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        logits = self.logits(G, D, b)
        total = logits.logsumexp(2)
        wanted = logits[..., :-1].logsumexp(2) - total if self.saturating else total - logits[..., -1]
        return wanted.mean(1).sum()

    def logits(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Logits of each generator's samples, (generators, n, generators + 1)."""
        return torch.stack([D(fake) for fake in G(b.z).unbind(0)])

    def generate(self, G: Net, b: Batch) -> Tensor:
        fakes = G(b.z)
        chosen = b.which.view(1, -1, *[1] * (fakes.ndim - 2)).expand(1, *fakes.shape[1:])
        return fakes.gather(0, chosen).squeeze(0)

    def realness(self, D: Net, x: Tensor, y: Tensor) -> Tensor | None:
        return None


class Generators(nn.Module):
    """``(n, latent) -> (generators, n, *shape)``: what each makes of the same noise, after layers that all share."""

    def __init__(self, nets: Iterable[nn.Module], shared: nn.Module | None = None) -> None:
        super().__init__()
        self.nets, self.shared = nn.ModuleList(nets), shared or nn.Identity()

    def forward(self, z: Tensor) -> Tensor:
        z = self.shared(z)
        return torch.stack([cast("Tensor", net(z)) for net in self.nets])
