"""Affine coupling: the parts of a network that can be inverted and says by how much it stretches volumes."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from ganbench.dataset import Space
from ganbench.nets import mlp


class Coupling(nn.Module):
    """How the numbers beside a mask are scaled and shifted, given those under it, which stay as they are.

    ``(n, d) -> (n, 2 d)``: the logarithms of the scales, then the shifts; zero under the mask, and everywhere at first.
    Since they depend on what stays, the same call serves both directions.

    Parameters
    ----------
    mask : Tensor
        Ones where numbers stay, zeros elsewhere, (d,).
    width : int
        Units of each of the two hidden layers.

    References
    ----------
    Dinh, Sohl-Dickstein & Bengio, Density Estimation using Real NVP, 2017, equation 9. arXiv:1605.08803

    Examples
    --------
    >>> Coupling(torch.tensor([1.0, 0.0]), 8)(torch.tensor([[3.0, 4.0]])).tolist()
    [[0.0, 0.0, 0.0, 0.0]]
    """

    mask: Tensor

    def __init__(self, mask: Tensor, width: int) -> None:
        super().__init__()
        self.register_buffer("mask", mask.clone())  # its own: a shared one would be named once
        self.body = nn.Sequential(*mlp.body(len(mask), width, 2 * len(mask)))
        self.gain = nn.Parameter(torch.ones(len(mask)))  # how large a logarithm can grow
        nn.init.zeros_(cast("nn.Linear", self.body[-1]).weight)

    def forward(self, x: Tensor) -> Tensor:
        scale, shift = self.body(x * self.mask).chunk(2, dim=1)
        moves = 1 - self.mask
        return torch.cat([scale.tanh() * self.gain * moves, shift * moves], 1)


def flow(space: Space, couplings: int, width: int) -> nn.ModuleList:
    """Return couplings under masks in turns: a checkerboard, and what it leaves out.

    Parameters
    ----------
    space : Space
        Shape of the data.
    couplings : int
        How many.
    width : int
        Units of their hidden layers.

    Returns
    -------
    nn.ModuleList
        Of ``Coupling``, each of flat examples, (n, d).

    Examples
    --------
    >>> len(flow(Space((2,), 8, -1.0, 1.0), couplings=6, width=16))
    6
    """
    mask = checkerboard(space)
    return nn.ModuleList([Coupling(mask if i % 2 == 0 else 1 - mask, width) for i in range(couplings)])


def checkerboard(space: Space) -> Tensor:
    """Return a mask whose neighbours differ, flat: numbers of a point in turns, pixels like the squares of a board.

    Examples
    --------
    >>> checkerboard(Space((1, 2, 3), 0, -1.0, 1.0)).tolist()
    [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]
    """
    places = torch.meshgrid(*[torch.arange(side) for side in space.shape], indexing="ij")
    return (1 - torch.stack(places).sum(0) % 2).to(torch.get_default_dtype()).flatten()
