"""Real images damaged in eight ways: stand-ins for generators that are about equally bad."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ganbench.data.sources import Finite
from ganbench.experiments._failures import FAILURES, Material


def stand_ins(m: Material, other: Finite, random: torch.Generator) -> dict[str, Tensor]:
    """Return real images damaged in eight ways, about equally bad for the classifier."""
    x = other.x
    soft = FAILURES["blurred"](m, other, random)
    grain = torch.randn(x.shape, generator=random)
    kept = torch.rand(x.shape, generator=random)
    return {
        "noise .35": (x + 0.35 * grain).clamp(-1, 1),
        "noise .5": (x + 0.5 * grain).clamp(-1, 1),
        "half blurred": (x + soft) / 2,
        "blurred, sharpened": (2 * soft + 0.5).clamp(-1, 1),
        "shifted": F.pad(x, (1, 0, 0, 0), value=-1)[..., :-1],
        "pale": 0.55 * (x + 1) - 1,
        "pixels lost": torch.where(kept < 0.15, -1.0, x),
        "turned": torch.where(kept.mean((1, 2, 3), keepdim=True) < 0.495, x.transpose(2, 3), x),
    }
