"""Which floating type serves the products of two clouds."""

from __future__ import annotations

import torch
from torch import Tensor


def working_type(left: Tensor, right: Tensor, centre: Tensor) -> torch.dtype:
    """Return float32 where that is much faster and safe, float64 otherwise."""
    work = len(left) * len(right) * left.shape[1]
    if work <= 1 << 30 or left.shape[1] <= 32:
        return torch.float64
    if left.is_cuda and torch.get_float32_matmul_precision() != "highest":
        return torch.float64  # ten-bit products would break the error bound
    clouds = (left,) if left is right else (left, right)
    return torch.float32 if moderate(clouds, centre) else torch.float64


def moderate(clouds: tuple[Tensor, ...], centre: Tensor) -> bool:
    """Whether the largest distance of a coordinate from ``centre`` suits float32, by cheap bounds where they tell."""
    lowest, highest = (torch.stack(ends) for ends in zip(*(cloud.aminmax() for cloud in clouds), strict=True))
    if float(highest.max() - lowest.min()) < 1e12 and float((clouds[0][0] - centre).abs().max()) > 1e-12:
        return True
    ends = torch.stack([end for cloud in clouds for end in cloud.aminmax(dim=0)])
    return 1e-12 < float((ends - centre).abs().max()) < 1e12
