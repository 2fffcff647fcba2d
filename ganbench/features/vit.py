"""Vision transformers: the image towers of DINOv2 and of CLIP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class TransformerShape:
    """A transformer's shape, and the few places where families differ."""

    side: int  # pixels of the images it looks at
    trained_side: int  # pixels of the images that its positions were learnt on
    patch: int  # pixels
    width: int
    layers: int
    heads: int
    epsilon: float  # of the layer norms
    activation: Callable[[Tensor], Tensor]
    patch_bias: bool
    layer_scale: bool
    first_norm: bool  # a norm before the first block
    projection: int  # size of the projected class token; 0: it is not projected


def quick_gelu(x: Tensor) -> Tensor:
    """Activation of CLIP: x sigmoid(1.702 x)."""
    return x * torch.sigmoid(1.702 * x)


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al., 2017)."""

    def __init__(self, plan: TransformerShape) -> None:
        super().__init__()
        self.heads = plan.heads
        self.qkv = nn.Linear(plan.width, 3 * plan.width)
        self.proj = nn.Linear(plan.width, plan.width)

    def forward(self, x: Tensor) -> Tensor:
        n, length, width = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v)
        return self.proj(mixed.transpose(1, 2).reshape(n, length, width))


class Perceptron(nn.Module):
    """Two dense layers, four times as wide in between."""

    def __init__(self, plan: TransformerShape) -> None:
        super().__init__()
        self.fc1 = nn.Linear(plan.width, 4 * plan.width)
        self.fc2 = nn.Linear(4 * plan.width, plan.width)
        self.activation = plan.activation

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.activation(self.fc1(x)))


class LayerScale(nn.Module):
    """One learnt factor for each channel of a residual (Touvron et al., 2021)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Block(nn.Module):
    """Attention, then a perceptron, each behind a norm and added to what came in."""

    def __init__(self, plan: TransformerShape) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(plan.width, plan.epsilon)
        self.attn = Attention(plan)
        self.ls1 = LayerScale(plan.width) if plan.layer_scale else nn.Identity()
        self.norm2 = nn.LayerNorm(plan.width, plan.epsilon)
        self.mlp = Perceptron(plan)
        self.ls2 = LayerScale(plan.width) if plan.layer_scale else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        return x + self.ls2(self.mlp(self.norm2(x)))


class VisionTransformer(nn.Module):
    """The class token after the last norm (Dosovitskiy et al., 2021); the layers' names are DINOv2's."""

    def __init__(self, plan: TransformerShape) -> None:
        super().__init__()
        self.plan = plan
        places = (plan.trained_side // plan.patch) ** 2 + 1
        self.cls_token = nn.Parameter(torch.zeros(1, 1, plan.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, places, plan.width))
        self.patch_embed = nn.ModuleDict(
            {"proj": nn.Conv2d(3, plan.width, plan.patch, plan.patch, bias=plan.patch_bias)}
        )
        self.norm_pre = nn.LayerNorm(plan.width, plan.epsilon) if plan.first_norm else nn.Identity()
        self.blocks = nn.ModuleList([Block(plan) for _ in range(plan.layers)])
        self.norm = nn.LayerNorm(plan.width, plan.epsilon)
        self.proj = nn.Parameter(torch.zeros(plan.width, plan.projection)) if plan.projection else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the class token (n, width), or its projection, of scaled images (n, 3, side, side)."""
        x = self.patch_embed["proj"](x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.positions()
        x = self.norm_pre(x)
        for block in self.blocks:
            x = block(x)
        token = self.norm(x[:, 0])
        return token if self.proj is None else token @ self.proj

    def positions(self) -> Tensor:
        """Return the places' embeddings, stretched bicubically from the grid they were learnt on to this one.

        DINOv2 asks for a tenth of a patch more than there is, and that tenth is part of its factor.
        """
        learnt, grid = self.plan.trained_side // self.plan.patch, self.plan.side // self.plan.patch
        if learnt == grid:
            return self.pos_embed
        first, rest = self.pos_embed[:, :1], self.pos_embed[:, 1:]
        rest = rest.view(1, learnt, learnt, -1).permute(0, 3, 1, 2)
        rest = F.interpolate(rest, scale_factor=((grid + 0.1) / learnt,) * 2, mode="bicubic")
        return torch.cat([first, rest.permute(0, 2, 3, 1).reshape(1, grid * grid, -1)], 1)
