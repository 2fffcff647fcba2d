"""Several small perceptrons on numbers or points, trained at once: one row of every tensor for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import cos, pi, sqrt

import torch
from torch import Tensor

from ganbench._util.streams import stream

Layers = list[tuple[Tensor, Tensor]]
WEIGHTS = "critic"  # label of the stream of first weights; another label would draw other weights


def start(keys: Sequence[tuple[int, str]], widths: Sequence[int], gain: float = 1.0) -> Layers:
    """Return fresh layers, one row for each (seed, name): weights N(0, gain^2 / inputs), biases 0."""
    streams = [stream(seed, name, WEIGHTS) for seed, name in keys]
    layers = []
    for inputs, outputs in pairwise(widths):
        rows = [torch.randn(inputs, outputs, generator=each) * gain / sqrt(inputs) for each in streams]
        bias = torch.zeros(len(rows), 1, outputs)
        layers.append((torch.stack(rows).requires_grad_(), bias.requires_grad_()))
    return layers


def outputs(layers: Layers, x: Tensor, activation: Callable[[Tensor], Tensor] = torch.tanh) -> Tensor:
    """``(rows, n, inputs) -> (rows, n)``, with an activation between the layers."""
    for weight, bias in layers[:-1]:
        x = activation(torch.baddbmm(bias, x, weight))
    weight, bias = layers[-1]
    return torch.baddbmm(bias, x, weight)[..., 0]


def parameters(layers: Layers) -> list[Tensor]:
    return [tensor for layer in layers for tensor in layer]


def gradient_step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Make one step; rows are independent, so that the sum of the losses has each row's own gradient."""
    optimizer.zero_grad()
    loss.sum().backward()
    optimizer.step()


def cool(optimizer: torch.optim.Optimizer, rate: float, progress: float) -> None:
    """Set all learning rates to ``rate`` on a cosine from 1 to 0 at ``progress`` in [0, 1)."""
    for group in optimizer.param_groups:
        group["lr"] = rate * (1 + cos(pi * progress)) / 2
